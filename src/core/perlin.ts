/**
 * Gradient noise (Perlin 1985, with the quintic fade of Perlin 2002) on an endless lattice. The gradient of a lattice
 * point is a hash of the seed and the point, so a field does not depend on how much of it is looked at.
 */

const DIRECTIONS = 256;
const COS = Float64Array.from({ length: DIRECTIONS }, (_, i) => Math.cos((2 * Math.PI * i) / DIRECTIONS));
const SIN = Float64Array.from({ length: DIRECTIONS }, (_, i) => Math.sin((2 * Math.PI * i) / DIRECTIONS));

/** The noise at (u, v), one lattice cell per unit, scaled by √2 to lie in [−1, 1]; 0 at lattice points. */
export function perlin(seed: number, u: number, v: number): number {
  const x = Math.floor(u);
  const y = Math.floor(v);
  const dx = u - x;
  const dy = v - y;
  const sx = fade(dx);
  const sy = fade(dy);
  const top = mix(slope(seed, x, y, dx, dy), slope(seed, x + 1, y, dx - 1, dy), sx);
  const bottom = mix(slope(seed, x, y + 1, dx, dy - 1), slope(seed, x + 1, y + 1, dx - 1, dy - 1), sx);
  return Math.SQRT2 * mix(top, bottom, sy);
}

function slope(seed: number, x: number, y: number, dx: number, dy: number): number {
  const direction = hash(seed, x, y) & (DIRECTIONS - 1);
  return COS[direction] * dx + SIN[direction] * dy;
}

/** A 32-bit mix of three whole numbers (multiply, shift and xor rounds). */
function hash(seed: number, x: number, y: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ x, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13) ^ y, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 16), 0x165667b1);
  return (h ^ (h >>> 15)) >>> 0;
}

function fade(t: number): number {
  return t * t * t * (t * (t * 6 - 15) + 10);
}

function mix(a: number, b: number, t: number): number {
  return a + t * (b - a);
}
