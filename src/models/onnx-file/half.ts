/** IEEE 754 half precision (binary16), which Node 20 and some browsers have no typed array for. */

/** The greatest finite value of binary16. */
export const MAX_HALF = 65504;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** A number as the bits of the nearest half, ties to even; beyond ±65520 it becomes an infinity. */
export function halfBits(value: number): number {
  float[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const magnitude = bits[0] & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // from 65520 on the nearest is infinity
  if (magnitude < 0x38800000) {
    // Below 2⁻¹⁴ halves are multiples of 2⁻²⁴.
    float[0] = Math.abs(value);
    return sign | roundHalfEven(float[0] * 2 ** 24);
  }
  // Rebias the exponent from 127 to 15, then round the 13 bits that fall away.
  const rebased = magnitude - 0x38000000;
  const odd = (rebased >>> 13) & 1;
  return sign | ((rebased + 0xfff + odd) >>> 13);
}

/** The number that the bits of a half stand for. */
export function halfValue(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
