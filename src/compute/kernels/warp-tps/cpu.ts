import type { Raster } from '../../../core/raster';
import { applyTps, type ThinPlateSpline } from '../../../core/tps';
import type { Border } from '../../backend';
import { warpBilinear } from '../sampling/cpu';

/** out(p) = source(spline(p)), bilinear, evaluated at every pixel; any channel count. Size as the spline's. */
export function warpTps(source: Raster, spline: ThinPlateSpline, border: Border): Raster {
  return warpBilinear(source, spline.width, spline.height, border, (x, y, position) => {
    applyTps(spline, x, y, position);
  });
}
