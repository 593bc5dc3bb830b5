import { deflateSync, inflateSync } from 'fflate';
import { StudioError } from './errors';
import type { BinaryMask } from './mask';
import { createMask } from './mask';
import type { Raster } from './raster';
import { grey8FromRaster, rasterFromGrey8 } from './raster';
import type { EncodedMask } from './recipe';

/**
 * A soft mask as the recipe stores it: 8-bit levels round(255·m), row by row, raw deflate, base64. The same mask
 * always gives the same text.
 */
export function encodeMask(mask: Raster): EncodedMask {
  const packed = deflateSync(grey8FromRaster(mask), { level: 6 });
  return { encoding: 'deflate8', width: mask.width, height: mask.height, data: toBase64(packed) };
}

/**
 * The stored levels as a raster of k / 255.
 * @throws StudioError `bad-mask` if the data is damaged or does not hold exactly width · height levels.
 */
export function decodeMask(mask: EncodedMask): Raster {
  const length = mask.width * mask.height;
  let levels: Uint8Array;
  try {
    // One byte of slack tells data that is too long from data that fits, without unpacking more than that.
    levels = inflateSync(fromBase64(mask.data), { out: new Uint8Array(length + 1) });
  } catch (cause) {
    throw new StudioError(
      'bad-mask',
      'synthesis',
      'The stored mask is damaged and cannot be unpacked; draw the region again or take the recipe from its export.',
      { cause },
    );
  }
  if (levels.length !== length) {
    throw new StudioError(
      'bad-mask',
      'synthesis',
      `The stored mask does not hold ${mask.width}×${mask.height} pixels; draw the region again or take the recipe from its export.`,
    );
  }
  return rasterFromGrey8(levels, mask.width, mask.height);
}

/** The mask in the 256 levels in which it is stored: what is used from a mask equals what a recipe brings back. */
export function quantizeMask(mask: Raster): Raster {
  return rasterFromGrey8(grey8FromRaster(mask), mask.width, mask.height);
}

/** COCO's uncompressed run-length code: column by column, runs of 0 and 1 in turn, the first counting zeros. */
export interface RunLengths {
  /** [height, width]. */
  readonly size: readonly [height: number, width: number];
  readonly counts: readonly number[];
}

export function encodeRle(mask: BinaryMask): RunLengths {
  const { width, height, data } = mask;
  const counts: number[] = [];
  let value = 0;
  let run = 0;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      const here = data[y * width + x];
      if (here !== value) {
        counts.push(run);
        value = here;
        run = 0;
      }
      run++;
    }
  }
  counts.push(run);
  return { size: [height, width], counts };
}

/** @throws StudioError `bad-mask` if the runs do not add up to the size. */
export function decodeRle({ size: [height, width], counts }: RunLengths): BinaryMask {
  const total = counts.reduce((sum, run) => sum + run, 0);
  if (total !== width * height || counts.some((run) => !Number.isInteger(run) || run < 0)) {
    throw new StudioError(
      'bad-mask',
      'import',
      `The runs of the mask add up to ${total} pixels, but ${width}×${height} are ${width * height}; export the annotation again.`,
    );
  }
  const mask = createMask(width, height);
  let position = 0;
  counts.forEach((run, index) => {
    if (index % 2 === 1) {
      for (let i = position; i < position + run; i++) mask.data[(i % height) * width + Math.floor(i / height)] = 1;
    }
    position += run;
  });
  return mask;
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  // In pieces: spreading a large array into one call would overflow the stack.
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
