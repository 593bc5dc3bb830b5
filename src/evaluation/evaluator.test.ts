import { describe, expect, it } from 'vitest';
import { createMask, type BinaryMask } from '../core/mask';
import { Random } from '../core/random';
import { rasterOf } from '../core/raster';
import type { Curve, LimitedArea } from './curves';
import { evaluate, Evaluator, GOOD, type EvaluationSample, type SubsetEvaluation } from './evaluator';
import {
  areaUnder,
  maximum,
  naiveAuroc,
  naiveAveragePrecision,
  pixelScores,
  proPoints,
  randomSamples,
  sproPoints,
  type Point,
} from './testing';

function evaluated(samples: Iterable<EvaluationSample>, spro = true) {
  const evaluator = new Evaluator({ spro });
  for (const sample of samples) evaluator.add(sample);
  return evaluator.finish();
}

function maskOf(...rows: string[]): BinaryMask {
  const mask = createMask(rows[0].length, rows.length);
  [...rows.join('')].forEach((sign, i) => (mask.data[i] = sign === '#' ? 1 : 0));
  return mask;
}

function sampleOf(subset: string, scores: number[], rows: string[], saturation: number | null = null) {
  const mask = maskOf(...rows);
  const defects = rows.join('').includes('#') ? [{ name: 'hole', mask, saturation }] : [];
  return {
    name: `${subset}.tiff`,
    subset,
    map: rasterOf(Float32Array.from(scores), mask.width, mask.height),
    defects,
  };
}

function expectAreas(areas: readonly LimitedArea[] | undefined, points: readonly Point[]): void {
  expect(areas?.length).toBeGreaterThan(0);
  for (const { limit, area } of areas!) expect(area).toBeCloseTo(areaUnder(points, limit), 10);
}

describe('metrics against their definitions, on small sets with many ties', () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed))('seed %i', (seed) => {
    const samples = new Random(seed).shuffle(randomSamples(new Random(seed)));
    const result = evaluated(samples);
    const good = samples.filter(({ subset }) => subset === GOOD);
    const anomalous = samples.filter(({ subset }) => subset !== GOOD);
    expect(result.images).toEqual({ good: good.length, anomalous: anomalous.length });

    const [goodImages, anomalousImages] = [good.map(maximum), anomalous.map(maximum)];
    expect(result.image?.auroc).toBeCloseTo(naiveAuroc(goodImages, anomalousImages), 10);
    expect(result.image?.averagePrecision).toBeCloseTo(naiveAveragePrecision(goodImages, anomalousImages), 10);

    const pixels = pixelScores(samples);
    expect(result.pixels).toEqual({ good: pixels.good.length, anomalous: pixels.anomalous.length });
    if (pixels.good.length === 0) return;
    expect(result.pixel?.auroc).toBeCloseTo(naiveAuroc(pixels.good, pixels.anomalous), 10);
    expect(result.pixel?.averagePrecision).toBeCloseTo(naiveAveragePrecision(pixels.good, pixels.anomalous), 10);
    expectAreas(result.pro?.areas, proPoints(samples));

    expect(result.subsets.map(({ name }) => name)).toEqual(['logical_anomalies', 'structural_anomalies']);
    for (const subset of result.subsets) {
      const own = anomalous.filter((sample) => sample.subset === subset.name);
      expect(subset.imageAuroc).toBeCloseTo(naiveAuroc(goodImages, own.map(maximum)), 10);
      expectAreas(subset.pro?.areas, proPoints([...good, ...own]));
      expectAreas(subset.spro?.areas, sproPoints([...good, ...own]));
      for (const { name, areas, count } of subset.defects) {
        expect(count).toBe(own.flatMap(({ defects }) => defects).filter((defect) => defect.name === name).length);
        expectAreas(areas, sproPoints([...good, ...own], name));
      }
      expectWeightedMean(subset);
    }
    const [logical, structural] = result.subsets;
    expect(result.meanImageAuroc).toBeCloseTo((logical.imageAuroc! + structural.imageAuroc!) / 2, 12);
    result.meanSpro!.forEach(({ area }, i) =>
      expect(area).toBeCloseTo((logical.spro!.areas[i].area + structural.spro!.areas[i].area) / 2, 12),
    );
    expect(result.notes).toEqual([]);
  });

  function expectWeightedMean({ spro, defects }: SubsetEvaluation): void {
    const count = defects.reduce((sum, defect) => sum + defect.count, 0);
    spro!.areas.forEach(({ area }, i) => {
      const sum = defects.reduce((total, defect) => total + defect.count * defect.areas[i].area, 0);
      expect(sum / count).toBeCloseTo(area, 10);
    });
  }

  it('does not depend on the order of the images, or on order-preserving changes of the scores', () => {
    const samples = randomSamples(new Random(3));
    const figures = (set: EvaluationSample[]) => {
      const { image, pixel, pro, subsets } = evaluated(set);
      return [
        image!.auroc,
        pixel!.auroc,
        pixel!.averagePrecision,
        ...[pro!, ...subsets.map(({ spro }) => spro!)].flatMap(({ areas }) => areas.map(({ area }) => area)),
      ];
    };
    const before = figures(samples);
    figures(samples.toReversed()).forEach((value, i) => expect(value).toBeCloseTo(before[i], 12));
    const steeper = samples.map((sample) => ({
      ...sample,
      map: { ...sample.map, data: sample.map.data.map((score) => 4 * score + 1024) },
    }));
    figures(steeper).forEach((value, i) => expect(value).toBeCloseTo(before[i], 12));
  });
});

describe('metrics of cases worked by hand', () => {
  const good = sampleOf(GOOD, [0, 0, 0, 0], ['....']);

  it('finds a defect entirely at its saturation', () => {
    // Two of four pixels are enough; they lie above all good pixels, the other two below.
    const sample = sampleOf('logical_anomalies', [9, 8, -1, -1], ['####'], 2);
    const { subsets, pro } = evaluated([sample, good]);
    expect(subsets[0].spro!.areas.map(({ area }) => area)).toEqual([1, 1, 1, 1, 1]);
    expect(pro!.areas.map(({ area }) => area)).toEqual([0.5, 0.5, 0.5]);
  });

  it('joins regions at corners and parts them otherwise', () => {
    // A corner joins: one region of 3, of which 1 is found; and a region of 1 that is found.
    const sample = sampleOf('hole', [9, -1, 0, 9, 0, -1, 0, 0], ['#..#', '.#..'], null);
    sample.defects[0].mask.data[6] = 0;
    const joined = sampleOf('hole', [9, 0, -1, 0, 0, -1, 0, 9], ['#.#.', '.#.#'], null);
    const { pro } = evaluated([joined, good], false);
    // One region of four pixels, two of them found before any good one.
    expect(pro!.areas.map(({ area }) => area)).toEqual([0.5, 0.5, 0.5]);
    const parted = evaluated([sample, good], false).pro!;
    expect(parted.areas[0].area).toBeCloseTo((1 / 2 + 1) / 2, 12);
  });

  it('ranks images by the score they come with, where they do', () => {
    const scored = (subset: string, score: number | undefined, rows: string[]) => ({
      ...sampleOf(subset, [9, 1], rows, null),
      score,
    });
    const defect = scored('hole', 3, ['#.']);
    expect(evaluated([defect, scored(GOOD, 2, ['..'])], false).image!.auroc).toBe(1);
    expect(evaluated([defect, scored(GOOD, 4, ['..'])], false).image!.auroc).toBe(0);
    // Without a score it is the map's maximum, 9.
    expect(evaluated([defect, scored(GOOD, undefined, ['..'])], false).image!.auroc).toBe(0);
    expect(() => evaluated([scored('hole', NaN, ['#.'])], false)).toThrow(RangeError);
  });

  it('takes 0 and −0 for the same score', () => {
    const { pixel } = evaluated([sampleOf('hole', [0, -0], ['#.']), sampleOf(GOOD, [-0, -0], ['..'])], false);
    expect(pixel).toMatchObject({ auroc: 0.5, averagePrecision: 0.25 });
  });

  it('tells neighbouring float32 values apart, of either sign and any size', () => {
    for (const low of [-3e38, -1, -1e-45, 0, 1e-45, 0.1, 1, 3e38]) {
      const bits = new Int32Array(Float32Array.of(low).buffer);
      const high = new Float32Array(Int32Array.of(low < 0 ? bits[0] - 1 : bits[0] + 1).buffer)[0];
      const { pixel } = evaluated([sampleOf('hole', [high, low], ['#.'])], false);
      expect(pixel).toMatchObject({ auroc: 1, averagePrecision: 1 });
    }
  });
});

describe('curves for charts', () => {
  /** Height of a line at x, at its right end where it is upright. */
  function heights({ x, y }: Pick<Curve, 'x' | 'y'>, at: number): [number, number] {
    const near = [...x.keys()].filter((i) => Math.abs(x[i] - at) <= 1 / 500 + 1e-9).map((i) => y[i]);
    const before = x.findLastIndex((value) => value <= at);
    const after = Math.min(x.length - 1, before + 1);
    const between = y[before] + ((y[after] - y[before]) * (at - x[before])) / (x[after] - x[before] || 1);
    return [Math.min(between, ...near), Math.max(between, ...near)];
  }

  it('are short, start and end where they should, and lie within 1/500 of the exact ones', () => {
    const random = new Random(4);
    const [width, height] = [60, 50];
    const samples = Array.from({ length: 3 }, (_, i): EvaluationSample => {
      const data = Float32Array.from({ length: width * height }, () => random.normal());
      const mask = createMask(width, height);
      mask.data.fill(1, 0, 900);
      for (let p = 0; p < 900; p++) data[p] += random.uniform(0, 2);
      const defects = i > 0 ? [{ name: 'hole', mask, saturation: 400 }] : [];
      return { name: `${i}`, subset: i > 0 ? 'logical_anomalies' : GOOD, map: rasterOf(data, width, height), defects };
    });
    const { pro, pixel, subsets } = evaluated(samples);
    for (const [curve, points] of [
      [pro!.curve, proPointsFast(samples)],
      [pixel!.roc, proPointsFast(samples)],
    ] as const) {
      expect(curve.x.length).toBeLessThan(2100);
      expect([curve.x[0], curve.y[0], curve.x.at(-1), curve.y.at(-1)]).toEqual([0, 0, 1, 1]);
      expect(curve.thresholds).toHaveLength(curve.x.length);
      for (let i = 1; i < curve.x.length; i++) {
        expect(curve.x[i]).toBeGreaterThanOrEqual(curve.x[i - 1]);
        expect(curve.y[i]).toBeGreaterThanOrEqual(curve.y[i - 1]);
        expect(curve.thresholds[i]).toBeLessThanOrEqual(curve.thresholds[i - 1]);
      }
      const astray = points.filter(({ x, y }) => {
        const [low, high] = heights(curve, x);
        return y < low - 1 / 500 - 1e-9 || y > high + 1 / 500 + 1e-9;
      });
      expect(astray).toEqual([]);
    }
    expect(subsets[0].spro!.curve.y.at(-1)).toBe(1);
    const { x: recall, y: precision } = pixel!.precisionRecall;
    expect(recall.at(-1)).toBe(1);
    expect(precision.at(-1)).toBeGreaterThanOrEqual(1800 / (3 * width * height));
  });

  /** Both regions have the same size here, so that PRO and the true-positive rate are one curve. */
  function proPointsFast(samples: readonly EvaluationSample[]): Point[] {
    const { good, anomalous } = pixelScores(samples);
    const all = [...good.map((s) => ({ s, bad: 0 })), ...anomalous.map((s) => ({ s, bad: 1 }))].sort(
      (a, b) => b.s - a.s,
    );
    let [fp, tp] = [0, 0];
    return all.map(({ bad }) => {
      if (bad) tp++;
      else fp++;
      return { x: fp / good.length, y: tp / anomalous.length };
    });
  }

  it('says above which score each point lies', () => {
    const samples = [sampleOf('hole', [3, 2, 1, 0], ['##..']), sampleOf(GOOD, [2, -1], ['..'])];
    const { roc } = evaluated(samples, false).pixel!;
    const { good, anomalous } = pixelScores(samples);
    roc.thresholds.forEach((threshold, i) => {
      expect(roc.x[i]).toBe(good.filter((score) => score > threshold).length / good.length);
      expect(roc.y[i]).toBe(anomalous.filter((score) => score > threshold).length / anomalous.length);
    });
  });
});

describe('sets that lack something', () => {
  const good = sampleOf(GOOD, [0, 1], ['..']);
  const anomaly = sampleOf('logical_anomalies', [0, 1], ['.#'], 1);

  it('without anomalies', () => {
    const result = evaluated([good]);
    expect(result).toMatchObject({ image: null, pixel: null, pro: null, subsets: [], meanSpro: null });
    expect(result.notes).toEqual(['There are no anomalous test images, so no metric is defined.']);
  });

  it('without good images', () => {
    const result = evaluated([anomaly]);
    expect(result).toMatchObject({ image: null, meanImageAuroc: null, meanSpro: null });
    expect(result.pixel?.auroc).toBe(1);
    expect(result.subsets[0]).toMatchObject({ imageAuroc: null });
    expect(result.subsets[0].spro?.areas[0].area).toBe(1);
    expect(result.notes[0]).toMatch(/no good test images/);
    expect(result.notes[1]).toMatch(/only logical_anomalies/);
  });

  it('with defects in no mask, or in every pixel', () => {
    const clean = evaluated([good, sampleOf('hole', [3, 0], ['..'])], false);
    expect(clean).toMatchObject({ pixel: null, pro: null, image: { auroc: 1 } });
    expect(clean.notes[0]).toMatch(/No test image has a defect/);
    const full = evaluated([sampleOf('logical_anomalies', [1, 0], ['##'], 1)]);
    expect(full).toMatchObject({ pixel: null, pro: null });
    expect(full.subsets[0].spro).toBeNull();
    expect(full.notes.join(' ')).toMatch(/cover every test image/);
  });

  it('with one kind of anomaly has no mean over kinds', () => {
    const result = evaluated([good, anomaly]);
    expect(result).toMatchObject({ meanSpro: null, meanImageAuroc: null });
    expect(result.subsets[0].imageAuroc).toBe(0.5);
    expect(result.notes).toHaveLength(1);
  });

  it('with nothing in it', () => {
    expect(evaluated([])).toMatchObject({ images: { good: 0, anomalous: 0 }, image: null, pixel: null });
  });
});

describe('bad samples', () => {
  const good = () => sampleOf(GOOD, [0, 1, 2, 3], ['..', '..']);

  it.each([NaN, Infinity, -Infinity])('%d is refused with its place, and the set is as before', async (value) => {
    const bad = sampleOf('hole', [0, 1, value, 3], ['##', '..']);
    const evaluator = new Evaluator({ spro: false });
    evaluator.add(good());
    expect(() => evaluator.add(bad)).toThrow(
      expect.objectContaining({
        code: 'bad-map',
        file: 'hole.tiff',
        message: expect.stringMatching(/^hole\.tiff holds -?(NaN|Infinity) \(at x 0, y 1\)/),
      }),
    );
    expect(evaluator.finish()).toMatchObject({ images: { good: 1, anomalous: 0 }, subsets: [] });
  });

  it('sizes, channels, empty masks and saturations are checked', () => {
    const evaluator = new Evaluator({ spro: true });
    const sample = sampleOf('hole', [0, 1, 2, 3], ['##', '..'], 2);
    const [defect] = sample.defects;
    const refused = (changes: object) => expect(() => evaluator.add({ ...sample, ...changes })).toThrow(RangeError);
    refused({ defects: [{ ...defect, mask: createMask(4, 1) }] });
    refused({ defects: [{ ...defect, mask: createMask(2, 2) }] });
    for (const saturation of [0, 3, 1.5, null]) refused({ defects: [{ ...defect, saturation }] });
    refused({ map: rasterOf(new Float32Array(8), 2, 2, 2) });
    refused({ subset: GOOD });
    expect(() => new Evaluator({ spro: false, proLimits: [0] })).toThrow(RangeError);
    expect(evaluator.finish().images).toEqual({ good: 0, anomalous: 0 });
  });

  it('stops when cancelled', async () => {
    const controller = new AbortController();
    let given = 0;
    async function* endless() {
      for (;;) {
        if (++given === 3) controller.abort();
        yield good();
      }
    }
    await expect(evaluate(endless(), { spro: false }, controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
    expect(given).toBe(3);
  });
});
