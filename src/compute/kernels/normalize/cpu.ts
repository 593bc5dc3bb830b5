import { createRaster, type Raster } from '../../../core/raster';

/**
 * The values over their maximum, with `border` px around the image set to 0 beforehand: [0, 1]. All 0 where the maximum
 * is 0, as in an image no larger than its border. One channel, not negative.
 */
export function normalize(source: Raster, border: number): Raster {
  const { width, height, data } = source;
  const out = createRaster(width, height);
  let maximum = 0;
  for (let y = border; y < height - border; y++) {
    for (let x = border; x < width - border; x++) {
      const value = data[y * width + x];
      out.data[y * width + x] = value;
      if (value > maximum) maximum = value;
    }
  }
  if (maximum > 0) out.data.forEach((value, i) => (out.data[i] = value / maximum));
  return out;
}
