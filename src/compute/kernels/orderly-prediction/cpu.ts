import { createRaster, type Raster } from '../../../core/raster';
import { mirror } from '../../shape';
import { localVariance, WINDOW } from '../windows/cpu';
import { LEAST_SIGMA, NEGLIGIBLE, reachOf, TIE, type Search } from './search';

/**
 * Orderly content I′: what the free-energy principle says the visual system predicts of a picture from itself (Wu et al.
 * 2013), an autoregression over pixels whose 7×7 patches look alike. With d the mean squared difference of two patches,
 * w = exp(−d/σ²), I′ = (Σ w·I_shift + w_max·I) / (Σ w + w_max), rounded to whole levels. σ² = σ₀² with
 * σ₀ = max(LA, 8), or σ₀³/s where the local deviation s exceeds σ₀. Mirrored borders.
 *
 * Each shift costs a few operations a pixel whatever the patch: the sums over patches run along rows and columns.
 * @param grey one channel of whole grey levels, 0–255.
 * @param adaptation LA of `grey`, see the kernel luminance-adaptation.
 */
export function orderlyPrediction(grey: Raster, adaptation: Raster, search: Search): Raster {
  const { width, height } = grey;
  const plane = width * height;
  const reach = reachOf(search);
  const line = width + 2 * reach;
  const picture = mirrored(grey, reach);
  const sharpness = sharpnessOf(grey, adaptation);
  const weighted = new Float64Array(plane);
  const weights = new Float64Array(plane);
  // Weights are kept over the largest so far, exp(least − exponent), so that none underflows however unlike all are.
  const least = new Float64Array(plane).fill(Infinity);
  // Sums of squared differences over a patch's row, of the last seven rows, and over whole patches.
  const squares = new Float64Array(width + WINDOW - 1);
  const rows = Array.from({ length: WINDOW }, () => new Float64Array(width));
  const patches = new Float64Array(width);
  for (let v = -search.radius; v <= search.radius; v += search.stride) {
    for (let u = -search.radius; u <= search.radius; u += search.stride) {
      if (u === 0 && v === 0) continue;
      const shift = v * line + u;
      patches.fill(0);
      for (const row of rows) row.fill(0);
      for (let r = 0; r < height + WINDOW - 1; r++) {
        const start = (r + search.radius) * line + search.radius;
        for (let i = 0; i < squares.length; i++) {
          const difference = picture[start + i] - picture[start + i + shift];
          squares[i] = difference * difference;
        }
        const row = rows[r % WINDOW];
        let sum = 0;
        for (let i = 0; i < WINDOW - 1; i++) sum += squares[i];
        for (let x = 0; x < width; x++) {
          sum += squares[x + WINDOW - 1];
          patches[x] += sum - row[x];
          row[x] = sum;
          sum -= squares[x];
        }
        const y = r - WINDOW + 1;
        if (y < 0) continue;
        const shifted = (y + reach) * line + reach + shift;
        for (let x = 0, i = y * width; x < width; x++, i++) {
          const exponent = patches[x] * sharpness[i];
          const above = exponent - least[i];
          if (above > NEGLIGIBLE) continue;
          if (above >= 0) {
            const weight = Math.exp(-above);
            weighted[i] += weight * picture[shifted + x];
            weights[i] += weight;
          } else {
            const faded = Math.exp(above);
            weighted[i] = weighted[i] * faded + picture[shifted + x];
            weights[i] = weights[i] * faded + 1;
            least[i] = exponent;
          }
        }
      }
    }
  }
  const out = createRaster(width, height);
  for (let i = 0; i < plane; i++) {
    out.data[i] = Math.floor((weighted[i] + grey.data[i]) / (weights[i] + 1) + 0.5 + TIE);
  }
  return out;
}

/** 1 / (49·σ²): a sum of squared differences times this is the exponent. */
function sharpnessOf(grey: Raster, adaptation: Raster): Float64Array {
  const sharpness = localVariance(grey);
  for (let i = 0; i < sharpness.length; i++) {
    const sigma = Math.max(adaptation.data[i], LEAST_SIGMA);
    const deviation = Math.sqrt(sharpness[i]);
    const variance = deviation > sigma ? sigma ** 3 / deviation : sigma * sigma;
    sharpness[i] = 1 / (WINDOW ** 2 * variance);
  }
  return sharpness;
}

/** The picture with `reach` px of its mirror image around it. */
function mirrored({ width, height, data }: Raster, reach: number): Float32Array {
  const line = width + 2 * reach;
  const columns = Int32Array.from({ length: line }, (_, i) => mirror(i - reach, width));
  const out = new Float32Array(line * (height + 2 * reach));
  for (let y = 0; y < height + 2 * reach; y++) {
    const row = mirror(y - reach, height) * width;
    for (let x = 0; x < line; x++) out[y * line + x] = data[row + columns[x]];
  }
  return out;
}
