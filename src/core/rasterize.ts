import type { Box } from './mask';
import { featherInto, growBox, joinBoxes } from './mask';
import { decodeMask } from './mask-codec';
import { perlin } from './perlin';
import type { Raster } from './raster';
import { createRaster, resizeRaster } from './raster';
import type { RegionShape } from './recipe';

/** Sub-scanlines a pixel row is cut into; across, coverage is exact. */
const SUBROWS = 16;

export type BrushShape = Extract<RegionShape, { kind: 'brush' }>;

/**
 * The region mask M of Eq. 1: the shapes joined in order on an empty canvas, antialiased by pixel coverage, then
 * softened by a Gaussian of σ `feather` px. One channel in [0, 1].
 */
export function rasterizeRegion(
  shapes: readonly RegionShape[],
  width: number,
  height: number,
  feather: number,
): Raster {
  const canvas = new RegionCanvas(width, height, feather);
  for (const shape of shapes) canvas.add(shape);
  return canvas.mask;
}

/**
 * A region mask that grows shape by shape, as a person draws: each change costs what its own box costs, whatever was
 * drawn before. The mask is bit for bit what {@link rasterizeRegion} makes of the same shapes.
 */
export class RegionCanvas {
  readonly #drawn: Raster;
  readonly #soft: Raster;
  readonly #radius: number;
  #stale: Box | null = null;

  constructor(
    readonly width: number,
    readonly height: number,
    readonly feather = 0,
  ) {
    this.#drawn = createRaster(width, height);
    this.#soft = feather > 0 ? createRaster(width, height) : this.#drawn;
    this.#radius = Math.ceil(3 * feather);
  }

  /** Draws a shape. Returns the box in which {@link mask} may have changed, null if the shape lies outside. */
  add(shape: RegionShape): Box | null {
    return this.#changed(drawShape(this.#drawn, shape));
  }

  /**
   * Draws only the segments of a growing brush stroke after its point number `known` (0 draws all, as {@link add}).
   * Adding a stroke piece by piece gives the same mask as adding it whole.
   * @throws RangeError for an intersecting stroke, whose effect reaches beyond its own segments.
   */
  extend(stroke: BrushShape, known: number): Box | null {
    if (stroke.combine === 'intersect') throw new RangeError('A stroke that intersects can only be added whole.');
    return this.#changed(drawBrush(this.#drawn, stroke, Math.max(0, known - 1)));
  }

  /** Everything drawn so far. The same object each time; later changes are made in place. */
  get mask(): Raster {
    if (this.#stale) {
      featherInto(this.#drawn, this.#soft, this.feather, this.#stale);
      this.#stale = null;
    }
    return this.#soft;
  }

  clear(): void {
    this.#drawn.data.fill(0);
    this.#soft.data.fill(0);
    this.#stale = null;
  }

  #changed(box: Box | null): Box | null {
    if (!box) return null;
    const grown = growBox(box, this.#radius, this.width, this.height);
    if (this.feather > 0) this.#stale = joinBoxes(this.#stale, grown);
    return grown;
  }
}

function drawShape(canvas: Raster, shape: RegionShape): Box | null {
  switch (shape.kind) {
    case 'rectangle':
      return drawRectangle(canvas, shape);
    case 'ellipse':
      return drawEllipse(canvas, shape);
    case 'polygon':
      return drawPolygon(canvas, shape.points, shape.combine);
    case 'brush':
      return shape.combine === 'intersect' ? intersectBrush(canvas, shape) : drawBrush(canvas, shape, 0);
    case 'blob':
      return drawBlob(canvas, shape);
    case 'mask': {
      const mask = decodeMask(shape.mask);
      return combine(canvas, resizeRaster(mask, canvas.width, canvas.height).data, wholeBox(canvas), shape.combine);
    }
  }
}

/** Joins coverage given for the pixels of `box` (row by row); outside the box coverage is 0. */
function combine(canvas: Raster, coverage: Float32Array, box: Box | null, how: RegionShape['combine']): Box | null {
  const { width, data } = canvas;
  if (how === 'intersect') {
    const kept = box ?? { x: 0, y: 0, width: 0, height: 0 };
    for (let y = 0; y < canvas.height; y++) {
      const row = y * width;
      if (y < kept.y || y >= kept.y + kept.height) {
        data.fill(0, row, row + width);
        continue;
      }
      data.fill(0, row, row + kept.x);
      data.fill(0, row + kept.x + kept.width, row + width);
      const from = (y - kept.y) * kept.width - kept.x;
      for (let x = kept.x; x < kept.x + kept.width; x++) {
        if (coverage[from + x] < data[row + x]) data[row + x] = coverage[from + x];
      }
    }
    return wholeBox(canvas);
  }
  if (!box) return null;
  for (let y = 0; y < box.height; y++) {
    const to = (box.y + y) * width + box.x;
    const from = y * box.width;
    for (let x = 0; x < box.width; x++) {
      const value = coverage[from + x];
      if (how === 'add') {
        if (value > data[to + x]) data[to + x] = value;
      } else if (1 - value < data[to + x]) {
        data[to + x] = 1 - value;
      }
    }
  }
  return box;
}

function drawRectangle(canvas: Raster, shape: Extract<RegionShape, { kind: 'rectangle' }>): Box | null {
  const { x, y, width, height, rotation } = shape;
  if (rotation !== 0) {
    const cos = Math.cos(rotation);
    const sin = Math.sin(rotation);
    const cx = x + width / 2;
    const cy = y + height / 2;
    const corners: number[] = [];
    for (const [u, v] of [
      [-1, -1],
      [1, -1],
      [1, 1],
      [-1, 1],
    ]) {
      const dx = (u * width) / 2;
      const dy = (v * height) / 2;
      corners.push(cx + cos * dx - sin * dy, cy + sin * dx + cos * dy);
    }
    return drawPolygon(canvas, corners, shape.combine);
  }
  // Upright: coverage is the product of the overlaps along the axes, exactly.
  const box = pixelBox(canvas, x, y, x + width, y + height);
  if (!box) return combine(canvas, new Float32Array(0), null, shape.combine);
  const across = overlaps(box.x, box.width, x, x + width);
  const down = overlaps(box.y, box.height, y, y + height);
  const coverage = new Float32Array(box.width * box.height);
  for (let j = 0; j < box.height; j++) {
    for (let i = 0; i < box.width; i++) coverage[j * box.width + i] = across[i] * down[j];
  }
  return combine(canvas, coverage, box, shape.combine);
}

/** How much of each unit cell from `first` on lies in [low, high]. */
function overlaps(first: number, count: number, low: number, high: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) =>
    Math.max(0, Math.min(first + i + 1, high) - Math.max(first + i, low)),
  );
}

function drawEllipse(canvas: Raster, shape: Extract<RegionShape, { kind: 'ellipse' }>): Box | null {
  const { cx, cy, rx, ry, rotation } = shape;
  if (rx === 0 || ry === 0) return combine(canvas, new Float32Array(0), null, shape.combine);
  const cos = Math.cos(rotation);
  const sin = Math.sin(rotation);
  const halfWidth = Math.hypot(rx * cos, ry * sin);
  const halfHeight = Math.hypot(rx * sin, ry * cos);
  const box = pixelBox(canvas, cx - halfWidth, cy - halfHeight, cx + halfWidth, cy + halfHeight);
  if (!box) return combine(canvas, new Float32Array(0), null, shape.combine);
  // a·dx² + 2b·dx·dy + c·dy² = 1 is the outline.
  const a = (cos / rx) ** 2 + (sin / ry) ** 2;
  const b = cos * sin * (1 / rx ** 2 - 1 / ry ** 2);
  const c = (sin / rx) ** 2 + (cos / ry) ** 2;
  const crossings = [0, 0];
  const coverage = fillRows(box, (y) => {
    const dy = y - cy;
    const root = (b * dy) ** 2 - a * (c * dy * dy - 1);
    if (root <= 0) return [];
    const half = Math.sqrt(root) / a;
    const middle = cx - (b * dy) / a;
    crossings[0] = middle - half;
    crossings[1] = middle + half;
    return crossings;
  });
  return combine(canvas, coverage, box, shape.combine);
}

function drawPolygon(canvas: Raster, points: readonly number[], how: RegionShape['combine']): Box | null {
  const count = points.length / 2;
  let left = Infinity;
  let right = -Infinity;
  let top = Infinity;
  let bottom = -Infinity;
  for (let i = 0; i < count; i++) {
    left = Math.min(left, points[2 * i]);
    right = Math.max(right, points[2 * i]);
    top = Math.min(top, points[2 * i + 1]);
    bottom = Math.max(bottom, points[2 * i + 1]);
  }
  const box = pixelBox(canvas, left, top, right, bottom);
  if (!box) return combine(canvas, new Float32Array(0), null, how);
  // Which edges cross a pixel row, so that a long lasso is not walked through for every sub-scanline.
  const edgesOfRow: number[][] = Array.from({ length: box.height }, () => []);
  for (let i = 0; i < count; i++) {
    const y0 = points[2 * i + 1];
    const y1 = points[2 * ((i + 1) % count) + 1];
    const first = Math.max(0, Math.floor(Math.min(y0, y1)) - box.y);
    const last = Math.min(box.height - 1, Math.floor(Math.max(y0, y1)) - box.y);
    for (let row = first; row <= last; row++) edgesOfRow[row].push(i);
  }
  const crossings: number[] = [];
  const coverage = fillRows(box, (y) => {
    crossings.length = 0;
    for (const i of edgesOfRow[Math.floor(y) - box.y]) {
      const j = (i + 1) % count;
      const y0 = points[2 * i + 1];
      const y1 = points[2 * j + 1];
      // Half-open, so that a vertex on the line counts once.
      if (y0 <= y === y1 <= y) continue;
      crossings.push(points[2 * i] + ((y - y0) / (y1 - y0)) * (points[2 * j] - points[2 * i]));
    }
    return crossings.sort((p, q) => p - q);
  });
  return combine(canvas, coverage, box, how);
}

/**
 * Pixel coverage of an area given by its crossings with horizontal lines: `crossingsAt(y)` lists them from left to
 * right, inside between the first and second, third and fourth, and so on (the even-odd rule).
 */
function fillRows(box: Box, crossingsAt: (y: number) => readonly number[]): Float32Array {
  const coverage = new Float32Array(box.width * box.height);
  // Differences along the row: a running sum turns interval ends into coverage.
  const steps = new Float64Array(box.width + 2);
  const enter = (x: number, sign: number): void => {
    const at = Math.min(Math.max(x - box.x, 0), box.width);
    const cell = Math.floor(at);
    const part = at - cell;
    // From `at` rightwards: the first cell is covered by 1 − part, all after it wholly.
    steps[cell] += sign * (1 - part);
    steps[cell + 1] += sign * part;
  };
  for (let row = 0; row < box.height; row++) {
    steps.fill(0);
    let any = false;
    for (let sub = 0; sub < SUBROWS; sub++) {
      const crossings = crossingsAt(box.y + row + (sub + 0.5) / SUBROWS);
      for (let k = 0; k + 1 < crossings.length; k += 2) {
        enter(crossings[k], 1);
        enter(crossings[k + 1], -1);
        any = true;
      }
    }
    if (!any) continue;
    let sum = 0;
    for (let x = 0; x < box.width; x++) {
      sum += steps[x];
      coverage[row * box.width + x] = Math.min(1, Math.max(0, sum / SUBROWS));
    }
  }
  return coverage;
}

/**
 * Draws the segments from point `first` on straight onto the canvas, each in its own box. That is exact because
 * coverage falls with distance: the nearest segment of a stroke is the one that gives the maximum.
 */
function drawBrush(canvas: Raster, stroke: BrushShape, first: number): Box | null {
  const { points } = stroke;
  const count = points.length / 2;
  let changed: Box | null = null;
  for (let i = Math.min(first, count - 1); i < Math.max(count - 1, 1); i++) {
    const j = Math.min(i + 1, count - 1);
    changed = joinBoxes(
      changed,
      drawSegment(canvas, points[2 * i], points[2 * i + 1], points[2 * j], points[2 * j + 1], stroke),
    );
  }
  return changed;
}

function drawSegment(
  canvas: Raster,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  { radius, softness, combine: how }: BrushShape,
): Box | null {
  if (radius === 0) return null;
  // A soft brush fades over its outer share; a hard one over one pixel about its outline.
  const fade = Math.max(softness * radius, 1);
  const reach = radius + (fade - softness * radius) / 2;
  const box = pixelBox(
    canvas,
    Math.min(x0, x1) - reach,
    Math.min(y0, y1) - reach,
    Math.max(x0, x1) + reach,
    Math.max(y0, y1) + reach,
  );
  if (!box) return null;
  const { width, data } = canvas;
  const dx = x1 - x0;
  const dy = y1 - y0;
  const squared = dx * dx + dy * dy;
  const full = Math.max(0, reach - fade);
  const add = how === 'add';
  for (let y = box.y; y < box.y + box.height; y++) {
    const py = y + 0.5 - y0;
    // Only pixels within reach of the endless line can be within reach of the segment.
    let from = box.x;
    let to = box.x + box.width;
    if (Math.abs(dy) > 1e-9) {
      const middle = x0 + (py / dy) * dx;
      const slack = (reach * Math.sqrt(squared)) / Math.abs(dy) + 1;
      from = Math.max(from, Math.floor(middle - slack));
      to = Math.min(to, Math.ceil(middle + slack));
    }
    for (let x = from; x < to; x++) {
      const px = x + 0.5 - x0;
      const along = squared > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / squared)) : 0;
      const ex = px - along * dx;
      const ey = py - along * dy;
      const e = ex * ex + ey * ey;
      if (e >= reach * reach) continue;
      const value = e <= full * full ? 1 : Math.min(1, (reach - Math.sqrt(e)) / fade);
      const i = y * width + x;
      if (add) {
        if (value > data[i]) data[i] = value;
      } else if (1 - value < data[i]) {
        data[i] = 1 - value;
      }
    }
  }
  return box;
}

function intersectBrush(canvas: Raster, stroke: BrushShape): Box | null {
  const own = createRaster(canvas.width, canvas.height);
  drawBrush(own, { ...stroke, combine: 'add' }, 0);
  return combine(canvas, own.data, wholeBox(canvas), 'intersect');
}

/**
 * A blob: the pixels with ρ < 0.62 + 0.37·noise, ρ the elliptical radius in the box (1 at its sides). So the middle is
 * always inside, the outline follows the noise, and nothing reaches the box. Area about 0.31 of the box.
 */
function drawBlob(canvas: Raster, shape: Extract<RegionShape, { kind: 'blob' }>): Box | null {
  const { x, y, width, height, seed, cells } = shape;
  const box = width > 0 && height > 0 ? pixelBox(canvas, x, y, x + width, y + height) : null;
  if (!box) return combine(canvas, new Float32Array(0), null, shape.combine);
  const frequency = cells / Math.max(width, height);
  const level = (px: number, py: number): number => {
    const u = (2 * (px - x)) / width - 1;
    const v = (2 * (py - y)) / height - 1;
    const rho = Math.sqrt(u * u + v * v);
    // Far from where the outline can run, the sign is settled whatever the noise.
    if (rho < 0.2 || rho > 1.05) return 0.62 - rho;
    return 0.62 + 0.37 * perlin(seed, (px - x) * frequency, (py - y) * frequency) - rho;
  };
  // One ring more than the box, for central differences.
  const columns = box.width + 2;
  const levels = new Float64Array(columns * (box.height + 2));
  for (let j = 0; j < box.height + 2; j++) {
    for (let i = 0; i < columns; i++) levels[j * columns + i] = level(box.x + i - 0.5, box.y + j - 0.5);
  }
  const coverage = new Float32Array(box.width * box.height);
  for (let j = 0; j < box.height; j++) {
    for (let i = 0; i < box.width; i++) {
      const k = (j + 1) * columns + i + 1;
      const across = levels[k + 1] - levels[k - 1];
      const down = levels[k + columns] - levels[k - columns];
      const slope = Math.sqrt(across * across + down * down) / 2;
      // Distance to the outline to first order, in pixels.
      const inside = slope > 0 ? levels[k] / slope : Math.sign(levels[k]);
      coverage[j * box.width + i] = Math.min(1, Math.max(0, inside + 0.5));
    }
  }
  return combine(canvas, coverage, box, shape.combine);
}

function wholeBox(canvas: Raster): Box {
  return { x: 0, y: 0, width: canvas.width, height: canvas.height };
}

/** The pixels that a box of real coordinates touches; null when there are none. */
function pixelBox(canvas: Raster, left: number, top: number, right: number, bottom: number): Box | null {
  const x = Math.max(0, Math.floor(left));
  const y = Math.max(0, Math.floor(top));
  const width = Math.min(canvas.width, Math.ceil(right)) - x;
  const height = Math.min(canvas.height, Math.ceil(bottom)) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}
