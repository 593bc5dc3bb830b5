import { rankErrors } from '../evaluation/error-order';
import type { Figures } from '../evaluation/figures';
import { foundShare } from '../evaluation/image-result';
import { verdictOf } from '../evaluation/threshold';
import type { EvaluatedImage } from './evaluation';

type Cell = string | number | boolean | null;

/** Rows as RFC 4180 wants them. */
function csv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(written).join(',')}\r\n`).join('');
}

function written(cell: Cell): string {
  const text = cell === null ? '' : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * One line an image, in the order of the test set: score, verdict, peak, and for each defect what of it is found.
 * `rank_error` is the share of images of the other sort that are ranked wrongly against it.
 */
export function imagesCsv(images: readonly EvaluatedImage[], threshold: number, pixelThreshold: number | null): string {
  const errors = rankErrors(images);
  const head = [
    'image',
    'subset',
    'defects',
    'score',
    'threshold',
    'verdict',
    'rank_error',
    'peak_x',
    'peak_y',
    'peak_score',
    'peak_on_defect',
    'pixel_threshold',
    'defect_areas',
    'found',
    'width',
    'height',
  ];
  const rows = images.map((image, i): Cell[] => {
    const { path, subset, score, peak, peakOnDefect, defects, width, height } = image;
    const each = (value: (defect: (typeof defects)[number]) => Cell) => defects.map(value).join(';');
    return [
      path,
      subset,
      each(({ name }) => name),
      score,
      threshold,
      verdictOf(image, threshold).replace(' ', '_'),
      errors[i],
      peak.x,
      peak.y,
      peak.score,
      defects.length > 0 ? peakOnDefect : null,
      pixelThreshold,
      each(({ area }) => area),
      pixelThreshold === null ? null : each((defect) => foundShare(defect, pixelThreshold)),
      width,
      height,
    ];
  });
  return csv([head, ...rows]);
}

/** One line a figure: what it is, of which subset and defect, up to which false-positive rate. */
export function summaryCsv(figures: Figures): string {
  const rows: Cell[][] = [
    ['images', 'good', '', '', figures.images.good],
    ['images', 'anomalous', '', '', figures.images.anomalous],
    ['image_auroc', '', '', '', figures.image_auroc],
    ...Object.entries(figures.image_auroc_by_subset).map(([subset, value]) => ['image_auroc', subset, '', '', value]),
    ['image_ap', '', '', '', figures.image_ap],
    ['pixel_auroc', '', '', '', figures.pixel_auroc],
    ['pixel_ap', '', '', '', figures.pixel_ap],
  ];
  const areas = (figure: string, subset: string, defect: string, values: Readonly<Record<string, number>> | null) => {
    for (const [limit, value] of Object.entries(values ?? {})) rows.push([figure, subset, defect, limit, value]);
  };
  areas('aupro', '', '', figures.aupro);
  for (const [subset, values] of Object.entries(figures.aupro_by_subset)) areas('aupro', subset, '', values);
  for (const [subset, values] of Object.entries(figures.au_spro ?? {})) areas('au_spro', subset, '', values);
  for (const [subset, defects] of Object.entries(figures.au_spro_by_defect ?? {})) {
    for (const [defect, values] of Object.entries(defects)) areas('au_spro', subset, defect, values);
  }
  return csv([['figure', 'subset', 'defect', 'limit', 'value'], ...rows]);
}
