import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import wgsl from './change-mask.wgsl?raw';

/** 1 where 1 − ssim > threshold and within > 0; see the CPU reference. */
export async function createChangeMask(device: GPUDevice) {
  const kernel = await createKernel(device, { label: 'change-mask', code: wgsl, inputs: 2 });
  return (
    recorder: Recorder,
    { width, height }: Shape,
    ssim: GPUBuffer,
    within: GPUBuffer,
    threshold: number,
    output: GPUBuffer,
  ): void => {
    const params = new UniformBlock().u32(width, height).f32(threshold);
    recorder.dispatch(kernel, params, [ssim, within], output, width, height);
  };
}
