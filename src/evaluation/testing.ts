import type { Random } from '../core/random';
import { createMask, labelComponents, type BinaryMask } from '../core/mask';
import { rasterOf } from '../core/raster';
import { GOOD, type Defect, type EvaluationSample } from './evaluator';

/** Test helpers: the metrics straight from their definitions, one threshold at a time, and small random test sets. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Area under the line through the points up to x = limit, ÷ limit; the points ascend from (0, 0) to (1, 1). */
export function areaUnder(points: readonly Point[], limit: number): number {
  let area = 0;
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]];
    if (a.x >= limit || b.x === a.x) continue;
    const end = Math.min(b.x, limit);
    const height = a.y + ((b.y - a.y) * (end - a.x)) / (b.x - a.x);
    area += ((end - a.x) * (a.y + height)) / 2;
  }
  return area / limit;
}

const pixelsOf = ({ data }: BinaryMask) => [...data.keys()].filter((i) => data[i] !== 0);

function unionOf({ map, defects }: EvaluationSample): BinaryMask {
  const union = createMask(map.width, map.height);
  for (const { mask } of defects) for (const i of pixelsOf(mask)) union.data[i] = 1;
  return union;
}

function thresholdsOf(scores: readonly number[]): number[] {
  return [...new Set(scores)].sort((a, b) => b - a);
}

const share = (scores: readonly number[], threshold: number) =>
  scores.filter((score) => score >= threshold).length / scores.length;

/** How often an anomalous score is above a good one, ties as half. */
export function naiveAuroc(good: readonly number[], anomalous: readonly number[]): number {
  let sum = 0;
  for (const a of anomalous) for (const g of good) sum += a > g ? 1 : a === g ? 0.5 : 0;
  return sum / (good.length * anomalous.length);
}

export function naiveAveragePrecision(good: readonly number[], anomalous: readonly number[]): number {
  let [sum, before] = [0, 0];
  for (const threshold of thresholdsOf([...good, ...anomalous])) {
    const truePositives = anomalous.filter((score) => score >= threshold).length;
    const falsePositives = good.filter((score) => score >= threshold).length;
    const recall = truePositives / anomalous.length;
    sum += (recall - before) * (truePositives / (truePositives + falsePositives));
    before = recall;
  }
  return sum;
}

export const maximum = ({ map }: EvaluationSample) => Math.max(...map.data);

/** Scores of the pixels outside and inside the samples' defects. */
export function pixelScores(samples: readonly EvaluationSample[]): { good: number[]; anomalous: number[] } {
  const [good, anomalous]: [number[], number[]] = [[], []];
  for (const sample of samples) {
    const union = unionOf(sample);
    sample.map.data.forEach((score, i) => (union.data[i] ? anomalous : good).push(score));
  }
  return { good, anomalous };
}

/** Overlap curve of groups of scores, each found up to its saturation. */
function overlapPoints(good: readonly number[], groups: readonly { scores: number[]; saturation: number }[]): Point[] {
  const thresholds = thresholdsOf([...good, ...groups.flatMap(({ scores }) => scores)]);
  const points = thresholds.map((threshold) => ({
    x: share(good, threshold),
    y:
      groups.reduce(
        (sum, { scores, saturation }) =>
          sum + Math.min(scores.filter((score) => score >= threshold).length / saturation, 1),
        0,
      ) / groups.length,
  }));
  return [{ x: 0, y: 0 }, ...points, { x: 1, y: 1 }];
}

export function proPoints(samples: readonly EvaluationSample[]): Point[] {
  const groups = samples.flatMap((sample) => {
    const { labels, count } = labelComponents(unionOf(sample), 8);
    return Array.from({ length: count }, (_, label) => {
      const scores = [...sample.map.data].filter((_score, i) => labels[i] === label + 1);
      return { scores, saturation: scores.length };
    });
  });
  return overlapPoints(pixelScores(samples).good, groups);
}

/** sPRO of the defects with this name (all if none is given) among samples of one subset and good ones. */
export function sproPoints(samples: readonly EvaluationSample[], name?: string): Point[] {
  const groups = samples.flatMap(({ map, defects }) =>
    defects
      .filter((defect) => name === undefined || defect.name === name)
      .map(({ mask, saturation }) => ({ scores: pixelsOf(mask).map((i) => map.data[i]), saturation: saturation! })),
  );
  return overlapPoints(pixelScores(samples).good, groups);
}

/** A small test set in which scores repeat often, defects overlap and fall apart, and some are saturated early. */
export function randomSamples(random: Random): EvaluationSample[] {
  const levels = random.pick([2, 3, 10, 1000]);
  const score = () => {
    const level = random.int(0, levels - 1);
    return random.chance(0.1) ? -0 : (level - levels / 4) / 3;
  };
  const sample = (subset: string, i: number): EvaluationSample => {
    const [width, height] = [random.int(3, 9), random.int(3, 9)];
    const area = width * height;
    const map = rasterOf(Float32Array.from({ length: area }, score), width, height);
    const count = subset === GOOD ? 0 : random.int(1, 3);
    const defects: Defect[] = Array.from({ length: count }, (_, k) => {
      const mask = createMask(width, height);
      const density = random.pick([0.1, 0.3, 0.6]);
      for (let p = 0; p < area; p++) if (random.chance(density)) mask.data[p] = 1;
      mask.data[random.int(0, area - 1)] = 1;
      mask.data.forEach((inside, p) => {
        if (inside && random.chance(0.5)) map.data[p] += 1;
      });
      const inside = pixelsOf(mask).length;
      return { name: `kind ${(i + k) % 3}`, mask, saturation: random.int(1, inside) };
    });
    return { name: `${subset}/${i}`, subset, map, defects };
  };
  return [GOOD, 'logical_anomalies', 'structural_anomalies'].flatMap((subset) =>
    Array.from({ length: random.int(1, 4) }, (_, i) => sample(subset, i)),
  );
}
