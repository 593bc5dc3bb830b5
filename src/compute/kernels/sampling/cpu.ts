import { createRaster, type Raster } from '../../../core/raster';
import type { Border } from '../../backend';
import { mirror } from '../../shape';

/**
 * Bilinear warp: out(p) = source(map(p)) with pixel centres at i + ½, any channel count. `map` writes the source
 * position of the output position (x, y) into `position`. Outside the source lies 0 or its mirror image
 * (d c b a | a b c d | d c b a).
 */
export function warpBilinear(
  source: Raster,
  width: number,
  height: number,
  border: Border,
  map: (x: number, y: number, position: [x: number, y: number]) => void,
): Raster {
  const out = createRaster(width, height, source.channels);
  const { width: w, height: h, channels, data } = source;
  const plane = w * h;
  const outPlane = width * height;
  const position: [number, number] = [0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      map(x + 0.5, y + 0.5, position);
      const fx = position[0] - 0.5;
      const fy = position[1] - 0.5;
      let x0 = Math.floor(fx);
      let y0 = Math.floor(fy);
      const tx = fx - x0;
      const ty = fy - y0;
      let x1 = x0 + 1;
      let y1 = y0 + 1;
      let left = 1 - tx;
      let right = tx;
      let top = 1 - ty;
      let bottom = ty;
      if (border === 'reflect') {
        x0 = mirror(x0, w);
        x1 = mirror(x1, w);
        y0 = mirror(y0, h);
        y1 = mirror(y1, h);
      } else {
        if (x0 < 0 || x0 >= w) left = x0 = 0;
        if (x1 < 0 || x1 >= w) right = x1 = 0;
        if (y0 < 0 || y0 >= h) top = y0 = 0;
        if (y1 < 0 || y1 >= h) bottom = y1 = 0;
      }
      const row0 = y0 * w;
      const row1 = y1 * w;
      for (let c = 0; c < channels; c++) {
        const base = c * plane;
        out.data[c * outPlane + y * width + x] =
          top * (left * data[base + row0 + x0] + right * data[base + row0 + x1]) +
          bottom * (left * data[base + row1 + x0] + right * data[base + row1 + x1]);
      }
    }
  }
  return out;
}
