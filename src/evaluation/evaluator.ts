import { StudioError, throwIfCancelled } from '../core/errors';
import { createMask, labelComponents, type BinaryMask } from '../core/mask';
import type { Raster } from '../core/raster';
import {
  overlapTask,
  rankingTask,
  totalOf,
  type CurveTask,
  type LimitedArea,
  type OverlapCurve,
  type Ranking,
} from './curves';
import { ScoreCounts, writeKeys } from './score-counts';
import { countsOf, keysOf } from './scores';
import { sweep, type WeightedKeys } from './sweep';

/** The subset of images without a defect. */
export const GOOD = 'good';
/** False-positive rates up to which AUPRO is taken; .3 is the one usually reported. */
export const PRO_LIMITS: readonly number[] = [0.05, 0.3, 1];
/** False-positive rates up to which AU-sPRO is taken; .05 is the one usually reported. */
export const SPRO_LIMITS: readonly number[] = [0.01, 0.05, 0.1, 0.3, 1];

/** One defect of one image: all its pixels, in one piece or several. */
export interface Defect {
  /** Its kind. */
  readonly name: string;
  /** Of the map's size, not empty. */
  readonly mask: BinaryMask;
  /** Found pixels at which it counts as found entirely, from 1 to its area; null where sPRO is not wanted. */
  readonly saturation: number | null;
}

/** A test image: what a detector says of it, and what is wrong with it. */
export interface EvaluationSample {
  /** For messages: the file of the map, where there is one. */
  readonly name: string;
  /** {@link GOOD}, or the kind of anomaly: `logical_anomalies`, `crack`. */
  readonly subset: string;
  /** One channel of finite anomaly scores, higher where more anomalous, in any range. */
  readonly map: Raster;
  /** The image's score, where the detector has a rule of its own for it; otherwise the maximum of the map. */
  readonly score?: number;
  /** They may overlap. */
  readonly defects: readonly Defect[];
}

/** The images of one kind of anomaly against the good ones. */
export interface SubsetEvaluation {
  readonly name: string;
  readonly images: number;
  /** Null without good images. */
  readonly imageAuroc: number | null;
  /** PRO over the regions of this subset, against the false-positive rate of its images and the good ones. */
  readonly pro: OverlapCurve | null;
  /** Null where sPRO was not asked for, or there are no defects or no defect-free pixels. */
  readonly spro: OverlapCurve | null;
  /**
   * sPRO over the defects of one name, against the false-positive rate of the whole subset: the subset's areas are the
   * means of these, weighted by how many defects there are.
   */
  readonly defects: readonly (OverlapCurve & { readonly name: string; readonly count: number })[];
}

export interface Evaluation {
  readonly images: { readonly good: number; readonly anomalous: number };
  readonly pixels: { readonly good: number; readonly anomalous: number };
  /** By {@link imageScore}. Null unless there are good and anomalous images. */
  readonly image: Ranking | null;
  /** Pixels of all images in one pool. Null unless there are good and anomalous pixels. */
  readonly pixel: Ranking | null;
  /** Over 8-connected regions of each image's defects taken together. Null as `pixel`. */
  readonly pro: OverlapCurve | null;
  readonly subsets: readonly SubsetEvaluation[];
  /** Mean over the subsets; null unless there are at least two and each has a value. */
  readonly meanImageAuroc: number | null;
  readonly meanSpro: readonly LimitedArea[] | null;
  /** What could not be computed, and why; sentences. */
  readonly notes: readonly string[];
}

export interface EvaluationOptions {
  /** Whether every defect has a saturation and sPRO is wanted. */
  readonly spro: boolean;
  readonly proLimits?: readonly number[];
  readonly sproLimits?: readonly number[];
}

interface Subset {
  images: number;
  readonly scores: number[];
  readonly negatives: ScoreCounts;
  readonly regions: WeightedKeys[];
  readonly defects: Map<string, WeightedKeys[]>;
}

/**
 * Image and pixel AUROC and average precision, AUPRO (as MVTec AD defines it: Bergmann et al., “The MVTec anomaly
 * detection dataset”, IJCV 2021) and AU-sPRO (as MVTec LOCO does: Bergmann et al., “Beyond dents and scratches”, IJCV
 * 2022), from maps that come one at a time and are not kept.
 *
 * Everything is exact for float32 scores: curves go through every distinct score, equal scores are one step. What
 * stays is a key for each anomalous pixel (4 bytes for the regions, and for sPRO up to 4 for each of its defects) and
 * the counts of the others ({@link ScoreCounts}, at most 3 bytes each).
 */
export class Evaluator {
  readonly #options: Required<EvaluationOptions>;
  readonly #subsets = new Map<string, Subset>();
  #anomalousPixels = 0;
  #keys = new Uint32Array(0);

  constructor(options: EvaluationOptions) {
    this.#options = { proLimits: PRO_LIMITS, sproLimits: SPRO_LIMITS, ...options };
    for (const limit of [...this.#options.proLimits, ...this.#options.sproLimits]) {
      if (!(limit > 0 && limit <= 1)) throw new RangeError(`A limit of the false-positive rate is no ${limit}.`);
    }
  }

  /**
   * Takes an image in; after an error it is as if the image had not been there.
   * @throws StudioError `bad-map` naming the sample, if a score is NaN or infinite.
   * @throws RangeError if sizes differ, a defect is empty, a saturation is out of range, or its own score is not finite.
   */
  add(sample: EvaluationSample): void {
    const { name, subset, map, defects } = sample;
    this.#check(map, defects, subset);
    const { width, height, data } = map;
    if (this.#keys.length < data.length) this.#keys = new Uint32Array(data.length);
    const keys = this.#keys.subarray(0, data.length);
    const bad = writeKeys(data, keys);
    if (bad >= 0) {
      const at = `x ${bad % width}, y ${Math.floor(bad / width)}`;
      const message = `${name} holds ${data[bad]} (at ${at}). Anomaly maps are finite numbers of float32; write it again.`;
      throw new StudioError('bad-map', 'evaluation', message, { file: name });
    }
    const score = imageScore(sample);
    if (!Number.isFinite(score)) throw new RangeError(`The score of ${name} is no ${score}.`);
    const own = this.#subset(subset);
    own.images++;
    own.scores.push(score);
    for (const defect of defects) {
      if (!this.#options.spro) continue;
      // Ties at the saturation are no matter: whichever of them count, they count at the same score.
      const saturation = defect.saturation!;
      const found = keysInside(keys, defect.mask).sort();
      const weighted = { keys: found.slice(found.length - saturation), weight: 1 / saturation };
      const alike = own.defects.get(defect.name);
      if (alike) alike.push(weighted);
      else own.defects.set(defect.name, [weighted]);
    }
    own.negatives.add(
      defects.length > 0 ? this.#takeRegions(keys, unionOf(width, height, defects), own.regions) : keys,
    );
  }

  /** Keeps the keys of each region. @returns those outside. */
  #takeRegions(keys: Uint32Array, mask: BinaryMask, regions: WeightedKeys[]): Uint32Array {
    const { labels, count, areas } = labelComponents(mask, 8);
    const starts = new Uint32Array(count + 2);
    for (let label = 0; label <= count; label++) starts[label + 1] = starts[label] + areas[label];
    const ends = starts.slice();
    const grouped = new Uint32Array(keys.length);
    for (let i = 0; i < keys.length; i++) grouped[ends[labels[i]]++] = keys[i];
    for (let label = 1; label <= count; label++) {
      // A copy, so that the image's other keys can go.
      const region = grouped.slice(starts[label], starts[label + 1]).sort();
      regions.push({ keys: region, weight: 1 / region.length });
      this.#anomalousPixels += region.length;
    }
    return grouped.subarray(0, areas[0]);
  }

  #check({ width, height, channels }: Raster, defects: readonly Defect[], subset: string): void {
    if (channels !== 1) throw new RangeError(`An anomaly map has one channel, not ${channels}.`);
    if (subset === GOOD && defects.length > 0) throw new RangeError('A good image has no defects.');
    for (const { name, mask, saturation } of defects) {
      if (mask.width !== width || mask.height !== height) {
        throw new RangeError(`Map and mask differ in size: ${width}×${height} and ${mask.width}×${mask.height}.`);
      }
      const area = areaOf(mask);
      if (area === 0) throw new RangeError(`The mask of ${name} is empty.`);
      if (this.#options.spro && !(Number.isInteger(saturation) && saturation! >= 1 && saturation! <= area)) {
        throw new RangeError(`The saturation of ${name} is no ${saturation} at an area of ${area}.`);
      }
    }
  }

  #subset(name: string): Subset {
    let subset = this.#subsets.get(name);
    if (!subset) {
      subset = { images: 0, scores: [], negatives: new ScoreCounts(), regions: [], defects: new Map() };
      this.#subsets.set(name, subset);
    }
    return subset;
  }

  /** The figures for what was added so far. Takes seconds for hundreds of megapixels. */
  finish(): Evaluation {
    const { spro, proLimits, sproLimits } = this.#options;
    const good = this.#subsets.get(GOOD);
    const anomalous = [...this.#subsets].filter(([name]) => name !== GOOD).sort(([a], [b]) => (a < b ? -1 : 1));
    const tasks: CurveTask<unknown>[] = [];
    const run = <T>(task: CurveTask<T>): CurveTask<T> => {
      tasks.push(task);
      return task;
    };

    const negatives = [...this.#subsets.values()].map((subset) => subset.negatives);
    const goodPixels = totalOf(negatives);
    const someOfEach = goodPixels > 0 && this.#anomalousPixels > 0;
    const regions = anomalous.flatMap(([, subset]) => subset.regions);
    const single = regions.map(({ keys }) => ({ keys, weight: 1 }));
    const pixel = someOfEach ? run(rankingTask(negatives, single)) : null;
    const pro = someOfEach ? run(overlapTask(negatives, regions, regions.length, proLimits)) : null;

    const goodScores = countsOf(good?.scores ?? []);
    const rankImages = (scores: readonly number[]): CurveTask<Ranking> | null =>
      good && scores.length > 0 ? run(rankingTask([goodScores], [{ keys: keysOf(scores), weight: 1 }])) : null;
    const image = rankImages(anomalous.flatMap(([, { scores }]) => scores));

    const subsets = anomalous.map(([name, subset]) => {
      const axis = good ? [good.negatives, subset.negatives] : [subset.negatives];
      const overlap = (lists: WeightedKeys[], limits = sproLimits) =>
        totalOf(axis) > 0 && lists.length > 0 ? run(overlapTask(axis, lists, lists.length, limits)) : null;
      return {
        name,
        images: subset.images,
        imageRanking: rankImages(subset.scores),
        pro: overlap(subset.regions, proLimits),
        // Without sPRO no defects were kept.
        spro: overlap([...subset.defects.values()].flat()),
        defects: [...subset.defects]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([defect, lists]) => ({ name: defect, count: lists.length, spro: overlap(lists) })),
      };
    });

    sweep(tasks);
    const finished: SubsetEvaluation[] = subsets.map(
      ({ name, images, imageRanking, pro: regional, spro: own, defects }) => ({
        name,
        images,
        imageAuroc: imageRanking?.result().auroc ?? null,
        pro: regional?.result() ?? null,
        spro: own?.result() ?? null,
        defects: defects.flatMap(({ spro: each, ...rest }) => (each ? [{ ...rest, ...each.result() }] : [])),
      }),
    );
    const counts = {
      images: { good: good?.images ?? 0, anomalous: anomalous.reduce((sum, [, { images }]) => sum + images, 0) },
      pixels: { good: goodPixels, anomalous: this.#anomalousPixels },
    };
    return {
      ...counts,
      image: image?.result() ?? null,
      pixel: pixel?.result() ?? null,
      pro: pro?.result() ?? null,
      subsets: finished,
      meanImageAuroc: mean(finished.map(({ imageAuroc }) => imageAuroc)),
      meanSpro: spro ? meanAreas(finished.map((subset) => subset.spro?.areas ?? null)) : null,
      notes: [...notesOn(counts), ...(spro ? notesOnSpro(finished) : [])],
    };
  }
}

/** Evaluates images as they come. @throws StudioError `bad-map`, `cancelled`; what `samples` throws. */
export async function evaluate(
  samples: AsyncIterable<EvaluationSample>,
  options: EvaluationOptions,
  signal?: AbortSignal,
): Promise<Evaluation> {
  const evaluator = new Evaluator(options);
  for await (const sample of samples) {
    throwIfCancelled(signal, 'evaluation');
    evaluator.add(sample);
  }
  return evaluator.finish();
}

/** The detector's own score of the image, else the maximum of its map. */
export function imageScore({ score, map: { data } }: EvaluationSample): number {
  // Ranked as float32, so it is one.
  if (score !== undefined) return Math.fround(score);
  let highest = -Infinity;
  for (let i = 0; i < data.length; i++) if (data[i] > highest) highest = data[i];
  return highest;
}

function areaOf({ data }: BinaryMask): number {
  let area = 0;
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) area++;
  return area;
}

/** Everything that is wrong with an image. */
export function unionOf(width: number, height: number, defects: readonly Defect[]): BinaryMask {
  if (defects.length === 1) return defects[0].mask;
  const all = createMask(width, height);
  for (const { mask } of defects) {
    for (let i = 0; i < all.data.length; i++) if (mask.data[i] !== 0) all.data[i] = 1;
  }
  return all;
}

function keysInside(keys: Uint32Array, mask: BinaryMask): Uint32Array {
  const inside = new Uint32Array(areaOf(mask));
  for (let i = 0, n = 0; i < keys.length; i++) if (mask.data[i] !== 0) inside[n++] = keys[i];
  return inside;
}

function mean(values: readonly (number | null)[]): number | null {
  const there = values.filter((value) => value !== null);
  return there.length < values.length || there.length < 2 ? null : there.reduce((a, b) => a + b) / there.length;
}

function meanAreas(curves: readonly (readonly LimitedArea[] | null)[]): LimitedArea[] | null {
  const [first] = curves;
  if (!first || curves.length < 2 || curves.includes(null)) return null;
  return first.map(({ limit }, i) => ({ limit, area: mean(curves.map((areas) => areas![i].area))! }));
}

function notesOn({ images, pixels }: Pick<Evaluation, 'images' | 'pixels'>): string[] {
  const notes: string[] = [];
  if (images.good === 0) notes.push('There are no good test images, so image AUROC and AP are not defined.');
  if (images.anomalous === 0) {
    notes.push('There are no anomalous test images, so no metric is defined.');
  } else if (pixels.anomalous === 0) {
    notes.push('No test image has a defect in its ground truth, so no pixel or region metric is defined.');
  }
  if (pixels.good === 0 && pixels.anomalous > 0) {
    notes.push('Defects cover every test image entirely, so no pixel or region metric is defined.');
  }
  return notes;
}

function notesOnSpro(subsets: readonly SubsetEvaluation[]): string[] {
  if (subsets.length !== 1) return [];
  const message = `There are only ${subsets[0].name} among the anomalous test images, so the mean over kinds is not defined.`;
  return [message];
}
