import { rankErrors } from './error-order';
import { verdictOf, type Scored, type Verdict } from './threshold';

/** An evaluation to be held against others of the same test set. */
export interface ComparedRun<T extends Scored & { readonly path: string }> {
  readonly images: readonly T[];
  readonly threshold: number;
}

/** An image of several evaluations, in their order. */
export interface Disagreement<T> {
  readonly path: string;
  readonly images: readonly T[];
  readonly verdicts: readonly Verdict[];
}

/**
 * Images that all evaluations have and whose verdicts differ, each at its own threshold: first where their ranks differ
 * most.
 * @returns also how many images all of them have.
 */
export function disagreements<T extends Scored & { readonly path: string }>(
  runs: readonly ComparedRun<T>[],
): { readonly common: number; readonly differing: Disagreement<T>[] } {
  const [first, ...others] = runs.map(({ images }) => {
    const errors = rankErrors(images);
    return new Map(images.map((image, i) => [image.path, { image, error: errors[i] }]));
  });
  const found: (Disagreement<T> & { readonly gap: number })[] = [];
  let common = 0;
  for (const [path, mine] of first ?? []) {
    const theirs = others.flatMap((other) => other.get(path) ?? []);
    if (theirs.length < others.length) continue;
    common++;
    const all = [mine, ...theirs];
    const verdicts = all.map(({ image }, i) => verdictOf(image, runs[i].threshold));
    if (verdicts.every((verdict) => verdict === verdicts[0])) continue;
    const errors = all.map(({ error }) => error);
    const gap = Math.max(...errors) - Math.min(...errors);
    found.push({ path, verdicts, images: all.map(({ image }) => image), gap });
  }
  found.sort((a, b) => b.gap - a.gap);
  return { common, differing: found.map(({ path, images, verdicts }) => ({ path, images, verdicts })) };
}
