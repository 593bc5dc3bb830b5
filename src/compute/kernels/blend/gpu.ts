import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import wgsl from './blend.wgsl?raw';

/** under + mask·(over − under); see the CPU reference. */
export async function createBlend(device: GPUDevice) {
  const kernel = await createKernel(device, { label: 'blend', code: wgsl, inputs: 3 });
  return (
    recorder: Recorder,
    shape: Shape,
    under: GPUBuffer,
    over: GPUBuffer,
    mask: GPUBuffer,
    output: GPUBuffer,
  ): void => {
    const { width, height, channels } = shape;
    const params = new UniformBlock().u32(width, height, channels);
    recorder.dispatch(kernel, params, [under, over, mask], output, width, height);
  };
}
