import { GOOD } from './evaluator';
import type { ImageResult } from './image-result';
import { halfway, thresholdOfBestF1 } from './labelled-scores';

/** What thresholds are judged by: an image's kind and its score. */
export type Scored = Pick<ImageResult, 'subset' | 'score'>;

export type Verdict = 'hit' | 'miss' | 'false alarm' | 'passed';

/** An image is called anomalous when its score lies above the threshold, as pixels are in sPRO and by detectors. */
export function verdictOf({ subset, score }: Scored, threshold: number): Verdict {
  const alarm = score > threshold;
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
 * The threshold with the highest F1, as {@link thresholdOfBestF1} has it.
 * @returns null without anomalous images.
 */
export function bestF1Threshold(images: readonly Scored[]): number | null {
  const anomalous = Uint8Array.from(images, ({ subset }) => (subset === GOOD ? 0 : 1));
  if (!anomalous.includes(1)) return null;
  return thresholdOfBestF1(
    Float64Array.from(images, ({ score }) => score),
    anomalous,
  );
}

/**
 * The lowest threshold worth having at which no good image is called anomalous: halfway between the highest score of a
 * good image and the next score above.
 * @returns null without good images.
 */
export function noFalseAlarmThreshold(images: readonly Scored[]): number | null {
  const highest = Math.max(...images.filter(({ subset }) => subset === GOOD).map(({ score }) => score));
  if (highest === -Infinity) return null;
  const next = Math.min(...images.map(({ score }) => score).filter((score) => score > highest));
  return next === Infinity ? highest : halfway(highest, next);
}
