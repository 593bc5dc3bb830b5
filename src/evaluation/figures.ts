import type { LimitedArea } from './curves';
import type { Evaluation, SubsetEvaluation } from './evaluator';

/** Areas by the false-positive rate they go up to, written as Python writes it: `0.05`, `1.0`. */
export type AreasByLimit = Readonly<Record<string, number>>;

/**
 * The figures of an evaluation, as `evaluate --json` prints them and as a project keeps them. Null is what is not
 * defined, or not asked of a layout.
 */
export interface Figures {
  readonly images: { readonly good: number; readonly anomalous: number };
  readonly image_auroc: number | null;
  readonly image_ap: number | null;
  readonly pixel_auroc: number | null;
  readonly pixel_ap: number | null;
  readonly aupro: AreasByLimit | null;
  readonly aupro_by_subset: Readonly<Record<string, AreasByLimit | null>>;
  /** By subset, and their `mean`; null unless the layout has saturations. */
  readonly au_spro: Readonly<Record<string, AreasByLimit | null>> | null;
  /** By subset, then by the defect's name. */
  readonly au_spro_by_defect: Readonly<Record<string, Readonly<Record<string, AreasByLimit>>>> | null;
  /** By subset, and their `mean`. */
  readonly image_auroc_by_subset: Readonly<Record<string, number | null>>;
}

/** 1 → "1.0", as Python writes it. */
export function limitName(limit: number): string {
  return Number.isInteger(limit) ? limit.toFixed(1) : String(limit);
}

/** @param spro whether sPRO was asked for. */
export function figuresOf(evaluation: Evaluation, spro: boolean): Figures {
  const { image, pixel, pro, subsets, meanSpro, meanImageAuroc, images } = evaluation;
  const bySubset = <T>(value: (subset: SubsetEvaluation) => T): Record<string, T> =>
    Object.fromEntries(subsets.map((subset) => [subset.name, value(subset)]));
  return {
    images,
    image_auroc: image?.auroc ?? null,
    image_ap: image?.averagePrecision ?? null,
    pixel_auroc: pixel?.auroc ?? null,
    pixel_ap: pixel?.averagePrecision ?? null,
    aupro: areasByLimit(pro?.areas),
    aupro_by_subset: bySubset((subset) => areasByLimit(subset.pro?.areas)),
    au_spro: spro ? { ...bySubset((subset) => areasByLimit(subset.spro?.areas)), mean: areasByLimit(meanSpro) } : null,
    au_spro_by_defect: spro
      ? bySubset(({ defects }) => Object.fromEntries(defects.map(({ name, areas }) => [name, areasByLimit(areas)!])))
      : null,
    image_auroc_by_subset: { ...bySubset(({ imageAuroc }) => imageAuroc), mean: meanImageAuroc },
  };
}

function areasByLimit(areas: readonly LimitedArea[] | undefined | null): AreasByLimit | null {
  return areas ? Object.fromEntries(areas.map(({ limit, area }) => [limitName(limit), area])) : null;
}
