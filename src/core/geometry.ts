import type { Augmentation } from './recipe';

/** A 2×3 affine map, row by row: x′ = a·x + b·y + c, y′ = d·x + e·y + f. Coordinates are pixel centres at i + ½. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export const IDENTITY_AFFINE: Affine = [1, 0, 0, 0, 1, 0];

/** The map that applies `second` after `first`. */
export function compose(second: Affine, first: Affine): Affine {
  const [a, b, c, d, e, f] = second;
  const [p, q, r, s, t, u] = first;
  return [a * p + b * s, a * q + b * t, a * r + b * u + c, d * p + e * s, d * q + e * t, d * r + e * u + f];
}

/** @throws RangeError if the map squashes the plane. */
export function invert(map: Affine): Affine {
  const [a, b, c, d, e, f] = map;
  const determinant = a * e - b * d;
  if (!(Math.abs(determinant) > 1e-12)) throw new RangeError('An affine map of determinant 0 has no inverse.');
  const i = 1 / determinant;
  return [e * i, -b * i, (b * f - c * e) * i, -d * i, a * i, (c * d - a * f) * i];
}

export function apply(map: Affine, x: number, y: number): [x: number, y: number] {
  return [map[0] * x + map[1] * y + map[2], map[3] * x + map[4] * y + map[5]];
}

/**
 * A(·) of LogicAL Eq. 1 as a map from donor pixels to target pixels. The donor is first fitted to the target (its
 * width and height scaled to the target's), then flipped, scaled and rotated about the centre, then translated by
 * shares of the target's width and height. Backends sample with the inverse.
 */
export function augmentationAffine(
  augmentation: Augmentation,
  donor: { width: number; height: number },
  target: { width: number; height: number },
): Affine {
  const { flipX, flipY, scale, rotation, translateX, translateY } = augmentation;
  const fit: Affine = [target.width / donor.width, 0, 0, 0, target.height / donor.height, 0];
  const toCentre: Affine = [1, 0, -target.width / 2, 0, 1, -target.height / 2];
  const flipScale: Affine = [flipX ? -scale : scale, 0, 0, 0, flipY ? -scale : scale, 0];
  const cos = Math.cos(rotation);
  const sin = Math.sin(rotation);
  const rotate: Affine = [cos, -sin, 0, sin, cos, 0];
  const back: Affine = [
    1,
    0,
    target.width / 2 + translateX * target.width,
    0,
    1,
    target.height / 2 + translateY * target.height,
  ];
  return [flipScale, rotate, back].reduce((map, next) => compose(next, map), compose(toCentre, fit));
}
