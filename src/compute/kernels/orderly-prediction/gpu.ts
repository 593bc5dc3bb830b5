import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import windows from '../windows/windows.wgsl?raw';
import wgsl from './orderly-prediction.wgsl?raw';
import { LEAST_SIGMA, reachOf, TIE, type Search } from './search';

/** What a picture predicts of itself; see the CPU reference. */
export async function createOrderlyPrediction(device: GPUDevice) {
  const pass = (entryPoint: string, inputs: number) =>
    createKernel(device, { label: `orderly-prediction (${entryPoint})`, code: windows + wgsl, inputs, entryPoint });
  const [surround, sharpen, predict] = await Promise.all([pass('surround', 1), pass('sharpen', 2), pass('predict', 2)]);
  return (
    recorder: Recorder,
    { width, height }: Shape,
    grey: GPUBuffer,
    adaptation: GPUBuffer,
    search: Search,
    output: GPUBuffer,
  ): void => {
    const reach = reachOf(search);
    const [across, down] = [width + 2 * reach, height + 2 * reach];
    const params = new UniformBlock().u32(width, height, reach).i32(search.radius, search.stride).f32(LEAST_SIGMA, TIE);
    const picture = recorder.scratch(across * down);
    const sharpness = recorder.scratch(width * height);
    recorder.dispatch(surround, params, [grey], picture, across, down);
    recorder.dispatch(sharpen, params, [grey, adaptation], sharpness, width, height);
    recorder.dispatch(predict, params, [picture, sharpness], output, width, height);
  };
}
