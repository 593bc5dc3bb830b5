import { createRaster, type Raster } from '../../core/raster';
import type { ScoreRule } from './form';

/**
 * The score of an image: the greatest value of its smoothed anomaly map (DRAEM: Zavrtanik et al., ICCV 2021).
 * @param map one channel at the size the network works at.
 */
export function imageScore(map: Raster, { smooth }: ScoreRule): number {
  let highest = -Infinity;
  for (const value of boxMean(map, smooth).data) if (value > highest) highest = value;
  return highest;
}

/**
 * Mean over side × side pixels with zeros outside, divided by side² everywhere: PyTorch's
 * `avg_pool2d(map, side, 1, side // 2)`, which counts its padding.
 * @param side odd; 1 changes nothing.
 */
export function boxMean(map: Raster, side: number): Raster {
  const { width, height } = map;
  if (map.channels !== 1) throw new RangeError(`A mean is taken of one channel, not of ${map.channels}.`);
  if (!(Number.isInteger(side) && side > 0 && side % 2 === 1))
    throw new RangeError(`A mean filter has an odd side, not ${side}.`);
  if (side === 1) return map;
  const radius = (side - 1) / 2;
  // Sums of everything above and to the left; a row and a column of zeros first.
  const stride = width + 1;
  const sums = new Float64Array(stride * (height + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += map.data[y * width + x];
      sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
    }
  }
  const out = createRaster(width, height);
  for (let y = 0; y < height; y++) {
    const top = Math.max(0, y - radius) * stride;
    const bottom = Math.min(height, y + radius + 1) * stride;
    for (let x = 0; x < width; x++) {
      const left = Math.max(0, x - radius);
      const right = Math.min(width, x + radius + 1);
      const sum = sums[bottom + right] - sums[bottom + left] - sums[top + right] + sums[top + left];
      out.data[y * width + x] = sum / (side * side);
    }
  }
  return out;
}
