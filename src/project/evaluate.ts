import { reportOf, StudioError, throwIfCancelled } from '../core/errors';
import type { Image8 } from '../core/raster';
import { WORKING_SIDE } from '../core/size';
import { evaluationSample, type AnomalyMapSource } from '../datasets/anomaly-maps';
import type { ImageCodec } from '../datasets/codec';
import type { FileTree } from '../datasets/file-tree';
import { sniffImage } from '../datasets/sniff';
import type { TestImage, TestSet } from '../datasets/test-set';
import { thresholdAtRate } from '../evaluation/curve-sample';
import { Evaluator, type Evaluation, type EvaluationSample } from '../evaluation/evaluator';
import { figuresOf } from '../evaluation/figures';
import { imageResult } from '../evaluation/image-result';
import { bestF1Threshold, noFalseAlarmThreshold } from '../evaluation/threshold';
import type { BlobStore } from './blobs';
import {
  curvesOf,
  encodeDetails,
  type EvaluatedImage,
  type EvaluationDetails,
  type EvaluationProblem,
  type EvaluationRecord,
} from './evaluation';
import type { ImageSource } from './source';
import { encodeMap, encodeTruth } from './stored-map';

/** What is to be evaluated. */
export interface EvaluationInput {
  readonly tree: FileTree;
  readonly set: TestSet;
  readonly maps: AnomalyMapSource;
  readonly testSet: Pick<EvaluationRecord['testSet'], 'title' | 'builtIn'>;
  readonly detector: EvaluationRecord['detector'];
  /** The detector's own thresholds; null where none are known. */
  readonly thresholds: EvaluationDetails['ownThresholds'];
  /** Where a picture is already; null: a copy of working size is kept. */
  photoOf(image: TestImage): ImageSource | null;
}

export interface EvaluationTools {
  readonly codec: ImageCodec;
  /** Of evaluations alone. */
  readonly blobs: Pick<BlobStore, 'put'>;
  /** Encodes a photograph to be looked at. */
  encodePhoto(image: Image8): Promise<Uint8Array<ArrayBuffer>>;
  newId(): string;
  now(): number;
}

export interface EvaluationStep {
  readonly done: number;
  readonly total: number;
  readonly label: string;
  /** With the last step. */
  readonly record: EvaluationRecord | null;
}

/** Where the outline of pixels begins when nothing else is known: false-positive rate of the threshold. */
const OUTLINED_RATE = 0.01;

/**
 * Evaluates a test set image by image, and keeps what is needed to look at it again. An image that cannot be evaluated is
 * left out of the figures, and the details say which and why. Pictures for which there is no room are left out, too.
 * @throws StudioError `cancelled`; `storage-full` or `storage-failed` if the details cannot be kept; what the first image
 * says if none can be evaluated.
 */
export async function* runEvaluation(
  input: EvaluationInput,
  tools: EvaluationTools,
  signal?: AbortSignal,
): AsyncGenerator<EvaluationStep> {
  const { set } = input;
  const total = set.images.length;
  const evaluator = new Evaluator({ spro: set.config !== null });
  const keeper = new Keeper(input, tools);
  const images: EvaluatedImage[] = [];
  const problems: EvaluationProblem[] = [];
  let scoreRule: EvaluationRecord['scoreRule'] = 'maximum';
  let first: StudioError | null = null;
  for (const [i, image] of set.images.entries()) {
    throwIfCancelled(signal, 'evaluation');
    yield { done: i, total, label: image.path, record: null };
    let sample: EvaluationSample;
    try {
      sample = await evaluationSample(input.tree, set, image, input.maps, tools.codec);
      evaluator.add(sample);
    } catch (error) {
      if (!(error instanceof StudioError) || !OF_ONE_IMAGE.has(error.code)) throw error;
      first ??= error;
      problems.push({ path: image.path, message: error.message, leftOut: true });
      continue;
    }
    if (sample.score !== undefined) scoreRule = 'detector';
    const { width, height } = sample.map;
    images.push({ path: image.path, width, height, ...imageResult(sample), ...(await keeper.keep(image, sample)) });
    problems.push(...keeper.problems.splice(0));
  }
  throwIfCancelled(signal, 'evaluation');
  if (images.length === 0) throw allFailed(first!, total);
  yield { done: total, total, label: 'Computing the curves…', record: null };
  const evaluation = evaluator.finish();
  const notes = [...(set.config?.notes ?? []), ...evaluation.notes, ...keeper.notes()];
  const details: EvaluationDetails = {
    ownThresholds: input.thresholds,
    images,
    curves: curvesOf(evaluation),
    notes,
    problems,
  };
  throwIfCancelled(signal, 'evaluation');
  const record: EvaluationRecord = {
    id: tools.newId(),
    name: `${input.testSet.title}, ${input.detector.name}`,
    createdAt: tools.now(),
    testSet: { object: set.object, layout: set.layout, ...input.testSet },
    detector: input.detector,
    scoreRule,
    figures: figuresOf(evaluation, set.config !== null),
    leftOut: total - images.length,
    threshold: input.thresholds?.image ?? bestF1Threshold(images) ?? noFalseAlarmThreshold(images)!,
    pixelThreshold: firstPixelThreshold(input, evaluation),
    details: await tools.blobs.put(encodeDetails(details), 'the evaluation'),
  };
  yield { done: total, total, label: record.name, record };
}

/** Troubles of one file; any other concerns all images. */
const OF_ONE_IMAGE: ReadonlySet<StudioError['code']> = new Set([
  'bad-map',
  'bad-mask',
  'empty-file',
  'file-vanished',
  'image-too-large',
  'image-too-small',
  'model-failed',
  'not-an-image',
  'out-of-memory',
  'truncated-image',
  'unsupported-image',
]);

function allFailed(first: StudioError, total: number): StudioError {
  const { code, stage, file, message } = first;
  if (total === 1) return first;
  const whole = `None of the ${total} test images could be evaluated. The first: ${message}`;
  return new StudioError(code, stage, whole, { file, cause: first });
}

function firstPixelThreshold({ thresholds }: EvaluationInput, { pixel }: Evaluation): number | null {
  if (thresholds) return thresholds.pixel;
  return pixel && thresholdAtRate(pixel.roc, OUTLINED_RATE);
}

/** Keeps pictures, maps and ground truth for looking at them again. What cannot be kept costs no figures. */
class Keeper {
  readonly problems: EvaluationProblem[] = [];
  #refused: StudioError | null = null;
  #unkept = 0;

  constructor(
    private readonly input: EvaluationInput,
    private readonly tools: EvaluationTools,
  ) {}

  async keep(
    image: TestImage,
    { map, defects }: EvaluationSample,
  ): Promise<Pick<EvaluatedImage, 'photo' | 'map' | 'truth'>> {
    const nothing = { photo: null, map: null, truth: null };
    if (this.#refused) {
      this.#unkept++;
      return { ...nothing, photo: this.input.photoOf(image) };
    }
    try {
      const { png, ...range } = encodeMap(map);
      return {
        map: { ...range, sha256: await this.tools.blobs.put(png, image.path) },
        truth: defects.length > 0 ? await this.tools.blobs.put(encodeTruth(defects), image.path) : null,
        photo: this.input.photoOf(image) ?? (await this.#photo(image)),
      };
    } catch (error) {
      if (!(error instanceof StudioError && error.stage === 'storage')) throw error;
      // Full storage concerns every image that follows.
      this.#refused = error;
      this.#unkept++;
      return nothing;
    }
  }

  notes(): string[] {
    if (!this.#refused) return [];
    const count = this.#unkept === 1 ? 'one image' : `${this.#unkept} images`;
    return [`The figures are complete, but of ${count} no picture is kept. ${this.#refused.message}`];
  }

  async #photo(image: TestImage): Promise<ImageSource | null> {
    const { tree } = this.input;
    const { codec, blobs, encodePhoto } = this.tools;
    const file = tree.nameOf(image.path);
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      const stored = await tree.read(image.path);
      sniffImage(stored, file);
      bytes = await encodePhoto(await codec.decode(stored, file, WORKING_SIDE));
    } catch (error) {
      const { message } = reportOf(error, 'evaluation');
      this.problems.push({ path: image.path, message, leftOut: false });
      return null;
    }
    return { kind: 'blob', sha256: await blobs.put(bytes, file) };
  }
}
