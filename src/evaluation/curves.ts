import { floatBelow, scoreOfKey, type ScoreCounts } from './score-counts';
import type { SweepTask, WeightedKeys } from './sweep';

/**
 * A curve for charts. Points are left out while they lie within 1/500 of the last one kept, in both directions, so the
 * drawn line is nowhere further than that from the exact one. Areas are never computed from it.
 */
export interface Curve {
  /** False-positive rate, or recall; ascending. */
  readonly x: Float64Array;
  /** True-positive rate, precision, or mean (saturated) overlap. */
  readonly y: Float64Array;
  /** A point is where scores above this count as anomalous; Infinity: none does. */
  readonly thresholds: Float32Array;
}

/** Area under a curve from x = 0 to `limit`, divided by `limit`: in [0, 1]. */
export interface LimitedArea {
  readonly limit: number;
  readonly area: number;
}

/** Areas and a curve of (saturated) per-region overlap against the false-positive rate. */
export interface OverlapCurve {
  readonly areas: readonly LimitedArea[];
  readonly curve: Curve;
}

/** How well scores part anomalous things from good ones. */
export interface Ranking {
  readonly auroc: number;
  /** Σ (R_n − R_{n−1}) P_n over distinct scores, descending. */
  readonly averagePrecision: number;
  readonly roc: Curve;
  /** x recall, y precision. */
  readonly precisionRecall: Curve;
}

const STEP = 1 / 500;

class CurveBuilder {
  readonly #x: number[] = [];
  readonly #y: number[] = [];
  readonly #thresholds: number[] = [];

  add(x: number, y: number, threshold: number, always = false): void {
    const last = this.#x.length - 1;
    const near = last >= 0 && Math.abs(x - this.#x[last]) < STEP && Math.abs(y - this.#y[last]) < STEP;
    if (near && !always) return;
    this.#x.push(x);
    this.#y.push(y);
    this.#thresholds.push(threshold);
  }

  build(): Curve {
    return {
      x: Float64Array.from(this.#x),
      y: Float64Array.from(this.#y),
      thresholds: Float32Array.from(this.#thresholds),
    };
  }
}

/** Trapezoids under a line that starts at (0, 0) and never goes back, up to several limits of x at once. */
class AreaBuilder {
  readonly #areas: Float64Array;
  #x = 0;
  #y = 0;

  constructor(readonly limits: readonly number[]) {
    this.#areas = new Float64Array(limits.length);
  }

  add(x: number, y: number): void {
    const width = x - this.#x;
    if (width > 0) {
      for (let i = 0; i < this.limits.length; i++) {
        const inside = Math.min(x, this.limits[i]) - this.#x;
        // Where the limit falls into the segment, its height there is interpolated.
        if (inside > 0) this.#areas[i] += inside * (this.#y + ((y - this.#y) * inside) / width / 2);
      }
    }
    this.#x = x;
    this.#y = y;
  }

  build(): LimitedArea[] {
    return this.limits.map((limit, i) => ({ limit, area: Math.min(1, this.#areas[i] / limit) }));
  }
}

/** A curve in the making: a task for the sweep, and what came out of it afterwards. */
export interface CurveTask<T> extends SweepTask {
  result(): T;
}

/**
 * Overlap against false-positive rate, from (0, 0) to (1, 1). Negatives between two positive scores move along a level
 * line, so only scores that a positive has need looking at.
 * @param count how many regions or defects `positives` are; the weights of each add up to 1. Above 0, as are the
 * negatives.
 * @param limits of the false-positive rate, in (0, 1].
 */
export function overlapTask(
  negatives: readonly ScoreCounts[],
  positives: readonly WeightedKeys[],
  count: number,
  limits: readonly number[],
): CurveTask<OverlapCurve> {
  const total = totalOf(negatives);
  const curve = new CurveBuilder();
  const areas = new AreaBuilder(limits);
  let found = 0;
  let overlap = 0;
  curve.add(0, 0, Infinity);
  return {
    negatives,
    positives,
    step(key, above, atLeast, weight) {
      areas.add(above / total, overlap);
      curve.add(above / total, overlap, scoreOfKey(key));
      found += weight;
      overlap = Math.min(1, found / count);
      areas.add(atLeast / total, overlap);
      curve.add(atLeast / total, overlap, floatBelow(scoreOfKey(key)));
    },
    result() {
      areas.add(1, 1);
      curve.add(1, 1, -Infinity, true);
      return { areas: areas.build(), curve: curve.build() };
    },
  };
}

/** ROC and precision against recall. Neither `negatives` nor `positives` are empty; every weight is 1. */
export function rankingTask(negatives: readonly ScoreCounts[], positives: readonly WeightedKeys[]): CurveTask<Ranking> {
  const wanted = positives.reduce((sum, { keys }) => sum + keys.length, 0);
  const roc = overlapTask(negatives, positives, wanted, [1]);
  const precisionRecall = new CurveBuilder();
  let found = 0;
  let averagePrecision = 0;
  return {
    negatives,
    positives,
    step(key, above, atLeast, weight) {
      roc.step(key, above, atLeast, weight);
      found += weight;
      const precision = found / (found + atLeast);
      averagePrecision += (weight / wanted) * precision;
      precisionRecall.add(found / wanted, precision, floatBelow(scoreOfKey(key)), found === wanted);
    },
    result() {
      const { areas, curve } = roc.result();
      return { auroc: areas[0].area, averagePrecision, roc: curve, precisionRecall: precisionRecall.build() };
    },
  };
}

export function totalOf(negatives: readonly ScoreCounts[]): number {
  return negatives.reduce((sum, { total }) => sum + total, 0);
}
