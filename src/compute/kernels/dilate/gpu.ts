import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import { boundedRadius, diskRows } from './disk';
import wgsl from './dilate.wgsl?raw';

/** Maximum over a disk of `radius` px; see the CPU reference. */
export async function createDilate(device: GPUDevice) {
  const [begin, lengthen, gather] = await Promise.all(
    ['begin', 'lengthen', 'gather'].map((entryPoint) =>
      createKernel(device, { label: `dilate (${entryPoint})`, code: wgsl, inputs: 1, entryPoint }),
    ),
  );
  return (recorder: Recorder, mask: GPUBuffer, shape: Shape, radius: number, output: GPUBuffer): void => {
    const { width, height } = shape;
    const reach = boundedRadius(radius, shape);
    const rows = diskRows(reach);
    const limit = Math.floor(reach * reach);
    const padding = rows[0];
    const stride = width + padding;
    const params = (run: number, nearest: number, farthest: number, fresh: boolean) =>
      new UniformBlock().u32(width, height, padding, run, nearest, farthest, limit, fresh ? 1 : 0);
    let runs = recorder.scratch(stride * height);
    let longer = padding > 0 ? recorder.scratch(stride * height) : runs;
    recorder.dispatch(begin, params(1, 0, 0, true), [mask], runs, stride, height);
    let fresh = true;
    // Rows shrink with |dy|, so each level owns one range of them: the farthest rows come first.
    let farthest = rows.length - 1;
    for (let run = 1; farthest >= 0; run *= 2) {
      let nearest = farthest + 1;
      while (nearest > 0 && 2 * rows[nearest - 1] + 1 < 2 * run) nearest--;
      if (nearest <= farthest) {
        // Rows beyond the image hold nothing.
        const last = Math.min(farthest, height - 1);
        if (nearest <= last) {
          recorder.dispatch(gather, params(run, nearest, last, fresh), [runs], output, width, height);
          fresh = false;
        }
        farthest = nearest - 1;
      }
      if (farthest >= 0) {
        recorder.dispatch(lengthen, params(run, 0, 0, false), [runs], longer, stride, height);
        [runs, longer] = [longer, runs];
      }
    }
  };
}
