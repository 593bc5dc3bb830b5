import { dilateMask, erodeMask, fillHoles, removeSpecks, thresholdMask, type BinaryMask } from '../core/mask';
import type { Raster } from '../core/raster';

/**
 * Where the product is, told from its just noticeable differences: what has structure or texture hides more than a plain
 * ground does. The supplement (section 6) takes a foreground from a thresholded JND map and asks of it only that it
 * keeps parts of the key components; a higher threshold leaves reflections and packaging out. Few pixels come near the
 * maximum, so thresholds are low: at .12 a tray and magnetic tiles are still all foreground, a bottle's ground is not, and
 * its label is; at .15 the tray's pins and rims are what is left, at .2 parts of its pins.
 */
export const FOREGROUND_THRESHOLD = 0.12;

/**
 * The pixels above the threshold, closed to areas over 1/64 of the longer side, holes filled, specks below .05 % of the
 * image dropped.
 * @param map JND map over its maximum, one channel in [0, 1]: `quickJndMap` (compute/jnd).
 * @param threshold [0, 1].
 */
export function foregroundFrom(map: Raster, threshold = FOREGROUND_THRESHOLD): BinaryMask {
  if (!(threshold >= 0 && threshold <= 1)) throw new RangeError(`A threshold lies in [0, 1], got ${threshold}.`);
  const gap = Math.max(1, Math.max(map.width, map.height) / 64);
  const closed = erodeMask(dilateMask(thresholdMask(map, threshold), gap), gap);
  return removeSpecks(fillHoles(closed), map.width * map.height * 5e-4);
}
