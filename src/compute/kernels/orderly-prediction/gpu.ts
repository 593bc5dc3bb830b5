import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import windows from '../windows/windows.wgsl?raw';
import wgsl from './orderly-prediction.wgsl?raw';
import { LEAST_SIGMA, REACH, SEARCH_RADIUS, TIE } from './search';

/** What a picture predicts of itself; see the CPU reference. */
export async function createOrderlyPrediction(device: GPUDevice) {
  const pass = (entryPoint: string, inputs: number) =>
    createKernel(device, {
      label: `orderly-prediction (${entryPoint})`,
      code: windows + wgsl,
      inputs,
      entryPoint,
      lazy: true,
    });
  const [surround, sharpen, predict] = await Promise.all([pass('surround', 1), pass('sharpen', 2), pass('predict', 2)]);
  return (
    recorder: Recorder,
    { width, height }: Shape,
    grey: GPUBuffer,
    adaptation: GPUBuffer,
    output: GPUBuffer,
  ): void => {
    const [across, down] = [width + 2 * REACH, height + 2 * REACH];
    const params = new UniformBlock().u32(width, height, REACH).i32(SEARCH_RADIUS).f32(LEAST_SIGMA, TIE);
    const picture = recorder.scratch(across * down);
    const sharpness = recorder.scratch(width * height);
    recorder.dispatch(surround, params, [grey], picture, across, down);
    recorder.dispatch(sharpen, params, [grey, adaptation], sharpness, width, height);
    recorder.dispatch(predict, params, [picture, sharpness], output, width, height);
  };
}
