import { expect, it } from 'vitest';
import { durationText, timeLeft } from './time';

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

it.each([
  [0, 'a few seconds'],
  [42, 'about 50 seconds'],
  [95, 'about 1.6 minutes'],
  [600, 'about 10 minutes'],
  [2400, 'about 40 minutes'],
  [5400, 'about 1.5 hours'],
  [4 * 3600 + 600, 'about 4 hours'],
  [50 * 3600, 'about 2.1 days'],
])('%i seconds: %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
