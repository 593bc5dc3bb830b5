import { createRaster, type Raster } from '../../../core/raster';
import { mirror } from '../../shape';
import { C1, C2, RADIUS, TAPS } from './constants';

/** Weights at distance 0 … 5 from the middle of the window. */
const [W0, W1, W2, W3, W4, W5] = TAPS.slice(RADIUS);

/**
 * Local SSIM of two rasters of one shape in [0, 1], averaged over channels (Wang et al. 2004, Eq. 13, with weighted
 * moments of Eqs. 14–16). Borders mirrored. One channel in [−1, 1]. In double precision, so that E[x²] − E[x]² is safe.
 */
export function ssim(a: Raster, b: Raster): Raster {
  const { width, height, channels } = a;
  const plane = width * height;
  const out = createRaster(width, height);
  // Of the second moments only the sum of both variances is needed, so four are filtered: a, b, a² + b², a·b.
  const lines = moments(width + 2 * RADIUS);
  const across = moments(plane);
  const row = moments(width);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const line = c * plane + y * width;
      for (let i = 0; i < width + 2 * RADIUS; i++) {
        const at = line + mirror(i - RADIUS, width);
        const u = a.data[at];
        const v = b.data[at];
        lines[0][i] = u;
        lines[1][i] = v;
        lines[2][i] = u * u + v * v;
        lines[3][i] = u * v;
      }
      for (let m = 0; m < 4; m++) filterLine(lines[m], across[m].subarray(y * width, (y + 1) * width));
    }
    for (let y = 0; y < height; y++) {
      for (let m = 0; m < 4; m++) filterColumns(across[m], y, width, height, row[m]);
      const [meanA, meanB, squares, products] = row;
      for (let x = 0; x < width; x++) {
        const product = meanA[x] * meanB[x];
        const square = meanA[x] * meanA[x] + meanB[x] * meanB[x];
        const luminance = (2 * product + C1) / (square + C1);
        const structure = (2 * (products[x] - product) + C2) / (squares[x] - square + C2);
        out.data[y * width + x] += (luminance * structure) / channels;
      }
    }
  }
  return out;
}

const moments = (length: number) => [0, 1, 2, 3].map(() => new Float64Array(length));

/** Weighted sums over the window along a line that reaches RADIUS beyond `out` on both sides. */
function filterLine(line: Float64Array, out: Float64Array): void {
  for (let x = 0; x < out.length; x++) {
    out[x] =
      W0 * line[x + 5] +
      W1 * (line[x + 4] + line[x + 6]) +
      W2 * (line[x + 3] + line[x + 7]) +
      W3 * (line[x + 2] + line[x + 8]) +
      W4 * (line[x + 1] + line[x + 9]) +
      W5 * (line[x] + line[x + 10]);
  }
}

/** Weighted sums over the window along every column about row `y`. */
function filterColumns(plane: Float64Array, y: number, width: number, height: number, out: Float64Array): void {
  const row = (offset: number) => mirror(y + offset, height) * width;
  const [m5, m4, m3, m2, m1] = [row(-5), row(-4), row(-3), row(-2), row(-1)];
  const [p0, p1, p2, p3, p4, p5] = [row(0), row(1), row(2), row(3), row(4), row(5)];
  for (let x = 0; x < width; x++) {
    out[x] =
      W0 * plane[p0 + x] +
      W1 * (plane[m1 + x] + plane[p1 + x]) +
      W2 * (plane[m2 + x] + plane[p2 + x]) +
      W3 * (plane[m3 + x] + plane[p3 + x]) +
      W4 * (plane[m4 + x] + plane[p4 + x]) +
      W5 * (plane[m5 + x] + plane[p5 + x]);
  }
}
