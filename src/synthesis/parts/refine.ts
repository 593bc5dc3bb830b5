import {
  boxGap,
  boxIntersection,
  removeRleSpecks,
  rleContainment,
  rleDifference,
  rleGap,
  rleIntersection,
  rleUnionOf,
  type Rle,
} from '../../core/rle';
import { aboveThresholds, cleanMasks, suppressBoxes, suppressMasks, type Candidate } from './select';

/**
 * LogicAL's semantic regions (section 3.1): SAM over-segments, so its masks are refined by removing background,
 * grouping small regions and merging overlapped ones. The paper states no thresholds; these are settings.
 */
export interface PartSettings {
  /** Least predicted quality, [0, 1]. */
  readonly quality: number;
  /** Least stability, [0, 1]. */
  readonly stability: number;
  /** Boxes that overlap more are of one thing, and the better mask stays. IoU. */
  readonly boxIou: number;
  /** The same of masks. IoU. */
  readonly maskIou: number;
  /** Holes and islands smaller than this share of the image are cleaned away. */
  readonly speckShare: number;
  /** A mask larger than this share of the image is background. */
  readonly largestShare: number;
  /** A mask of which less than this share lies in the foreground is background. */
  readonly foregroundShare: number;
  /** A mask smaller than this share of the image joins its nearest neighbour… */
  readonly crumbShare: number;
  /** …unless that is farther away than this share of the image's diagonal. */
  readonly crumbReach: number;
  /** Masks that overlap more are one part. IoU. */
  readonly mergeIou: number;
  /** A mask of which more than this share lies in another lies inside it… */
  readonly mergeContainment: number;
  /**
   * …and merges with it if it is more than this share of its size: the same thing, seen less completely. A smaller one is
   * a thing of its own and is cut out of what it lies in: a label of its bottle, a pin of its compartment.
   */
  readonly nestShare: number;
}

export const DEFAULT_PART_SETTINGS: PartSettings = {
  quality: 0.88,
  stability: 0.95,
  boxIou: 0.7,
  maskIou: 0.9,
  speckShare: 0.0005,
  largestShare: 0.5,
  foregroundShare: 0.3,
  crumbShare: 0.002,
  crumbReach: 0.05,
  mergeIou: 0.5,
  mergeContainment: 0.8,
  nestShare: 0.6,
};

/** What a person would call one part of the picture. */
export interface Part {
  readonly mask: Rle;
  /** The best quality of the masks it was made of. */
  readonly quality: number;
}

/**
 * From raw masks to parts, largest first.
 * @param candidates all of one size.
 * @param foreground where the product is, of the same size; null where that is not known.
 */
export function refineParts(
  candidates: readonly Candidate[],
  settings: PartSettings = DEFAULT_PART_SETTINGS,
  foreground: Rle | null = null,
): Part[] {
  if (candidates.length === 0) return [];
  const { width, height } = candidates[0].mask;
  const good = suppressBoxes(aboveThresholds(candidates, settings), settings.boxIou);
  const single = suppressMasks(cleanMasks(good, settings.speckShare * width * height), settings.maskIou);
  const parts = removeBackground(single, settings, foreground);
  const merged = mergeOverlapped(groupCrumbs(parts, settings), settings);
  return separateNested(merged, settings).sort((a, b) => b.mask.area - a.mask.area);
}

/** Without masks that are too large for a part, or lie off the foreground. */
export function removeBackground<T extends Part>(
  parts: readonly T[],
  { largestShare, foregroundShare }: Pick<PartSettings, 'largestShare' | 'foregroundShare'>,
  foreground: Rle | null,
): T[] {
  return parts.filter(
    ({ mask }) =>
      mask.area <= largestShare * mask.width * mask.height &&
      (!foreground || rleContainment(mask, foreground) >= foregroundShare),
  );
}

/**
 * Joins each crumb to the part nearest to it, crumb or not; of several equally near, as those it lies in, the smallest.
 * Chains of crumbs become one part.
 */
export function groupCrumbs(
  parts: readonly Part[],
  { crumbShare, crumbReach }: Pick<PartSettings, 'crumbShare' | 'crumbReach'>,
): Part[] {
  if (parts.length === 0) return [];
  const { width, height } = parts[0].mask;
  const groups = new Groups(parts.length);
  const limit = crumbReach * crumbReach * (width * width + height * height);
  parts.forEach(({ mask }, crumb) => {
    if (!mask.box || mask.area >= crumbShare * width * height) return;
    const near: { index: number; bound: number }[] = [];
    parts.forEach((other, index) => {
      if (index === crumb || !other.mask.box) return;
      const bound = boxGap(mask.box!, other.mask.box);
      if (bound <= limit) near.push({ index, bound });
    });
    near.sort((a, b) => a.bound - b.bound || parts[a.index].mask.area - parts[b.index].mask.area);
    let nearest = -1;
    let distance = Infinity;
    for (const { index, bound } of near) {
      if (bound > distance) break;
      // One more, so that what is exactly as near, or at the limit, is still seen.
      const gap = rleGap(mask, parts[index].mask, Math.min(distance, Math.floor(limit)) + 1);
      if (gap === Infinity) continue;
      const closer = gap < distance || (gap === distance && parts[index].mask.area < parts[nearest].mask.area);
      if (closer) {
        nearest = index;
        distance = gap;
      }
    }
    if (nearest >= 0) groups.join(crumb, nearest);
  });
  return unite(parts, groups);
}

/**
 * Makes one part of those that overlap by more than `mergeIou`, or of which one lies in the other and is not much
 * smaller; chains too.
 */
export function mergeOverlapped(
  parts: readonly Part[],
  { mergeIou, mergeContainment, nestShare }: Pick<PartSettings, 'mergeIou' | 'mergeContainment' | 'nestShare'>,
): Part[] {
  const groups = new Groups(parts.length);
  for (let i = 0; i < parts.length; i++) {
    const a = parts[i].mask;
    for (let j = i + 1; j < parts.length; j++) {
      const b = parts[j].mask;
      if (!a.box || !b.box || groups.root(i) === groups.root(j)) continue;
      // The most that the two can have in common decides most pairs without looking at a run.
      const most = Math.min(boxIntersection(a.box, b.box), a.area, b.area);
      const smaller = Math.min(a.area, b.area);
      const alike = smaller > nestShare * Math.max(a.area, b.area);
      const overlaps = (common: number) =>
        common > mergeIou * (a.area + b.area - common) || (alike && common > mergeContainment * smaller);
      if (most > 0 && overlaps(most) && overlaps(rleIntersection(a, b))) groups.join(i, j);
    }
  }
  return unite(parts, groups);
}

/**
 * Cuts out of each part what lies inside it, so that a pixel belongs to the smallest part about it: the map of candidate
 * regions of LogicAL's figure 2. What remains loses its specks; where less than a crumb remains, the part was only the
 * sum of others and goes.
 */
export function separateNested(
  parts: readonly Part[],
  { mergeContainment, crumbShare, speckShare }: Pick<PartSettings, 'mergeContainment' | 'crumbShare' | 'speckShare'>,
): Part[] {
  return parts.flatMap((part) => {
    const { mask } = part;
    const inside = parts.filter(
      ({ mask: other }) =>
        other.area < mask.area &&
        other.box !== null &&
        boxIntersection(other.box, mask.box!) > mergeContainment * other.area &&
        rleIntersection(other, mask) > mergeContainment * other.area,
    );
    if (inside.length === 0) return [part];
    const image = mask.width * mask.height;
    const rest = rleDifference(mask, rleUnionOf(inside.map(({ mask: other }) => other)));
    const kept = removeRleSpecks(rest, speckShare * image);
    return kept.area > 0 && kept.area >= crumbShare * image ? [{ ...part, mask: kept }] : [];
  });
}

/** One part of each group, in the order of their first members. */
function unite(parts: readonly Part[], groups: Groups): Part[] {
  const members = new Map<number, Part[]>();
  parts.forEach((part, i) => {
    const root = groups.root(i);
    const group = members.get(root);
    if (group) group.push(part);
    else members.set(root, [part]);
  });
  return [...members.values()].map((group) =>
    group.length === 1
      ? group[0]
      : { mask: rleUnionOf(group.map(({ mask }) => mask)), quality: Math.max(...group.map(({ quality }) => quality)) },
  );
}

/** Union–find with path halving; the smaller index is the root. */
class Groups {
  readonly #parent: Int32Array;

  constructor(count: number) {
    this.#parent = Int32Array.from({ length: count }, (_, i) => i);
  }

  root(i: number): number {
    const parent = this.#parent;
    while (parent[i] !== i) {
      parent[i] = parent[parent[i]];
      i = parent[i];
    }
    return i;
  }

  join(a: number, b: number): void {
    const p = this.root(a);
    const q = this.root(b);
    this.#parent[Math.max(p, q)] = Math.min(p, q);
  }
}
