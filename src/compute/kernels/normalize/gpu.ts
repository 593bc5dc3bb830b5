import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import wgsl from './normalize.wgsl?raw';

/** Side of the blocks of which the shader takes the maximum. */
const BLOCK = 16;

/** Finds the maximum of one channel, 0 at least, without a readback: the first value of the buffer it returns. */
export async function createMaximum(device: GPUDevice) {
  const kernel = await createKernel(device, { label: 'maximum', code: wgsl, inputs: 1, entryPoint: 'blocks' });
  return (recorder: Recorder, values: GPUBuffer, shape: Shape, border = 0): GPUBuffer => {
    let { width, height } = shape;
    let from = values;
    let margin = border;
    do {
      const params = new UniformBlock().u32(width, height, margin);
      const [across, down] = [Math.ceil(width / BLOCK), Math.ceil(height / BLOCK)];
      const maxima = recorder.scratch(across * down);
      recorder.dispatch(kernel, params, [from], maxima, across, down);
      [from, width, height, margin] = [maxima, across, down, 0];
    } while (width * height > 1);
    return from;
  };
}

/** The values over their maximum, the border 0; see the CPU reference. */
export async function createNormalize(device: GPUDevice) {
  const [maximum, divide] = await Promise.all([
    createMaximum(device),
    createKernel(device, { label: 'normalize', code: wgsl, inputs: 2, entryPoint: 'divide' }),
  ]);
  return (recorder: Recorder, source: GPUBuffer, shape: Shape, border: number, output: GPUBuffer): void => {
    const { width, height } = shape;
    const largest = maximum(recorder, source, shape, border);
    const params = new UniformBlock().u32(width, height, border);
    recorder.dispatch(divide, params, [source, largest], output, width, height);
  };
}
