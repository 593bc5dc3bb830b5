import { describe, expect, it } from 'vitest';
import type { StepReport } from '../training/run/run';
import { joinedCurve, lossGroups, measureLines } from './training-curves';

const step = (number: number, losses: Record<string, number>): StepReport => ({
  ...{ step: number, losses, rate: 1, batch: 1, seconds: 1 },
});

describe('losses', () => {
  const curve = { steps: [1, 2], losses: { total: [4, 3], edge: [1, null] } };

  it('go on where the record ends', () => {
    expect(joinedCurve(curve, [])).toEqual(curve);
    const joined = joinedCurve(curve, [step(2, { total: 9 }), step(3, { total: 2, adversarial: 0.5 })]);
    expect(joined.steps).toEqual([1, 2, 3]);
    expect(joined.losses).toEqual({ total: [4, 3, 2], edge: [1, null, null], adversarial: [null, null, 0.5] });
  });

  it('of the discriminator stand apart, the total first', () => {
    const losses = { l1: [], discriminator: [], total: [], matching: [] };
    expect(lossGroups({ steps: [], losses })).toEqual({
      fit: ['total', 'l1'],
      adversarial: ['discriminator', 'matching'],
    });
  });
});

describe('measurements', () => {
  it('are lines, the score first and not twice', () => {
    expect(measureLines('generator', [])).toEqual([]);
    const lines = measureLines('detector', [
      { step: 0, score: 0.2, values: { pixelAp: 0.2, imageAp: 0.5 } },
      { step: 9, score: 0.4, values: { pixelAp: 0.4, imageAp: 0.6 } },
    ]);
    expect(lines).toEqual([
      { label: 'Score: pixel AP', x: [0, 9], y: [0.2, 0.4] },
      { label: 'Image AP', x: [0, 9], y: [0.5, 0.6] },
    ]);
  });
});
