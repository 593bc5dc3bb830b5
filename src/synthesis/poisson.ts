import type { BinaryMask } from '../core/mask';
import { boundingBox } from '../core/mask';

/**
 * The discrete Poisson equation on the set pixels Ω of a mask (Pérez, Gangnet and Blake 2003, Eq. 7):
 *
 *   Σ_{q ∈ N(p)} (f_p − f_q) = b_p   for every p ∈ Ω,
 *
 * N(p) the up to four neighbours inside the image. Values outside Ω are known (Dirichlet) and have been moved to b;
 * the image border simply has no neighbour beyond it (Neumann). Three channels are solved together, by conjugate
 * gradients preconditioned with one multigrid V-cycle. Only Ω takes part: memory and time go with the number of its
 * pixels, whatever its shape and however many pieces it is in.
 */
export interface SolveOptions {
  /** Stop when each channel's residual has fallen to this share of its norm for f = 0 in Ω. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

export interface Solved {
  readonly iterations: number;
  /** The largest, over the channels, of residual norm over norm of b. */
  readonly residual: number;
}

/** Channels of every vector, interleaved: unknown i holds 3·i … 3·i + 2. */
const C = 3;

/**
 * A level of the hierarchy. Unknowns are numbered red cells ((x + y) even) first, so that a sweep over one colour runs
 * straight through memory. "None" is the cell after the last, whose value is always 0.
 */
interface Level {
  readonly count: number;
  readonly red: number;
  /** Offsets (3 · number) of the left, right, upper and lower neighbour of each unknown. */
  readonly links: Int32Array;
  /** Weights of those four links; on the finest level all are 1 and this is empty. */
  readonly weights: Float32Array;
  readonly diagonal: Float32Array;
  /** 1 / diagonal; 0 where that is 0. */
  readonly inverse: Float32Array;
  /** Offsets of the four coarser cells each unknown is interpolated from (9, 3, 3, 1 sixteenths); empty on the last. */
  readonly parents: Int32Array;
  readonly value: Float32Array;
  readonly right: Float32Array;
}

const COARSEST = 12;
const COARSEST_SWEEPS = 6;

export class PoissonDomain {
  /** Pixel index (y · width + x) of each unknown. */
  readonly pixels: Int32Array;
  /**
   * True when Ω is the whole image: no value is given anywhere, so the solution is known up to a constant, and the
   * mean of the first guess is kept.
   */
  readonly free: boolean;
  readonly #levels: Level[];

  constructor(inside: BinaryMask) {
    const { pixels, levels } = buildLevels(inside);
    this.pixels = pixels;
    this.#levels = levels;
    this.free = pixels.length > 0 && pixels.length === inside.width * inside.height;
  }

  get count(): number {
    return this.pixels.length;
  }

  /**
   * Solves for f in place of the first guess in `f`. `b` and `f` hold three values per unknown, in the order of
   * {@link pixels}.
   */
  solve(b: Float64Array, f: Float64Array, { tolerance = 1e-5, maxIterations = 100 }: SolveOptions = {}): Solved {
    const size = C * this.count;
    if (size === 0) return { iterations: 0, residual: 0 };
    const r = new Float64Array(size);
    const d = new Float64Array(size + C);
    const image = new Float64Array(size);
    const z = this.#levels[0].value;
    d.set(f);
    applyOperator(this.#levels[0], d, image);
    for (let i = 0; i < size; i++) r[i] = b[i] - image[i];
    if (this.free) removeMean(r, size);
    const scale = dots(b, b, size).map((square) => Math.max(Math.sqrt(square), 1e-9));
    const share = (squares: readonly number[]) => Math.max(...squares.map((square, c) => Math.sqrt(square) / scale[c]));
    let residual = share(dots(r, r, size));
    let rz = [0, 0, 0];
    let iterations = 0;
    while (residual > tolerance && iterations < maxIterations) {
      this.#precondition(r);
      const next = dots(r, z, size);
      const beta = next.map((value, c) => (rz[c] > 0 && iterations > 0 ? value / rz[c] : 0));
      rz = next;
      for (let i = 0; i < size; i += C) {
        d[i] = z[i] + beta[0] * d[i];
        d[i + 1] = z[i + 1] + beta[1] * d[i + 1];
        d[i + 2] = z[i + 2] + beta[2] * d[i + 2];
      }
      applyOperator(this.#levels[0], d, image);
      // A channel that is solved to the last bit has nothing left to step along.
      const step = dots(d, image, size).map((curvature, c) => (curvature > 0 ? rz[c] / curvature : 0));
      for (let i = 0; i < size; i += C) {
        f[i] += step[0] * d[i];
        f[i + 1] += step[1] * d[i + 1];
        f[i + 2] += step[2] * d[i + 2];
        r[i] -= step[0] * image[i];
        r[i + 1] -= step[1] * image[i + 1];
        r[i + 2] -= step[2] * image[i + 2];
      }
      iterations++;
      residual = share(dots(r, r, size));
    }
    return { iterations, residual };
  }

  /** z = M⁻¹·r, left in the finest level's `value`. */
  #precondition(r: Float64Array): void {
    const { right, value } = this.#levels[0];
    for (let i = 0; i < r.length; i++) right[i] = r[i];
    this.#cycle(0);
    if (this.free) removeMean(value, r.length);
  }

  /** One symmetric V-cycle from 0: red, black, coarser levels, black, red. */
  #cycle(index: number): void {
    const level = this.#levels[index];
    const { count, red, value, right, inverse, parents } = level;
    value.fill(0);
    if (parents.length === 0) {
      for (let n = 0; n < COARSEST_SWEEPS; n++) {
        relax(level, 0, red);
        relax(level, red, count);
      }
      for (let n = 0; n < COARSEST_SWEEPS; n++) {
        relax(level, red, count);
        relax(level, 0, red);
      }
      return;
    }
    for (let i = 0, o = 0; i < red; i++, o += C) {
      const scale = inverse[i];
      value[o] = right[o] * scale;
      value[o + 1] = right[o + 1] * scale;
      value[o + 2] = right[o + 2] * scale;
    }
    relax(level, red, count);
    const coarse = this.#levels[index + 1];
    restrictRed(level, coarse.right);
    this.#cycle(index + 1);
    prolong(level, coarse.value);
    relax(level, red, count);
    relax(level, 0, red);
  }
}

/** out = A·v on the finest level; v has its "none" cell at the end. */
function applyOperator({ count, links, diagonal }: Level, v: Float64Array, out: Float64Array): void {
  for (let i = 0, k = 0, o = 0; i < count; i++, k += 4, o += C) {
    const left = links[k];
    const right = links[k + 1];
    const up = links[k + 2];
    const down = links[k + 3];
    const weight = diagonal[i];
    out[o] = weight * v[o] - v[left] - v[right] - v[up] - v[down];
    out[o + 1] = weight * v[o + 1] - v[left + 1] - v[right + 1] - v[up + 1] - v[down + 1];
    out[o + 2] = weight * v[o + 2] - v[left + 2] - v[right + 2] - v[up + 2] - v[down + 2];
  }
}

/** Gauss–Seidel over the unknowns first … last − 1, which are all of one colour and so do not depend on each other. */
function relax(level: Level, first: number, last: number): void {
  if (level.weights.length === 0) relaxFinest(level, first, last);
  else relaxWeighted(level, first, last);
}

function relaxFinest({ links, inverse, value, right }: Level, first: number, last: number): void {
  for (let i = first, k = 4 * first, o = C * first; i < last; i++, k += 4, o += C) {
    const l = links[k];
    const r = links[k + 1];
    const u = links[k + 2];
    const d = links[k + 3];
    const scale = inverse[i];
    value[o] = (right[o] + value[l] + value[r] + value[u] + value[d]) * scale;
    value[o + 1] = (right[o + 1] + value[l + 1] + value[r + 1] + value[u + 1] + value[d + 1]) * scale;
    value[o + 2] = (right[o + 2] + value[l + 2] + value[r + 2] + value[u + 2] + value[d + 2]) * scale;
  }
}

function relaxWeighted({ links, weights, inverse, value, right }: Level, first: number, last: number): void {
  for (let i = first, k = 4 * first, o = C * first; i < last; i++, k += 4, o += C) {
    const l = links[k];
    const r = links[k + 1];
    const u = links[k + 2];
    const d = links[k + 3];
    const wl = weights[k];
    const wr = weights[k + 1];
    const wu = weights[k + 2];
    const wd = weights[k + 3];
    const scale = inverse[i];
    value[o] = (right[o] + wl * value[l] + wr * value[r] + wu * value[u] + wd * value[d]) * scale;
    value[o + 1] =
      (right[o + 1] + wl * value[l + 1] + wr * value[r + 1] + wu * value[u + 1] + wd * value[d + 1]) * scale;
    value[o + 2] =
      (right[o + 2] + wl * value[l + 2] + wr * value[r + 2] + wu * value[u + 2] + wd * value[d + 2]) * scale;
  }
}

/**
 * The residual of the red unknowns handed to the coarser level, out = Pᵀ·r. The black ones, relaxed last, have none;
 * on a red cell it is the change that its black neighbours' sweep made: Σ w·value, because before it they were 0.
 */
function restrictRed({ red, links, weights, parents, value }: Level, out: Float32Array): void {
  const plain = weights.length === 0;
  out.fill(0);
  for (let i = 0, k = 0; i < red; i++, k += 4) {
    const l = links[k];
    const r = links[k + 1];
    const u = links[k + 2];
    const d = links[k + 3];
    const wl = plain ? 1 : weights[k];
    const wr = plain ? 1 : weights[k + 1];
    const wu = plain ? 1 : weights[k + 2];
    const wd = plain ? 1 : weights[k + 3];
    const own = parents[k];
    const across = parents[k + 1];
    const down = parents[k + 2];
    const corner = parents[k + 3];
    for (let c = 0; c < C; c++) {
      const residual = wl * value[l + c] + wr * value[r + c] + wu * value[u + c] + wd * value[d + c];
      out[own + c] += 0.5625 * residual;
      out[across + c] += 0.1875 * residual;
      out[down + c] += 0.1875 * residual;
      out[corner + c] += 0.0625 * residual;
    }
  }
}

/** value += P·coarse, bilinear between cell centres. */
function prolong({ count, parents, value }: Level, coarse: Float32Array): void {
  for (let i = 0, k = 0, o = 0; i < count; i++, k += 4, o += C) {
    const own = parents[k];
    const across = parents[k + 1];
    const down = parents[k + 2];
    const corner = parents[k + 3];
    value[o] += 0.5625 * coarse[own] + 0.1875 * (coarse[across] + coarse[down]) + 0.0625 * coarse[corner];
    value[o + 1] +=
      0.5625 * coarse[own + 1] + 0.1875 * (coarse[across + 1] + coarse[down + 1]) + 0.0625 * coarse[corner + 1];
    value[o + 2] +=
      0.5625 * coarse[own + 2] + 0.1875 * (coarse[across + 2] + coarse[down + 2]) + 0.0625 * coarse[corner + 2];
  }
}

/** Σ a·b for each channel. */
function dots(a: Float64Array, b: Float64Array | Float32Array, size: number): [number, number, number] {
  let x = 0;
  let y = 0;
  let z = 0;
  for (let i = 0; i < size; i += C) {
    x += a[i] * b[i];
    y += a[i + 1] * b[i + 1];
    z += a[i + 2] * b[i + 2];
  }
  return [x, y, z];
}

function removeMean(v: Float64Array | Float32Array, size: number): void {
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let i = c; i < size; i += C) sum += v[i];
    const mean = (C * sum) / size;
    for (let i = c; i < size; i += C) v[i] -= mean;
  }
}

/** The cells of a level: positions, and their numbers on a grid over the bounding box with a margin of one. */
interface Cells {
  /** Size of the whole level's image. */
  readonly width: number;
  readonly height: number;
  /** Position of the grid's first cell, and the grid's width. */
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly xs: Int32Array;
  readonly ys: Int32Array;
  readonly count: number;
  readonly red: number;
  /** Number of each cell; `count` stands for none. */
  readonly grid: Int32Array;
}

/** What of the operator is needed to coarsen it: links between unknowns, and conductances to given values. */
interface Conductances {
  /** Four per unknown: to the left, right, upper, lower unknown. */
  readonly between: Float32Array;
  /** Four per unknown: to a given value in that direction. */
  readonly given: Float32Array;
}

function buildLevels(inside: BinaryMask): { pixels: Int32Array; levels: Level[] } {
  const { width, height, data } = inside;
  const box = boundingBox(inside) ?? { x: 0, y: 0, width: 0, height: 0 };
  let cells = numberCells(width, height, box.x, box.y, box.width, box.height, (grid, columns) => {
    for (let y = 0; y < box.height; y++) {
      const from = (box.y + y) * width + box.x;
      for (let x = 0; x < box.width; x++) grid[(y + 1) * columns + x + 1] = data[from + x];
    }
  });
  const pixels = new Int32Array(cells.count);
  for (let i = 0; i < cells.count; i++) pixels[i] = cells.ys[i] * width + cells.xs[i];
  let conductances = finestConductances(cells);
  const levels: Level[] = [];
  for (;;) {
    const { count } = cells;
    const coarse = count > COARSEST ? coarsen(cells) : null;
    const last = coarse === null || coarse.count > 0.95 * count;
    const coarser = last ? null : coarsenConductances(cells, conductances, coarse);
    levels.push({
      count,
      red: cells.red,
      links: linksOf(cells),
      // On the finest level every link weighs 1.
      weights: levels.length === 0 ? new Float32Array(0) : conductances.between,
      ...diagonalsOf(conductances, count),
      parents: coarser ? findParents(cells, coarse as Cells, coarser.between) : new Int32Array(0),
      value: new Float32Array(C * (count + 1)),
      right: new Float32Array(C * (count + 1)),
    });
    if (!coarser) return { pixels, levels };
    cells = coarse as Cells;
    conductances = coarser;
  }
}

/** Numbers the cells that `mark` sets (to anything but 0) on a grid of columns + 2 by rows + 2, red ones first. */
function numberCells(
  width: number,
  height: number,
  x0: number,
  y0: number,
  inner: number,
  rows: number,
  mark: (grid: Int32Array, columns: number) => void,
): Cells {
  const columns = inner + 2;
  const left = x0 - 1;
  const top = y0 - 1;
  const grid = new Int32Array(columns * (rows + 2));
  mark(grid, columns);
  let count = 0;
  let red = 0;
  for (let y = 1; y <= rows; y++) {
    for (let x = 1; x <= inner; x++) {
      if (grid[y * columns + x] === 0) continue;
      count++;
      red += 1 - ((left + x + top + y) & 1);
    }
  }
  const xs = new Int32Array(count);
  const ys = new Int32Array(count);
  let nextRed = 0;
  let nextBlack = red;
  for (let y = 0; y < rows + 2; y++) {
    for (let x = 0; x < columns; x++) {
      const at = y * columns + x;
      if (grid[at] === 0) {
        grid[at] = count;
        continue;
      }
      const i = ((left + x + top + y) & 1) === 0 ? nextRed++ : nextBlack++;
      xs[i] = left + x;
      ys[i] = top + y;
      grid[at] = i;
    }
  }
  return { width, height, left, top, columns, xs, ys, count, red, grid };
}

/** Cells of twice the side: set where any of the four is. */
function coarsen({ width, height, left, top, columns, xs, ys, count, grid }: Cells): Cells {
  const x0 = (left + 1) >> 1;
  const y0 = (top + 1) >> 1;
  const inner = ((left + columns - 2) >> 1) - x0 + 1;
  const rows = ((top + grid.length / columns - 2) >> 1) - y0 + 1;
  return numberCells((width + 1) >> 1, (height + 1) >> 1, x0, y0, inner, rows, (marks, wide) => {
    for (let i = 0; i < count; i++) marks[((ys[i] >> 1) - y0 + 1) * wide + (xs[i] >> 1) - x0 + 1] = 1;
  });
}

function linksOf({ xs, ys, count, left, top, columns, grid }: Cells): Int32Array {
  const links = new Int32Array(4 * count);
  for (let i = 0; i < count; i++) {
    const at = (ys[i] - top) * columns + xs[i] - left;
    links[4 * i] = C * grid[at - 1];
    links[4 * i + 1] = C * grid[at + 1];
    links[4 * i + 2] = C * grid[at - columns];
    links[4 * i + 3] = C * grid[at + columns];
  }
  return links;
}

function finestConductances({ width, height, xs, ys, count, left, top, columns, grid }: Cells): Conductances {
  const between = new Float32Array(4 * count);
  const given = new Float32Array(4 * count);
  for (let i = 0; i < count; i++) {
    const at = (ys[i] - top) * columns + xs[i] - left;
    if (grid[at - 1] < count) between[4 * i] = 1;
    else if (xs[i] > 0) given[4 * i] = 1;
    if (grid[at + 1] < count) between[4 * i + 1] = 1;
    else if (xs[i] < width - 1) given[4 * i + 1] = 1;
    if (grid[at - columns] < count) between[4 * i + 2] = 1;
    else if (ys[i] > 0) given[4 * i + 2] = 1;
    if (grid[at + columns] < count) between[4 * i + 3] = 1;
    else if (ys[i] < height - 1) given[4 * i + 3] = 1;
  }
  return { between, given };
}

function diagonalsOf(
  { between, given }: Conductances,
  count: number,
): { diagonal: Float32Array; inverse: Float32Array } {
  const diagonal = new Float32Array(count);
  const inverse = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    for (let k = 4 * i; k < 4 * i + 4; k++) diagonal[i] += between[k] + given[k];
    inverse[i] = diagonal[i] > 0 ? 1 / diagonal[i] : 0;
  }
  return { diagonal, inverse };
}

/**
 * The operator on cells of twice the side, in the manner of finite volumes: a conductance is the width of a face over
 * the distance it bridges. Between cells both double in a plain interior, so two parallel links of 1 become one link
 * of 1: half their sum. To a given value the width adds up too, but the distance changes only by half a (fine) cell,
 * longer for the cell's outer half, shorter for its inner half.
 */
function coarsenConductances(cells: Cells, { between, given }: Conductances, coarse: Cells): Conductances {
  const out = { between: new Float32Array(4 * coarse.count), given: new Float32Array(4 * coarse.count) };
  for (let i = 0; i < cells.count; i++) {
    const x = cells.xs[i];
    const y = cells.ys[i];
    const parent = coarse.grid[((y >> 1) - coarse.top) * coarse.columns + (x >> 1) - coarse.left];
    for (let direction = 0; direction < 4; direction++) {
      const outer = ((direction < 2 ? x : y) & 1) === (direction & 1);
      const w = between[4 * i + direction];
      if (w > 0 && outer) out.between[4 * parent + direction] += 0.5 * w;
      const g = given[4 * i + direction];
      if (g > 0) out.given[4 * parent + direction] += 1 / Math.max(1 / g + (outer ? 0.5 : -0.5), 0.25);
    }
  }
  return out;
}

/**
 * The coarser cells around each cell's centre: its own, the nearer one across, the nearer one down, the one across
 * that corner. Beyond the image border the inner one stands in (Neumann); beyond Ω there is none (a correction of 0).
 */
function findParents(cells: Cells, coarse: Cells, between: Float32Array): Int32Array {
  const none = coarse.count;
  const out = new Int32Array(4 * cells.count);
  const offsets = [-1, 1, -coarse.columns, coarse.columns];
  for (let i = 0; i < cells.count; i++) {
    const x = cells.xs[i] >> 1;
    const y = cells.ys[i] >> 1;
    const horizontal = cells.xs[i] & 1;
    const vertical = 2 + (cells.ys[i] & 1);
    const edgeX = horizontal === 1 ? x + 1 >= coarse.width : x === 0;
    const edgeY = vertical === 3 ? y + 1 >= coarse.height : y === 0;
    const at = (y - coarse.top) * coarse.columns + x - coarse.left;
    const own = coarse.grid[at];
    const atX = edgeX ? at : between[4 * own + horizontal] > 0 ? at + offsets[horizontal] : -1;
    const atY = edgeY ? at : between[4 * own + vertical] > 0 ? at + offsets[vertical] : -1;
    // Around the corner either way will do.
    let corner = none;
    if (atX >= 0) {
      const across = coarse.grid[atX];
      if (edgeY) corner = across;
      else if (between[4 * across + vertical] > 0) corner = coarse.grid[atX + offsets[vertical]];
    }
    if (corner === none && atY >= 0) {
      const down = coarse.grid[atY];
      if (edgeX) corner = down;
      else if (between[4 * down + horizontal] > 0) corner = coarse.grid[atY + offsets[horizontal]];
    }
    out[4 * i] = C * own;
    out[4 * i + 1] = C * (atX >= 0 ? coarse.grid[atX] : none);
    out[4 * i + 2] = C * (atY >= 0 ? coarse.grid[atY] : none);
    out[4 * i + 3] = C * corner;
  }
  return out;
}
