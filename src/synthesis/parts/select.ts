import { boxIou, fillRleHoles, removeRleSpecks, rleIou, type Rle } from '../../core/rle';

/**
 * What SAM's "everything" does with its raw masks before they count as parts: thresholds, suppression of doubles,
 * cleaning. Pure functions over run-length masks.
 */

/** A mask that a segmentation network proposes. */
export interface Candidate {
  readonly mask: Rle;
  /** The network's own guess of the mask's IoU with the truth, about [0, 1]. */
  readonly quality: number;
  /** area(logit > +1) / area(logit > −1), [0, 1]: how little the mask depends on where it is cut. */
  readonly stability: number;
}

/** Those good enough, in their order. Empty masks are never. */
export function aboveThresholds<T extends Candidate>(
  candidates: readonly T[],
  least: { readonly quality: number; readonly stability: number },
): T[] {
  return candidates.filter(
    ({ mask, quality, stability }) => mask.area > 0 && quality >= least.quality && stability >= least.stability,
  );
}

/** Without those whose box overlaps a better one's by more than `iou`; best first. */
export function suppressBoxes<T extends Candidate>(candidates: readonly T[], iou: number): T[] {
  return suppress(candidates, (a, b) => boxIou(a.mask.box!, b.mask.box!) > iou);
}

/** Without those whose mask overlaps a better one's by more than `iou`; best first. */
export function suppressMasks<T extends Candidate>(candidates: readonly T[], iou: number): T[] {
  return suppress(candidates, (a, b) => mayOverlap(a.mask, b.mask, iou) && rleIou(a.mask, b.mask) > iou);
}

/** Greedy non-maximum suppression by quality; of equals the first stays. */
function suppress<T extends Candidate>(candidates: readonly T[], same: (kept: T, next: T) => boolean): T[] {
  const kept: T[] = [];
  const sorted = candidates.filter(({ mask }) => mask.area > 0).sort((a, b) => b.quality - a.quality);
  for (const next of sorted) if (!kept.some((other) => same(other, next))) kept.push(next);
  return kept;
}

/** Whether the IoU can exceed `iou` at all, by the areas. */
function mayOverlap(a: Rle, b: Rle, iou: number): boolean {
  return Math.min(a.area, b.area) > iou * Math.max(a.area, b.area);
}

/** Fills holes and drops islands smaller than `minArea` px²; candidates of which nothing is left go. */
export function cleanMasks<T extends Candidate>(candidates: readonly T[], minArea: number): T[] {
  const cleaned: T[] = [];
  for (const candidate of candidates) {
    const mask = removeRleSpecks(fillRleHoles(candidate.mask, minArea), minArea);
    if (mask.area > 0) cleaned.push(mask === candidate.mask ? candidate : { ...candidate, mask });
  }
  return cleaned;
}
