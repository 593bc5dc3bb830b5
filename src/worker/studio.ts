import { transfer } from 'comlink';
import type { Backend, DeviceRaster } from '../compute/backend';
import { reportOf, StudioError, throwIfCancelled, type ErrorReport } from '../core/errors';
import { sha256 } from '../core/hash';
import { encodeMask, quantizeMask } from '../core/mask-codec';
import { Random } from '../core/random';
import { rasterizeRegion } from '../core/rasterize';
import {
  filledRaster,
  grey8FromRaster,
  image8FromRaster,
  resizeRaster,
  rgbFromImage8,
  type Raster,
} from '../core/raster';
import { type Augmentation, type EncodedMask, type ImageRef, type RegionShape, type Renderer } from '../core/recipe';
import { RegionCanvas } from '../core/region-canvas';
import { maskFromRle, rleFromMask, type Rle } from '../core/rle';
import { DEFAULT_WAND, magicWand } from '../core/wand';
import { fitInside, WORKING_SIDE, workingSize } from '../core/size';
import { detectorMaps } from '../datasets/anomaly-maps';
import { browserCodec } from '../datasets/codec-browser';
import { encodeGreyPng, encodeRgbPng } from '../datasets/codec';
import type { FileTree } from '../datasets/file-tree';
import { categoryName, mvtecAdEntries, type ExportNormal, type ExportPair } from '../datasets/mvtec-ad';
import { zipStream } from '../datasets/zip';
import type { Detector } from '../models/detector/detector';
import type { Explanation } from '../models/detector/form';
import { looksLikeDetector } from '../models/detector/load';
import { looksLikeGenerator } from '../models/generator/load';
import { gridPrompts, LEAST_KEPT } from '../models/sam/everything';
import { PROMPT_BATCH } from '../models/sam/family';
import { loadOwnSam } from '../models/sam/load';
import type { WeightFile } from '../models/official';
import type { Prompt, SegmentedMask } from '../models/sam/segmenter';
import type { CandidatesKey } from '../models/sam/stored';
import { OpfsBlobStore, type BlobStore } from '../project/blobs';
import { DerivedCache, OpfsFiles, type KeyedFiles } from '../project/derived';
import { DEMO_PATH, readDemoIndex } from '../project/demo';
import type { Draft, ImageRecord, Measure, Variant } from '../project/document';
import type { EvaluationRecord } from '../project/evaluation';
import { openEvaluationStore } from '../project/evaluation-store';
import { importImages, THUMBNAIL_SIDE } from '../project/import';
import type { ImageSource } from '../project/source';
import type { TrainingRunRecord, TrainingTask } from '../project/training';
import { TrainingStore } from '../project/training-store';
import { randomAugmentation } from '../synthesis/donor';
import { findParts, PARTS_GRID } from '../synthesis/parts/find';
import type { PartSettings } from '../synthesis/parts/refine';
import { recipeFor } from '../synthesis/recipes';
import { randomArbitraryRegion } from '../synthesis/regions';
import { PreparedSource } from '../synthesis/source';
import { measure, synthesize, type Synthesis } from '../synthesis/synthesize';
import type { Stages, SynthesisRequest } from '../synthesis/types';
import { verdicts } from '../synthesis/verdicts';
import type { TrainingConfig } from '../training/run/config';
import { findWebGl } from '../training/webgl';
import type {
  ComputePreference,
  ComputeStatus,
  DetectRequest,
  EvaluateRequest,
  ExportRequest,
  HeatMap,
  ImportBatch,
  ImportFile,
  ImportSummary,
  Job,
  MapsFound,
  MaskProposal,
  ModelInfo,
  NetworkChoice,
  NetworkOffer,
  NetworkTask,
  OpenedImage,
  PartProposal,
  PartsFound,
  Preview,
  PreviewRequest,
  Progress,
  SamplePictures,
  StudioWorker,
  TestSetChoice,
  TestSetInfo,
  TrainingNews,
  TrainingPlan,
  TrainingRequest,
} from './api';
import { toBitmap } from './bitmaps';
import { heatMap } from './detection';
import { Engine, type OpenNetworks } from './engine';
import { Evaluations, type DetectorMaps } from './evaluations';
import { bytesOf } from './files';
import { Jobs, LatestOnly, SerialQueue } from './jobs';
import { NetworkLibrary } from './library';
import { Models } from './models';
import { encodeThumbnail, Pixels } from './pixels';
import { Segmentation } from './segmentation';
import { IndexedDbSettings, type Settings } from './settings';
import { Trainings } from './trainings';

/** Prepared images kept: the open one, its donors of the last minutes. Each holds a few float planes. */
const PREPARED_LIMIT = 12;

/** Grid points a side of everything mode: 4,096 prompts take minutes. */
const MOST_POINTS = 64;

/** Embeddings and raw masks kept: at most so many bytes, and so large a share of what the browser grants. */
const DERIVED_BYTES = 256 * 2 ** 20;
const DERIVED_SHARE = 0.1;

/** Where the worker keeps what is not part of the document. */
export interface WorkerStorage {
  /** Weights; apart from the document's blobs, which nothing but the document refers to. */
  readonly weights: BlobStore;
  readonly settings: Settings;
  readonly derived: DerivedCache;
  /** What is kept of evaluations. */
  readonly evaluations: BlobStore;
  readonly trainings: KeyedFiles;
}

function browserStorage(): WorkerStorage {
  const folder = async () => (await navigator.storage.getDirectory()).getDirectoryHandle('networks', { create: true });
  const limit = async () => {
    const { quota = Infinity } = await navigator.storage.estimate();
    return Math.min(DERIVED_BYTES, DERIVED_SHARE * quota);
  };
  return {
    weights: new OpfsBlobStore(folder),
    settings: new IndexedDbSettings(),
    derived: new DerivedCache(new OpfsFiles('derived'), limit),
    evaluations: openEvaluationStore(),
    trainings: new OpfsFiles('trainings'),
  };
}

/** Detections that take longer (ms) wait until no preview does, so that pictures follow the hand. */
const LIVE_LIMIT = 120;

interface Shown {
  readonly serial: number;
  readonly synthesis: Synthesis;
  readonly stages: Stages;
  readonly request: PreviewRequest;
}

/** The studio's compute worker: owns the device, the networks and the pixels. One piece of compute runs at a time. */
export class Studio implements StudioWorker {
  readonly #blobs = new OpfsBlobStore();
  readonly #pixels = new Pixels(this.#blobs);
  readonly #library: NetworkLibrary;
  readonly #models: Models;
  readonly #jobs = new Jobs();
  readonly #queue = new SerialQueue();
  readonly #previews = new LatestOnly(this.#queue);
  readonly #hovers = new LatestOnly(this.#queue, 'idle');
  readonly #foregrounds = new LatestOnly(this.#queue, 'idle');
  readonly #detections = { photographs: new LatestOnly(this.#queue, 'idle'), previews: new LatestOnly(this.#queue) };
  #detectionTook = 0;
  readonly #segmentation: Segmentation;
  readonly #evaluations: Evaluations;
  readonly #trainings: Trainings;
  #engine: Promise<Engine> | null = null;
  #preference: ComputePreference = 'auto';
  /** Prepared images by id, youngest last; of one generation of stages. */
  readonly #prepared = new Map<string, PreparedSource>();
  #shown: Shown | null = null;
  #serial = 0;
  #regionOf: string | null = null;
  #regionCanvas: RegionCanvas | null = null;

  /** @param given instead of what the browser keeps. */
  constructor(given: Partial<WorkerStorage> = {}) {
    const storage = { ...browserStorage(), ...given };
    this.#library = new NetworkLibrary(storage.weights, storage.settings);
    this.#models = new Models(this.#pixels, this.#library);
    this.#segmentation = new Segmentation(storage.derived);
    this.#evaluations = new Evaluations(this.#pixels, storage.evaluations, () => this.#demoIndex());
    this.#trainings = new Trainings(this.#trainingHost(), new TrainingStore(storage.trainings));
  }

  /** Told once by the page: addresses of what comes with the studio are relative to it. */
  locate(base: string): void {
    this.#pixels.base = base;
  }

  async start(preference: ComputePreference): Promise<ComputeStatus> {
    this.#preference = preference;
    const why = 'Training was paused, since the studio began to compute elsewhere. Go on with it.';
    return this.#queue.run(async () => (await this.#restart(why)).status);
  }

  async demo(): Promise<readonly ImportBatch[]> {
    return readDemoIndex(await this.#demoIndex()).map((scene) => ({ ...scene, problems: [] }));
  }

  async #demoIndex(): Promise<unknown> {
    try {
      return await (await fetch(new URL(`${DEMO_PATH}index.json`, this.#pixels.base))).json();
    } catch (cause) {
      throw new StudioError(
        'file-vanished',
        'import',
        'The demo could not be loaded. Check that the studio is still being served, then reload the page.',
        { cause },
      );
    }
  }

  importFiles(
    job: Job,
    files: readonly ImportFile[],
    known: readonly string[],
    onBatch: (batch: ImportBatch, progress: Progress) => void,
  ): Promise<ImportSummary> {
    return this.#jobs.run(job, async (signal) => {
      const sources = files.map(({ path, file }) => ({
        path,
        size: file.size,
        bytes: async () => new Uint8Array(await file.arrayBuffer()),
      }));
      const tools = {
        codec: browserCodec,
        blobs: this.#blobs,
        encodeThumbnail,
        available: async () => {
          const { quota, usage } = await navigator.storage.estimate();
          return quota === undefined || usage === undefined ? undefined : quota - usage;
        },
        newId: () => crypto.randomUUID(),
        now: () => Date.now(),
      };
      const problems: ImportSummary['problems'][number][] = [];
      let first: ImportSummary['dataset'] | null = null;
      let imported = 0;
      for await (const step of importImages(sources, known, tools, signal)) {
        first ??= step.dataset;
        imported += step.images.length;
        problems.push(...step.problems);
        const { dataset, images, done, total, label } = step;
        onBatch({ dataset, images, problems: step.problems }, { done, total, label });
      }
      // importImages throws when there is nothing to import, so there was at least one step.
      return { dataset: first!, imported, problems };
    });
  }

  openImage(image: ImageRecord): Promise<OpenedImage> {
    return this.#compute(async (stages) => {
      const source = await this.#prepare(image, stages);
      const { backend } = stages;
      const edges = await source.edges('e1');
      const fit = await this.#models.fitOf(image, source);
      const photo = await toBitmap(backend, source.photo);
      const edgePicture = await toBitmap(backend, edges);
      const opened: OpenedImage = {
        imageId: image.id,
        width: source.raster.width,
        height: source.raster.height,
        photo,
        edges: edgePicture,
        renderer: fit.renderer,
        rendererReason: fit.reason,
        generatorAvailable: stages.generator !== null,
      };
      return transfer(opened, [photo, edgePicture]);
    });
  }

  preview(request: PreviewRequest): Promise<Preview> {
    return this.#previews.run(() =>
      this.#withEngine(async (stages) => {
        const started = performance.now();
        const { synthesis, renderer } = await this.#synthesize(request, stages);
        this.#shown?.synthesis.dispose();
        const serial = ++this.#serial;
        this.#shown = { serial, synthesis, stages, request };
        const { backend } = stages;
        const [editedEdges, result, mask, region] = await Promise.all([
          toBitmap(backend, synthesis.editedEdges),
          toBitmap(backend, synthesis.result),
          toBitmap(backend, synthesis.changed),
          toBitmap(backend, synthesis.region),
        ]);
        const milliseconds = performance.now() - started;
        return transfer({ serial, editedEdges, result, mask, region, renderer, milliseconds }, [
          editedEdges,
          result,
          mask,
          region,
        ]);
      }),
    );
  }

  measure(): Promise<Measure> {
    return this.#queue.run(async () => {
      if (!this.#shown) throw new StudioError('cancelled', 'synthesis', 'There is no result to measure yet.');
      const { synthesis, stages } = this.#shown;
      return this.#measure(synthesis, stages);
    });
  }

  detect({ image, of, scale, explain }: DetectRequest): Promise<HeatMap> {
    const work = () =>
      this.#withEngine(async (stages, open) => {
        const detector = await open.detector();
        const picture =
          of === 'photograph' ? (await this.#prepare(image, stages)).photo : await this.#previewed(of, stages);
        const found = await heatMap(stages.backend, detector, picture, { scale, explain });
        this.#detectionTook = found.milliseconds;
        return transfer(found, [found.heat, found.map.data.buffer, ...(found.explanation ? [found.explanation] : [])]);
      });
    if (of === 'photograph') return this.#detections.photographs.run(work);
    return this.#detections.previews.run(work, this.#detectionTook > LIVE_LIMIT ? 'idle' : 'in turn');
  }

  /** The result of a preview, made anew if its device is gone. @throws StudioError `cancelled` unless it is shown. */
  async #previewed({ preview }: { readonly preview: number }, stages: Stages): Promise<DeviceRaster> {
    const shown = this.#shown;
    if (shown?.serial !== preview) {
      throw new StudioError('cancelled', 'model', 'Another result is shown by now.');
    }
    if (shown.stages === stages) return shown.synthesis.result;
    const { synthesis } = await this.#synthesize(shown.request, stages);
    this.#shown = { ...shown, synthesis, stages };
    return synthesis.result;
  }

  async detector(): Promise<ModelInfo | null> {
    const info = await this.#models.detectorInfo();
    return info.state === 'missing' ? null : info;
  }

  async randomRegion(image: ImageRecord, seed: number, share: number, foreground: Rle | null): Promise<RegionShape[]> {
    const { width, height } = workingSize(image);
    return randomArbitraryRegion(new Random(seed), width, height, {
      share,
      foreground: foreground ? maskFromRle(foreground) : undefined,
    });
  }

  async randomAugmentation(seed: number): Promise<Augmentation> {
    return randomAugmentation(new Random(seed));
  }

  wand(
    image: ImageRecord,
    x: number,
    y: number,
    options: { readonly tolerance: number; readonly contiguous: boolean },
  ): Promise<EncodedMask> {
    return this.#compute(async (stages) =>
      encodeMask(magicWand(await this.#raster(image, stages), x, y, { ...DEFAULT_WAND, ...options })),
    );
  }

  async encodeRegion(image: ImageRecord, draft: Draft): Promise<EncodedMask> {
    const { width, height } = workingSize(image);
    return encodeMask(rasterizeRegion(draft.shapes, width, height, draft.feather, draft.grow));
  }

  keep(request: PreviewRequest, id: string, name: string): Promise<Variant> {
    return this.#compute(async (stages) => {
      const { synthesis } = await this.#synthesize(request, stages);
      try {
        const { backend } = stages;
        const measured = await measure(synthesis, backend);
        const result = await backend.download(synthesis.result);
        const region = await backend.download(synthesis.region);
        const { width, height } = result;
        const image = image8FromRaster(result);
        const maskBytes = Uint8Array.from(measured.mask.data, (inside) => inside * 255);
        const small = fitInside(width, height, THUMBNAIL_SIDE);
        const preview = image8FromRaster(resizeRaster(result, small.width, small.height));
        const [imageId, maskId, regionId, thumbnail] = [
          await this.#blobs.put(encodeRgbPng(image)),
          await this.#blobs.put(encodeGreyPng(maskBytes, width, height)),
          await this.#blobs.put(encodeGreyPng(grey8FromRaster(region), width, height)),
          await this.#blobs.put(await encodeThumbnail(preview)),
        ];
        const recipe = recipeFor(synthesis.request, stages, {
          seed: request.draft.seed,
          source: refOf(request.image),
          donor: request.donor && refOf(request.donor),
          shapes: request.draft.shapes,
          grow: request.draft.grow,
          feather: request.draft.feather,
        });
        return {
          id,
          imageId: request.image.id,
          name,
          createdAt: Date.now(),
          recipe,
          draft: request.draft,
          image: imageId,
          mask: maskId,
          region: regionId,
          thumbnail,
          measure: this.#judge(measured, synthesis),
        };
      } finally {
        synthesis.dispose();
      }
    });
  }

  async exportZip(
    job: Job,
    request: ExportRequest,
    onProgress: (progress: Progress) => void,
  ): Promise<ReadableStream<Uint8Array>> {
    const category = categoryName(request.category);
    const total = request.variants.length + request.normals.length;
    let done = 0;
    const step = (label: string) => onProgress({ done: ++done, total, label });
    const blobs = this.#blobs;
    const pixels = this.#pixels;
    // The stream is read by the page; the job lasts until it ends, fails or is cancelled.
    let finish: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      finish = resolve;
    });
    return new Promise((resolve, reject) => {
      this.#jobs
        .run(job, async (signal) => {
          async function* normals(): AsyncGenerator<ExportNormal> {
            for (const image of request.normals) {
              throwIfCancelled(signal, 'export');
              const decoded = await browserCodec.decode(await pixels.bytes(image.source, image.name), image.name);
              yield { name: image.path, image: encodeRgbPng(decoded) };
              step(image.name);
            }
          }
          async function* pairs(): AsyncGenerator<ExportPair> {
            for (const { variant } of request.variants) {
              throwIfCancelled(signal, 'export');
              yield {
                recipe: variant.recipe,
                name: variant.name,
                image: await blobs.get(variant.image),
                mask: await blobs.get(variant.mask),
              };
              step(variant.name);
            }
          }
          const createdAt = new Date();
          const models = (await this.#models.list())
            .filter(({ task, state }) => task !== 'detector' && state !== 'missing')
            .map(({ id, sha256: hash, licence }) => ({ id, sha256: hash, licence }));
          const entries = mvtecAdEntries(category, pairs(), normals(), { models, createdAt, sha256 });
          const zip = zipStream(entries, createdAt);
          const stream = watchEnd(zip, finish);
          resolve(transfer(stream, [stream]));
          await ended;
        })
        .catch(reject);
    });
  }

  prepareSegmentation(job: Job, image: ImageRecord, onProgress: (progress: Progress) => void): Promise<void> {
    return this.#jobs.run(job, async (signal) => {
      const step = (done: number, label: string) => onProgress({ done, total: 2, label });
      step(0, 'Opening the segmentation network…');
      // Two turns of the queue, so that what is waiting goes in between.
      await this.#compute(async (_, open) => void (await open.segmenter()));
      throwIfCancelled(signal, 'model');
      step(1, 'Reading the picture…');
      await this.#compute(async (stages, open) => {
        throwIfCancelled(signal, 'model');
        await this.#segmentation.embed(await this.#keyOf(image), await open.segmenter(), () =>
          this.#raster(image, stages),
        );
      });
      step(2, image.name);
    });
  }

  segment(image: ImageRecord, prompt: Prompt, hover = false): Promise<readonly MaskProposal[]> {
    const work = () =>
      this.#withEngine(async (stages, open) => {
        const segmenter = await open.segmenter();
        return this.#segmentation.segment(
          await this.#keyOf(image),
          segmenter,
          () => this.#raster(image, stages),
          prompt,
        );
      });
    return hover ? this.#hovers.run(work) : this.#queue.run(work);
  }

  everything(
    job: Job,
    image: ImageRecord,
    grid: number,
    onProgress: (progress: Progress) => void,
  ): Promise<PartsFound> {
    return this.#jobs.run(job, async (signal) => {
      if (!(Number.isInteger(grid) && grid >= 1 && grid <= MOST_POINTS)) {
        const message = `A grid has 1 to ${MOST_POINTS} points a side, not ${grid}. Choose another.`;
        throw new StudioError('bad-argument', 'model', message);
      }
      const { width, height } = workingSize(image);
      const prompts = gridPrompts(width, height, grid);
      const total = prompts.length;
      const masks: SegmentedMask[] = [];
      onProgress({ done: 0, total, label: image.name });
      // Each batch waits its turn, so that previews and hovers go on in between.
      for (let i = 0; i < total; i += PROMPT_BATCH) {
        throwIfCancelled(signal, 'model');
        const batch = prompts.slice(i, i + PROMPT_BATCH);
        const found = await this.#compute(async (stages, open) => {
          const segmenter = await open.segmenter();
          const pixels = () => this.#raster(image, stages);
          const embedding = await this.#segmentation.embed(await this.#keyOf(image), segmenter, pixels);
          return segmenter.segmentAll(embedding, batch, LEAST_KEPT, signal);
        });
        masks.push(...found);
        onProgress({ done: i + batch.length, total, label: image.name });
      }
      const candidates = this.#segmentation.keep(await this.#keyOf(image), masks);
      return { candidates, settings: await this.#models.partSettings() };
    });
  }

  async refine(image: ImageRecord, settings: PartSettings, foreground: Rle | null): Promise<readonly PartProposal[]> {
    return this.#segmentation.refine(await this.#keyOf(image), settings, foreground);
  }

  /** What the segmentation network's findings about an image are kept under. */
  async #keyOf(image: ImageRecord): Promise<CandidatesKey> {
    return { image: image.source.sha256, ...(await this.#models.samHashes()), ...workingSize(image) };
  }

  async foreground(image: ImageRecord, threshold: number): Promise<Rle> {
    if (!(threshold >= 0 && threshold <= 1)) {
      const message = `The foreground's threshold lies between 0 and 1, not at ${threshold}. Choose another.`;
      throw new StudioError('bad-argument', 'synthesis', message);
    }
    return this.#foregrounds.run(() =>
      this.#withEngine(async (stages) => {
        const source = await this.#prepare(image, stages);
        return rleFromMask((await source.foreground()).above(threshold));
      }),
    );
  }

  testSets(files: readonly ImportFile[] | null): Promise<readonly TestSetInfo[]> {
    return this.#evaluations.testSets(files);
  }

  findMaps(testSet: TestSetChoice, files: readonly ImportFile[]): Promise<MapsFound> {
    return this.#evaluations.findMaps(testSet, files);
  }

  evaluate(job: Job, request: EvaluateRequest, onProgress: (progress: Progress) => void): Promise<EvaluationRecord> {
    return this.#jobs.run(job, (signal) => {
      const byDetector = (tree: FileTree) => this.#detectorMaps(tree, signal);
      return this.#evaluations.evaluate(request, byDetector, onProgress, signal);
    });
  }

  /** Maps by the detector in use: an image is a turn of the queue, so that previews go on in between. */
  async #detectorMaps(tree: FileTree, signal: AbortSignal): Promise<DetectorMaps> {
    const { ref, title, form, card } = await this.#models.detector();
    const detect: Detector['detect'] = (image, options) =>
      this.#compute(async (_, open) => {
        throwIfCancelled(signal, 'evaluation');
        const now = await this.#models.detector();
        if (now.ref.sha256 !== ref.sha256) {
          const message = `${title} was exchanged for ${now.title} meanwhile. Evaluate again with the one you want.`;
          throw new StudioError('bad-argument', 'evaluation', message);
        }
        return (await open.detector()).detect(image, options);
      });
    return {
      maps: detectorMaps(tree, { detect }, browserCodec, signal),
      detector: { kind: card ? 'shipped' : 'file', name: title, sha256: ref.sha256 },
      thresholds: form.threshold,
    };
  }

  explain(photo: ImageSource, explain: Explanation, sha256: string): Promise<ImageBitmap | null> {
    return this.#compute(async (stages, open) => {
      const { ref, form } = await this.#models.detector();
      if (ref.sha256 !== sha256 || !form.explanations.includes(explain)) return null;
      const bytes = await this.#evaluations.photo(photo);
      const image = rgbFromImage8(await browserCodec.decode(bytes, 'The photograph', WORKING_SIDE));
      const { explanations } = await (await open.detector()).detect(image, { explain: [explain] });
      const picture = stages.backend.upload(explanations[explain]!);
      try {
        const bitmap = await toBitmap(stages.backend, picture);
        return transfer(bitmap, [bitmap]);
      } finally {
        stages.backend.release(picture);
      }
    });
  }

  sweepEvaluations(details: readonly string[]): Promise<void> {
    return this.#evaluations.sweep(details);
  }

  planTraining(task: TrainingTask, images: readonly ImageRecord[], seed: number): Promise<TrainingPlan> {
    return this.#trainings.plan(task, images, seed);
  }

  expectedStepSeconds(job: Job, config: TrainingConfig): Promise<number> {
    return this.#jobs.run(job, (signal) => this.#trainings.expectedStepSeconds(config, signal));
  }

  train(job: Job, request: TrainingRequest, onNews: (news: TrainingNews) => void): Promise<TrainingRunRecord> {
    return this.#jobs.run(job, (signal) => this.#trainings.begin(request, signal, onNews));
  }

  resumeTraining(
    job: Job,
    id: string,
    steps: number | null,
    onNews: (news: TrainingNews) => void,
  ): Promise<TrainingRunRecord> {
    return this.#jobs.run(job, (signal) => this.#trainings.resume(id, steps, signal, onNews));
  }

  trainingRuns(): Promise<readonly TrainingRunRecord[]> {
    return this.#trainings.list();
  }

  trainingSamples(id: string, step: number): Promise<readonly SamplePictures[]> {
    return this.#trainings.samples(id, step);
  }

  renameTraining(id: string, name: string): Promise<TrainingRunRecord> {
    return this.#trainings.rename(id, name);
  }

  removeTraining(id: string): Promise<void> {
    return this.#trainings.remove(id);
  }

  async trainedNetwork(id: string): Promise<{ readonly name: string; readonly file: Blob }> {
    const { name, bytes } = await this.#trainings.network(id);
    return { name, file: new Blob([bytes], { type: 'application/octet-stream' }) };
  }

  useTrained(id: string): Promise<ModelInfo> {
    return this.#trainings.use(id);
  }

  models(): Promise<readonly ModelInfo[]> {
    return this.#models.list();
  }

  async taskOf(file: File): Promise<'edges' | 'generator' | 'detector'> {
    const bytes = await bytesOf(file);
    if (looksLikeDetector(bytes)) return 'detector';
    return looksLikeGenerator(bytes) ? 'generator' : 'edges';
  }

  async useGenerator(file: File): Promise<ModelInfo> {
    return this.#useOwnFile('generator', { name: file.name, bytes: await bytesOf(file) });
  }

  useShippedGenerator(): Promise<ModelInfo> {
    return this.#use('generator', { kind: 'shipped' });
  }

  async useDetector(file: File): Promise<ModelInfo> {
    return this.#useOwnFile('detector', { name: file.name, bytes: await bytesOf(file) });
  }

  useShippedDetector(): Promise<ModelInfo> {
    return this.#use('detector', { kind: 'shipped' });
  }

  async useSegmenter(files: readonly File[]): Promise<ModelInfo> {
    const read = await Promise.all(files.map(async (file) => ({ name: file.name, bytes: await bytesOf(file) })));
    return this.#switch('segmentation', { kind: 'own' }, async () => {
      const info = await this.#models.useSam({ kind: 'own' }, read);
      return { info, keep: () => this.#library.keepOwn('segmentation', read) };
    });
  }

  useShippedSegmenter(): Promise<ModelInfo> {
    return this.#use('segmentation', { kind: 'shipped' });
  }

  async useWeights(file: File): Promise<ModelInfo> {
    return this.#useOwnFile('edges', { name: file.name, bytes: await bytesOf(file) });
  }

  useShippedWeights(): Promise<ModelInfo> {
    return this.#use('edges', { kind: 'shipped' });
  }

  async officials(): Promise<readonly NetworkOffer[]> {
    return this.#library.offers(await this.#models.choices());
  }

  download(
    job: Job,
    id: string,
    accepted: boolean,
    onProgress: (progress: Progress) => void,
  ): Promise<ErrorReport | null> {
    return this.#jobs.run(job, async (signal) => {
      const { task, title } = this.#library.official(id);
      const { notKept } = await this.#library.download(id, {
        accepted,
        signal,
        onProgress: ({ done, total }) => onProgress({ done, total, label: title }),
        // An edge detector's hash is published; of a SAM's files not always.
        recognise: task === 'segmentation' ? loadOwnSam : undefined,
      });
      return notKept && reportOf(notKept, 'storage');
    });
  }

  useOfficial(id: string): Promise<ModelInfo> {
    return this.#use(this.#library.official(id).task, { kind: 'official', id });
  }

  useOwn(task: NetworkTask): Promise<ModelInfo> {
    return this.#use(task, { kind: 'own' });
  }

  async removeNetwork(id: string): Promise<void> {
    const offer = (await this.officials()).find((entry) => entry.id === id);
    if (!offer) return;
    if (offer.inUse) {
      const message = `${offer.title} is in use. Go back to the shipped network first.`;
      throw new StudioError('bad-argument', 'model', message);
    }
    await (offer.source === 'own' ? this.#library.removeOwn(offer.task) : this.#library.removeOfficial(id));
  }

  /** A network of one file. */
  #useOwnFile(task: Exclude<NetworkTask, 'segmentation'>, file: WeightFile): Promise<ModelInfo> {
    const choice = { kind: 'own' } as const;
    return this.#switch(task, choice, async () => {
      const info = await {
        edges: () => this.#models.useEdges(choice, file),
        generator: () => this.#models.useGenerator(choice, file),
        detector: () => this.#models.useDetector(choice, file),
      }[task]();
      return { info, keep: () => this.#library.keepOwn(task, [file]) };
    });
  }

  #use(task: NetworkTask, choice: NetworkChoice): Promise<ModelInfo> {
    const take = {
      edges: () => this.#models.useEdges(choice),
      generator: () => this.#models.useGenerator(choice),
      segmentation: () => this.#models.useSam(choice),
      detector: () => this.#models.useDetector(choice),
    }[task];
    return this.#switch(task, choice, async () => ({ info: await take() }));
  }

  /**
   * Takes another network and runs it once, so that one which opens but does not work says so now, and the one before
   * stays in use. Only then is it stored and the choice remembered; that this fails is no reason not to use it.
   */
  #switch(
    task: NetworkTask,
    choice: NetworkChoice,
    take: () => Promise<{ info: ModelInfo; keep?: () => Promise<StudioError | null> }>,
  ): Promise<ModelInfo> {
    return this.#queue.run(async () => {
      const before = this.#models.inUse;
      const why = 'Training was paused, since another network was taken into use. Go on with it.';
      try {
        const { info, keep } = await take();
        const engine = await this.#restart(why);
        if (info.state !== 'missing') await engine.run((stages, open) => PROBES[task](stages, open));
        const notKept = (await keep?.()) ?? (await this.#library.choose(task, choice));
        return notKept ? { ...info, note: `It is used until the page is closed. ${notKept.message}` } : info;
      } catch (error) {
        this.#models.restore(before);
        await this.#restart(why);
        throw error;
      }
    });
  }

  cancel(job: Job): Promise<void> {
    return this.#jobs.cancel(job);
  }

  // ------------------------------------------------------------------------------------------------------------------

  #trainingHost(): ConstructorParameters<typeof Trainings>[0] {
    return {
      idle: (work) =>
        this.#queue.runWhenIdle(() =>
          this.#withEngine((stages, open, device) =>
            work(stages, open, device && { device, info: device.adapterInfo }),
          ),
        ),
      network: async (task) => {
        if (task === 'detector') return this.#models.detector();
        const { edges, generator } = await this.#models.loaded();
        const model = task === 'edges' ? edges : generator;
        if (model) return model;
        const message = 'No generator is installed to start from. Bring the .onnx file of one (Networks and weights).';
        throw new StudioError('missing-weights', 'model', message);
      },
      webGl: () => {
        if (this.#preference === 'wasm') return null;
        const found = findWebGl();
        return found && (!found.software || this.#preference === 'webgpu') ? found : null;
      },
      raster: async (image) => rgbFromImage8(await this.#pixels.decode(image, WORKING_SIDE)),
      rendererOf: async (image, source) => (await this.#models.fitOf(image, source)).renderer,
      hasParts: () =>
        this.#models.segmentation().then(
          () => true,
          () => false,
        ),
      partsOf: async (open, image, signal) =>
        findParts(await open.segmenter(), await this.#models.partSettings(), image, PARTS_GRID, signal),
      use: (task, file) => this.#useOwnFile(task, file),
    };
  }

  #compute<T>(work: (stages: Stages, open: OpenNetworks) => Promise<T>): Promise<T> {
    return this.#queue.run(() => this.#withEngine(work));
  }

  async #withEngine<T>(work: (stages: Stages, open: OpenNetworks, device: GPUDevice | null) => Promise<T>): Promise<T> {
    this.#engine ??= this.#open();
    const engine = await this.#engine;
    return engine.run(work);
  }

  /** @param why for the run that is trained on the engine before: it pauses. */
  async #restart(why: string): Promise<Engine> {
    await this.#trainings.suspend(why);
    const old = this.#engine;
    this.#forget();
    await old?.then((engine) => engine.dispose()).catch(() => undefined);
    this.#engine = this.#open();
    return this.#engine;
  }

  #open(): Promise<Engine> {
    const opening = this.#models.load().then((models) => Engine.open(this.#preference, models));
    opening.catch(() => {
      // Not kept: the next call tries again.
      if (this.#engine === opening) this.#engine = null;
    });
    return opening;
  }

  /** Drops everything that lies on the device. */
  #forget(): void {
    this.#shown?.synthesis.dispose();
    this.#shown = null;
    for (const source of this.#prepared.values()) source.dispose();
    this.#prepared.clear();
  }

  /** The region's mask. The open image's is kept, so that a stroke more costs its own drawing. */
  #region(imageId: string, { shapes, feather, grow }: Draft, width: number, height: number): Raster {
    const fits =
      this.#regionOf === imageId &&
      this.#regionCanvas?.width === width &&
      this.#regionCanvas.height === height &&
      this.#regionCanvas.feather === feather &&
      this.#regionCanvas.grow === grow;
    if (!fits || !this.#regionCanvas) this.#regionCanvas = new RegionCanvas(width, height, feather, grow);
    this.#regionOf = imageId;
    this.#regionCanvas.show(shapes);
    return this.#regionCanvas.mask;
  }

  /** RGB at working size, in memory. */
  async #raster(image: ImageRecord, stages: Stages): Promise<Raster> {
    return (await this.#prepare(image, stages)).raster;
  }

  async #prepare(image: ImageRecord, stages: Stages): Promise<PreparedSource> {
    const known = this.#prepared.get(image.id);
    if (known && known.stages === stages) {
      this.#prepared.delete(image.id);
      this.#prepared.set(image.id, known);
      return known;
    }
    // Of an earlier device: its rasters are gone with it.
    if (known) this.#forget();
    const source = new PreparedSource(rgbFromImage8(await this.#pixels.decode(image, WORKING_SIDE)), stages);
    this.#prepared.set(image.id, source);
    for (const [id, oldest] of this.#prepared) {
      if (this.#prepared.size <= PREPARED_LIMIT) break;
      oldest.dispose();
      this.#prepared.delete(id);
    }
    return source;
  }

  async #synthesize(
    request: PreviewRequest,
    stages: Stages,
  ): Promise<{ synthesis: Synthesis; renderer: Renderer['kind'] }> {
    const { draft } = request;
    const source = await this.#prepare(request.image, stages);
    const donor = request.donor && (await this.#prepare(request.donor, stages));
    const { width, height } = source.raster;
    const mask = quantizeMask(this.#region(request.image.id, draft, width, height));
    const renderer =
      draft.renderer === 'auto' ? (await this.#models.fitOf(request.image, source)).renderer : draft.renderer;
    if (renderer === 'generator' && !stages.generator) {
      throw new StudioError('missing-weights', 'model', 'No generator is loaded. Choose the direct renderer.');
    }
    const settings: SynthesisRequest = {
      operation: draft.operation,
      mask,
      augmentation: draft.augmentation,
      warp: draft.warp,
      edgeOutput: draft.edgeOutput,
      renderer:
        renderer === 'generator'
          ? { kind: 'generator', output: draft.output }
          : { kind: 'direct', gradients: gradientsOf(draft) },
      groundTruth: draft.groundTruth,
    };
    return { synthesis: await synthesize(source, donor, settings), renderer };
  }

  async #measure(synthesis: Synthesis, stages: Stages): Promise<Measure> {
    return this.#judge(await measure(synthesis, stages.backend), synthesis);
  }

  #judge(measured: Awaited<ReturnType<typeof measure>>, synthesis: Synthesis): Measure {
    const { editedShare, regionArea, changedArea, agreement } = measured;
    const warnings = verdicts(measured, {
      renderer: synthesis.request.renderer.kind,
      operation: synthesis.request.operation,
      collapseShare: this.#models.collapseShare,
    });
    return { editedShare, regionArea, changedArea, agreement, warnings };
  }
}

/** `auto`: a replacement brings its own texture; a merge shows whichever of the two is stronger. */
function gradientsOf({ gradients, operation }: Draft): 'normal' | 'mixed' {
  if (gradients !== 'auto') return gradients;
  return operation === 'merge' ? 'mixed' : 'normal';
}

function refOf({ name, source, width, height }: ImageRecord): ImageRef {
  return { name, sha256: source.sha256, width, height };
}

/** Runs what does a task once on a small grey picture. */
const PROBES: Readonly<Record<NetworkTask, (stages: Stages, open: OpenNetworks) => Promise<void>>> = {
  edges: ({ backend, edgeDetector }) =>
    onGrey(backend, async (image) => backend.release(...Object.values(await edgeDetector.run(image, ['e1', 'fused'])))),
  async generator({ backend, generator }) {
    if (!generator) return;
    const edges = backend.upload(filledRaster(generator.width, generator.height, 0));
    try {
      backend.release(await generator.run(edges));
    } finally {
      backend.release(edges);
    }
  },
  async segmentation(_, open) {
    const segmenter = await open.segmenter();
    await segmenter.segment(await segmenter.encode(GREY), { points: [{ x: 16, y: 16, label: 1 }] });
  },
  async detector(_, open) {
    await (await open.detector()).detect(GREY);
  },
};

const GREY = filledRaster(32, 32, 0.5, 3);

async function onGrey(backend: Backend, run: (image: DeviceRaster) => Promise<void>): Promise<void> {
  const image = backend.upload(GREY);
  try {
    await run(image);
  } finally {
    backend.release(image);
  }
}

/** The same stream; `ended` is called when it ends, fails or is given up. */
function watchEnd(stream: ReadableStream<Uint8Array>, ended: () => void): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          ended();
        } else controller.enqueue(value);
      } catch (error) {
        ended();
        throw error;
      }
    },
    async cancel(reason) {
      ended();
      await reader.cancel(reason);
    },
  });
}
