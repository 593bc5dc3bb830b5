import { describe, expect, it } from 'vitest';
import { Random } from '../core/random';
import { breakdown } from './breakdown';
import { Evaluator, GOOD } from './evaluator';
import { figuresOf } from './figures';
import { foundShare, imageResult } from './image-result';
import { maximum, naiveAuroc, randomSamples } from './testing';

const samples = (seed: number) => randomSamples(new Random(seed));

describe('an image', () => {
  it('has its peak where the highest score is, and says whether a defect lies there', () => {
    for (const sample of samples(1)) {
      const { score, peak, peakOnDefect } = imageResult(sample);
      const { width, data } = sample.map;
      expect(score).toBe(maximum(sample));
      expect(data[peak.y * width + peak.x]).toBe(peak.score);
      expect(peak.score).toBe(score);
      const inside = sample.defects.some(({ mask }) => mask.data[peak.y * width + peak.x] === 1);
      expect(peakOnDefect).toBe(inside);
    }
  });

  it('takes the detector’s own score where there is one, as float32', () => {
    expect(imageResult({ ...samples(1)[0], score: 0.1 }).score).toBe(Math.fround(0.1));
  });

  it.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'says how much of a defect is found at any threshold, in whole per cent, seed %i',
    (seed) => {
      for (const sample of samples(seed)) {
        const { defects } = imageResult(sample);
        sample.defects.forEach(({ mask, saturation }, i) => {
          const inside = [...sample.map.data].filter((_, p) => mask.data[p] === 1);
          expect(defects[i].area).toBe(inside.length);
          for (const threshold of [...sample.map.data, -1e9, 1e9]) {
            const found = inside.filter((score) => score > threshold).length;
            const percent = Math.floor(Math.min(100, (100 * found) / saturation! + 1e-9));
            expect(foundShare(defects[i], threshold)).toBe(percent / 100);
          }
        });
      }
    },
  );
});

describe('breakdown by kind and defect', () => {
  it.each(Array.from({ length: 10 }, (_, seed) => seed))('counts and figures, seed %i', (seed) => {
    const all = samples(seed);
    const evaluator = new Evaluator({ spro: true });
    all.forEach((sample) => evaluator.add(sample));
    const evaluation = evaluator.finish();
    const figures = figuresOf(evaluation, true);
    const threshold = maximum(all[0]);
    const rows = breakdown(all.map(imageResult), figures, threshold, threshold);
    const good = all.filter(({ subset }) => subset === GOOD).map(maximum);
    for (const { subset, defect, images, defects, imageAuroc, areas, recall, found } of rows) {
      const has = (name: string) => defect === null || name === defect;
      const own = all.filter((each) => each.subset === subset && each.defects.some(({ name }) => has(name)));
      expect(images).toBe(own.length);
      expect(defects).toBe(own.flatMap((each) => each.defects.filter(({ name }) => has(name))).length);
      expect(imageAuroc).toBeCloseTo(naiveAuroc(good, own.map(maximum)), 10);
      expect(recall).toBeCloseTo(own.filter((each) => maximum(each) > threshold).length / own.length, 12);
      expect(areas).toEqual(defect === null ? figures.au_spro![subset] : figures.au_spro_by_defect![subset][defect]);
      expect(found).toBeGreaterThanOrEqual(0);
      if (defect === null) expect(imageAuroc).toBe(figures.image_auroc_by_subset[subset]);
    }
    const kinds = rows.filter(({ defect }) => defect === null).map(({ subset }) => subset);
    expect(kinds).toEqual(['logical_anomalies', 'structural_anomalies']);
  });

  it('has one row a class where a class is one kind of defect, with AUPRO', () => {
    const all = samples(4).map((sample) => ({
      ...sample,
      defects: sample.defects.map((defect) => ({ ...defect, name: sample.subset, saturation: null })),
    }));
    const evaluator = new Evaluator({ spro: false });
    all.forEach((sample) => evaluator.add(sample));
    const figures = figuresOf(evaluator.finish(), false);
    const rows = breakdown(all.map(imageResult), figures, 0, null);
    expect(rows.map(({ subset, defect }) => [subset, defect])).toEqual([
      ['logical_anomalies', null],
      ['structural_anomalies', null],
    ]);
    expect(rows[0].areas).toEqual(figures.aupro_by_subset.logical_anomalies);
    expect(Object.keys(rows[0].areas!)).toEqual(['0.05', '0.3', '1.0']);
    expect(rows[0].found).toBeNull();
  });
});
