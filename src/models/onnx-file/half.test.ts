import { describe, expect, it } from 'vitest';
import { halfBits, halfValue, MAX_HALF } from './half';

describe('half precision', () => {
  it('has the bit patterns of IEEE 754', () => {
    const table: [number, number][] = [
      [0, 0x0000],
      [-0, 0x8000],
      [1, 0x3c00],
      [-2, 0xc000],
      [MAX_HALF, 0x7bff],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [-(2 ** -24), 0x8001],
      [1 / 3, 0x3555],
      [Infinity, 0x7c00],
      [-Infinity, 0xfc00],
    ];
    for (const [value, pattern] of table) expect(halfBits(value), String(value)).toBe(pattern);
    expect(halfValue(halfBits(NaN))).toBeNaN();
  });

  it('rounds ties to even and overflows where the standard says', () => {
    expect(halfBits(2049)).toBe(halfBits(2048));
    expect(halfBits(2051)).toBe(halfBits(2052));
    expect(halfBits(65519.996)).toBe(0x7bff);
    expect(halfBits(65520)).toBe(0x7c00);
    expect(halfBits(2 ** -25)).toBe(0); // the tie between 0 and the least half
    expect(halfBits(1.5 * 2 ** -24)).toBe(2);
    expect(halfBits(1023.75 * 2 ** -24)).toBe(0x0400); // rounds up into the normal range
  });

  it('returns every one of the 65536 patterns', () => {
    const changed: number[] = [];
    for (let half = 0; half < 65536; half++) {
      const value = halfValue(half);
      if (!Number.isNaN(value) && halfBits(value) !== half) changed.push(half);
    }
    expect(changed).toEqual([]);
  });
});
