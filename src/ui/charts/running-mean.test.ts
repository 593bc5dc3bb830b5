import { expect, it } from 'vitest';
import { runningMean } from './running-mean';

it('is the values themselves without weight, and constant where they are', () => {
  expect(runningMean([3, 1, 2], 0)).toEqual([3, 1, 2]);
  for (const mean of runningMean([5, 5, 5, 5], 0.9)) expect(mean).toBeCloseTo(5, 12);
});

it('weighs what was before, and begins at the first value', () => {
  const [first, second] = runningMean([1, 0], 0.5);
  expect(first).toBeCloseTo(1, 12);
  // (½·½·1 + ½·0) / (½·½ + ½)
  expect(second).toBeCloseTo(1 / 3, 12);
});

it('passes over what is not finite', () => {
  const means = runningMean([2, NaN, 2, NaN], 0.7);
  expect(means[1]).toBeNaN();
  expect(means[2]).toBeCloseTo(2, 12);
});
