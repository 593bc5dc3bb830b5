import { squaredDistance } from '../core/distance';
import type { BinaryMask, Box } from '../core/mask';
import { boundingBox, createMask, dilateMask, growBox, labelComponents } from '../core/mask';
import type { Raster } from '../core/raster';
import type { Piece, View } from './view';
import { createView, halveView, reducePiece } from './view';

/**
 * Where to take background from when a region is to vanish: for every pixel of the region the offset of the pixel it
 * copies its gradients from. Both 0 where there is no source, and outside the region.
 */
export interface BackgroundSources {
  /** Per pixel of the image. */
  readonly dx: Int16Array;
  readonly dy: Int16Array;
}

interface Offset {
  readonly dx: number;
  readonly dy: number;
}

/** Every place is tried on a picture of at most this many pixels a side; larger views refine by factors of 2. */
const SEARCH_SIZE = 64;
/** How many places are carried from one view to the next. */
const CANDIDATES = 8;
/** Pixels of a piece, and of its surroundings, that are looked at for each place: on reduced views, at full size. */
const SAMPLES = 120;
const SAMPLES_FULL = 600;
/** Thickness of the surroundings compared, in pixels of each view. */
const RING = 4;
/** Pieces of at most this many pixels a side are not halved any further: on the smallest view, and at full size. */
const SMALLEST = 3;
const SMALLEST_FULL = 8;
/** Weight of a constant offset between the two surroundings; blending removes it, but it hints at another material. */
const OFFSET_WEIGHT = 0.1;
/** Weight of structure beyond that of plain background. */
const STRUCTURE_WEIGHT = 4;
/** Weight of distance, in squared intensity per squared image diagonal: near beats far among equals. */
const DISTANCE_WEIGHT = 2e-3;
/** Squared gradient below which nothing counts as structure: two grey levels a pixel in each channel. */
const FLAT = 3 * (2 / 255) ** 2;
/** How much structure inside goes with the squared differences along the rim: lines that cross it run on inside. */
const LINES_RUN_ON = 2;
/** A place will do if it costs at most this many times the squared gradient that is no surprise there. */
const GOOD_ENOUGH = 2;
/** The same for the smallest pieces; what is worse than that is worse than none, a smooth filling. */
const BETTER_THAN_NONE = 20;

/**
 * Finds a place for each piece of the region such that
 *  - the piece, moved there, lies in the picture and clear of the region;
 *  - what surrounds it there resembles what surrounds it here, up to a constant, which blending takes away;
 *  - it shows no more structure there than plain background and lines that run in from the rim account for, lest an
 *    object be replaced by its twin.
 * A piece for which no place will do is halved; the smallest pieces take the best
 * there is, unless it is so bad that smoothness is better.
 */
export function chooseBackground(photo: Raster, region: BinaryMask): BackgroundSources {
  const { width, height } = photo;
  const sources = { dx: new Int16Array(width * height), dy: new Int16Array(width * height) };
  const views = [createView(photo, region)];
  while (Math.max(views[0].width, views[0].height) > SEARCH_SIZE) views.unshift(halveView(views[0]));
  const smallest = Math.max(SMALLEST_FULL, SMALLEST * views[0].factor);
  const todo = piecesOf(region);
  for (let piece = todo.pop(); piece; piece = todo.pop()) {
    const box = pieceBox(piece, width);
    const last = Math.max(box.width, box.height) <= smallest;
    const place = bestPlace(piece, width, views, last ? BETTER_THAN_NONE : GOOD_ENOUGH);
    if (place) {
      for (const i of piece) {
        sources.dx[i] = place.dx;
        sources.dy[i] = place.dy;
      }
    } else if (!last) {
      todo.push(...halves(piece, box, width));
    }
  }
  return sources;
}

function halves(piece: Piece, box: Box, width: number): Piece[] {
  const across = box.width >= box.height;
  const middle = across ? box.x + box.width / 2 : box.y + box.height / 2;
  const isFirst = (i: number): boolean => (across ? i % width : Math.floor(i / width)) < middle;
  return [piece.filter(isFirst), piece.filter((i) => !isFirst(i))].filter((half) => half.length > 0);
}

/** Pixels that belong together: parts of the region up to six pixels apart form one piece. */
function piecesOf(region: BinaryMask): Piece[] {
  const box = boundingBox(region);
  if (!box) return [];
  const local = createMask(box.width, box.height);
  for (let y = 0; y < box.height; y++) {
    const from = (box.y + y) * region.width + box.x;
    local.data.set(region.data.subarray(from, from + box.width), y * box.width);
  }
  const { labels, count } = labelComponents(dilateMask(local, 3), 8);
  const sizes = new Int32Array(count + 1);
  for (let i = 0; i < labels.length; i++) if (local.data[i]) sizes[labels[i]]++;
  const pieces = Array.from(sizes, (size) => new Int32Array(size)).slice(1);
  const filled = new Int32Array(count + 1);
  for (let i = 0; i < labels.length; i++) {
    if (local.data[i] === 0) continue;
    const x = i % box.width;
    pieces[labels[i] - 1][filled[labels[i]]++] = (box.y + (i - x) / box.width) * region.width + box.x + x;
  }
  return pieces;
}

/** The best place for a whole piece, to the pixel; null if none will do at `good` times the plain level. */
function bestPlace(piece: Piece, width: number, views: readonly View[], good: number): Offset | null {
  let found: Candidate[] = [];
  for (const [index, view] of views.entries()) {
    const searched = index === 0;
    const samples = view.factor === 1 && !searched ? SAMPLES_FULL : SAMPLES;
    const comparison = new Comparison(view, reducePiece(piece, width, view), samples);
    // Reduced views are smoother than the picture and misplaced by up to a pixel: they get some slack.
    const limit = (view.factor === 1 ? 1 : 2) * good * comparison.usual;
    found = searched ? comparison.searchAll(limit) : comparison.refine(found, limit);
    if (found.length === 0) return null;
  }
  return found[0];
}

interface Candidate extends Offset {
  readonly cost: number;
}

/** One piece held against the picture at any offset. */
class Comparison {
  /** Squared gradient to be expected inside. */
  readonly usual: number;
  /** Squared gradient up to which a pixel counts as plain background. */
  readonly #plain: number;
  /** Mean squared difference along the rim, beyond plain background: the lines that cross it. */
  readonly #lines: number;
  readonly #view: View;
  readonly #box: Box;
  /** Positions as x and y in turn: every pixel whose source is read, the piece with a margin of one. */
  readonly #claim: Int32Array;
  /** Those of them, and of the surroundings, that costs are reckoned from. */
  readonly #body: Int32Array;
  readonly #ring: Int32Array;
  readonly #perDistance: number;

  constructor(view: View, piece: Piece, samples: number) {
    this.#view = view;
    const { width, height, region, structure } = view;
    const box = pieceBox(piece, width);
    this.#box = box;
    this.#perDistance = DISTANCE_WEIGHT / (width * width + height * height);
    const crop = growBox(box, RING, width, height) as Box;
    const local = createMask(crop.width, crop.height);
    for (const i of piece) {
      const x = i % width;
      const y = (i - x) / width;
      local.data[(y - crop.y) * crop.width + x - crop.x] = 1;
    }
    const distance = squaredDistance(local);
    const ring: number[] = [];
    const claim: number[] = [];
    const levels: number[] = [];
    const rim = new Set<number>();
    for (let k = 0; k < distance.length; k++) {
      const x = crop.x + (k % crop.width);
      const y = crop.y + Math.floor(k / crop.width);
      if (distance[k] <= 2) claim.push(x, y);
      if (distance[k] <= RING * RING && !region[y * width + x]) {
        ring.push(x, y);
        levels.push(structure[y * width + x]);
        if (distance[k] <= 2) rim.add(y * width + x);
      }
    }
    this.#ring = thin(ring, samples);
    this.#body = thin(claim, samples);
    this.#claim = Int32Array.from(claim);
    // Half of the surroundings, or of the picture if that is plainer, are taken for plain background; noise about
    // that level is not yet structure.
    levels.sort((a, b) => a - b);
    this.#plain = FLAT + 3 * Math.min(levels[levels.length >> 1] ?? Infinity, view.usual);
    this.#lines = Math.max(0, differencesAlong(rim, view) - this.#plain);
    this.usual = this.#plain + this.#lines;
  }

  /** The best places in the whole picture that cost less than `limit`, best first, none within 2 px of a better one. */
  searchAll(limit: number): Candidate[] {
    const { width, height } = this.#view;
    const { x, y, width: across, height: down } = this.#box;
    const columns = width - across + 1;
    const rows = height - down + 1;
    const costs = new Float64Array(columns * rows);
    for (let row = 0, k = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, k++) costs[k] = this.cost(column - x, row - y, limit);
    }
    const chosen: Candidate[] = [];
    while (chosen.length < CANDIDATES) {
      let best = 0;
      for (let k = 1; k < costs.length; k++) if (costs[k] < costs[best]) best = k;
      const cost = costs[best];
      if (cost === Infinity) break;
      costs[best] = Infinity;
      const column = best % columns;
      const row = Math.floor(best / columns);
      if (!this.fits(column - x, row - y)) continue;
      chosen.push({ dx: column - x, dy: row - y, cost });
      for (let v = Math.max(0, row - 2); v <= Math.min(rows - 1, row + 2); v++) {
        costs.fill(Infinity, v * columns + Math.max(0, column - 2), v * columns + Math.min(columns, column + 3));
      }
    }
    return chosen;
  }

  /** The best place under `limit` near each one found on the view of half this size, best first. */
  refine(found: readonly Offset[], limit: number): Candidate[] {
    const better: Candidate[] = [];
    for (const near of found) {
      let best: Candidate | null = null;
      for (let dy = 2 * near.dy - 2; dy <= 2 * near.dy + 2; dy++) {
        for (let dx = 2 * near.dx - 2; dx <= 2 * near.dx + 2; dx++) {
          const cost = this.cost(dx, dy, best?.cost ?? limit);
          if (cost < Infinity && this.fits(dx, dy)) best = { dx, dy, cost };
        }
      }
      if (best) better.push(best);
    }
    return better.sort((a, b) => a.cost - b.cost);
  }

  /** Whether the piece, moved there, lies in the picture and clear of the region. */
  fits(dx: number, dy: number): boolean {
    const { width, height, region } = this.#view;
    const claim = this.#claim;
    for (let k = 0; k < claim.length; k += 2) {
      const x = claim[k] + dx;
      const y = claim[k + 1] + dy;
      if (x < 0 || x >= width || y < 0 || y >= height || region[y * width + x]) return false;
    }
    return true;
  }

  /** How badly the piece would be filled from there; Infinity if outside, or if that is `limit` or more. */
  cost(dx: number, dy: number, limit: number): number {
    const { width, height, colours, structure, region } = this.#view;
    const body = this.#body;
    let excess = 0;
    for (let k = 0; k < body.length; k += 2) {
      const x = body[k] + dx;
      const y = body[k + 1] + dy;
      if (x < 0 || x >= width || y < 0 || y >= height) return Infinity;
      const i = y * width + x;
      // Most places that will not fit show it at once.
      if (region[i]) return Infinity;
      const more = structure[i] - this.#plain;
      if (more > 0) excess += more;
    }
    const surprise = Math.max(0, excess / (body.length / 2) - LINES_RUN_ON * this.#lines);
    const base = this.#perDistance * (dx * dx + dy * dy) + STRUCTURE_WEIGHT * surprise;
    if (base >= limit) return Infinity;
    const ring = this.#ring;
    let compared = 0;
    let squares = 0;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let k = 0; k < ring.length; k += 2) {
      const x = ring[k] + dx;
      const y = ring[k + 1] + dy;
      if (x < 0 || x >= width || y < 0 || y >= height || region[y * width + x]) continue;
      const there = 3 * (y * width + x);
      const here = 3 * (ring[k + 1] * width + ring[k]);
      const r = colours[there] - colours[here];
      const g = colours[there + 1] - colours[here + 1];
      const b = colours[there + 2] - colours[here + 2];
      red += r;
      green += g;
      blue += b;
      squares += r * r + g * g + b * b;
      compared++;
    }
    if (compared === 0) return base;
    const offset = (red * red + green * green + blue * blue) / (compared * compared);
    const cost = base + squares / compared - (1 - OFFSET_WEIGHT) * offset;
    return cost < limit ? cost : Infinity;
  }
}

/** Mean over the rim's pixels of the squared differences to their right and lower neighbours on the rim. */
function differencesAlong(rim: ReadonlySet<number>, { width, colours }: View): number {
  let sum = 0;
  for (const i of rim) {
    for (const j of [i + 1, i + width]) {
      if (!rim.has(j)) continue;
      for (let c = 0; c < 3; c++) sum += (colours[3 * i + c] - colours[3 * j + c]) ** 2;
    }
  }
  return rim.size > 0 ? sum / rim.size : 0;
}

/** At most about `most` of the positions, evenly. */
function thin(positions: readonly number[], most: number): Int32Array {
  const count = positions.length / 2;
  const step = Math.max(1, Math.ceil(count / most));
  const out: number[] = [];
  for (let k = 0; k < count; k += step) out.push(positions[2 * k], positions[2 * k + 1]);
  return Int32Array.from(out);
}

/** The box around a piece, whose pixels come in reading order. */
function pieceBox(piece: Piece, width: number): Box {
  let left = width;
  let right = 0;
  for (const i of piece) {
    const x = i % width;
    if (x < left) left = x;
    if (x > right) right = x;
  }
  const top = Math.floor(piece[0] / width);
  const bottom = Math.floor(piece[piece.length - 1] / width);
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}
