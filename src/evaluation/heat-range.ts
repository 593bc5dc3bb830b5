/**
 * The scores between which a heat map's colours run, the same for all images of an evaluation so that they can be
 * compared: from what backgrounds look like to what only the highest peaks exceed.
 * @param images at least one.
 */
export function heatRange(images: readonly { readonly median: number; readonly peak: { readonly score: number } }[]): {
  readonly low: number;
  readonly high: number;
} {
  const low = quantile(
    images.map(({ median }) => median),
    0.5,
  );
  const high = quantile(
    images.map(({ peak }) => peak.score),
    0.95,
  );
  // Maps without relief still need a range.
  return high > low ? { low, high } : { low, high: low + Math.max(1e-6, Math.abs(low)) };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
