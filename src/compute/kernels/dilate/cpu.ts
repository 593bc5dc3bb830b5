import { createRaster, type Raster } from '../../../core/raster';
import { boundedRadius, diskRows } from './disk';

/**
 * Grey dilation: the maximum over the disk dx² + dy² ≤ radius². One channel. The disk is a stack of rows; each row's
 * maximum comes from a sliding window of constant cost (van Herk 1992, Gil & Werman 1993), so that the whole costs
 * O(radius) a pixel.
 */
export function dilate(mask: Raster, radius: number): Raster {
  const { width, height, data } = mask;
  const out = createRaster(width, height);
  out.data.fill(-Infinity);
  const rows = diskRows(boundedRadius(radius, mask));
  const across = new Float32Array(width * height);
  let widthOfAcross = -1;
  for (let dy = 0; dy < Math.min(rows.length, height); dy++) {
    if (rows[dy] !== widthOfAcross) {
      widthOfAcross = rows[dy];
      slidingMaximum(data, across, width, height, widthOfAcross);
    }
    for (let y = 0; y < height; y++) {
      if (y + dy < height) maximumInto(out.data, y * width, across, (y + dy) * width, width);
      if (dy > 0 && y >= dy) maximumInto(out.data, y * width, across, (y - dy) * width, width);
    }
  }
  return out;
}

function maximumInto(out: Float32Array, at: number, from: Float32Array, fromAt: number, count: number): void {
  for (let i = 0; i < count; i++) {
    if (from[fromAt + i] > out[at + i]) out[at + i] = from[fromAt + i];
  }
}

/** Row-wise maximum over [x − reach, x + reach]: running maxima from both ends of blocks as long as the window. */
function slidingMaximum(data: Float32Array, out: Float32Array, width: number, height: number, reach: number): void {
  if (reach === 0) {
    out.set(data);
    return;
  }
  const block = 2 * reach + 1;
  const padded = Math.ceil((width + 2 * reach) / block) * block;
  const line = new Float32Array(padded);
  const forward = new Float32Array(padded);
  const backward = new Float32Array(padded);
  for (let y = 0; y < height; y++) {
    line.fill(-Infinity);
    line.set(data.subarray(y * width, (y + 1) * width), reach);
    for (let start = 0; start < padded; start += block) {
      const end = start + block - 1;
      let largest = -Infinity;
      for (let i = start; i <= end; i++) {
        if (line[i] > largest) largest = line[i];
        forward[i] = largest;
      }
      largest = -Infinity;
      for (let i = end; i >= start; i--) {
        if (line[i] > largest) largest = line[i];
        backward[i] = largest;
      }
    }
    for (let x = 0; x < width; x++) {
      const before = backward[x];
      const after = forward[x + block - 1];
      out[y * width + x] = before > after ? before : after;
    }
  }
}
