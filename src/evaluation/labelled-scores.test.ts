import { describe, expect, it } from 'vitest';
import { Random } from '../core/random';
import { averagePrecision, thresholdOfBestF1 } from './labelled-scores';

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

describe('the threshold of the best F1', () => {
  const f1At = (threshold: number, scores: Float32Array, wanted: Uint8Array) => {
    let [found, called, total] = [0, 0, 0];
    scores.forEach((score, i) => {
      total += wanted[i];
      if (score <= threshold) return;
      called++;
      found += wanted[i];
    });
    return (2 * found) / (called + total);
  };

  it('is not beaten by any other, and lies between two scores', () => {
    const random = new Random(8);
    for (let round = 0; round < 40; round++) {
      const count = random.int(4, 50);
      const scores = Float32Array.from({ length: count }, () => random.int(0, 12) / 8);
      const wanted = Uint8Array.from({ length: count }, (_, i) => (i < 2 ? i : random.int(0, 1)));
      const threshold = thresholdOfBestF1(scores, wanted);
      const found = f1At(threshold, scores, wanted);
      for (const other of scores) expect(f1At(other - 1e-6, scores, wanted)).toBeLessThanOrEqual(found + 1e-9);
      expect(scores).not.toContain(threshold);
    }
  });

  it('parts what can be parted in the middle of the gap', () => {
    expect(thresholdOfBestF1(Float32Array.of(0.1, 0.2, 0.6, 0.9), Uint8Array.of(0, 0, 1, 1))).toBeCloseTo(0.4, 6);
    expect(() => thresholdOfBestF1(Float32Array.of(0.1, 0.2), Uint8Array.of(0, 0))).toThrow(/to be found/);
    expect(() => thresholdOfBestF1(Float32Array.of(NaN, 0.2), Uint8Array.of(0, 1))).toThrow(/finite/);
  });
});
