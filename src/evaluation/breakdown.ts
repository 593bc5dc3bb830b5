import { rankErrors } from './error-order';
import { GOOD } from './evaluator';
import type { AreasByLimit, Figures } from './figures';
import { foundShare, type ImageResult } from './image-result';

/** A kind of anomaly, or one of its kinds of defects, at a pair of thresholds. */
export interface BreakdownRow {
  readonly subset: string;
  /** Null for the subset as a whole. */
  readonly defect: string | null;
  /** That have it. */
  readonly images: number;
  readonly defects: number;
  /** Of its images against the good ones. */
  readonly imageAuroc: number | null;
  /** AU-sPRO where the layout has saturations, AUPRO otherwise; null for what is not defined. */
  readonly areas: AreasByLimit | null;
  /** Share of its images whose score lies above the image threshold. */
  readonly recall: number;
  /** Mean over its defects of what is found at the pixel threshold, [0, 1]; null without one. */
  readonly found: number | null;
}

/**
 * Figures by kind of anomaly, each followed by its kinds of defects where it has several or they have figures of their
 * own; names in order.
 * @param pixelThreshold null: nothing is outlined.
 */
export function breakdown(
  images: readonly ImageResult[],
  figures: Figures,
  threshold: number,
  pixelThreshold: number | null,
): BreakdownRow[] {
  const good = images.filter(({ subset }) => subset === GOOD);
  const row = (subset: string, defect: string | null, areas: AreasByLimit | null): BreakdownRow => {
    const has = (name: string) => defect === null || name === defect;
    const own = images.filter(
      (image) => image.subset === subset && (defect === null || image.defects.some(({ name }) => has(name))),
    );
    const defects = own.flatMap((image) => image.defects).filter(({ name }) => has(name));
    const shares = pixelThreshold === null ? [] : defects.map((each) => foundShare(each, pixelThreshold));
    const scores = own.map(({ score }) => score);
    return {
      subset,
      defect,
      images: own.length,
      defects: defects.length,
      imageAuroc: defect === null ? figures.image_auroc_by_subset[subset] : auroc(own, good),
      areas,
      recall: own.length > 0 ? scores.filter((score) => score > threshold).length / own.length : 0,
      found: shares.length > 0 ? shares.reduce((sum, share) => sum + share) / shares.length : null,
    };
  };
  const subsets = [...new Set(images.map(({ subset }) => subset))].filter((subset) => subset !== GOOD).sort();
  return subsets.flatMap((subset) => {
    const own = images.filter((image) => image.subset === subset);
    const names = [...new Set(own.flatMap(({ defects }) => defects.map(({ name }) => name)))].sort();
    const areas = figures.au_spro ? figures.au_spro[subset] : figures.aupro_by_subset[subset];
    const isOne = names.length < 2 && names.every((name) => name === subset);
    const byDefect = figures.au_spro_by_defect?.[subset];
    return [
      row(subset, null, areas ?? null),
      ...(isOne ? [] : names.map((name) => row(subset, name, byDefect?.[name] ?? null))),
    ];
  });
}

function auroc(anomalous: readonly ImageResult[], good: readonly ImageResult[]): number | null {
  if (good.length === 0 || anomalous.length === 0) return null;
  const errors = rankErrors([...anomalous, ...good]).slice(0, anomalous.length);
  return 1 - errors.reduce((sum, error) => sum + error) / errors.length;
}
