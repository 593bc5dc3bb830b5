import type { Box } from './mask';
import type { Augmentation } from './recipe';

/** An upright box turned by `rotation` (radians) about its centre. Image pixels. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rotation: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The least and the largest scale a placement takes; the recipe schema allows no more. */
const LEAST_SCALE = 1 / 256;
const MOST_SCALE = 16;

/**
 * Where a box of a mask comes to lie on the canvas under a placement (`augmentationAffine` in geometry.ts: the mask is
 * fitted to the canvas, flipped, scaled, turned, moved). Fitting keeps the box upright and flips keep its size, so the
 * box becomes a frame turned by the placement's rotation.
 */
export function frameOfPlacement(box: Box, mask: Size, canvas: Size, placement: Augmentation): Frame {
  const { offset, width, height } = fitted(box, mask, canvas);
  const [dx, dy] = turnedOffset(offset, placement.scale, placement);
  const cx = canvas.width / 2 + placement.translateX * canvas.width + dx;
  const cy = canvas.height / 2 + placement.translateY * canvas.height + dy;
  const w = width * placement.scale;
  const h = height * placement.scale;
  return { x: cx - w / 2, y: cy - h / 2, width: w, height: h, rotation: placement.rotation };
}

/**
 * The placement that brings a box of a mask into a frame: the inverse of {@link frameOfPlacement}. A placement scales
 * both sides alike; of a frame of other proportions it keeps centre, turn and area. Flips are those of `before`.
 */
export function placementOfFrame(frame: Frame, box: Box, mask: Size, canvas: Size, before: Augmentation): Augmentation {
  const { offset, width, height } = fitted(box, mask, canvas);
  const wanted = Math.sqrt((frame.width * frame.height) / (width * height));
  const scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, wanted));
  const { flipX, flipY } = before;
  const [dx, dy] = turnedOffset(offset, scale, { flipX, flipY, rotation: frame.rotation });
  const tx = frame.x + frame.width / 2 - canvas.width / 2 - dx;
  const ty = frame.y + frame.height / 2 - canvas.height / 2 - dy;
  return {
    flipX,
    flipY,
    scale,
    rotation: frame.rotation,
    translateX: tx / canvas.width,
    translateY: ty / canvas.height,
  };
}

/** The box once the mask is fitted to the canvas: its sides, and its centre as seen from the canvas's centre. */
function fitted(
  box: Box,
  mask: Size,
  canvas: Size,
): { offset: readonly [number, number]; width: number; height: number } {
  const fx = canvas.width / mask.width;
  const fy = canvas.height / mask.height;
  return {
    offset: [(box.x + box.width / 2) * fx - canvas.width / 2, (box.y + box.height / 2) * fy - canvas.height / 2],
    width: box.width * fx,
    height: box.height * fy,
  };
}

function turnedOffset(
  [x, y]: readonly [number, number],
  scale: number,
  { flipX, flipY, rotation }: Pick<Augmentation, 'flipX' | 'flipY' | 'rotation'>,
): [number, number] {
  const u = (flipX ? -scale : scale) * x;
  const v = (flipY ? -scale : scale) * y;
  const cos = Math.cos(rotation);
  const sin = Math.sin(rotation);
  return [cos * u - sin * v, sin * u + cos * v];
}
