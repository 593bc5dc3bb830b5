import { createMask, type BinaryMask, type Box } from './mask';

/**
 * Yes-or-no masks as runs, for questions about hundreds of masks at once: a mask of a part is some thousand runs where
 * its pixels are a million.
 */
export interface Rle {
  readonly width: number;
  readonly height: number;
  /**
   * Pairs start, end (excluded) of linear positions y · width + x, in reading order. No run is empty, crosses the end
   * of a row, or touches the next run of its row, so that a mask has one form only.
   */
  readonly runs: Uint32Array;
  /** In pixels. */
  readonly area: number;
  /** The smallest box around it; null when empty. */
  readonly box: Box | null;
}

/** Collects runs in reading order, joining those that touch. */
export class RleBuilder {
  #runs = new Uint32Array(256);
  #length = 0;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    if (!(width > 0 && height > 0)) throw new RangeError(`A mask needs a positive size, not ${width}×${height}.`);
  }

  /** Adds the pixels `start` … `end` − 1 of one row; `start` is not before the start of the run added last. */
  push(start: number, end: number): void {
    const last = this.#length - 1;
    // A run that starts a row follows the end of the row above without touching it.
    if (last > 0 && (start < this.#runs[last] || (start === this.#runs[last] && start % this.width !== 0))) {
      if (end > this.#runs[last]) this.#runs[last] = end;
      return;
    }
    if (this.#length === this.#runs.length) {
      const longer = new Uint32Array(2 * this.#runs.length);
      longer.set(this.#runs);
      this.#runs = longer;
    }
    this.#runs[this.#length++] = start;
    this.#runs[this.#length++] = end;
  }

  build(): Rle {
    return measured(this.#runs.slice(0, this.#length), this.width, this.height);
  }
}

function measured(runs: Uint32Array, width: number, height: number): Rle {
  let area = 0;
  let left = width;
  let right = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const length = runs[i + 1] - runs[i];
    const x = runs[i] % width;
    area += length;
    if (x < left) left = x;
    if (x + length > right) right = x + length;
  }
  if (area === 0) return { width, height, runs, area, box: null };
  const top = Math.floor(runs[0] / width);
  const bottom = Math.floor(runs[runs.length - 2] / width);
  return { width, height, runs, area, box: { x: left, y: top, width: right - left, height: bottom - top + 1 } };
}

export function rleFromMask(mask: BinaryMask): Rle {
  const { width, height, data } = mask;
  const builder = new RleBuilder(width, height);
  for (let row = 0; row < data.length; row += width) {
    const end = row + width;
    let i = row;
    while (i < end) {
      if (data[i] === 0) {
        i++;
        continue;
      }
      const start = i;
      while (i < end && data[i] !== 0) i++;
      builder.push(start, i);
    }
  }
  return builder.build();
}

export function maskFromRle(rle: Rle): BinaryMask {
  const mask = createMask(rle.width, rle.height);
  for (let i = 0; i < rle.runs.length; i += 2) mask.data.fill(1, rle.runs[i], rle.runs[i + 1]);
  return mask;
}

/** Area of what both boxes cover. */
export function boxIntersection(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Intersection over union of two boxes. */
export function boxIou(a: Box, b: Box): number {
  const intersection = boxIntersection(a, b);
  return intersection / (a.width * a.height + b.width * b.height - intersection);
}

/** Pixels in both masks. */
export function rleIntersection(a: Rle, b: Rle): number {
  assertSameSize(a, b);
  if (!a.box || !b.box || boxIntersection(a.box, b.box) === 0) return 0;
  const top = Math.max(a.box.y, b.box.y) * a.width;
  const bottom = Math.min(a.box.y + a.box.height, b.box.y + b.box.height) * a.width;
  const p = a.runs;
  const q = b.runs;
  let i = firstFrom(p, top);
  let j = firstFrom(q, top);
  let area = 0;
  while (i < p.length && j < q.length) {
    const start = p[i] > q[j] ? p[i] : q[j];
    if (start >= bottom) break;
    const endP = p[i + 1];
    const endQ = q[j + 1];
    const end = endP < endQ ? endP : endQ;
    if (end > start) area += end - start;
    if (endP < endQ) i += 2;
    else j += 2;
  }
  return area;
}

/** Index of the first run that starts at `position` or later. */
function firstFrom(runs: Uint32Array, position: number): number {
  let low = 0;
  let high = runs.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[2 * middle] < position) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}

/** Intersection over union; two empty masks agree: 1. */
export function rleIou(a: Rle, b: Rle): number {
  if (a.area === 0 && b.area === 0) return 1;
  const intersection = rleIntersection(a, b);
  return intersection / (a.area + b.area - intersection);
}

/** The share of `part` that lies in `whole`, [0, 1]; of an empty mask, 0. */
export function rleContainment(part: Rle, whole: Rle): number {
  return part.area === 0 ? 0 : rleIntersection(part, whole) / part.area;
}

/** Whether position (x, y) lies in the mask; outside the image nothing does. */
export function rleHas({ width, height, runs }: Rle, x: number, y: number): boolean {
  if (!(x >= 0 && x < width && y >= 0 && y < height)) return false;
  const position = Math.floor(y) * width + Math.floor(x);
  const next = firstFrom(runs, position + 1);
  return next > 0 && position < runs[next - 1];
}

export function rleUnion(a: Rle, b: Rle): Rle {
  assertSameSize(a, b);
  const builder = new RleBuilder(a.width, a.height);
  const p = a.runs;
  const q = b.runs;
  let i = 0;
  let j = 0;
  while (i < p.length || j < q.length) {
    if (j >= q.length || (i < p.length && p[i] <= q[j])) {
      builder.push(p[i], p[i + 1]);
      i += 2;
    } else {
      builder.push(q[j], q[j + 1]);
      j += 2;
    }
  }
  return builder.build();
}

/** The pixels of `a` that are not in `b`. */
export function rleDifference(a: Rle, b: Rle): Rle {
  assertSameSize(a, b);
  const builder = new RleBuilder(a.width, a.height);
  const p = a.runs;
  const q = b.runs;
  let j = 0;
  for (let i = 0; i < p.length; i += 2) {
    let start = p[i];
    const end = p[i + 1];
    while (j < q.length && q[j + 1] <= start) j += 2;
    // A run of `b` may reach over several of `a`, so it is left for the next.
    for (let k = j; k < q.length && q[k] < end; k += 2) {
      if (q[k] > start) builder.push(start, q[k]);
      start = Math.max(start, q[k + 1]);
    }
    if (start < end) builder.push(start, end);
  }
  return builder.build();
}

/** The union of all, two by two, so that many are as quick as few. @throws RangeError when there are none. */
export function rleUnionOf(masks: readonly Rle[]): Rle {
  if (masks.length === 0) throw new RangeError('There is no union of nothing.');
  let round = masks;
  while (round.length > 1) {
    const next: Rle[] = [];
    for (let i = 0; i < round.length; i += 2)
      next.push(i + 1 < round.length ? rleUnion(round[i], round[i + 1]) : round[i]);
    round = next;
  }
  return round[0];
}

/** A class for each run: `labels[k]` of run k, numbered from 0 in reading order, and their areas. */
interface RunComponents {
  readonly labels: Int32Array;
  readonly areas: Int32Array;
}

/** Connected components of runs, by union–find with path halving; the smaller root wins, which keeps reading order. */
function componentsOfRuns(runs: Uint32Array, width: number, connectivity: 4 | 8): RunComponents {
  const count = runs.length / 2;
  const parent = new Int32Array(count);
  const root = (k: number): number => {
    while (parent[k] !== k) {
      parent[k] = parent[parent[k]];
      k = parent[k];
    }
    return k;
  };
  const reach = connectivity === 8 ? 1 : 0;
  /** The first run that may still touch: those of the row above, from left to right. */
  let above = 0;
  for (let k = 0; k < count; k++) {
    parent[k] = k;
    const start = runs[2 * k];
    const rowStart = start - (start % width);
    // The run's shadow in the row above, clipped to that row.
    const from = Math.max(rowStart - width, start - width - reach);
    const to = Math.min(rowStart, runs[2 * k + 1] - width + reach);
    while (above < k && runs[2 * above + 1] <= from) above++;
    for (let m = above; m < k && runs[2 * m] < to; m++) {
      const p = root(m);
      const q = root(k);
      if (p < q) parent[q] = p;
      else parent[p] = q;
    }
  }
  const labels = new Int32Array(count);
  let found = 0;
  for (let k = 0; k < count; k++) {
    const of = root(k);
    labels[k] = of === k ? found++ : labels[of];
  }
  const areas = new Int32Array(found);
  for (let k = 0; k < count; k++) areas[labels[k]] += runs[2 * k + 1] - runs[2 * k];
  return { labels, areas };
}

/** Without the 8-connected components smaller than `minArea` pixels; core/mask's `removeSpecks` on runs. */
export function removeRleSpecks(rle: Rle, minArea: number): Rle {
  const { labels, areas } = componentsOfRuns(rle.runs, rle.width, 8);
  if (areas.every((area) => area >= minArea)) return rle;
  const builder = new RleBuilder(rle.width, rle.height);
  for (let k = 0; k < labels.length; k++) {
    if (areas[labels[k]] >= minArea) builder.push(rle.runs[2 * k], rle.runs[2 * k + 1]);
  }
  return builder.build();
}

/**
 * With the holes filled whose area is at most `maxArea`: 4-connected background that does not reach the border;
 * core/mask's `fillHoles` on runs.
 */
export function fillRleHoles(rle: Rle, maxArea = Infinity): Rle {
  const { width, height, runs, box } = rle;
  if (!box) return rle;
  // The background within the box. What touches the box's edge reaches the image's border outside it.
  const gaps = new RleBuilder(width, height);
  const right = box.x + box.width;
  let k = 0;
  for (let y = box.y; y < box.y + box.height; y++) {
    const row = y * width;
    let at = row + box.x;
    for (; k < runs.length && runs[k] < row + width; k += 2) {
      if (runs[k] > at) gaps.push(at, runs[k]);
      at = runs[k + 1];
    }
    if (at < row + right) gaps.push(at, row + right);
  }
  const { runs: background } = gaps.build();
  const { labels, areas } = componentsOfRuns(background, width, 4);
  const open = new Uint8Array(areas.length);
  for (let g = 0; g < labels.length; g++) {
    const start = background[2 * g];
    const y = Math.floor(start / width);
    const x = start - y * width;
    const end = x + background[2 * g + 1] - start;
    if (x === box.x || end === right || y === box.y || y === box.y + box.height - 1) open[labels[g]] = 1;
  }
  const holes = new RleBuilder(width, height);
  let any = false;
  for (let g = 0; g < labels.length; g++) {
    if (open[labels[g]] === 1 || areas[labels[g]] > maxArea) continue;
    holes.push(background[2 * g], background[2 * g + 1]);
    any = true;
  }
  return any ? rleUnion(rle, holes.build()) : rle;
}

/** Squared distance between the boxes' nearest pixels: 0 where they overlap, 1 side by side. A bound from below. */
export function boxGap(a: Box, b: Box): number {
  const dx = Math.max(0, b.x - (a.x + a.width - 1), a.x - (b.x + b.width - 1));
  const dy = Math.max(0, b.y - (a.y + a.height - 1), a.y - (b.y + b.height - 1));
  return dx * dx + dy * dy;
}

/**
 * Squared distance between the nearest pixels of two masks, px²: 0 where they overlap, 1 side by side. Looks no further
 * than `limit`, and returns Infinity when everything is at that distance or beyond.
 */
export function rleGap(a: Rle, b: Rle, limit = Infinity): number {
  assertSameSize(a, b);
  if (!a.box || !b.box || boxGap(a.box, b.box) >= limit) return Infinity;
  // The fewer runs outside, the more is skipped inside.
  const [p, q] = a.runs.length <= b.runs.length ? [a, b] : [b, a];
  const { width } = a;
  const bottom = q.box!.y + q.box!.height - 1;
  let best = limit;
  for (let i = 0; i < p.runs.length; i += 2) {
    const y = Math.floor(p.runs[i] / width);
    const x0 = p.runs[i] - y * width;
    const x1 = x0 + p.runs[i + 1] - p.runs[i] - 1;
    const reach = Math.ceil(Math.sqrt(Math.min(best, 4 * p.height * p.height)));
    const from = Math.max(q.box!.y, y - reach);
    const to = Math.min(bottom, y + reach);
    if (from > to) continue;
    const end = (to + 1) * width;
    for (let j = firstFrom(q.runs, from * width); j < q.runs.length && q.runs[j] < end; j += 2) {
      const v = Math.floor(q.runs[j] / width);
      const u0 = q.runs[j] - v * width;
      const u1 = u0 + q.runs[j + 1] - q.runs[j] - 1;
      const dx = u0 > x1 ? u0 - x1 : x0 > u1 ? x0 - u1 : 0;
      const dy = v - y;
      const gap = dx * dx + dy * dy;
      if (gap < best) {
        if (gap === 0) return 0;
        best = gap;
      }
    }
  }
  return best < limit ? best : Infinity;
}

function assertSameSize(a: Rle, b: Rle): void {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(`Masks differ in size: ${a.width}×${a.height} and ${b.width}×${b.height}.`);
  }
}
