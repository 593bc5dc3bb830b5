import { describe, expect, it } from 'vitest';
import type { TrainingRunRecord } from '../project/training';
import { defaultDetectorConfig, defaultGeneratorConfig, type Circumstances } from '../training/run/defaults';
import { isMade, settingRows, stateOf } from './training-text';
import type { TrainingUnderWay } from './training-view';

const CIRCUMSTANCES: Circumstances = {
  ...{ images: 100, side: 256, multiple: 8, seed: 1 },
  backend: 'cpu',
  init: { id: 'n', sha256: 'a'.repeat(64) },
};

describe('the state of a run', () => {
  const problem = { code: 'device-lost', stage: 'training', message: 'Lost.' } as const;
  const stateFor = (record: Partial<TrainingRunRecord>, underWay: Partial<TrainingUnderWay> | null = null) =>
    stateOf({ id: 'r', problem: null, ...record } as TrainingRunRecord, underWay as TrainingUnderWay | null);

  it('is what it does in this page, in another, or nowhere', () => {
    expect(stateFor({ state: 'paused' }, { id: 'r', pausing: false })).toBe('training');
    expect(stateFor({ state: 'running' }, { id: 'r', pausing: true })).toBe('pausing');
    expect(stateFor({ state: 'running' }, { id: 'other' })).toBe('elsewhere');
    expect(stateFor({ state: 'paused' })).toBe('paused');
    expect(stateFor({ state: 'paused', problem })).toBe('stopped');
    expect(stateFor({ state: 'done' })).toBe('done');
  });
});

it('settings are written as people read them, each network’s own', () => {
  const rows = (config: Parameters<typeof settingRows>[0]) =>
    Object.fromEntries(settingRows(config).map(({ name, value }) => [name, value]));
  const generator = defaultGeneratorConfig(CIRCUMSTANCES);
  expect(rows(generator)).toMatchObject({ 'Learning rate': '0.0005', Warped: '50 %', Discriminator: 'from 40 % on' });
  expect(rows({ ...generator, adversarialFrom: 1 }).Discriminator).toBe('left out');
  expect(rows(defaultDetectorConfig(CIRCUMSTANCES))).toMatchObject({ 'Shown as they are': '40 %' });
});

it('edges are given to a generator, and made by an edge detector', () => {
  expect(isMade('generator', 'Edges')).toBe(false);
  expect(isMade('edges', 'Edges')).toBe(true);
  expect(isMade('generator', 'Result')).toBe(true);
  expect(isMade('detector', 'Anomaly')).toBe(false);
});
