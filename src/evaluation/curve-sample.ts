import type { Curve } from './curves';

/** A curve at one place of its axis. */
export interface CurveSample {
  /** Null left of where the curve begins. */
  readonly y: number | null;
  /** Scores above this count as anomalous at the last point of the curve up to there; Infinity: none does. */
  readonly threshold: number;
}

/**
 * A curve at given places: between its points along the line, and where it rises at one place, after the rise.
 * @param places ascending.
 */
export function sampleCurve({ x, y, thresholds }: Curve, places: ArrayLike<number>): CurveSample[] {
  const samples: CurveSample[] = [];
  let at = -1;
  for (let i = 0; i < places.length; i++) {
    const place = places[i];
    while (at + 1 < x.length && x[at + 1] <= place) at++;
    if (at < 0) {
      samples.push({ y: null, threshold: Infinity });
      continue;
    }
    const next = at + 1;
    const rest = next < x.length ? (place - x[at]) / (x[next] - x[at]) : 0;
    const height = rest > 0 ? y[at] + rest * (y[next] - y[at]) : y[at];
    samples.push({ y: height, threshold: thresholds[at] });
  }
  return samples;
}

/**
 * The lowest threshold on a curve at which the false-positive rate is at most `rate`; a curve leaves out what lies within
 * 1/500 of its points.
 * @returns null if only one that no score lies above is.
 */
export function thresholdAtRate({ x, thresholds }: Curve, rate: number): number | null {
  let at = 0;
  while (at + 1 < x.length && x[at + 1] <= rate) at++;
  return Number.isFinite(thresholds[at]) ? thresholds[at] : null;
}

/** The mean of several curves over [0, 1], at every place where one of them has a point. Thresholds have none. */
export function meanCurve(curves: readonly Curve[]): Curve {
  const places = [...new Set(curves.flatMap(({ x }) => [...x]))].sort((a, b) => a - b);
  const samples = curves.map((curve) => sampleCurve(curve, places));
  const y = places.map((_, i) => samples.reduce((sum, each) => sum + (each[i].y ?? 0), 0) / curves.length);
  return {
    x: Float64Array.from(places),
    y: Float64Array.from(y),
    thresholds: new Float32Array(places.length).fill(NaN),
  };
}
