import { describe, expect, it } from 'vitest';
import type { BinaryMask } from '../core/mask';
import { createMask } from '../core/mask';
import { Random } from '../core/random';
import { PoissonDomain } from './poisson';

function maskOf(width: number, height: number, isInside: (x: number, y: number) => boolean): BinaryMask {
  const mask = createMask(width, height);
  for (let i = 0; i < mask.data.length; i++) mask.data[i] = isInside(i % width, Math.floor(i / width)) ? 1 : 0;
  return mask;
}

type Field = (x: number, y: number, c: number) => number;

/** b for which `field` is the solution: A·field, the known values outside the region moved over. */
function rightSide(mask: BinaryMask, domain: PoissonDomain, field: Field): Float64Array {
  const { width, height, data } = mask;
  const b = new Float64Array(3 * domain.count);
  domain.pixels.forEach((p, i) => {
    const x = p % width;
    const y = Math.floor(p / width);
    for (let c = 0; c < 3; c++) {
      for (const [u, v] of [
        [x - 1, y],
        [x + 1, y],
        [x, y - 1],
        [x, y + 1],
      ]) {
        if (u < 0 || v < 0 || u >= width || v >= height) continue;
        b[3 * i + c] += field(x, y, c);
        if (data[v * width + u]) b[3 * i + c] -= field(u, v, c);
      }
    }
  });
  return b;
}

function worstError(mask: BinaryMask, domain: PoissonDomain, f: Float64Array, field: Field): number {
  let worst = 0;
  domain.pixels.forEach((p, i) => {
    for (let c = 0; c < 3; c++) {
      worst = Math.max(worst, Math.abs(f[3 * i + c] - field(p % mask.width, Math.floor(p / mask.width), c)));
    }
  });
  return worst;
}

const rough: Field = (x, y, c) =>
  0.5 + 0.4 * Math.sin(x / 7 + c) * Math.cos(y / 11) + 0.1 * Math.sin(3.1 * x + 1.7 * y * (c + 1));

describe('PoissonDomain', () => {
  const random = new Random(2);
  const noise = Array.from({ length: 97 * 61 }, () => random.chance(0.6));
  const shapes: [string, BinaryMask][] = [
    ['a frame of known values', maskOf(96, 80, (x, y) => x > 0 && y > 0 && x < 95 && y < 79)],
    ['a disc', maskOf(90, 90, (x, y) => (x - 40) ** 2 + (y - 50) ** 2 < 900)],
    ['a ring with a hole', maskOf(80, 80, (x, y) => Math.abs(Math.hypot(x - 40, y - 40) - 25) < 8)],
    ['three borders of the image', maskOf(65, 43, (x) => x > 0)],
    ['everything but one pixel', maskOf(63, 65, (x, y) => x !== 20 || y !== 31)],
    [
      'several pieces, some of one pixel',
      maskOf(64, 64, (x, y) => (x % 16 < 9 && y % 20 < 11) || (x === 13 && y === 15)),
    ],
    ['lines one pixel wide', maskOf(120, 30, (x, y) => y === 7 || x === 50)],
    ['random pixels', maskOf(97, 61, (x, y) => noise[y * 97 + x])],
    ['a comb', maskOf(81, 77, (x, y) => x > 0 && y > 0 && (x % 3 !== 0 || y < 4))],
    ['one pixel', maskOf(5, 5, (x, y) => x === 2 && y === 2)],
    ['one pixel in a corner', maskOf(5, 5, (x, y) => x === 0 && y === 4)],
    ['a row', maskOf(40, 1, (x) => x > 4 && x < 33)],
  ];
  it.each(shapes)('recovers a rough field on %s, in few iterations', (_, mask) => {
    const domain = new PoissonDomain(mask);
    const b = rightSide(mask, domain, rough);
    const f = new Float64Array(b.length);
    const { iterations, residual } = domain.solve(b, f, { tolerance: 1e-8 });
    expect(residual).toBeLessThanOrEqual(1e-8);
    expect(worstError(mask, domain, f, rough)).toBeLessThan(1e-6);
    // Multigrid: the number does not grow with the region (plain conjugate gradients would take hundreds).
    expect(iterations).toBeLessThanOrEqual(14);
  });

  it('needs no more iterations for a sixteen times larger region', () => {
    const count = (size: number): number => {
      const mask = maskOf(size, size, (x, y) => Math.hypot(x - size / 2, y - size / 2) < 0.45 * size);
      const domain = new PoissonDomain(mask);
      const b = rightSide(mask, domain, rough);
      return domain.solve(b, new Float64Array(b.length), { tolerance: 1e-6 }).iterations;
    };
    expect(count(256)).toBeLessThanOrEqual(count(64) + 2);
  });

  it('carries a harmonic function in from its border values alone', () => {
    const harmonic: Field = (x, y, c) => (c === 0 ? x - 2 * y : c === 1 ? x * x - y * y : x * y) / 4000;
    const mask = maskOf(64, 64, (x, y) => (x - 31) ** 2 + (y - 30) ** 2 < 700);
    const domain = new PoissonDomain(mask);
    const b = new Float64Array(3 * domain.count);
    domain.pixels.forEach((p, i) => {
      for (const q of [p - 1, p + 1, p - 64, p + 64]) {
        if (mask.data[q]) continue;
        for (let c = 0; c < 3; c++) b[3 * i + c] += harmonic(q % 64, Math.floor(q / 64), c);
      }
    });
    const f = new Float64Array(b.length);
    domain.solve(b, f, { tolerance: 1e-9 });
    expect(worstError(mask, domain, f, harmonic)).toBeLessThan(1e-7);
  });

  it('keeps the mean of the guess where nothing is known', () => {
    const mask = maskOf(37, 50, () => true);
    const domain = new PoissonDomain(mask);
    expect(domain.free).toBe(true);
    const b = rightSide(mask, domain, rough);
    const f = new Float64Array(b.length).fill(0.25);
    domain.solve(b, f, { tolerance: 1e-9 });
    for (let c = 0; c < 3; c++) {
      let mean = 0;
      let wanted = 0;
      domain.pixels.forEach((p, i) => {
        mean += f[3 * i + c] / domain.count;
        wanted += rough(p % 37, Math.floor(p / 37), c) / domain.count;
      });
      expect(mean).toBeCloseTo(0.25, 7);
      const shifted: Field = (x, y, k) => rough(x, y, k) - wanted + 0.25;
      let worst = 0;
      domain.pixels.forEach((p, i) => {
        worst = Math.max(worst, Math.abs(f[3 * i + c] - shifted(p % 37, Math.floor(p / 37), c)));
      });
      expect(worst).toBeLessThan(1e-6);
    }
  });

  it('does nothing for an empty region, and keeps an exact guess', () => {
    const none = new PoissonDomain(createMask(4, 4));
    expect(none.count).toBe(0);
    expect(none.solve(new Float64Array(0), new Float64Array(0))).toEqual({ iterations: 0, residual: 0 });
    const mask = maskOf(20, 20, (x, y) => x > 3 && y > 3);
    const domain = new PoissonDomain(mask);
    const b = rightSide(mask, domain, rough);
    const f = new Float64Array(b.length);
    domain.pixels.forEach((p, i) => [0, 1, 2].forEach((c) => (f[3 * i + c] = rough(p % 20, Math.floor(p / 20), c))));
    expect(domain.solve(b, f).iterations).toBe(0);
  });
});
