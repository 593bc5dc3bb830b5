import type { Raster } from '../../../core/raster';

/** One channel with `margin` px of zeros around it, so that windows need not ask where they are. */
export interface Padded {
  readonly data: Float64Array;
  /** Samples from one row to the next: width + 2 · margin. Sample (x, y) is at (y + margin) · stride + x + margin. */
  readonly stride: number;
  readonly margin: number;
}

export function padWithZeros({ width, height, data }: Raster, margin: number): Padded {
  const stride = width + 2 * margin;
  const padded = new Float64Array(stride * (height + 2 * margin));
  for (let y = 0; y < height; y++) {
    padded.set(data.subarray(y * width, (y + 1) * width), (y + margin) * stride + margin);
  }
  return { data: padded, stride, margin };
}

/**
 * Background luminance: the mean of the 5×5 neighbourhood, the inner ring weighted 2, the outer 1, the centre 0 (Chou &
 * Li 1995), rounded down; zeros outside. Length width · height. Of whole grey levels it is exact, on a GPU too.
 */
export function backgroundLuminance(grey: Raster): Float64Array {
  const { width, height } = grey;
  const { data, stride } = padWithZeros(grey, 2);
  const background = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let all = 0;
      let inner = 0;
      for (let dy = 0; dy < 5; dy++) {
        const row = (y + dy) * stride + x;
        all += data[row] + data[row + 1] + data[row + 2] + data[row + 3] + data[row + 4];
        if (dy > 0 && dy < 4) inner += data[row + 1] + data[row + 2] + data[row + 3];
      }
      background[y * width + x] = Math.floor((all + inner - 2 * data[(y + 2) * stride + x + 2]) / 32);
    }
  }
  return background;
}

/** Side and radius of the window in which local statistics and likeness are taken. */
export const WINDOW = 7;
export const WINDOW_RADIUS = 3;

/** Variance of the 7×7 neighbourhood (divided by 49), zeros outside. Length width · height. */
export function localVariance(grey: Raster): Float64Array {
  const { width, height } = grey;
  const { data, stride } = padWithZeros(grey, WINDOW_RADIUS);
  const variance = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // About the centre, as the shader does for its digits' sake.
      const origin = data[(y + WINDOW_RADIUS) * stride + x + WINDOW_RADIUS];
      let sum = 0;
      let squares = 0;
      for (let dy = 0; dy < WINDOW; dy++) {
        const row = (y + dy) * stride + x;
        for (let at = row; at < row + WINDOW; at++) {
          const value = data[at] - origin;
          sum += value;
          squares += value * value;
        }
      }
      const mean = sum / WINDOW ** 2;
      variance[y * width + x] = Math.max(0, squares / WINDOW ** 2 - mean * mean);
    }
  }
  return variance;
}

/** The normalised taps of a Gaussian at −radius … radius. */
export function gaussianWindow(radius: number, sigma: number): number[] {
  const raw = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)));
  const total = raw.reduce((sum, value) => sum + value, 0);
  return raw.map((value) => value / total);
}

/** Correlates rows, then columns, with the same odd number of taps; zeros outside. */
export function smooth({ data, width, height }: Raster, taps: readonly number[]): Float64Array {
  const radius = (taps.length - 1) / 2;
  const across = new Float64Array(width * height);
  const out = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = Math.max(-radius, -x); k <= Math.min(radius, width - 1 - x); k++) {
        sum += taps[k + radius] * data[y * width + x + k];
      }
      across[y * width + x] = sum;
    }
  }
  for (let y = 0; y < height; y++) {
    for (let k = Math.max(-radius, -y); k <= Math.min(radius, height - 1 - y); k++) {
      const tap = taps[k + radius];
      for (let x = 0; x < width; x++) out[y * width + x] += tap * across[(y + k) * width + x];
    }
  }
  return out;
}
