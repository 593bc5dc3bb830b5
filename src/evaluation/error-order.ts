import { GOOD } from './evaluator';
import { verdictOf, type Scored } from './threshold';

/**
 * How wrong each image is ranked, whatever the threshold: of an anomalous image the share of good ones that score at
 * least as high, of a good image the share of anomalous ones that score at most as high; ties as half. In [0, 1]; the
 * mean of either kind is 1 − AUROC. 0 where there is nothing to compare with.
 */
export function rankErrors(images: readonly Scored[]): number[] {
  const ascending = (kept: (image: Scored) => boolean) =>
    Float64Array.from(images.filter(kept), ({ score }) => score).sort();
  const good = ascending(({ subset }) => subset === GOOD);
  const anomalous = ascending(({ subset }) => subset !== GOOD);
  return images.map(({ subset, score }) => {
    const others = subset === GOOD ? anomalous : good;
    if (others.length === 0) return 0;
    const below = firstAtLeast(others, score);
    const atMost = firstAbove(others, score);
    const middle = (below + atMost) / 2;
    return (subset === GOOD ? middle : others.length - middle) / others.length;
  });
}

/**
 * Indices of the images, worst first: those with a wrong verdict before those with a right one, each by how wrongly they
 * are ranked, then by how near the threshold they should not have passed, or nearly passed, they are.
 */
export function byError(images: readonly Scored[], threshold: number): number[] {
  const ranks = rankErrors(images);
  const wrong = images.map((image) => {
    const verdict = verdictOf(image, threshold);
    return verdict === 'miss' || verdict === 'false alarm';
  });
  const distance = images.map(({ score }) => Math.abs(score - threshold));
  return images
    .map((_, i) => i)
    .sort(
      (a, b) =>
        Number(wrong[b]) - Number(wrong[a]) ||
        ranks[b] - ranks[a] ||
        (wrong[a] ? distance[b] - distance[a] : distance[a] - distance[b]) ||
        a - b,
    );
}

function firstAtLeast(sorted: Float64Array, score: number): number {
  return search(sorted, (value) => value >= score);
}

function firstAbove(sorted: Float64Array, score: number): number {
  return search(sorted, (value) => value > score);
}

/** The first index whose value has the property; those behind it have it too. */
function search(sorted: Float64Array, has: (value: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (has(sorted[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
