import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import wgsl from './affine-values.wgsl?raw';

/** Largest finite float32. A shader may take infinities for impossible, so that is what "no bound" becomes. */
const LARGEST = 3.4028234663852886e38;

/** source · scale + offset, clamped; see the CPU reference. */
export async function createAffineValues(device: GPUDevice) {
  const kernel = await createKernel(device, { label: 'affine-values', code: wgsl, inputs: 1 });
  return (
    recorder: Recorder,
    source: GPUBuffer,
    { width, height, channels }: Shape,
    scale: number,
    offset: number,
    low: number,
    high: number,
    output: GPUBuffer,
  ): void => {
    const lines = height * channels;
    const params = new UniformBlock()
      .u32(width, lines)
      .f32(scale, offset, Math.max(low, -LARGEST), Math.min(high, LARGEST));
    recorder.dispatch(kernel, params, [source], output, width, lines);
  };
}
