import { createRaster, type Raster } from '../../../core/raster';
import { mirror } from '../../shape';
import { localVariance, WINDOW, WINDOW_RADIUS } from '../windows/cpu';
import { LEAST_SIGMA, REACH, SEARCH_RADIUS, TIE } from './search';

/** Rows whose sums are taken for one shift before the next: few enough for what they need to stay in the cache. */
const BLOCK = 32;

/** A weight below e^−20 of the largest is left out: all of them together move a mean by less than {@link TIE}. */
const NEGLIGIBLE = 20;
/** e^−t is interpolated between values so many to one: within 2e-6 of itself. */
const STEPS = 256;
const DECAY = Float64Array.from({ length: NEGLIGIBLE * STEPS + 2 }, (_, i) => Math.exp(-i / STEPS));

/**
 * Orderly content I′: what the free-energy principle says the visual system predicts of a picture from itself (Wu et al.
 * 2013), an autoregression over pixels whose 7×7 patches look alike. With d the mean squared difference of two patches,
 * w = exp(−d/σ²), I′ = (Σ w·I_shift + w_max·I) / (Σ w + w_max), rounded to whole levels. σ² = σ₀² with
 * σ₀ = max(LA, 8), or σ₀³/s where the local deviation s exceeds σ₀. Mirrored borders.
 *
 * Each shift costs a few operations a pixel whatever the patch: the sums over patches run along columns and rows. Two
 * patches are as unlike from either side, so half of the shifts are summed and each sum serves both pixels.
 * @param grey one channel of whole grey levels, 0–255.
 * @param adaptation LA of `grey`, see the kernel luminance-adaptation.
 */
export function orderlyPrediction(grey: Raster, adaptation: Raster): Raster {
  const { width, height } = grey;
  const prediction = new Prediction(grey, adaptation);
  // Pairs of a pixel inside and one above or beside it outside are met from outside.
  for (let top = -SEARCH_RADIUS; top < height; top += BLOCK) {
    const bottom = Math.min(height, top + BLOCK);
    for (let v = 0; v <= SEARCH_RADIUS; v++) {
      for (let u = v === 0 ? 1 : -SEARCH_RADIUS; u <= SEARCH_RADIUS; u++) prediction.compare(u, v, top, bottom);
    }
  }
  const out = createRaster(width, height);
  prediction.finish(out.data);
  return out;
}

class Prediction {
  readonly #width: number;
  readonly #height: number;
  /** The picture with {@link REACH} px of its mirror image around it, and its samples a row. */
  readonly #picture: Int32Array;
  readonly #line: number;
  /** Of each pixel, 1 / (49·σ²): a sum of squared differences times this is the exponent. */
  readonly #sharpness: Float64Array;
  readonly #weighted: Float64Array;
  readonly #weights: Float64Array;
  /** Weights are kept over the largest so far, exp(least − exponent), so that none underflows however unlike all are. */
  readonly #least: Float64Array;
  /** Squared differences of the last seven rows in turn, and their sums along columns. */
  readonly #squares: Int32Array;
  readonly #columns: Int32Array;
  /** Sums over the patches of a row. */
  readonly #patches: Int32Array;

  constructor(grey: Raster, adaptation: Raster) {
    const { width, height } = grey;
    this.#width = width;
    this.#height = height;
    this.#line = width + 2 * REACH;
    this.#picture = mirrored(grey);
    this.#sharpness = sharpnessOf(grey, adaptation);
    this.#weighted = new Float64Array(width * height);
    this.#weights = new Float64Array(width * height);
    this.#least = new Float64Array(width * height).fill(Infinity);
    this.#squares = new Int32Array(WINDOW * this.#line);
    this.#columns = new Int32Array(this.#line);
    this.#patches = new Int32Array(this.#line);
  }

  /**
   * Weighs every two pixels that lie (u, v) apart, v ≥ 0, the upper one in rows `top` … `bottom` − 1, for each of the two
   * that lies in the picture.
   */
  compare(u: number, v: number, top: number, bottom: number): void {
    const width = this.#width;
    const height = this.#height;
    const line = this.#line;
    const picture = this.#picture;
    const squares = this.#squares;
    const columns = this.#columns;
    const patches = this.#patches;
    // The first of two pixels lies in columns `from` … `to` − 1 where it or the second is in the picture.
    const from = Math.min(0, -u);
    const to = Math.max(width, width - u);
    const across = to - from;
    const wide = across + WINDOW - 1;
    const first = Math.max(top, -v);
    const shift = v * line + u;
    squares.fill(0);
    columns.fill(0);
    for (let r = first - WINDOW_RADIUS; r < bottom + WINDOW_RADIUS; r++) {
      const ring = ((r + REACH) % WINDOW) * line;
      const row = (r + REACH) * line + REACH + from - WINDOW_RADIUS;
      for (let i = 0; i < wide; i++) {
        const difference = picture[row + i] - picture[row + i + shift];
        const square = Math.imul(difference, difference);
        columns[i] = (columns[i] + square - squares[ring + i]) | 0;
        squares[ring + i] = square;
      }
      const y = r - WINDOW_RADIUS;
      if (y < first) continue;
      let sum = 0;
      for (let i = 0; i < WINDOW - 1; i++) sum += columns[i];
      for (let i = 0; i < across; i++) {
        sum = (sum + columns[i + WINDOW - 1]) | 0;
        patches[i] = sum;
        sum = (sum - columns[i]) | 0;
      }
      if (y >= 0) this.#weigh(y, -from, shift);
      if (y + v < height) this.#weigh(y + v, -from - u, -shift);
    }
  }

  /** Takes the row's pixels at `shift` into its means; the patch sum of its first pixel is at `start`. */
  #weigh(y: number, start: number, shift: number): void {
    const width = this.#width;
    const picture = this.#picture;
    const patches = this.#patches;
    const sharpness = this.#sharpness;
    const weighted = this.#weighted;
    const weights = this.#weights;
    const least = this.#least;
    const shifted = (y + REACH) * this.#line + REACH + shift;
    for (let x = 0, i = y * width; x < width; x++, i++) {
      const exponent = patches[start + x] * sharpness[i];
      const above = exponent - least[i];
      if (above >= NEGLIGIBLE) continue;
      if (above >= 0) {
        const weight = decay(above);
        weighted[i] += weight * picture[shifted + x];
        weights[i] += weight;
      } else {
        const faded = above > -NEGLIGIBLE ? decay(-above) : 0;
        weighted[i] = weighted[i] * faded + picture[shifted + x];
        weights[i] = weights[i] * faded + 1;
        least[i] = exponent;
      }
    }
  }

  finish(out: Float32Array): void {
    const width = this.#width;
    for (let i = 0; i < out.length; i++) {
      const own = this.#picture[(Math.floor(i / width) + REACH) * this.#line + REACH + (i % width)];
      out[i] = Math.floor((this.#weighted[i] + own) / (this.#weights[i] + 1) + 0.5 + TIE);
    }
  }
}

/** e^−t for t in [0, {@link NEGLIGIBLE}). */
function decay(t: number): number {
  const at = t * STEPS;
  const i = at | 0;
  const low = DECAY[i];
  return low + (at - i) * (DECAY[i + 1] - low);
}

/** 1 / (49·σ²) of each pixel. */
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

/** The picture with {@link REACH} px of its mirror image around it. */
function mirrored({ width, height, data }: Raster): Int32Array {
  const line = width + 2 * REACH;
  const columns = Int32Array.from({ length: line }, (_, i) => mirror(i - REACH, width));
  const out = new Int32Array(line * (height + 2 * REACH));
  for (let y = 0; y < height + 2 * REACH; y++) {
    const row = mirror(y - REACH, height) * width;
    for (let x = 0; x < line; x++) out[y * line + x] = data[row + columns[x]];
  }
  return out;
}
