import { describe, expect, it } from 'vitest';
import { Random } from '../core/random';
import { averagePrecision } from './average-precision';

/** Straight from the definition. */
function byDefinition(scores: Float32Array, wanted: Uint8Array): number {
  const total = wanted.reduce((sum, each) => sum + each, 0);
  let sum = 0;
  let before = 0;
  for (const threshold of [...new Set(scores)].sort((a, b) => b - a)) {
    let found = 0;
    let called = 0;
    scores.forEach((score, i) => {
      if (score < threshold) return;
      called++;
      found += wanted[i];
    });
    sum += (found / total - before) * (found / called);
    before = found / total;
  }
  return sum;
}

describe('average precision', () => {
  it('is what its definition says, with ties and negative scores', () => {
    const random = new Random(3);
    for (let round = 0; round < 20; round++) {
      const count = random.int(5, 60);
      const scores = Float32Array.from({ length: count }, () => random.int(-6, 6) / 4);
      const wanted = Uint8Array.from({ length: count }, (_, i) => (i < 2 ? i : random.int(0, 1)));
      expect(averagePrecision(scores, wanted)).toBeCloseTo(byDefinition(scores, wanted), 10);
    }
  });

  it('is 1 when all that is wanted comes first', () => {
    expect(averagePrecision(Float32Array.of(0.1, 0.9, 0.2), Uint8Array.of(0, 1, 0))).toBe(1);
  });

  it('refuses one kind alone, and scores that are no numbers', () => {
    expect(() => averagePrecision(Float32Array.of(1, 2), Uint8Array.of(0, 0))).toThrow(/both kinds/);
    expect(() => averagePrecision(Float32Array.of(1, 2), Uint8Array.of(1, 1))).toThrow(/both kinds/);
    expect(() => averagePrecision(Float32Array.of(1, NaN), Uint8Array.of(1, 0))).toThrow(/finite/);
    expect(() => averagePrecision(Float32Array.of(1), Uint8Array.of(1, 0))).toThrow(RangeError);
  });
});
