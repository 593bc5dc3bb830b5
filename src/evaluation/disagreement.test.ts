import { expect, it } from 'vitest';
import { disagreements } from './disagreement';

const images = (scores: Record<string, number>) =>
  Object.entries(scores).map(([path, score]) => ({
    path,
    score,
    subset: path.startsWith('good') ? 'good' : 'logical_anomalies',
  }));

it('finds where verdicts differ, each at its own threshold, the widest gap of ranks first', () => {
  const first = { images: images({ good1: 1, good2: 2, bad1: 5, bad2: 0, bad3: 4 }), threshold: 3 };
  const second = { images: images({ good1: 10, good2: 40, bad1: 20, bad2: 90, bad3: 80 }), threshold: 30 };
  const { common, differing } = disagreements([first, second]);
  expect(common).toBe(5);
  // bad2 was below all good ones and is above all now; good2 was below two of three and is so; bad1 fell below one.
  expect(differing.map(({ path, verdicts }) => [path, ...verdicts])).toEqual([
    ['bad2', 'miss', 'hit'],
    ['bad1', 'hit', 'miss'],
    ['good2', 'passed', 'false alarm'],
  ]);
  expect(differing[0].images.map(({ score }) => score)).toEqual([0, 90]);
});

it('looks only at images that all have', () => {
  const first = { images: images({ good1: 1, bad1: 5 }), threshold: 3 };
  const second = { images: images({ good1: 9, bad9: 5 }), threshold: 3 };
  expect(disagreements([first, second])).toMatchObject({ common: 1, differing: [{ path: 'good1' }] });
  expect(disagreements([first, { images: [], threshold: 0 }])).toEqual({ common: 0, differing: [] });
  expect(disagreements([])).toEqual({ common: 0, differing: [] });
});
