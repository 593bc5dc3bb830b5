import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import { createMaximum } from '../normalize/gpu';
import wgsl from './canny.wgsl?raw';
import { DERIVATIVE, LOW_SHARE, RADIUS, SMOOTHING } from './constants';

/** Canny's edges; see the CPU reference. */
export async function createCanny(device: GPUDevice) {
  const pass = (entryPoint: string, inputs: number) =>
    createKernel(device, { label: `canny (${entryPoint})`, code: wgsl, inputs, entryPoint, lazy: true });
  const [maximum, rows, columns, thin, plant, unite, clear, mark, follow] = await Promise.all([
    createMaximum(device),
    pass('rows', 1),
    pass('columns', 1),
    pass('thin', 2),
    pass('plant', 0),
    pass('unite', 1),
    pass('clear', 0),
    pass('mark', 2),
    pass('follow', 3),
  ]);
  return (recorder: Recorder, source: GPUBuffer, shape: Shape, threshold: number, output: GPUBuffer): void => {
    const { width, height } = shape;
    const plane = width * height;
    const params = new UniformBlock()
      .u32(width, height)
      .f32(LOW_SHARE * threshold, threshold)
      .f32(...SMOOTHING.slice(RADIUS))
      .align()
      .f32(...DERIVATIVE.slice(RADIUS));
    const run = (kernel: typeof rows, inputs: readonly GPUBuffer[], to: GPUBuffer) =>
      recorder.dispatch(kernel, params, inputs, to, width, height);
    const terms = recorder.scratch(2 * plane);
    const gradient = recorder.scratch(3 * plane);
    const ridges = recorder.scratch(plane);
    const trees = recorder.scratch(plane);
    const marks = recorder.scratch(plane);
    run(rows, [source], terms);
    run(columns, [terms], gradient);
    run(thin, [gradient, maximum(recorder, gradient, shape)], ridges);
    run(plant, [], trees);
    run(unite, [ridges], trees);
    run(clear, [], marks);
    run(mark, [ridges, trees], marks);
    run(follow, [ridges, trees, marks], output);
  };
}
