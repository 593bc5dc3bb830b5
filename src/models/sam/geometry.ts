import type { Box } from '../../core/mask';
import { createRaster, resizeRaster, type Raster } from '../../core/raster';
import { RleBuilder, type Rle } from '../../core/rle';

/**
 * Where things lie on SAM's way from image to mask: the image is scaled so that its longest side is S and padded at the
 * right and below to S²; the decoder's logits of L² cover that square.
 */

/** Mean and standard deviation of R, G and B in 0…255 (methods of SAM). */
const MEAN = [123.675, 116.28, 103.53];
const DEVIATION = [58.395, 57.12, 57.375];

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The size with its longest side scaled to `side`, each side rounded half up (at least 1 px). */
export function fitLongestSide({ width, height }: Size, side: number): Size {
  const scale = side / Math.max(width, height);
  const fit = (length: number) => Math.max(1, Math.floor(length * scale + 0.5));
  return { width: fit(width), height: fit(height) };
}

/**
 * What the encoder takes: longest side → `side`, (255·RGB − mean) / deviation, zeros right and below.
 * @param image RGB in [0, 1].
 * @returns `pixel_values`, 3 channels of side².
 */
export function preprocess(image: Raster, side: number): Raster {
  if (image.channels !== 3) throw new RangeError(`An image has three channels, not ${image.channels}.`);
  const { width, height } = fitLongestSide(image, side);
  const small = resizeRaster(image, width, height);
  const out = createRaster(side, side, 3);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const from = (c * height + y) * width;
      const to = (c * side + y) * side;
      for (let x = 0; x < width; x++) out.data[to + x] = (255 * small.data[from + x] - MEAN[c]) / DEVIATION[c];
    }
  }
  return out;
}

/** One axis of the way back: output pixel i is the sum of `weights[i·span + k]` · logits[first[i] + k]. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: Float32Array;
  /** Taps of an output pixel; those it does not need weigh 0. */
  readonly span: number;
}

/** PyTorch's bilinear interpolation, align_corners false: the source position of output pixel `i`, in two taps. */
function bilinear(i: number, from: number, to: number): readonly [low: number, high: number, share: number] {
  const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
  const low = Math.min(from - 1, Math.floor(at));
  return [low, Math.min(from - 1, low + 1), at - low];
}

/** Logits of `grid` cells → `side` px, cropped to `fit` px → `original` px: two interpolations as one. */
function composeTaps(grid: number, side: number, fit: number, original: number): Taps {
  const rows: Map<number, number>[] = [];
  let span = 1;
  for (let i = 0; i < original; i++) {
    const row = new Map<number, number>();
    const [low, high, share] = bilinear(i, fit, original);
    for (const [position, weight] of [
      [low, 1 - share],
      [high, share],
    ]) {
      const [a, b, t] = bilinear(position, grid, side);
      row.set(a, (row.get(a) ?? 0) + weight * (1 - t));
      row.set(b, (row.get(b) ?? 0) + weight * t);
    }
    rows.push(row);
    span = Math.max(span, Math.max(...row.keys()) - Math.min(...row.keys()) + 1);
  }
  const first = new Int32Array(original);
  const weights = new Float32Array(original * span);
  rows.forEach((row, i) => {
    // Moved in at the end, so that every tap lies within the grid.
    first[i] = Math.min(Math.min(...row.keys()), grid - span);
    for (const [cell, weight] of row) weights[i * span + cell - first[i]] += weight;
  });
  return { first, weights, span };
}

/**
 * Brings masks back to image coordinates as SAM does: bilinear to S², crop to the scaled image, bilinear to the image,
 * logit > 0. Both interpolations are linear along each axis, so they are done as one, and only where the logits are
 * positive nearby.
 */
export class MaskSampler {
  readonly #across: Taps;
  readonly #down: Taps;
  /** Cells that the image reaches; what lies beyond is padding. */
  readonly #columns: number;
  readonly #rows: number;

  /**
   * @param image the image's own size, px.
   * @param side S, px.
   * @param grid L, cells.
   */
  constructor(
    readonly image: Size,
    side: number,
    readonly grid: number,
  ) {
    const fit = fitLongestSide(image, side);
    this.#across = composeTaps(grid, side, fit.width, image.width);
    this.#down = composeTaps(grid, side, fit.height, image.height);
    this.#columns = Math.ceil((grid * fit.width) / side);
    this.#rows = Math.ceil((grid * fit.height) / side);
  }

  /** @param logits grid² values, row by row. */
  mask(logits: Float32Array): Rle {
    const { width, height } = this.image;
    const builder = new RleBuilder(width, height);
    const box = this.#positive(logits);
    if (!box) return builder.build();
    const across = this.#across;
    const down = this.#down;
    const [left, right] = reached(across, box.x, box.x + box.width);
    const [top, bottom] = reached(down, box.y, box.y + box.height);
    if (left >= right || top >= bottom) return builder.build();
    // Rows of the grid stretched to the image's columns, each when first needed.
    const count = right - left;
    const from = down.first[top];
    const stretched = new Float32Array((down.first[bottom - 1] + down.span - from) * count);
    let done = 0;
    const row = new Float32Array(count);
    for (let y = top; y < bottom; y++) {
      const first = down.first[y] - from;
      for (; done < first + down.span; done++) {
        const source = (from + done) * this.grid;
        for (let x = 0; x < count; x++) {
          const tap = left + x;
          let sum = 0;
          for (let k = 0; k < across.span; k++) {
            sum += across.weights[tap * across.span + k] * logits[source + across.first[tap] + k];
          }
          stretched[done * count + x] = sum;
        }
      }
      row.fill(0);
      for (let k = 0; k < down.span; k++) {
        const weight = down.weights[y * down.span + k];
        if (weight === 0) continue;
        const source = (first + k) * count;
        for (let x = 0; x < count; x++) row[x] += weight * stretched[source + x];
      }
      let x = 0;
      while (x < count) {
        if (!(row[x] > 0)) {
          x++;
          continue;
        }
        const start = x;
        while (x < count && row[x] > 0) x++;
        builder.push(y * width + left + start, y * width + left + x);
      }
    }
    return builder.build();
  }

  /**
   * area(logit > +1) / area(logit > −1) over the image: 1 where the mask does not depend on where it is cut, 0 where
   * there is none. Measured on the decoder's own grid.
   */
  stability(logits: Float32Array, offset = 1): number {
    let inner = 0;
    let outer = 0;
    for (let y = 0; y < this.#rows; y++) {
      for (let i = y * this.grid; i < y * this.grid + this.#columns; i++) {
        if (logits[i] > -offset) outer++;
        if (logits[i] > offset) inner++;
      }
    }
    return outer === 0 ? 0 : inner / outer;
  }

  /** The box of cells with a positive logit; null if there are none. */
  #positive(logits: Float32Array): Box | null {
    let left = this.grid;
    let right = -1;
    let top = this.grid;
    let bottom = -1;
    for (let y = 0; y < this.grid; y++) {
      const row = y * this.grid;
      for (let x = 0; x < this.grid; x++) {
        if (!(logits[row + x] > 0)) continue;
        if (x < left) left = x;
        if (x > right) right = x;
        if (y < top) top = y;
        bottom = y;
      }
    }
    return bottom < 0 ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
  }
}

/** The output pixels with a tap among cells `low` … `high` − 1: others mix nothing positive, and are not. */
function reached({ first, span }: Taps, low: number, high: number): [from: number, to: number] {
  let from = 0;
  while (from < first.length && first[from] + span <= low) from++;
  let to = first.length;
  while (to > from && first[to - 1] >= high) to--;
  return [from, to];
}
