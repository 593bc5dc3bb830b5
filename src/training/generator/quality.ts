import { squaredDistance } from '../../core/distance';
import { thresholdMask } from '../../core/mask';
import type { Raster } from '../../core/raster';

/** Edge strength from which a pixel counts as an edge, and how far apart two may lie that mean the same, px. */
const THRESHOLD = 0.5;
const DISTANCE = 2;

/**
 * How well edges found in a result agree with those it was made from: F1, a pixel being matched by any of the other map
 * within `distance`. 1 if neither has an edge, 0 if only one has.
 * @param found one channel in [0, 1]; `wanted` likewise, same size.
 */
export function edgeAgreement(found: Raster, wanted: Raster, threshold = THRESHOLD, distance = DISTANCE): number {
  const [f, w] = [found, wanted].map((raster) => {
    const mask = thresholdMask(raster, threshold);
    return { mask, reach: squaredDistance(mask) };
  });
  const precision = shareNear(f.mask.data, w.reach, distance);
  const recall = shareNear(w.mask.data, f.reach, distance);
  if (precision === null && recall === null) return 1;
  if (precision === null || recall === null || precision + recall === 0) return 0;
  return (2 * precision * recall) / (precision + recall);
}

/** Of the pixels that are set, the share within `distance` of the others; null if none is set. */
function shareNear(set: Uint8Array, reach: Uint32Array, distance: number): number | null {
  let count = 0;
  let near = 0;
  for (let i = 0; i < set.length; i++) {
    if (!set[i]) continue;
    count++;
    if (reach[i] <= distance * distance) near++;
  }
  return count > 0 ? near / count : null;
}
