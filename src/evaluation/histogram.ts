import type { Scored } from './threshold';

/** How many images of each subset have scores in each of some equal ranges. */
export interface Histogram {
  /** Of the first range's lower and the last one's upper end. */
  readonly low: number;
  readonly high: number;
  readonly bins: number;
  /** By subset, `bins` counts each. */
  readonly counts: ReadonlyMap<string, Uint32Array>;
}

/** @param bins at least 1. */
export function scoreHistogram(images: readonly Scored[], bins: number): Histogram {
  let [low, high] = [Infinity, -Infinity];
  for (const { score } of images) {
    low = Math.min(low, score);
    high = Math.max(high, score);
  }
  if (images.length === 0) [low, high] = [0, 1];
  // One score alone still needs a range to stand in.
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const counts = new Map<string, Uint32Array>();
  for (const { subset, score } of images) {
    let own = counts.get(subset);
    if (!own) counts.set(subset, (own = new Uint32Array(bins)));
    own[Math.min(bins - 1, Math.floor(((score - low) / (high - low)) * bins))]++;
  }
  return { low, high, bins, counts };
}
