import type { BinaryMask } from '../core/mask';
import type { Raster } from '../core/raster';

/** Pixel indices (y · width + x) in reading order. */
export type Piece = Int32Array;

/** A picture with a region to be filled, laid out for comparing places; maybe reduced. */
export interface View {
  readonly width: number;
  readonly height: number;
  /** How many pixels of the full picture, across and down, make one here. */
  readonly factor: number;
  /** Interleaved RGB. */
  readonly colours: Float32Array;
  /** Squared gradient, summed over the channels. */
  readonly structure: Float32Array;
  /** Median of {@link structure} outside the region (from samples). */
  readonly usual: number;
  /** 1 where there is nothing to copy from: the region to be filled. */
  readonly region: Uint8Array;
}

/** The picture itself as a view. */
export function createView({ width, height, data }: Raster, region: BinaryMask): View {
  const plane = width * height;
  const colours = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    colours[3 * i] = data[i];
    colours[3 * i + 1] = data[i + plane];
    colours[3 * i + 2] = data[i + 2 * plane];
  }
  return finishView(width, height, 1, colours, region.data);
}

/**
 * The view at half the size: blocks of 2 × 2 averaged, a block in the region if any of its pixels is. Blocks at the
 * right and lower border may be cut.
 */
export function halveView(view: View): View {
  const width = Math.ceil(view.width / 2);
  const height = Math.ceil(view.height / 2);
  const colours = new Float32Array(3 * width * height);
  const region = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    const top = 2 * y * view.width;
    const bottom = 2 * y + 1 < view.height ? top + view.width : top;
    for (let x = 0; x < width; x++, i++) {
      const left = 2 * x;
      const right = left + 1 < view.width ? left + 1 : left;
      const a = top + left;
      const b = top + right;
      const c = bottom + left;
      const d = bottom + right;
      for (let k = 0; k < 3; k++) {
        const sum =
          view.colours[3 * a + k] + view.colours[3 * b + k] + view.colours[3 * c + k] + view.colours[3 * d + k];
        colours[3 * i + k] = sum / 4;
      }
      region[i] = view.region[a] | view.region[b] | view.region[c] | view.region[d];
    }
  }
  return finishView(width, height, 2 * view.factor, colours, region);
}

function finishView(width: number, height: number, factor: number, colours: Float32Array, region: Uint8Array): View {
  const structure = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const here = 3 * i;
      const right = x + 1 < width ? here + 3 : here;
      const down = y + 1 < height ? here + 3 * width : here;
      let squared = 0;
      for (let c = 0; c < 3; c++) {
        const across = colours[right + c] - colours[here + c];
        const below = colours[down + c] - colours[here + c];
        squared += across * across + below * below;
      }
      structure[i] = squared;
    }
  }
  // About 4,000 samples place a median well enough; the odd step keeps them from falling into one column.
  const step = Math.max(1, (structure.length >> 12) | 1);
  const samples: number[] = [];
  for (let i = 0; i < structure.length; i += step) if (region[i] === 0) samples.push(structure[i]);
  samples.sort((a, b) => a - b);
  const usual = samples.length > 0 ? samples[samples.length >> 1] : 0;
  return { width, height, factor, colours, structure, usual, region };
}

/** The blocks of `view` that the pixels of a piece of the full picture (`width` pixels wide) lie in. */
export function reducePiece(piece: Piece, width: number, view: View): Piece {
  if (view.factor === 1) return piece;
  const shift = Math.log2(view.factor);
  const top = Math.floor(piece[0] / width) >> shift;
  const bottom = Math.floor(piece[piece.length - 1] / width) >> shift;
  const marks = new Uint8Array((bottom - top + 1) * view.width);
  let count = 0;
  for (const i of piece) {
    const x = i % width;
    const at = ((((i - x) / width) >> shift) - top) * view.width + (x >> shift);
    if (marks[at] === 0) {
      marks[at] = 1;
      count++;
    }
  }
  const reduced = new Int32Array(count);
  for (let at = 0, k = 0; at < marks.length; at++) if (marks[at]) reduced[k++] = top * view.width + at;
  return reduced;
}
