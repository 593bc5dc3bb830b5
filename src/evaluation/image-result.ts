import { maskArea, type BinaryMask } from '../core/mask';
import { imageScore, type EvaluationSample } from './evaluator';

/** How much of a defect a map finds, at every pixel threshold. */
export interface DefectResult {
  readonly name: string;
  /** In pixels. */
  readonly area: number;
  /** Found pixels at which it counts as found entirely, 1 … area: the saturation of sPRO, else its area. */
  readonly needed: number;
  /**
   * The k-th (k = 1 … 100) is the score that k % of the needed pixels have or exceed, so that exactly as many entries lie
   * above a threshold as whole per cent of what is needed are found at it. Descending, float32.
   */
  readonly foundAt: readonly number[];
}

/** What an evaluation says of one image. */
export interface ImageResult {
  /** `good`, or the kind of anomaly. */
  readonly subset: string;
  readonly score: number;
  /** The pixel with the highest score, the first in reading order. */
  readonly peak: { readonly x: number; readonly y: number; readonly score: number };
  /** Whether the peak lies on a defect. */
  readonly peakOnDefect: boolean;
  /** About the median of the map's scores (of a sample of its pixels): what its background looks like. */
  readonly median: number;
  readonly defects: readonly DefectResult[];
}

const STEPS = 100;
/** Pixels the median is taken of, about. */
const SAMPLE = 4096;

/** @param sample that an `Evaluator` has taken. */
export function imageResult(sample: EvaluationSample): ImageResult {
  const { subset, map, defects } = sample;
  let at = 0;
  for (let i = 1; i < map.data.length; i++) if (map.data[i] > map.data[at]) at = i;
  const stride = Math.max(1, Math.floor(map.data.length / SAMPLE));
  const some = new Float32Array(Math.ceil(map.data.length / stride));
  for (let i = 0; i < some.length; i++) some[i] = map.data[i * stride];
  some.sort();
  return {
    subset,
    score: imageScore(sample),
    peak: { x: at % map.width, y: Math.floor(at / map.width), score: map.data[at] },
    peakOnDefect: defects.some(({ mask }) => mask.data[at] !== 0),
    median: some[some.length >> 1],
    defects: defects.map(({ name, mask, saturation }) => defectResult(name, mask, saturation, map.data)),
  };
}

function defectResult(name: string, mask: BinaryMask, saturation: number | null, scores: Float32Array): DefectResult {
  const area = maskArea(mask);
  const needed = saturation ?? area;
  const inside = new Float32Array(area);
  for (let i = 0, n = 0; i < scores.length; i++) if (mask.data[i] !== 0) inside[n++] = scores[i];
  inside.sort();
  const foundAt = Array.from({ length: STEPS }, (_, k) => inside[area - Math.ceil(((k + 1) * needed) / STEPS)]);
  return { name, area, needed, foundAt };
}

/** Share of what is needed of a defect that scores above `threshold` find: in [0, 1], whole per cent, cut down. */
export function foundShare({ foundAt }: DefectResult, threshold: number): number {
  let low = 0;
  let high = foundAt.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (foundAt[middle] > threshold) low = middle + 1;
    else high = middle;
  }
  return low / STEPS;
}
