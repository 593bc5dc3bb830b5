import { encodeMask } from './mask-codec';
import { rasterizeRegion } from './rasterize';
import type { RegionShape } from './recipe';

export type MaskShape = Extract<RegionShape, { kind: 'mask' }>;

/**
 * Shapes of any kind and joining as one mask shape that draws the same, in the 256 levels in which masks are stored. A
 * region's growing and softening are not in it: they still come after. With `invert`, the complement within width ×
 * height. Hidden shapes are left out.
 */
export function bakeRegion(
  shapes: readonly RegionShape[],
  width: number,
  height: number,
  label: string,
  invert = false,
): MaskShape {
  const mask = rasterizeRegion(shapes, width, height, 0);
  if (invert) for (let i = 0; i < mask.data.length; i++) mask.data[i] = 1 - mask.data[i];
  return { kind: 'mask', combine: 'add', mask: encodeMask(mask), label };
}
