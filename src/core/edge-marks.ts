import { decodeMask, encodeMask } from './mask-codec';
import { createRaster, type Raster } from './raster';
import type { EncodedMask } from './recipe';

/**
 * What a person says of the edges of a picture, as one mask of three levels: here is an edge, here is none, nothing said.
 */

export type EdgeMark = 'edge' | 'plain';

const LEVELS: Readonly<Record<EdgeMark, number>> = { edge: 1, plain: 128 / 255 };
/** Halfway between the levels. */
const LEAST_EDGE = 0.75;
const LEAST_PLAIN = 0.25;

/** What is said of a pixel of {@link decodeMask}'s raster; null for nothing. */
export function markAt(level: number): EdgeMark | null {
  if (level > LEAST_EDGE) return 'edge';
  return level > LEAST_PLAIN ? 'plain' : null;
}

/**
 * The marks with what is now said of a region, where it covers more than half a pixel: it takes the place of what was said
 * there before; null takes it back.
 * @param marks of the region's size; null: nothing was said yet.
 * @returns null when nothing is said any more.
 * @throws StudioError `bad-mask` for damaged marks.
 */
export function withMark(marks: EncodedMask | null, region: Raster, mark: EdgeMark | null): EncodedMask | null {
  const { width, height, data } = region;
  const levels = marks ? decodeMask(marks) : createRaster(width, height);
  const level = mark === null ? 0 : LEVELS[mark];
  let said = false;
  for (let i = 0; i < data.length; i++) {
    if (data[i] > 0.5) levels.data[i] = level;
    said ||= levels.data[i] > 0;
  }
  return said ? encodeMask(levels) : null;
}

/** Masks of 0 and 1 of what is said. @throws StudioError `bad-mask` for damaged marks. */
export function readMarks(marks: EncodedMask): Readonly<Record<EdgeMark, Raster>> {
  const { width, height, data } = decodeMask(marks);
  const read = { edge: createRaster(width, height), plain: createRaster(width, height) };
  for (let i = 0; i < data.length; i++) {
    const mark = markAt(data[i]);
    if (mark) read[mark].data[i] = 1;
  }
  return read;
}
