import type { Affine } from '../../../core/geometry';
import type { Raster } from '../../../core/raster';
import type { Border } from '../../backend';
import { warpBilinear } from '../sampling/cpu';

/** out(p) = source(inverse · p), bilinear, pixel centres at i + ½; any channel count. Output `width` × `height`. */
export function warpAffine(source: Raster, inverse: Affine, width: number, height: number, border: Border): Raster {
  const [a, b, c, d, e, f] = inverse;
  return warpBilinear(source, width, height, border, (x, y, position) => {
    position[0] = a * x + b * y + c;
    position[1] = d * x + e * y + f;
  });
}
