/** Deviation of the Gaussian whose derivatives are the gradient, px, and where its taps end: 4σ. */
const SIGMA = Math.SQRT2;
export const RADIUS = Math.ceil(4 * SIGMA);

const distances = Array.from({ length: 2 * RADIUS + 1 }, (_, i) => i - RADIUS);

/** Taps that smooth across the derivative's direction; they add up to 1. */
export const SMOOTHING: readonly number[] = scaled(distances.map((k) => Math.exp((-k * k) / (2 * SIGMA * SIGMA))));
/** Taps of the derivative: each half adds up to ±1, so that a step of one level has a gradient near one level. */
export const DERIVATIVE: readonly number[] = scaled(
  distances.map((k) => k * Math.exp((-k * k) / (2 * SIGMA * SIGMA))),
  (v) => Math.max(0, v),
);

function scaled(taps: number[], share: (tap: number) => number = (tap) => tap): number[] {
  const total = taps.reduce((sum, tap) => sum + share(tap), 0);
  return taps.map((tap) => tap / total);
}

/** The weak threshold's share of the strong one. */
export const LOW_SHARE = 0.4;
/** Gradients that differ by a smaller share are equal: rounding must not decide which of two pixels an edge runs through. */
export const SLACK = 1e-4;
