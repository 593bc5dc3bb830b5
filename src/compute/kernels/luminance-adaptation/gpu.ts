import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import windows from '../windows/windows.wgsl?raw';
import wgsl from './luminance-adaptation.wgsl?raw';

/** The difference from a flat background that the eye does not see; see the CPU reference. */
export async function createLuminanceAdaptation(device: GPUDevice) {
  const kernel = await createKernel(device, { label: 'luminance-adaptation', code: windows + wgsl, inputs: 1 });
  return (recorder: Recorder, grey: GPUBuffer, { width, height }: Shape, output: GPUBuffer): void => {
    recorder.dispatch(kernel, new UniformBlock().u32(width, height), [grey], output, width, height);
  };
}
