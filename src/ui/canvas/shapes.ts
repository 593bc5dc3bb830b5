import { maskContains, maskFacts } from '../../core/mask-shape';
import type { Frame } from '../../core/placement';
import { frameOfPlacement, placementOfFrame } from '../../core/placement';
import { IDENTITY_AUGMENTATION, type RegionShape } from '../../core/recipe';
import type { Point, Size } from './viewport';

export type { Frame };

/**
 * The frame by which a shape is picked, moved and resized: its upright box turned about its centre, in image pixels. Null
 * for an empty mask.
 * @param canvas size of the image; left out, a mask counts as made at it
 */
export function frameOf(shape: RegionShape, canvas?: Size): Frame | null {
  switch (shape.kind) {
    case 'rectangle':
      return { x: shape.x, y: shape.y, width: shape.width, height: shape.height, rotation: shape.rotation };
    case 'blob':
      return { x: shape.x, y: shape.y, width: shape.width, height: shape.height, rotation: 0 };
    case 'ellipse': {
      const { cx, cy, rx, ry, rotation } = shape;
      return { x: cx - rx, y: cy - ry, width: 2 * rx, height: 2 * ry, rotation };
    }
    case 'polygon':
      return boundsOf(shape.points, 0);
    case 'brush':
      return boundsOf(shape.points, shape.radius);
    case 'mask': {
      const { box } = maskFacts(shape.mask);
      return box && frameOfPlacement(box, shape.mask, canvas ?? shape.mask, shape.placement ?? IDENTITY_AUGMENTATION);
    }
  }
}

/**
 * The shape moved and resized into another frame. Turning counts where {@link canTurn}; a mask takes a placement, which
 * scales both sides alike.
 */
export function withFrame(shape: RegionShape, frame: Frame, canvas?: Size): RegionShape {
  switch (shape.kind) {
    case 'rectangle':
      return { ...shape, x: frame.x, y: frame.y, width: frame.width, height: frame.height, rotation: frame.rotation };
    case 'blob':
      return { ...shape, x: frame.x, y: frame.y, width: frame.width, height: frame.height };
    case 'ellipse':
      return {
        ...shape,
        cx: frame.x + frame.width / 2,
        cy: frame.y + frame.height / 2,
        rx: frame.width / 2,
        ry: frame.height / 2,
        rotation: frame.rotation,
      };
    case 'polygon':
      return { ...shape, points: fitted(shape.points, boundsOf(shape.points, 0), frame, 0) };
    case 'brush': {
      const from = boundsOf(shape.points, shape.radius);
      const factor = Math.sqrt((frame.width * frame.height) / Math.max(1e-9, from.width * from.height));
      const radius = shape.radius * factor;
      return { ...shape, radius, points: fitted(shape.points, boundsOf(shape.points, 0), frame, radius) };
    }
    case 'mask': {
      const { box } = maskFacts(shape.mask);
      const now = frameOf(shape, canvas);
      // Unmoved, it keeps its placement to the last bit, or goes on without one.
      if (!box || !now || sameFrame(now, frame)) return shape;
      const before = shape.placement ?? IDENTITY_AUGMENTATION;
      return { ...shape, placement: placementOfFrame(frame, box, shape.mask, canvas ?? shape.mask, before) };
    }
  }
}

function sameFrame(a: Frame, b: Frame): boolean {
  return a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height && a.rotation === b.rotation;
}

/** Which shapes can be turned as well as moved and resized. */
export function canTurn(shape: RegionShape): boolean {
  return shape.kind === 'rectangle' || shape.kind === 'ellipse' || shape.kind === 'mask';
}

export function moved(shape: RegionShape, dx: number, dy: number, canvas?: Size): RegionShape {
  const frame = frameOf(shape, canvas);
  return frame ? withFrame(shape, { ...frame, x: frame.x + dx, y: frame.y + dy }, canvas) : shape;
}

/**
 * The topmost shape under the point, as an index; null when there is none. Subtracting shapes can be picked too, locked
 * and hidden ones cannot.
 */
export function pick(shapes: readonly RegionShape[], point: Point, reach: number, canvas?: Size): number | null {
  for (let i = shapes.length - 1; i >= 0; i--) {
    const shape = shapes[i];
    if (!shape.locked && !shape.hidden && contains(shape, point, reach, canvas)) return i;
  }
  return null;
}

function contains(shape: RegionShape, point: Point, reach: number, canvas?: Size): boolean {
  const frame = frameOf(shape, canvas);
  if (!frame) return false;
  const local = intoFrame(frame, point);
  const inBox =
    local.x >= -reach && local.y >= -reach && local.x <= frame.width + reach && local.y <= frame.height + reach;
  if (!inBox) return false;
  switch (shape.kind) {
    case 'ellipse': {
      const u = (local.x - frame.width / 2) / (frame.width / 2 + reach);
      const v = (local.y - frame.height / 2) / (frame.height / 2 + reach);
      return u * u + v * v <= 1;
    }
    case 'polygon':
      return insideOutline(shape.points, point);
    case 'brush':
      return distanceToLine(shape.points, point) <= shape.radius + reach;
    case 'mask':
      return maskContains(shape.mask, shape.placement ?? IDENTITY_AUGMENTATION, canvas ?? shape.mask, point, reach);
    case 'rectangle':
    case 'blob':
      return true;
  }
}

/** A shape in the middle of the image, a third of it wide: what a tool gives when it is used from the keyboard. */
export function centralShape(kind: 'rectangle' | 'ellipse', size: Size): RegionShape {
  const width = Math.round(size.width / 3);
  const height = Math.round(size.height / 3);
  const x = Math.round((size.width - width) / 2);
  const y = Math.round((size.height - height) / 2);
  return kind === 'rectangle'
    ? { kind, combine: 'add', x, y, width, height, rotation: 0 }
    : { kind, combine: 'add', cx: x + width / 2, cy: y + height / 2, rx: width / 2, ry: height / 2, rotation: 0 };
}

/**
 * The complement of a region: the whole image first, then every shape with its sense reversed. Exact for regions of
 * added and subtracted shapes; null where an intersection stands in the way (`bakeRegion` in core/bake.ts takes any).
 */
export function inverted(shapes: readonly RegionShape[], size: Size): RegionShape[] | null {
  if (shapes.some((shape) => shape.combine === 'intersect' && !shape.hidden)) return null;
  const [first, ...rest] = shapes;
  const isWhole =
    first?.kind === 'rectangle' &&
    !first.hidden &&
    first.combine === 'add' &&
    first.rotation === 0 &&
    first.x <= 0 &&
    first.y <= 0 &&
    first.x + first.width >= size.width &&
    first.y + first.height >= size.height;
  const reversed = (isWhole ? rest : shapes).map((shape) => ({
    ...shape,
    combine: shape.combine === 'add' ? ('subtract' as const) : ('add' as const),
  }));
  if (isWhole) return reversed;
  const whole: RegionShape = {
    kind: 'rectangle',
    combine: 'add',
    x: 0,
    y: 0,
    width: size.width,
    height: size.height,
    rotation: 0,
  };
  return [whole, ...reversed];
}

function boundsOf(points: readonly number[], margin: number): Frame {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    left = Math.min(left, points[i]);
    right = Math.max(right, points[i]);
    top = Math.min(top, points[i + 1]);
    bottom = Math.max(bottom, points[i + 1]);
  }
  return {
    x: left - margin,
    y: top - margin,
    width: right - left + 2 * margin,
    height: bottom - top + 2 * margin,
    rotation: 0,
  };
}

/** Points mapped from their bounds into the frame less its margin. */
function fitted(points: readonly number[], from: Frame, to: Frame, margin: number): number[] {
  const sx = from.width > 0 ? (to.width - 2 * margin) / from.width : 1;
  const sy = from.height > 0 ? (to.height - 2 * margin) / from.height : 1;
  return points.map((value, i) =>
    i % 2 === 0 ? to.x + margin + (value - from.x) * sx : to.y + margin + (value - from.y) * sy,
  );
}

/** The point in the frame's own coordinates, origin at its upper left corner before turning. */
function intoFrame(frame: Frame, point: Point): Point {
  const cx = frame.x + frame.width / 2;
  const cy = frame.y + frame.height / 2;
  const cos = Math.cos(-frame.rotation);
  const sin = Math.sin(-frame.rotation);
  const dx = point.x - cx;
  const dy = point.y - cy;
  return { x: cos * dx - sin * dy + frame.width / 2, y: sin * dx + cos * dy + frame.height / 2 };
}

function insideOutline(points: readonly number[], { x, y }: Point): boolean {
  let inside = false;
  for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2) {
    const crosses = points[i + 1] > y !== points[j + 1] > y;
    if (crosses && x < ((points[j] - points[i]) * (y - points[i + 1])) / (points[j + 1] - points[i + 1]) + points[i]) {
      inside = !inside;
    }
  }
  return inside;
}

function distanceToLine(points: readonly number[], { x, y }: Point): number {
  let least = Math.hypot(x - points[0], y - points[1]);
  for (let i = 2; i < points.length; i += 2) {
    const ax = points[i - 2];
    const ay = points[i - 1];
    const dx = points[i] - ax;
    const dy = points[i + 1] - ay;
    const squared = dx * dx + dy * dy;
    const t = squared === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / squared));
    least = Math.min(least, Math.hypot(x - ax - t * dx, y - ay - t * dy));
  }
  return least;
}
