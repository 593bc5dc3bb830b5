import { GOOD } from './evaluator';
import type { ImageResult } from './image-result';

/** What thresholds are judged by: an image's kind and its score. */
export type Scored = Pick<ImageResult, 'subset' | 'score'>;

export type Verdict = 'hit' | 'miss' | 'false alarm' | 'passed';

/** An image is called anomalous when its score is at least the threshold. */
export function verdictOf({ subset, score }: Scored, threshold: number): Verdict {
  const alarm = score >= threshold;
  if (subset === GOOD) return alarm ? 'false alarm' : 'passed';
  return alarm ? 'hit' : 'miss';
}

/** Images by what they are and what they are called. */
export interface Confusion {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly trueNegatives: number;
  readonly falseNegatives: number;
}

export function confusionAt(images: readonly Scored[], threshold: number): Confusion {
  const counts: Record<Verdict, number> = { hit: 0, miss: 0, 'false alarm': 0, passed: 0 };
  for (const image of images) counts[verdictOf(image, threshold)]++;
  return {
    truePositives: counts.hit,
    falsePositives: counts['false alarm'],
    trueNegatives: counts.passed,
    falseNegatives: counts.miss,
  };
}

/** Each in [0, 1]; null where it is a share of nothing. */
export interface Rates {
  /** Of what is called anomalous, how much is. */
  readonly precision: number | null;
  /** Of what is anomalous, how much is called so. */
  readonly recall: number | null;
  /** Harmonic mean of the two, 2TP / (2TP + FP + FN). */
  readonly f1: number | null;
  /** Of the good images, how many are called anomalous. */
  readonly falseAlarmRate: number | null;
}

export function ratesOf({ truePositives, falsePositives, trueNegatives, falseNegatives }: Confusion): Rates {
  const share = (part: number, whole: number) => (whole > 0 ? part / whole : null);
  return {
    precision: share(truePositives, truePositives + falsePositives),
    recall: share(truePositives, truePositives + falseNegatives),
    f1: share(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    falseAlarmRate: share(falsePositives, falsePositives + trueNegatives),
  };
}

/**
 * The threshold with the highest F1; of several the highest, halfway to the next lower score.
 * @returns null without anomalous images.
 */
export function bestF1Threshold(images: readonly Scored[]): number | null {
  const scores = distinctScores(images);
  const anomalous = images.filter(({ subset }) => subset !== GOOD).length;
  if (anomalous === 0) return null;
  const byScore = new Map(scores.map((score) => [score, { anomalous: 0, good: 0 }]));
  for (const { subset, score } of images) byScore.get(score)![subset === GOOD ? 'good' : 'anomalous']++;
  let found = 0;
  let alarms = 0;
  let best = { f1: 0, at: 0 };
  scores.forEach((score, at) => {
    const here = byScore.get(score)!;
    found += here.anomalous;
    alarms += here.anomalous + here.good;
    const f1 = (2 * found) / (alarms + anomalous);
    if (f1 > best.f1) best = { f1, at };
  });
  return between(scores[best.at], scores[best.at + 1]);
}

/**
 * The lowest threshold at which no good image is called anomalous, halfway between the highest score of a good image and
 * the next score above.
 * @returns null without good images.
 */
export function noFalseAlarmThreshold(images: readonly Scored[]): number | null {
  const scores = distinctScores(images);
  const highest = Math.max(...images.filter(({ subset }) => subset === GOOD).map(({ score }) => score));
  if (highest === -Infinity) return null;
  const at = scores.indexOf(highest);
  return at > 0 ? between(scores[at - 1], highest) : above(highest);
}

/** Descending. */
function distinctScores(images: readonly Scored[]): number[] {
  return [...new Set(images.map(({ score }) => score))].sort((a, b) => b - a);
}

/** Above `lower` and at most `upper`. */
function between(upper: number, lower: number | undefined): number {
  if (lower === undefined) return upper;
  const middle = lower + (upper - lower) / 2;
  return middle > lower ? middle : upper;
}

/** The next float32. */
function above(score: number): number {
  const bits = new Int32Array(1);
  const value = new Float32Array(bits.buffer);
  value[0] = score;
  if (score === 0) bits[0] = 1;
  else bits[0] += score > 0 ? 1 : -1;
  return value[0];
}
