import { expect, it } from 'vitest';
import { meanCurve, sampleCurve, thresholdAtRate } from './curve-sample';
import { rankScores } from './scores';

const curve = {
  x: Float64Array.of(0, 0, 0.5, 0.5, 1),
  y: Float64Array.of(0, 0.4, 0.4, 0.8, 1),
  thresholds: Float32Array.of(Infinity, 9, 7, 5, -Infinity),
};

it('goes along lines, and after a rise', () => {
  const samples = sampleCurve(curve, [0, 0.25, 0.5, 0.75, 1]);
  expect(samples.map(({ y }) => y)).toEqual([0.4, 0.4, 0.8, 0.9, 1]);
  expect(samples.map(({ threshold }) => threshold)).toEqual([9, 9, 5, 5, -Infinity]);
});

it('has no value before a curve begins, and keeps the last after its end', () => {
  const late = { x: Float64Array.of(0.5, 0.6), y: Float64Array.of(1, 0.9), thresholds: Float32Array.of(3, 2) };
  expect(sampleCurve(late, [0.4, 0.55, 0.9]).map(({ y }) => y)).toEqual([null, 0.95, 0.9]);
});

it('of a ranking is the rate at the threshold it names', () => {
  const good = [1, 2, 3, 4, 5, 6, 7, 8];
  const anomalous = [3, 5.5, 9, 10];
  const { roc } = rankScores(good, anomalous)!;
  const rate = (scores: number[], threshold: number) =>
    scores.filter((score) => score > threshold).length / scores.length;
  for (const [i, { y, threshold }] of sampleCurve(roc, roc.x).entries()) {
    expect(rate(good, threshold)).toBe(roc.x[i]);
    expect(rate(anomalous, threshold)).toBe(y);
  }
});

it('a threshold by false-positive rate is the lowest that keeps to it', () => {
  const steps = {
    x: Float64Array.of(0, 0.005, 0.02, 1),
    y: Float64Array.of(0, 0.5, 0.9, 1),
    thresholds: Float32Array.of(Infinity, 8, 4, -Infinity),
  };
  expect(thresholdAtRate(steps, 0.01)).toBe(8);
  expect(thresholdAtRate(steps, 0.02)).toBe(4);
  expect(thresholdAtRate(steps, 0.001)).toBeNull();
});

it('a mean of curves lies halfway between two', () => {
  const flat = { x: Float64Array.of(0, 1), y: Float64Array.of(0.2, 0.2), thresholds: Float32Array.of(1, 0) };
  const { x, y } = meanCurve([curve, flat]);
  expect([...x]).toEqual([0, 0.5, 1]);
  expect([...y]).toEqual([(0.4 + 0.2) / 2, (0.8 + 0.2) / 2, (1 + 0.2) / 2]);
});
