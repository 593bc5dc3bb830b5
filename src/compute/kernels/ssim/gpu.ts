import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import { RADIUS, TAPS } from './constants';
import wgsl from './ssim.wgsl?raw';

/** Mean over channels of the local SSIM; see the CPU reference. */
export async function createSsim(device: GPUDevice) {
  const [rows, columns] = await Promise.all([
    createKernel(device, { label: 'ssim (rows)', code: wgsl, inputs: 2, entryPoint: 'rows' }),
    createKernel(device, { label: 'ssim (columns)', code: wgsl, inputs: 1, entryPoint: 'columns' }),
  ]);
  return (recorder: Recorder, shape: Shape, a: GPUBuffer, b: GPUBuffer, output: GPUBuffer): void => {
    const { width, height, channels } = shape;
    const moments = recorder.scratch(4 * width * height);
    for (let channel = 0; channel < channels; channel++) {
      const params = new UniformBlock().u32(width, height, channel, channels).f32(...TAPS.slice(RADIUS));
      recorder.dispatch(rows, params, [a, b], moments, width, height);
      recorder.dispatch(columns, params, [moments], output, width, height);
    }
  };
}
