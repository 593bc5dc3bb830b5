import { expect, it } from 'vitest';
import { timeLeft } from './time';

it.each([
  [0, 10, 5000, ''],
  [5, 10, 500, ''],
  [10, 10, 5000, ''],
  [5, 10, 5000, 'a few seconds left'],
  [10, 100, 5000, 'about 50 s left'],
  [100, 2000, 10_000, 'about 4 min left'],
])('%i of %i after %i ms: %s', (done, total, elapsed, text) => {
  expect(timeLeft({ done, total, label: '' }, 1000, 1000 + elapsed)).toBe(text);
});
