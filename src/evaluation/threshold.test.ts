import { describe, expect, it } from 'vitest';
import { Random } from '../core/random';
import { byError, rankErrors } from './error-order';
import { scoreHistogram } from './histogram';
import { rankScores } from './scores';
import { bestF1Threshold, confusionAt, noFalseAlarmThreshold, ratesOf, verdictOf, type Scored } from './threshold';

const good = (...scores: number[]): Scored[] => scores.map((score) => ({ subset: 'good', score }));
const bad = (...scores: number[]): Scored[] => scores.map((score) => ({ subset: 'logical_anomalies', score }));

/** Scores that repeat often. */
function randomImages(seed: number): Scored[] {
  const random = new Random(seed);
  return Array.from({ length: random.int(2, 40) }, () => ({
    subset: random.pick(['good', 'logical_anomalies', 'structural_anomalies']),
    score: Math.fround(random.int(-6, 6) / random.pick([1, 7])),
  }));
}

describe('at a threshold', () => {
  it('counts, with scores at the threshold called good', () => {
    const images = [...good(1, 2, 3), ...bad(2, 4)];
    expect(confusionAt(images, 2)).toEqual({
      truePositives: 1,
      falsePositives: 1,
      trueNegatives: 2,
      falseNegatives: 1,
    });
    expect(images.map((image) => verdictOf(image, 2.5))).toEqual(['passed', 'passed', 'false alarm', 'miss', 'hit']);
  });

  it('gives precision, recall, F1 and the false-alarm rate', () => {
    const rates = ratesOf(confusionAt([...good(1, 2, 3, 4), ...bad(2, 5, 6)], 2));
    expect(rates.precision).toBeCloseTo(2 / 4);
    expect(rates.recall).toBeCloseTo(2 / 3);
    expect(rates.f1).toBeCloseTo((2 * (2 / 4) * (2 / 3)) / (2 / 4 + 2 / 3));
    expect(rates.falseAlarmRate).toBeCloseTo(2 / 4);
  });

  it('leaves a share of nothing out', () => {
    expect(ratesOf(confusionAt(good(1, 2), 3))).toEqual({
      precision: null,
      recall: null,
      f1: null,
      falseAlarmRate: 0,
    });
    expect(ratesOf(confusionAt(bad(1), 0)).falseAlarmRate).toBeNull();
  });
});

describe('sensible thresholds', () => {
  it.each(Array.from({ length: 30 }, (_, seed) => seed))(
    'the best F1 is that of no other threshold, seed %i',
    (seed) => {
      const images = randomImages(seed);
      const threshold = bestF1Threshold(images);
      if (!images.some(({ subset }) => subset !== 'good')) {
        expect(threshold).toBeNull();
        return;
      }
      const f1 = (at: number) => ratesOf(confusionAt(images, at)).f1 ?? 0;
      const highest = Math.max(f1(-1e9), ...images.map(({ score }) => f1(score)));
      expect(f1(threshold!)).toBe(highest);
      expect(images.every(({ score }) => score < threshold! || f1(score) < highest)).toBe(true);
    },
  );

  it('lie between the scores they part', () => {
    expect(bestF1Threshold([...good(0, 1), ...bad(3, 4)])).toBe(2);
    expect(noFalseAlarmThreshold([...good(0, 1), ...bad(0, 3, 4)])).toBe(2);
  });

  it.each([0, -0, 1, -1, 1e30, -1e-40].map(Math.fround))('no false alarm where %d is the highest score', (score) => {
    const images = [...good(score, score - 1), ...bad(score, score - 2)];
    const threshold = noFalseAlarmThreshold(images)!;
    expect(threshold).toBe(score);
    expect(confusionAt(images, threshold).falsePositives).toBe(0);
  });

  it('is the lowest one without a false alarm', () => {
    for (let seed = 0; seed < 30; seed++) {
      const images = randomImages(seed);
      const threshold = noFalseAlarmThreshold(images);
      if (!images.some(({ subset }) => subset === 'good')) {
        expect(threshold).toBeNull();
        continue;
      }
      expect(confusionAt(images, threshold!).falsePositives).toBe(0);
      const lower = [-1e9, ...images.map(({ score }) => score)].filter((score) => score < threshold!);
      for (const score of lower) {
        const same = confusionAt(images, score);
        const here = confusionAt(images, threshold!);
        expect(same.falsePositives > 0 || same.truePositives === here.truePositives).toBe(true);
      }
    }
  });

  it('has none without the images it needs', () => {
    expect(bestF1Threshold(good(1))).toBeNull();
    expect(noFalseAlarmThreshold(bad(1))).toBeNull();
    expect(noFalseAlarmThreshold([])).toBeNull();
  });

  it('between neighbouring numbers it is the lower one', () => {
    const images = [...good(1), ...bad(1 + 2 ** -52)];
    expect(bestF1Threshold(images)).toBe(1);
    expect(noFalseAlarmThreshold(images)).toBe(1);
  });

  it.each([0, -0, 1, -1, 0.1, 1e-45, -3.4028234663852886e38])(
    'all are called where %d is the lowest of all',
    (score) => {
      const images = [...bad(score, score), ...good(score)];
      expect(confusionAt(images, bestF1Threshold(images)!)).toMatchObject({ truePositives: 2, falsePositives: 1 });
    },
  );
});

describe('order by error', () => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'errors of the ranking add up to 1 − AUROC, seed %i',
    (seed) => {
      const images = randomImages(seed);
      const errors = rankErrors(images);
      const of = (isGood: boolean) => errors.filter((_, i) => (images[i].subset === 'good') === isGood);
      const scores = (isGood: boolean) =>
        images.filter(({ subset }) => (subset === 'good') === isGood).map(({ score }) => score);
      const auroc = rankScores(scores(true), scores(false))?.auroc;
      for (const list of [of(true), of(false)]) {
        const mean = list.reduce((sum, error) => sum + error, 0) / Math.max(1, list.length);
        if (auroc === undefined) expect(mean).toBe(0);
        else expect(mean).toBeCloseTo(1 - auroc, 10);
      }
    },
  );

  it('puts the worst misses and false alarms first, then the closest calls', () => {
    const images = [...good(1, 9, 4), ...bad(8, 2, 5.5)];
    // At 5 the good 9 and the bad 2 are wrong: all anomalous ones lie below 9, and two of three good ones above 2. One of
    // three is ranked wrongly against 4, 5.5 and 8, which are nearer to 5 in the order of 5.5, 4, 8.
    expect(byError(images, 5)).toEqual([1, 4, 5, 2, 3, 0]);
  });

  it('without errors begins next to the threshold', () => {
    const images = [...good(0, 3), ...bad(9, 6)];
    expect(byError(images, 5)).toEqual([3, 1, 2, 0]);
  });
});

describe('histogram', () => {
  it('counts every image once, the highest score in the last range', () => {
    const images = randomImages(3);
    const { counts, low, high } = scoreHistogram(images, 7);
    const total = [...counts.values()].flatMap((each) => [...each]).reduce((sum, count) => sum + count, 0);
    expect(total).toBe(images.length);
    expect([low, high]).toEqual([
      Math.min(...images.map(({ score }) => score)),
      Math.max(...images.map(({ score }) => score)),
    ]);
    expect([...counts.values()].some((each) => each[6] > 0)).toBe(true);
  });

  it('gives one score, and none, a range', () => {
    expect(scoreHistogram(good(3, 3), 4)).toMatchObject({ low: 2.5, high: 3.5 });
    expect(scoreHistogram(good(3, 3), 4).counts.get('good')).toEqual(Uint32Array.of(0, 0, 2, 0));
    expect(scoreHistogram([], 4)).toMatchObject({ low: 0, high: 1 });
  });
});
