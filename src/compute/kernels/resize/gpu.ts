import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import wgsl from './resize.wgsl?raw';

/** Triangle-filter resize, first along x, then along y; see the CPU reference. */
export async function createResize(device: GPUDevice) {
  const kernel = await createKernel(device, { label: 'resize', code: wgsl, inputs: 1 });
  return (recorder: Recorder, source: GPUBuffer, from: Shape, to: Shape, output: GPUBuffer): void => {
    const { width, height, channels } = to;
    // Positions are counted in whole numbers of 32 bits.
    if (2 * Math.max(from.width, width, from.height, height) ** 2 >= 2 ** 31) {
      throw new RangeError('Resizing works up to 32,767 pixels a side.');
    }
    const along = (axis: 0 | 1, input: GPUBuffer, result: GPUBuffer, lines: number) => {
      const [samples, wanted] = axis === 0 ? [from.width, width] : [from.height, height];
      const params = new UniformBlock().u32(width, lines, channels).i32(samples, wanted).u32(axis);
      recorder.dispatch(kernel, params, [input], result, width, lines);
    };
    if (from.width === width && from.height === height) {
      recorder.copy(source, output, width * height * channels);
    } else if (from.height === height) {
      along(0, source, output, height);
    } else if (from.width === width) {
      along(1, source, output, height);
    } else {
      const across = recorder.scratch(width * from.height * channels);
      along(0, source, across, from.height);
      along(1, across, output, height);
    }
  };
}
