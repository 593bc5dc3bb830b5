import { CONTROL_POINTS, type ThinPlateSpline } from '../../../core/tps';
import type { Border } from '../../backend';
import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import sampling from '../sampling/sampling.wgsl?raw';
import wgsl from './warp-tps.wgsl?raw';

/** out(p) = source(spline(p)), bilinear, the spline evaluated at every pixel; see the CPU reference. */
export async function createWarpTps(device: GPUDevice) {
  const kernel = await createKernel(device, { label: 'warp-tps', code: sampling + wgsl, inputs: 1 });
  return (
    recorder: Recorder,
    source: GPUBuffer,
    from: Shape,
    spline: ThinPlateSpline,
    border: Border,
    output: GPUBuffer,
  ): void => {
    const { width, height, weights, affine } = spline;
    const params = new UniformBlock()
      .u32(width, height, from.width, from.height, from.channels, border === 'reflect' ? 1 : 0)
      .align()
      .f32(...affine.subarray(0, 3))
      .align()
      .f32(...affine.subarray(3, 6))
      .align();
    CONTROL_POINTS.forEach(([x, y], i) => params.f32(x, y, weights[i], weights[9 + i]));
    recorder.dispatch(kernel, params, [source], output, width, height);
  };
}
