/** Window of Wang et al. 2004: 11 taps, σ 1.5, normalised; the 11×11 window is its outer product. */
export const RADIUS = 5;
export const TAPS: readonly number[] = (() => {
  const raw = Array.from({ length: 2 * RADIUS + 1 }, (_, i) => Math.exp(-((i - RADIUS) ** 2) / (2 * 1.5 ** 2)));
  const total = raw.reduce((sum, value) => sum + value, 0);
  return raw.map((value) => value / total);
})();

/** (0.01·L)² and (0.03·L)² for the range L = 1. */
export const C1 = 1e-4;
export const C2 = 9e-4;
