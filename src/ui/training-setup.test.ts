import { describe, expect, it } from 'vitest';
import type { ImageRecord } from '../project/document';
import { defaultDetectorConfig, defaultGeneratorConfig, type Circumstances } from '../training/run/defaults';
import type { TrainingPlan } from '../worker/api';
import { imageOf } from './testing';
import { configOf, configProblem, photographChoices, photographsOf, secondsOf, shortenings } from './training-setup';

const CIRCUMSTANCES: Circumstances = {
  ...{ images: 100, side: 256, multiple: 8, seed: 1 },
  backend: 'cpu',
  init: { id: 'n', sha256: 'a'.repeat(64) },
};
const PLAN: TrainingPlan = {
  ...{ config: defaultGeneratorConfig(CIRCUMSTANCES), multiple: 8, device: '', training: 90, heldOut: 10 },
  backend: 'cpu',
};

function documentOf(...changes: Partial<ImageRecord>[]) {
  return { images: Object.fromEntries(changes.map((change, i) => [`i${i}`, { ...imageOf(`i${i}`), ...change }])) };
}

describe('photographs', () => {
  const document = documentOf(
    {},
    {},
    { split: 'validation' },
    { split: 'test' },
    { split: 'test', label: 'scratch' },
    { datasetId: 'other' },
  );

  it('are offered in choices that differ', () => {
    expect(photographChoices(document, 'd')).toEqual([
      { which: 'train', count: 2 },
      { which: 'spare', count: 3 },
      { which: 'normal', count: 4 },
      { which: 'one', count: 1 },
    ]);
    expect(photographChoices(documentOf({}), 'd')).toEqual([{ which: 'train', count: 1 }]);
    expect(photographChoices(documentOf({ label: 'scratch' }), 'd')).toEqual([]);
  });

  it('of a plain folder are taken for normal', () => {
    const plain = documentOf({ split: 'unsorted', label: 'unsorted' }, { split: 'unsorted', label: 'unsorted' });
    expect(photographChoices(plain, 'd').map(({ which }) => which)).toEqual(['spare', 'one']);
  });

  it('never show a defect', () => {
    expect(photographsOf(document, 'd', 'normal', null).map(({ id }) => id)).toEqual(['i0', 'i1', 'i2', 'i3']);
  });

  it('are one where one is meant: the first, if that is gone', () => {
    expect(photographsOf(document, 'd', 'one', 'i2').map(({ id }) => id)).toEqual(['i2']);
    expect(photographsOf(document, 'd', 'one', 'gone').map(({ id }) => id)).toEqual(['i0']);
    expect(photographsOf(documentOf(), 'd', 'one', null)).toEqual([]);
  });
});

describe('settings', () => {
  it('are the plan’s but for what was changed, measured as often', () => {
    expect(configOf(PLAN, {})).toEqual(PLAN.config);
    expect(configOf(PLAN, { steps: 200, warp: 0 })).toEqual({ ...PLAN.config, steps: 200, warp: 0, validateEvery: 10 });
    expect(configOf(PLAN, { steps: 3 }).validateEvery).toBe(1);
  });

  it('of another network are left out', () => {
    const detector = { ...PLAN, config: defaultDetectorConfig(CIRCUMSTANCES) };
    expect(configOf(detector, { warp: 1 })).toEqual(detector.config);
  });

  it('that cannot be say why', () => {
    expect(configProblem(PLAN.config, PLAN)).toBeNull();
    expect(configProblem(configOf(PLAN, { size: 250 }), PLAN)).toMatch(/multiple of 8 px.*248 or 256/);
    expect(configProblem(configOf(PLAN, { size: 8 }), PLAN)).toMatch(/“size” is out of range/);
    expect(configProblem(configOf(PLAN, { rate: 2 }), PLAN)).toMatch(/“rate” is out of range/);
  });
});

describe('what would be shorter', () => {
  const pace = 1 / 256 ** 2;

  it('is offered of long runs, each with its time', () => {
    const config = { ...PLAN.config, steps: 6000, size: 256, batch: 1 };
    const offers = shortenings(config, 8, pace);
    expect(offers.map(({ change }) => change)).toEqual([{ size: 128 }, { steps: 2000 }, { size: 128, steps: 2000 }]);
    expect(offers.map(({ seconds }) => seconds)).toEqual([1500, 2000, 500]);
    for (const { seconds } of offers) expect(seconds).toBeLessThan(secondsOf(config, pace));
  });

  it('is a size the network takes', () => {
    const config = { ...PLAN.config, steps: 6000, size: 192 };
    expect(shortenings(config, 64, 10 * pace)[0].change).toEqual({ size: 64 });
  });

  it('is not offered where nothing is to be gained', () => {
    expect(shortenings({ ...PLAN.config, steps: 100 }, 8, pace)).toEqual([]);
    expect(shortenings({ ...PLAN.config, steps: 400, size: 64 }, 8, 1000 * pace)).toEqual([]);
  });
});
