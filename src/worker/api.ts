import type { ColourScale } from '../core/colour-scales';
import type { ErrorReport } from '../core/errors';
import type { Raster } from '../core/raster';
import type { Augmentation, EncodedMask, RegionShape, Renderer } from '../core/recipe';
import type { Rle } from '../core/rle';
import type { DetectorThresholds, Explanation } from '../models/detector/form';
import type { Prompt } from '../models/sam/segmenter';
import type { LayoutName } from '../datasets/layouts';
import type { Correction, DatasetRecord, Draft, ImageRecord, Measure, Variant } from '../project/document';
import type { EvaluationRecord } from '../project/evaluation';
import type { ImportedTestSet } from '../project/imported-test-sets';
import type { ImageSource } from '../project/source';
import type { TrainingRunRecord, TrainingTask } from '../project/training';
import type { PartSettings } from '../synthesis/parts/refine';
import type { TrainingConfig } from '../training/run/config';
import type { StepReport } from '../training/run/run';
import type { TrainingBackend } from '../training/tensorflow';

/**
 * What the user interface may ask of the compute worker (through Comlink). Bitmaps are transferred, not copied; on
 * WebGPU they come straight from the device, without a readback. Every long call takes a `Job`.
 */

export type ComputePreference = 'auto' | 'webgpu' | 'wasm';

export interface ComputeStatus {
  readonly path: 'webgpu' | 'wasm';
  /** Vendor and architecture of the GPU in use; null on wasm. */
  readonly adapter: string | null;
  /** A sentence: why this path. */
  readonly reason: string;
  /** Threads ONNX Runtime's wasm uses; 1 when the page is not cross-origin isolated. */
  readonly threads: number;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  /** What is being worked on, e.g. a file name. */
  readonly label: string;
}

/** Identity of a long call; `cancel(job)` stops it, and the call rejects with code `cancelled`. */
export type Job = string;

/** A dropped or chosen file and its path inside what was dropped. */
export interface ImportFile {
  readonly path: string;
  readonly file: File;
}

export interface ImportBatch {
  readonly dataset: DatasetRecord;
  readonly images: readonly ImageRecord[];
  readonly problems: readonly ErrorReport[];
}

export interface ImportSummary {
  readonly dataset: DatasetRecord;
  readonly imported: number;
  readonly problems: readonly ErrorReport[];
}

/** An image made ready for synthesis: its pictures at working size, and which renderer suits it. */
export interface OpenedImage {
  readonly imageId: string;
  readonly width: number;
  readonly height: number;
  readonly photo: ImageBitmap;
  /** Edge strength as grey, bright = edge. */
  readonly edges: ImageBitmap;
  readonly renderer: Renderer['kind'];
  /** A sentence: why this renderer. */
  readonly rendererReason: string;
  /** Whether the other one may be chosen too. */
  readonly generatorAvailable: boolean;
}

export interface PreviewRequest {
  readonly image: ImageRecord;
  readonly draft: Draft;
  /** The donor the draft names, or the one chosen for it; null for remove. */
  readonly donor: ImageRecord | null;
}

export interface Preview {
  /** Told to whatever asks about this very preview. */
  readonly serial: number;
  readonly editedEdges: ImageBitmap;
  readonly result: ImageBitmap;
  /** Mask of what really changed, white on black. */
  readonly mask: ImageBitmap;
  /** The region M, white on black, soft. */
  readonly region: ImageBitmap;
  readonly renderer: Renderer['kind'];
  readonly milliseconds: number;
}

export interface DetectRequest {
  readonly image: ImageRecord;
  /** The photograph itself, or the latest preview, if that is still the one of this number. */
  readonly of: 'photograph' | { readonly preview: number };
  readonly scale: ColourScale;
  /** What is to be shown besides, if the detector can. */
  readonly explain: Explanation | null;
}

/** What the detector makes of a picture; everything is of the picture's working size. */
export interface HeatMap {
  /** Coloured; fades out where the map is low, so that the picture below is seen. */
  readonly heat: ImageBitmap;
  /** What was asked for besides. */
  readonly explanation: ImageBitmap | null;
  /** Probability of an anomaly, [0, 1]; one channel. */
  readonly map: Raster;
  /** By the detector's own rule; above `thresholds.image` the picture counts as anomalous. */
  readonly score: number;
  readonly thresholds: DetectorThresholds;
  /** What may be asked for besides. */
  readonly explanations: readonly Explanation[];
  readonly milliseconds: number;
}

export interface ExportRequest {
  /** Category folder of the MVTec AD layout, e.g. `pin_tray`. */
  readonly category: string;
  readonly variants: readonly { readonly variant: Variant; readonly image: ImageRecord }[];
  /** Normal images that go to `train/good`. */
  readonly normals: readonly ImageRecord[];
}

export interface ModelInfo {
  readonly id: string;
  readonly title: string;
  readonly task: 'edges' | 'generator' | 'segmentation' | 'detector';
  readonly licence: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly state: 'shipped' | 'cached' | 'available' | 'missing';
  /** A sentence where another network was chosen for the task and could not be brought back. */
  readonly note?: string;
}

/** What other networks can be had for. */
export type NetworkTask = 'edges' | 'generator' | 'segmentation' | 'detector';

/** Which network does a task. */
export type NetworkChoice =
  | { readonly kind: 'shipped' }
  /** The one that the person brought last. */
  | { readonly kind: 'own' }
  | { readonly kind: 'official'; readonly id: string };

/** A network that may take the place of the shipped one. */
export interface NetworkOffer {
  readonly id: string;
  readonly source: 'official' | 'own';
  readonly title: string;
  readonly task: NetworkTask;
  /** Of official ones, a sentence to accept before they are downloaded. */
  readonly licence: string;
  /** Where authors and licence are to be read; null of own files. */
  readonly page: string | null;
  /** Of all files; about, while a `first-use` file has not been downloaded. */
  readonly bytes: number;
  readonly files: readonly {
    readonly name: string;
    /**
     * `published`: nothing but the file with this SHA-256 is taken. `first-use`: only its address is known; the SHA-256
     * of the first download is remembered and demanded from then on. `own`: brought by the person.
     */
    readonly trust: 'published' | 'first-use' | 'own';
    /** Null while it is not known. */
    readonly sha256: string | null;
  }[];
  readonly state: 'available' | 'downloading' | 'stored';
  readonly inUse: boolean;
}

/** A mask that the segmentation network proposes. `encodedOf` (synthesis/parts/region) makes a region shape's mask of it. */
export interface MaskProposal {
  /** Of the image's working size. */
  readonly mask: Rle;
  /** The network's own guess of the IoU with what was meant, about [0, 1]. */
  readonly quality: number;
}

/** A part of the picture. */
export interface PartProposal extends MaskProposal {
  /** The same for the same mask. */
  readonly id: string;
}

/** What everything mode has found. */
export interface PartsFound {
  /** Raw masks that {@link StudioWorker.refine} makes parts of. */
  readonly candidates: number;
  /** Settings to begin with: measured for this network. */
  readonly settings: PartSettings;
}

/** Images with ground truth: of the demo, an object of a folder, or what was imported. */
export type TestSetChoice =
  | { readonly kind: 'demo'; readonly object: string }
  | { readonly kind: 'folder'; readonly object: string; readonly files: readonly ImportFile[] }
  | ({ readonly kind: 'imported' } & ImportedTestSet);

export interface TestSetInfo {
  readonly object: string;
  /** For people. */
  readonly title: string;
  readonly layout: LayoutName;
  /** Images. */
  readonly good: number;
  readonly anomalous: number;
  /** Why it cannot be used; null if it can. */
  readonly problem: ErrorReport | null;
}

/** Where anomaly maps come from. */
export type MapsChoice =
  /** The detector in use makes them. */
  | { readonly kind: 'detector' }
  /** A folder of them; how it is called. */
  | { readonly kind: 'maps'; readonly name: string; readonly files: readonly ImportFile[] };

/** Which test images a folder of maps has maps of. */
export interface MapsFound {
  readonly total: number;
  readonly found: number;
  /** Maps of no test image. */
  readonly unused: number;
  /** For each image without one, why. */
  readonly missing: readonly ErrorReport[];
  /** The first map's file. */
  readonly example: string | null;
}

export interface EvaluateRequest {
  readonly testSet: TestSetChoice;
  readonly maps: MapsChoice;
}

/** What a run could be, for a set of photographs. */
export interface TrainingPlan {
  /** Good settings for the set and the machine. */
  readonly config: TrainingConfig;
  /** Sides of pictures are multiples of this, px. */
  readonly multiple: number;
  readonly backend: TrainingBackend;
  /** A sentence: what computes, and what to expect of it. */
  readonly device: string;
  /** Photographs trained on and held out. One alone is both. */
  readonly training: number;
  readonly heldOut: number;
}

export interface TrainingRequest {
  /** Of the run; a new one. */
  readonly id: string;
  readonly name: string;
  readonly dataset: string;
  readonly config: TrainingConfig;
  readonly images: readonly ImageRecord[];
  /** Of the images, where an edge detector is taught; else none. */
  readonly corrections?: readonly Correction[];
}

/** A sample of what the network makes of a held-out picture. */
export interface SamplePictures {
  readonly name: string;
  readonly pictures: readonly { readonly title: string; readonly bitmap: ImageBitmap }[];
}

/** What a run tells while it is under way. Bitmaps are transferred. */
export type TrainingNews =
  /** Before the first step: edges of the photographs, anomalies to measure with. */
  | { readonly kind: 'preparing'; readonly progress: Progress }
  /** The record has changed: the run has begun, measured, or was stored. */
  | { readonly kind: 'record'; readonly record: TrainingRunRecord }
  | ({ readonly kind: 'step'; readonly secondsLeft: number } & StepReport)
  /** After a measurement, which the `record` before it has. */
  | { readonly kind: 'samples'; readonly step: number; readonly samples: readonly SamplePictures[] };

export interface StudioWorker {
  /** Chooses the compute path. Called again with another preference, moves to it. */
  start(preference: ComputePreference): Promise<ComputeStatus>;

  /** Reads the bundled demo's index: no pixels are copied. */
  demo(): Promise<readonly ImportBatch[]>;

  /** Recognises the layout, checks, hashes, stores and thumbnails the files, a batch at a time. */
  importFiles(
    job: Job,
    files: readonly ImportFile[],
    known: readonly string[],
    onBatch: (batch: ImportBatch, progress: Progress) => void,
  ): Promise<ImportSummary>;

  openImage(image: ImageRecord): Promise<OpenedImage>;

  /** Latest wins: a preview that was overtaken while waiting rejects with `cancelled`. */
  preview(request: PreviewRequest): Promise<Preview>;

  /** Statistics of the latest preview (reads the device back, so it comes after the picture). */
  measure(): Promise<Measure>;

  /**
   * What the detector makes of a photograph or of the latest preview. Latest wins, for photographs and previews apart:
   * what was overtaken while waiting rejects with `cancelled`, and so does what asks about an earlier preview. Where it
   * takes long, previews go first. `missing-weights` where there is no detector.
   */
  detect(request: DetectRequest): Promise<HeatMap>;
  /** The detector that would be used, without reading its weights; null where there is none. */
  detector(): Promise<ModelInfo | null>;

  /**
   * Random shapes for LogicAL's arbitrary region, from the seed.
   * @param share of the image's area, (0, 1].
   * @param foreground where the product is, at working size: they lie there; null where that is not known.
   */
  randomRegion(image: ImageRecord, seed: number, share: number, foreground: Rle | null): Promise<RegionShape[]>;
  /** A random augmentation A(·) from the seed. */
  randomAugmentation(seed: number): Promise<Augmentation>;
  /**
   * The magic wand: what is coloured like the pixel at (x, y), px of the working size, as a soft mask of that size.
   * @param options.tolerance how unlike a colour may be, [0, 100]
   * @param options.contiguous only what is connected to the pixel
   */
  wand(
    image: ImageRecord,
    x: number,
    y: number,
    options: { readonly tolerance: number; readonly contiguous: boolean },
  ): Promise<EncodedMask>;
  /** The region of a draft as a mask, e.g. to save or to combine. */
  encodeRegion(image: ImageRecord, draft: Draft): Promise<EncodedMask>;

  /** Renders the request at full quality, stores image, mask, region and preview as PNG blobs. */
  keep(request: PreviewRequest, id: string, name: string): Promise<Variant>;

  /** Writes a zip (MVTec AD layout, recipes, manifest) as a stream of chunks. */
  exportZip(
    job: Job,
    request: ExportRequest,
    onProgress: (progress: Progress) => void,
  ): Promise<ReadableStream<Uint8Array>>;

  /**
   * Opens the segmentation network and reads the picture, if that was not done before: seconds with an official SAM. The
   * first `segment` does it too, without progress.
   */
  prepareSegmentation(job: Job, image: ImageRecord, onProgress: (progress: Progress) => void): Promise<void>;
  /**
   * Masks of what was pointed at, best first; coordinates in px of the working size. The image is encoded at the first
   * call. A `hover` runs when nothing else waits, and one that was overtaken rejects with `cancelled`; a click never is.
   */
  segment(image: ImageRecord, prompt: Prompt, hover?: boolean): Promise<readonly MaskProposal[]>;
  /** Asks the network what lies at each point of a grid of `grid` × `grid`, 1…64. Previews go on in between. */
  everything(job: Job, image: ImageRecord, grid: number, onProgress: (progress: Progress) => void): Promise<PartsFound>;
  /**
   * The parts that everything's masks make with these settings, largest first. No network runs, so sliders may call it.
   * @param foreground where the product is, at working size; null where that is not known.
   */
  refine(image: ImageRecord, settings: PartSettings, foreground: Rle | null): Promise<readonly PartProposal[]>;

  /**
   * Where the product is: just noticeable differences above `threshold`, [0, 1], closed to areas, and the plain bodies
   * that hold them. The map is made at the first call, so sliders may call it; one that was overtaken while waiting
   * rejects with `cancelled`.
   */
  foreground(image: ImageRecord, threshold: number): Promise<Rle>;

  /**
   * The test sets of a folder, at whatever depth it was taken, or those of the demo (null).
   * @throws StudioError `bad-layout` if there is none.
   */
  testSets(files: readonly ImportFile[] | null): Promise<readonly TestSetInfo[]>;
  /** Which test images have maps among the files. @throws StudioError `bad-map` if none has. */
  findMaps(testSet: TestSetChoice, files: readonly ImportFile[]): Promise<MapsFound>;
  /**
   * Evaluates a test set and keeps details, pictures and maps; the record is the document's to keep. An image that cannot
   * be evaluated is left out, and the details say why.
   * @throws StudioError the first image's trouble if none can be evaluated; `storage-full`, `storage-failed`.
   */
  evaluate(job: Job, request: EvaluateRequest, onProgress: (progress: Progress) => void): Promise<EvaluationRecord>;
  /**
   * What the detector in use shows of an evaluated photograph besides its map.
   * @param sha256 of the detector that the evaluation was made with.
   * @returns null if another one is in use, or it cannot show this.
   */
  explain(photo: ImageSource, explain: Explanation, sha256: string): Promise<ImageBitmap | null>;
  /** Removes what is kept of evaluations that are gone: of all but those with these details. */
  sweepEvaluations(details: readonly string[]): Promise<void>;

  /**
   * What training would be with these photographs: in their order every tenth or so is held out.
   * @throws StudioError `no-images`, `bad-layout` (sizes differ), `missing-weights` (nothing to start from).
   */
  planTraining(task: TrainingTask, images: readonly ImageRecord[], seed: number): Promise<TrainingPlan>;
  /** About how long a step would take, timed, in seconds: within a factor of two. */
  expectedStepSeconds(job: Job, config: TrainingConfig): Promise<number>;
  /**
   * Begins a run, step by step, with previews and all else that is asked for going first. `cancel` pauses it: within a
   * step it is stored and the promise resolves with the paused record. So it does, with a `problem`, when the run cannot
   * go on but can be taken up again: memory, a lost device, training that diverged.
   * @throws StudioError what keeps it from beginning; `bad-argument` while another run is under way.
   */
  train(job: Job, request: TrainingRequest, onNews: (news: TrainingNews) => void): Promise<TrainingRunRecord>;
  /**
   * Goes on with a stored run where its last checkpoint was.
   * @param steps of the whole run, if it is to be longer or shorter than was asked for.
   */
  resumeTraining(
    job: Job,
    id: string,
    steps: number | null,
    onNews: (news: TrainingNews) => void,
  ): Promise<TrainingRunRecord>;
  /** Runs that are kept, youngest first. One that a closed page left running is paused. */
  trainingRuns(): Promise<readonly TrainingRunRecord[]>;
  /** The sample pictures that are kept of a step. */
  trainingSamples(id: string, step: number): Promise<readonly SamplePictures[]>;
  renameTraining(id: string, name: string): Promise<TrainingRunRecord>;
  /** Removes a run that is not under way, with its checkpoint and pictures. What is used of it stays in use. */
  removeTraining(id: string): Promise<void>;
  /** The network of a run with the best weights measured, an ONNX file. */
  trainedNetwork(id: string): Promise<{ readonly name: string; readonly file: Blob }>;
  /** Uses the run's best weights for its task from now on, after a reload too. */
  useTrained(id: string): Promise<ModelInfo>;

  models(): Promise<readonly ModelInfo[]>;
  /** Checks a dropped weight file (.onnx, .pth) and uses it for edges from now on, after a reload too. */
  useWeights(file: File): Promise<ModelInfo>;
  /** Back to the shipped edge detector. */
  useShippedWeights(): Promise<ModelInfo>;
  /** Checks the two dropped files of a SAM (.onnx) and segments with them from now on, after a reload too. */
  useSegmenter(files: readonly File[]): Promise<ModelInfo>;
  /** Back to the shipped segmentation network; to none (`missing`) where none is shipped. */
  useShippedSegmenter(): Promise<ModelInfo>;

  /** What a dropped network of one file is made for, by its content; edges if that cannot be told. */
  taskOf(file: File): Promise<'edges' | 'generator' | 'detector'>;
  /** Checks a dropped generator (.onnx) and renders with it from now on, after a reload too. */
  useGenerator(file: File): Promise<ModelInfo>;
  /** Back to the shipped generator; to none (`missing`) where none is shipped. */
  useShippedGenerator(): Promise<ModelInfo>;
  /** Checks a dropped detector (.onnx) and uses it from now on, after a reload too. */
  useDetector(file: File): Promise<ModelInfo>;
  /** Back to the shipped detector; to none (`missing`) where none is shipped. */
  useShippedDetector(): Promise<ModelInfo>;

  /** What may be used besides the shipped networks: official ones, and what the person brought. */
  officials(): Promise<readonly NetworkOffer[]>;
  /**
   * Downloads an official network, checks it and stores it; it is used when asked for. A cancelled or broken download
   * leaves nothing half.
   * @param accepted that the person has accepted its licence.
   * @returns why it could not be stored, and lasts only until the page is closed; null if it is.
   */
  download(
    job: Job,
    id: string,
    accepted: boolean,
    onProgress: (progress: Progress) => void,
  ): Promise<ErrorReport | null>;
  /** Uses a stored official network from now on, after a reload too. The one before stays if it cannot be used. */
  useOfficial(id: string): Promise<ModelInfo>;
  /** Uses what the person brought last for the task. */
  useOwn(task: NetworkTask): Promise<ModelInfo>;
  /** Removes a stored network (`id` of its offer) that is not in use. */
  removeNetwork(id: string): Promise<void>;

  cancel(job: Job): Promise<void>;
}
