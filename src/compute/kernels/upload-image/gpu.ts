import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import wgsl from './upload-image.wgsl?raw';

/** 8-bit RGBA (4 bytes a pixel, as they lie in memory) → planar RGB; see the CPU reference. */
export async function createUploadImage(device: GPUDevice) {
  const kernel = await createKernel(device, { label: 'upload-image', code: wgsl, inputs: 1 });
  return (
    recorder: Recorder,
    pixels: GPUBuffer,
    { width, height }: Pick<Shape, 'width' | 'height'>,
    output: GPUBuffer,
  ): void => {
    recorder.dispatch(kernel, new UniformBlock().u32(width, height), [pixels], output, width, height);
  };
}
