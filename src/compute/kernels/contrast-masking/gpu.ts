import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import windows from '../windows/windows.wgsl?raw';
import { GRADIENTS } from './constants';
import wgsl from './contrast-masking.wgsl?raw';

/** The difference that edges and textures hide; see the CPU reference. */
export async function createContrastMasking(device: GPUDevice) {
  const kernel = await createKernel(device, { label: 'contrast-masking', code: windows + wgsl, inputs: 1 });
  const taps = GRADIENTS[0].flatMap((_, tap) => GRADIENTS.map((gradient) => gradient[tap]));
  return (recorder: Recorder, grey: GPUBuffer, { width, height }: Shape, output: GPUBuffer): void => {
    const params = new UniformBlock()
      .u32(width, height)
      .align()
      .f32(...taps);
    recorder.dispatch(kernel, params, [grey], output, width, height);
  };
}
