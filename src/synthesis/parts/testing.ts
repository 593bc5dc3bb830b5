import { Random } from '../../core/random';
import { RleBuilder, type Rle } from '../../core/rle';
import type { Candidate } from './select';

/** Test helpers: drawn masks. */

/** The ellipse about (cx, cy), cut to the image. */
export function ellipse(width: number, height: number, cx: number, cy: number, rx: number, ry: number): Rle {
  const builder = new RleBuilder(width, height);
  for (let y = Math.max(0, Math.ceil(cy - ry)); y <= Math.min(height - 1, cy + ry); y++) {
    const half = rx * Math.sqrt(Math.max(0, 1 - ((y - cy) / ry) ** 2));
    const from = Math.max(0, Math.ceil(cx - half));
    const to = Math.min(width, Math.floor(cx + half) + 1);
    if (to > from) builder.push(y * width + from, y * width + to);
  }
  return builder.build();
}

/** Rectangles of one image, united, as [x, y, width, height]. */
export function rectangles(width: number, height: number, ...boxes: readonly (readonly number[])[]): Rle {
  const builder = new RleBuilder(width, height);
  for (let y = 0; y < height; y++) {
    const row = boxes.filter(([, top, , h]) => y >= top && y < top + h).sort((a, b) => a[0] - b[0]);
    for (const [x, , w] of row) builder.push(y * width + x, y * width + x + w);
  }
  return builder.build();
}

/**
 * What everything mode may come to: things of many sizes, each seen two or three times a little differently, with
 * ragged edges, holes and stray islands.
 */
export function rawCandidates(seed: number, count: number, side: number): Candidate[] {
  const random = new Random(seed);
  const candidates: Candidate[] = [];
  while (candidates.length < count) {
    const cx = random.uniform(0, side);
    const cy = random.uniform(0, side);
    const rx = random.logUniform(side / 80, side / 6);
    const ry = random.logUniform(side / 80, side / 6);
    const times = Math.min(random.int(1, 3), count - candidates.length);
    for (let k = 0; k < times; k++) {
      const smooth = ellipse(side, side, cx + random.uniform(-2, 2), cy + random.uniform(-2, 2), rx, ry);
      candidates.push({
        mask: ragged(random, smooth),
        quality: random.uniform(0.9, 1),
        stability: random.uniform(0.95, 1),
      });
    }
  }
  return candidates;
}

function ragged(random: Random, { width, height, runs }: Rle): Rle {
  const builder = new RleBuilder(width, height);
  for (let i = 0; i < runs.length; i += 2) {
    const row = runs[i] - (runs[i] % width);
    const start = Math.max(row, runs[i] + random.int(-1, 1));
    const end = Math.max(start + 1, Math.min(row + width, runs[i + 1] + random.int(-1, 1)));
    const middle = (start + end) >> 1;
    if (random.chance(0.2) && middle - 2 > start && middle + 2 < end) {
      builder.push(start, middle - 2);
      builder.push(middle + 2, end);
    } else {
      builder.push(start, end);
    }
    if (random.chance(0.1) && end + 3 < row + width) builder.push(end + 2, end + 3);
  }
  return builder.build();
}
