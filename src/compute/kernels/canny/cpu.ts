import { createMask, labelComponents } from '../../../core/mask';
import { createRaster, type Raster } from '../../../core/raster';
import { DERIVATIVE, LOW_SHARE, RADIUS, SLACK, SMOOTHING } from './constants';

/**
 * Canny's edges (1986): 1 on an edge, else 0. The gradient comes from derivatives of a Gaussian, σ √2; a pixel is on a
 * ridge when no gradient interpolated on either side across the edge is larger; ridges above `threshold` are edges, and
 * so is whatever of a ridge above .4 · `threshold` hangs together with them (8 neighbours). Thresholds are shares of the
 * largest gradient. Borders repeat the outermost pixel.
 * @param source one channel. One colour has no edges.
 */
export function canny(source: Raster, threshold: number): Raster {
  const { width, height } = source;
  const { gx, gy, magnitude } = gradients(source);
  let largest = 0;
  for (const value of magnitude) if (value > largest) largest = value;
  const low = LOW_SHARE * threshold * largest;
  const high = threshold * largest;
  const ridge = createMask(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (magnitude[i] > low && onRidge(x, y)) ridge.data[i] = 1;
    }
  }
  const { labels, count } = labelComponents(ridge, 8);
  const strong = new Uint8Array(count + 1);
  for (let i = 0; i < labels.length; i++) if (magnitude[i] > high) strong[labels[i]] = 1;
  const out = createRaster(width, height);
  for (let i = 0; i < labels.length; i++) out.data[i] = labels[i] > 0 ? strong[labels[i]] : 0;
  return out;

  /** Above one side, and not below the other, so that of two equal neighbours one stays, always the same. */
  function onRidge(x: number, y: number): boolean {
    const i = y * width + x;
    const [dx, dy] = [Math.abs(gx[i]), Math.abs(gy[i])];
    const [sx, sy] = [gx[i] < 0 ? -1 : 1, gy[i] < 0 ? -1 : 1];
    const across = dx >= dy;
    const t = across ? dy / dx : dx / dy;
    // The gradient's line passes between a neighbour along the longer axis and a diagonal one.
    const beside = (way: number) => {
      const near = across ? at(x + way * sx, y) : at(x, y + way * sy);
      return near + t * (at(x + way * sx, y + way * sy) - near);
    };
    return magnitude[i] > beside(-1) * (1 + SLACK) && magnitude[i] >= beside(1) * (1 - SLACK);
  }

  function at(x: number, y: number): number {
    return x < 0 || y < 0 || x >= width || y >= height ? 0 : magnitude[y * width + x];
  }
}

function gradients({ width, height, data }: Raster) {
  const plane = width * height;
  const smoothed = new Float64Array(plane);
  const derived = new Float64Array(plane);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // About the centre: a flat stretch has no gradient at all, in any precision.
      const origin = data[y * width + x];
      let [sum, slope] = [0, 0];
      for (let k = -RADIUS; k <= RADIUS; k++) {
        const value = data[y * width + clamp(x + k, width)] - origin;
        sum += SMOOTHING[k + RADIUS] * value;
        slope += DERIVATIVE[k + RADIUS] * value;
      }
      smoothed[y * width + x] = sum + origin;
      derived[y * width + x] = slope;
    }
  }
  const gx = new Float64Array(plane);
  const gy = new Float64Array(plane);
  const magnitude = new Float64Array(plane);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const origin = smoothed[i];
      for (let k = -RADIUS; k <= RADIUS; k++) {
        const from = clamp(y + k, height) * width + x;
        gx[i] += SMOOTHING[k + RADIUS] * derived[from];
        gy[i] += DERIVATIVE[k + RADIUS] * (smoothed[from] - origin);
      }
      magnitude[i] = Math.sqrt(gx[i] * gx[i] + gy[i] * gy[i]);
    }
  }
  return { gx, gy, magnitude };
}

function clamp(i: number, n: number): number {
  return i < 0 ? 0 : i >= n ? n - 1 : i;
}
