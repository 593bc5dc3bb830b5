import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import wgsl from './add-masking.wgsl?raw';
import { OVERLAP } from './constants';

/** What two masking effects hide together; see the CPU reference. */
export async function createAddMasking(device: GPUDevice) {
  const kernel = await createKernel(device, { label: 'add-masking', code: wgsl, inputs: 2 });
  return (recorder: Recorder, { width, height }: Shape, a: GPUBuffer, b: GPUBuffer, output: GPUBuffer): void => {
    recorder.dispatch(kernel, new UniformBlock().u32(width, height).f32(OVERLAP), [a, b], output, width, height);
  };
}
