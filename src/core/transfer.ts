import type { RegionShape } from './recipe';

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Shapes drawn on an image of working size `from`, as they lie on one of working size `to`: positions and upright sizes
 * follow the width and the height each, so that a region keeps its place on products photographed alike. What cannot be
 * stretched (a brush's radius, the sides of turned rectangles and ellipses) follows the root of both. Masks stay as they
 * are stored: they are fitted to the canvas when drawn, and placements are shares of it. What a segmentation network was
 * asked was asked of the other image; it is left out.
 */
export function transferShapes(shapes: readonly RegionShape[], from: Size, to: Size): RegionShape[] {
  const sx = to.width / from.width;
  const sy = to.height / from.height;
  return shapes.map((shape) => transferShape(shape, sx, sy));
}

function transferShape(shape: RegionShape, sx: number, sy: number): RegionShape {
  const both = Math.sqrt(sx * sy);
  const points = (flat: readonly number[]) => flat.map((value, i) => value * (i % 2 === 0 ? sx : sy));
  switch (shape.kind) {
    case 'rectangle': {
      const [fx, fy] = shape.rotation === 0 ? [sx, sy] : [both, both];
      const width = shape.width * fx;
      const height = shape.height * fy;
      const x = (shape.x + shape.width / 2) * sx - width / 2;
      const y = (shape.y + shape.height / 2) * sy - height / 2;
      return { ...shape, x, y, width, height };
    }
    case 'ellipse': {
      const [fx, fy] = shape.rotation === 0 ? [sx, sy] : [both, both];
      return { ...shape, cx: shape.cx * sx, cy: shape.cy * sy, rx: shape.rx * fx, ry: shape.ry * fy };
    }
    case 'polygon':
      return { ...shape, points: points(shape.points) };
    case 'brush':
      return { ...shape, points: points(shape.points), radius: shape.radius * both };
    case 'blob':
      return { ...shape, x: shape.x * sx, y: shape.y * sy, width: shape.width * sx, height: shape.height * sy };
    case 'mask': {
      const { prompt: _, ...rest } = shape;
      return rest;
    }
  }
}
