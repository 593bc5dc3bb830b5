import { expect, it } from 'vitest';
import { heatRange } from './heat-range';

const image = (median: number, score: number) => ({ median, peak: { score } });

it('runs from the backgrounds to all but the highest peaks', () => {
  const images = Array.from({ length: 100 }, (_, i) => image(i / 100, i === 99 ? 1e6 : i));
  expect(heatRange(images)).toEqual({ low: 0.5, high: 95 });
});

it.each([0, 3, -2])('has a range for maps that are %d everywhere', (score) => {
  const { low, high } = heatRange([image(score, score)]);
  expect(low).toBe(score);
  expect(high).toBeGreaterThan(low);
});
