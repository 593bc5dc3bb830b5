import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import windows from '../windows/windows.wgsl?raw';
import { PROTECTION, PROTECTION_TAPS, RESIDUAL_TAPS, SMOOTH_DEVIATION } from './constants';
import wgsl from './disorderly.wgsl?raw';

/** What the orderly prediction leaves of the picture; see the CPU reference. */
export async function createDisorderly(device: GPUDevice) {
  const kernel = await createKernel(device, { label: 'disorderly', code: windows + wgsl, inputs: 3 });
  return (
    recorder: Recorder,
    { width, height }: Shape,
    grey: GPUBuffer,
    orderly: GPUBuffer,
    edges: GPUBuffer,
    output: GPUBuffer,
  ): void => {
    const params = new UniformBlock()
      .u32(width, height)
      .f32(SMOOTH_DEVIATION ** 2, PROTECTION)
      .f32(...RESIDUAL_TAPS.slice(3))
      .f32(...PROTECTION_TAPS.slice(2), 0);
    recorder.dispatch(kernel, params, [grey, orderly, edges], output, width, height);
  };
}
