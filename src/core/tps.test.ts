import { describe, expect, it } from 'vitest';
import { Random } from './random';
import { applyTps, randomWarp, solveTps } from './tps';

const still = { offsets: new Array<number>(18).fill(0) };

/** (7k mod 19 − 9) / 90: offsets in ±0.1 without pattern. */
const warp = { offsets: Array.from({ length: 18 }, (_, k) => (((k * 7) % 19) - 9) / 90) };

describe('thin-plate spline', () => {
  it('is the identity for offsets of zero, to the last bit', () => {
    const spline = solveTps(still, 37, 21);
    for (const [x, y] of [
      [0.5, 0.5],
      [18.5, 10.5],
      [36.5, 20.5],
      [-4, 90],
    ]) {
      expect(applyTps(spline, x, y)).toEqual([x, y]);
    }
  });

  it('agrees with the pseudo-inverse of the 13-point system', () => {
    // numpy.linalg.pinv of [[K, P], [Pᵀ, 0]] over the 3×3 grid and four fixed corner anchors in shares of the size.
    const expected = [
      [0.5, 0.5, -2.35574, 0.021864],
      [12.5, 7.5, 13.436251, 6.083692],
      [30, 20, 36.0, 18.666667],
      [59.5, 39.5, 62.129894, 38.547939],
      [44.5, 3.5, 47.749428, 1.872969],
      [-5, 50, -5.673121, 51.750193],
    ];
    const spline = solveTps(warp, 60, 40);
    for (const [x, y, sx, sy] of expected) {
      const [px, py] = applyTps(spline, x, y);
      expect(Math.abs(px - sx)).toBeLessThan(2e-5);
      expect(Math.abs(py - sy)).toBeLessThan(2e-5);
    }
  });

  it.each([
    [256, 256],
    [17, 23],
    [640, 48],
    [1, 9],
  ])('passes through its control points, corners at half their offset (%i×%i)', (width, height) => {
    const { offsets } = randomWarp(new Random(5));
    const spline = solveTps({ offsets }, width, height);
    for (let i = 0; i < 9; i++) {
      const share = [0, 2, 6, 8].includes(i) ? 0.5 : 1;
      const x = ((i % 3) / 2) * width;
      const y = (Math.floor(i / 3) / 2) * height;
      const [sx, sy] = applyTps(spline, x, y);
      const tolerance = 1e-6 * Math.max(width, height);
      expect(Math.abs(sx - (x + share * offsets[2 * i] * width))).toBeLessThan(tolerance);
      expect(Math.abs(sy - (y + share * offsets[2 * i + 1] * height))).toBeLessThan(tolerance);
    }
  });

  it('does the same at every size and aspect', () => {
    const small = solveTps(warp, 40, 24);
    const large = solveTps(warp, 400, 480);
    const [x, y] = applyTps(small, 11, 19);
    const [u, v] = applyTps(large, 110, 380);
    expect(u / 10).toBeCloseTo(x, 6);
    expect(v / 20).toBeCloseTo(y, 6);
  });

  it('is a translation when every point, the half-moved corners included, moves alike', () => {
    const offsets = Array.from({ length: 18 }, (_, k) => {
      const corner = [0, 2, 6, 8].includes(k >> 1);
      return (k % 2 === 0 ? 0.05 : -0.02) * (corner ? 2 : 1);
    });
    const spline = solveTps({ offsets }, 100, 50);
    const [x, y] = applyTps(spline, 33.5, 12.5);
    expect(x).toBeCloseTo(38.5, 4);
    expect(y).toBeCloseTo(11.5, 4);
  });

  it('draws offsets within the jitter, the same from the same seed', () => {
    const { offsets } = randomWarp(new Random(9), 0.1);
    expect(offsets).toHaveLength(18);
    for (const offset of offsets) expect(Math.abs(offset)).toBeLessThanOrEqual(0.1);
    expect(randomWarp(new Random(9), 0.1).offsets).toEqual(offsets);
    expect(randomWarp(new Random(10), 0.1).offsets).not.toEqual(offsets);
  });
});
