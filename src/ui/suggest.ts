import type { Image8 } from '../core/raster';
import type { RegionShape } from '../core/recipe';

/** Half sides that are tried, shares of the image's shorter side. */
const HALF_SIDES = [0.06, 0.075, 0.09, 0.105, 0.12];
/** Width of the frame around the box that should be empty, share of the half side. */
const FRAME = 0.45;
/** The region is this much larger than the box it was found by. */
const ROOM = 1.35;

/**
 * A region around one part that stands by itself: the box with the most edge strength for its size inside and the least
 * in a frame around it. Null for an image without edges.
 *
 * @param edges edge strength as grey, bright = edge
 */
export function suggestRegion(edges: Image8): RegionShape | null {
  const { width, height } = edges;
  const sums = integral(edges);
  const sum = (left: number, top: number, right: number, bottom: number) =>
    sums[bottom * (width + 1) + right] -
    sums[top * (width + 1) + right] -
    sums[bottom * (width + 1) + left] +
    sums[top * (width + 1) + left];
  let best: { score: number; x: number; y: number; half: number } | null = null;
  for (const share of HALF_SIDES) {
    const half = Math.max(2, Math.round(share * Math.min(width, height)));
    const outer = half + Math.max(1, Math.round(half * FRAME));
    const step = Math.max(1, half >> 3);
    for (let y = outer; y + outer <= height; y += step) {
      for (let x = outer; x + outer <= width; x += step) {
        const inside = sum(x - half, y - half, x + half, y + half);
        const around = sum(x - outer, y - outer, x + outer, y + outer) - inside;
        const score = (inside - 2 * around) / half;
        if (score > (best?.score ?? 0)) best = { score, x, y, half };
      }
    }
  }
  if (!best) return null;
  const radius = best.half * ROOM;
  return { kind: 'ellipse', combine: 'add', cx: best.x, cy: best.y, rx: radius, ry: radius, rotation: 0 };
}

/** Sums of the red channel over all boxes that start at the upper left corner, (width + 1) · (height + 1). */
function integral({ width, height, data }: Image8): Float64Array {
  const sums = new Float64Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += data[(y * width + x) * 4] / 255;
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
    }
  }
  return sums;
}
