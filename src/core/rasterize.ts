import { growInto } from './grow';
import type { Box } from './mask';
import { commonBox, featherMask, joinBoxes, pixelBox } from './mask';
import { fittedExtent, fittedMask, placedCoverage, placedExtent } from './mask-shape';
import { perlin } from './perlin';
import type { Raster } from './raster';
import { createRaster } from './raster';
import type { RegionShape } from './recipe';

/** Sub-scanlines a pixel row is cut into; across, coverage is exact. */
const SUBROWS = 16;

export type BrushShape = Extract<RegionShape, { kind: 'brush' }>;

/**
 * The region mask M of Eq. 1: the shapes that are not hidden, joined in order on an empty canvas and antialiased by
 * pixel coverage; then grown by `grow` px (shrunk, below 0); then softened by a Gaussian of σ `feather` px. One channel
 * in [0, 1].
 */
export function rasterizeRegion(
  shapes: readonly RegionShape[],
  width: number,
  height: number,
  feather: number,
  grow = 0,
): Raster {
  const drawn = createRaster(width, height);
  const whole = wholeBox(drawn);
  for (const shape of shapes) drawShape(drawn, shape, whole);
  let grown = drawn;
  if (grow !== 0) {
    grown = createRaster(width, height);
    growInto(drawn, grown, grow, whole);
  }
  return feather > 0 ? featherMask(grown, feather) : grown;
}

/**
 * The box in which a shape can change a canvas of this size; null if it changes nothing.
 * @throws StudioError `bad-mask` for a damaged mask
 */
export function reachOf(shape: RegionShape, width: number, height: number): Box | null {
  if (shape.hidden) return null;
  const extent = extentOf(shape, width, height);
  // What an intersection leaves out is everything outside its shape.
  return shape.combine === 'intersect' ? { x: 0, y: 0, width, height } : extent;
}

/**
 * Draws a shape within `clip`, leaving everything else alone. Drawing in pieces, clip by clip, gives the bits of drawing
 * at once; a hidden shape draws nothing.
 */
export function drawShape(canvas: Raster, shape: RegionShape, clip: Box): void {
  if (shape.hidden) return;
  const extent = extentOf(shape, canvas.width, canvas.height);
  const box = extent && commonBox(extent, clip);
  if (shape.combine === 'intersect') clearAround(canvas, box, clip);
  if (!extent || !box) return;
  if (shape.kind === 'brush' && shape.combine !== 'intersect') drawBrush(canvas, shape, 0, clip);
  else combine(canvas, coverageOf(canvas, shape, extent, box), box, shape.combine);
}

/** The pixels that a shape covers, or a box about them; null when it covers none. */
function extentOf(shape: RegionShape, width: number, height: number): Box | null {
  switch (shape.kind) {
    case 'rectangle': {
      const { x, y } = shape;
      if (shape.rotation !== 0) return extentOfPoints(cornersOf(shape), 0, width, height);
      return pixelBox(width, height, x, y, x + shape.width, y + shape.height);
    }
    case 'ellipse': {
      const { cx, cy, rx, ry, rotation } = shape;
      if (rx === 0 || ry === 0) return null;
      const cos = Math.cos(rotation);
      const sin = Math.sin(rotation);
      const halfWidth = Math.hypot(rx * cos, ry * sin);
      const halfHeight = Math.hypot(rx * sin, ry * cos);
      return pixelBox(width, height, cx - halfWidth, cy - halfHeight, cx + halfWidth, cy + halfHeight);
    }
    case 'polygon':
      return extentOfPoints(shape.points, 0, width, height);
    case 'brush':
      return shape.radius === 0 ? null : extentOfPoints(shape.points, brushReach(shape), width, height);
    case 'blob': {
      const { x, y } = shape;
      if (!(shape.width > 0 && shape.height > 0)) return null;
      return pixelBox(width, height, x, y, x + shape.width, y + shape.height);
    }
    case 'mask': {
      const { mask, placement } = shape;
      return placement ? placedExtent(mask, placement, width, height) : fittedExtent(mask, width, height);
    }
  }
}

/** Coverage of the pixels of `box`, row by row; outside it a shape covers nothing. */
interface Coverage {
  readonly box: Box;
  /** Values in [0, 1], length box.width · box.height. */
  readonly data: Float32Array;
}

/** What a shape covers of `box`, which lies in its extent. The coverage may be of more than was asked for. */
function coverageOf(canvas: Raster, shape: RegionShape, extent: Box, box: Box): Coverage {
  // Rows are summed from the left of the extent, whatever part is asked for, so that the sums have the same bits.
  const rows = { x: extent.x, y: box.y, width: extent.width, height: box.height };
  switch (shape.kind) {
    case 'rectangle':
      if (shape.rotation !== 0) return { box: rows, data: polygonCoverage(rows, cornersOf(shape)) };
      return { box, data: uprightCoverage(box, shape) };
    case 'ellipse':
      return { box: rows, data: ellipseCoverage(rows, shape) };
    case 'polygon':
      return { box: rows, data: polygonCoverage(rows, shape.points) };
    case 'brush': {
      const own = createRaster(canvas.width, canvas.height);
      drawBrush(own, { ...shape, combine: 'add' }, 0, box);
      return { box: wholeBox(own), data: own.data };
    }
    case 'blob':
      return { box, data: blobCoverage(box, shape) };
    case 'mask': {
      const { mask, placement } = shape;
      if (placement) return { box, data: placedCoverage(mask, placement, canvas.width, canvas.height, box) };
      return { box: wholeBox(canvas), data: fittedMask(mask, canvas.width, canvas.height).data };
    }
  }
}

/** Joins coverage on the pixels of `box`, which it holds. */
function combine(canvas: Raster, coverage: Coverage, box: Box, how: RegionShape['combine']): void {
  const { width, data } = canvas;
  for (let y = box.y; y < box.y + box.height; y++) {
    const to = y * width;
    const from = (y - coverage.box.y) * coverage.box.width - coverage.box.x;
    for (let x = box.x; x < box.x + box.width; x++) {
      const value = coverage.data[from + x];
      if (how === 'add') {
        if (value > data[to + x]) data[to + x] = value;
      } else if (how === 'subtract') {
        if (1 - value < data[to + x]) data[to + x] = 1 - value;
      } else if (value < data[to + x]) {
        data[to + x] = value;
      }
    }
  }
}

/** 0 in `clip`, but for `kept`. */
function clearAround({ width, data }: Raster, kept: Box | null, clip: Box): void {
  for (let y = clip.y; y < clip.y + clip.height; y++) {
    const from = y * width + clip.x;
    const to = from + clip.width;
    if (!kept || y < kept.y || y >= kept.y + kept.height) {
      data.fill(0, from, to);
    } else {
      data.fill(0, from, y * width + kept.x);
      data.fill(0, y * width + kept.x + kept.width, to);
    }
  }
}

function cornersOf(shape: Extract<RegionShape, { kind: 'rectangle' }>): number[] {
  const { x, y, width, height, rotation } = shape;
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
  return corners;
}

/** Of an upright rectangle: the product of the overlaps along the axes, exactly. */
function uprightCoverage(box: Box, shape: Extract<RegionShape, { kind: 'rectangle' }>): Float32Array {
  const { x, y, width, height } = shape;
  const across = overlaps(box.x, box.width, x, x + width);
  const down = overlaps(box.y, box.height, y, y + height);
  const coverage = new Float32Array(box.width * box.height);
  for (let j = 0; j < box.height; j++) {
    for (let i = 0; i < box.width; i++) coverage[j * box.width + i] = across[i] * down[j];
  }
  return coverage;
}

/** How much of each unit cell from `first` on lies in [low, high]. */
function overlaps(first: number, count: number, low: number, high: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) =>
    Math.max(0, Math.min(first + i + 1, high) - Math.max(first + i, low)),
  );
}

function ellipseCoverage(rows: Box, shape: Extract<RegionShape, { kind: 'ellipse' }>): Float32Array {
  const { cx, cy, rx, ry, rotation } = shape;
  const cos = Math.cos(rotation);
  const sin = Math.sin(rotation);
  // a·dx² + 2b·dx·dy + c·dy² = 1 is the outline.
  const a = (cos / rx) ** 2 + (sin / ry) ** 2;
  const b = cos * sin * (1 / rx ** 2 - 1 / ry ** 2);
  const c = (sin / rx) ** 2 + (cos / ry) ** 2;
  const crossings = [0, 0];
  return fillRows(rows, (y) => {
    const dy = y - cy;
    const root = (b * dy) ** 2 - a * (c * dy * dy - 1);
    if (root <= 0) return [];
    const half = Math.sqrt(root) / a;
    const middle = cx - (b * dy) / a;
    crossings[0] = middle - half;
    crossings[1] = middle + half;
    return crossings;
  });
}

function polygonCoverage(box: Box, points: readonly number[]): Float32Array {
  const count = points.length / 2;
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
  return fillRows(box, (y) => {
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
 * Draws the segments from point `first` on straight onto the canvas, each in its own box, within `clip`. That is exact
 * because coverage falls with distance: the nearest segment of a stroke is the one that gives the maximum. Returns the
 * box they can have changed.
 */
export function drawBrush(canvas: Raster, stroke: BrushShape, first: number, clip: Box): Box | null {
  if (stroke.radius === 0) return null;
  const { points } = stroke;
  const count = points.length / 2;
  let changed: Box | null = null;
  for (let i = Math.min(first, count - 1); i < Math.max(count - 1, 1); i++) {
    const j = Math.min(i + 1, count - 1);
    const box = drawSegment(canvas, points[2 * i], points[2 * i + 1], points[2 * j], points[2 * j + 1], stroke, clip);
    changed = joinBoxes(changed, box);
  }
  return changed;
}

/** A soft brush fades over its outer share; a hard one over one pixel about its outline. */
function brushFade({ radius, softness }: BrushShape): number {
  return Math.max(softness * radius, 1);
}

/** How far from its points a stroke covers anything. */
function brushReach(stroke: BrushShape): number {
  return stroke.radius + (brushFade(stroke) - stroke.softness * stroke.radius) / 2;
}

function drawSegment(
  canvas: Raster,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  stroke: BrushShape,
  clip: Box,
): Box | null {
  const fade = brushFade(stroke);
  const reach = brushReach(stroke);
  const extent = pixelBox(
    canvas.width,
    canvas.height,
    Math.min(x0, x1) - reach,
    Math.min(y0, y1) - reach,
    Math.max(x0, x1) + reach,
    Math.max(y0, y1) + reach,
  );
  const box = extent && commonBox(extent, clip);
  if (!box) return null;
  const { width, data } = canvas;
  const dx = x1 - x0;
  const dy = y1 - y0;
  const squared = dx * dx + dy * dy;
  const full = Math.max(0, reach - fade);
  const add = stroke.combine === 'add';
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

/**
 * A blob: the pixels with ρ < 0.62 + 0.37·noise, ρ the elliptical radius in the box (1 at its sides). So the middle is
 * always inside, the outline follows the noise, and nothing reaches the box. Area about 0.31 of the box.
 */
function blobCoverage(box: Box, shape: Extract<RegionShape, { kind: 'blob' }>): Float32Array {
  const { x, y, width, height, seed, cells } = shape;
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
  return coverage;
}

function wholeBox(canvas: Raster): Box {
  return { x: 0, y: 0, width: canvas.width, height: canvas.height };
}

/** The pixels within `margin` of the bounds of the points, given as x, y pairs. */
function extentOfPoints(points: readonly number[], margin: number, width: number, height: number): Box | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    left = Math.min(left, points[i]);
    right = Math.max(right, points[i]);
    top = Math.min(top, points[i + 1]);
    bottom = Math.max(bottom, points[i + 1]);
  }
  return pixelBox(width, height, left - margin, top - margin, right + margin, bottom + margin);
}
