import { loadGenerator, loadOwnGenerator, type GeneratorModel } from '../models/generator/load';
import { SHIPPED, type DetectorCard, type EdgeCard, type SegmentationCard } from '../models/cards';
import { loadOwnDetector, loadShippedDetector, type DetectorModel } from '../models/detector/load';
import { loadOwnSam, loadShippedSam, readShippedSamCard, type SamModel } from '../models/sam/load';
import {
  loadOwnEdges,
  loadShippedEdges,
  readShippedCard,
  type LoadedModel,
  type WeightSource,
} from '../models/weights';

import type { WeightFile } from '../models/official';
import type { ImageRecord } from '../project/document';
import { DEFAULT_PART_SETTINGS, type PartSettings } from '../synthesis/parts/refine';
import { suitsGenerator } from '../synthesis/fit';
import type { PreparedSource } from '../synthesis/source';
import type { Renderer } from '../core/recipe';
import { StudioError } from '../core/errors';
import type { ModelInfo, NetworkChoice, NetworkTask } from './api';
import type { EngineModels } from './engine';
import type { NetworkLibrary } from './library';
import type { Pixels } from './pixels';

/** Which renderer suits an image, and why. */
export interface Fit {
  readonly renderer: Renderer['kind'];
  readonly reason: string;
}

/** SHA-256 of the two files of a SAM. */
export interface SamHashes {
  readonly encoder: string;
  readonly decoder: string;
}

/** What does a task, to go back to when another cannot. */
export interface InUse {
  readonly edges: LoadedModel<EdgeCard> | null;
  /** Undefined before it was read; null where there is none. */
  readonly generator: GeneratorModel | null | undefined;
  readonly sam: Promise<SamModel> | null;
  readonly detector: Promise<DetectorModel> | null;
  readonly choices: Readonly<Record<NetworkTask, NetworkChoice>> | null;
}

const MISSING = { licence: 'Not installed', bytes: 0, sha256: '', state: 'missing' } as const;
const NO_SEGMENTATION: ModelInfo = { ...MISSING, id: 'segmentation', title: 'Segmentation', task: 'segmentation' };
const NO_GENERATOR: ModelInfo = { ...MISSING, id: 'generator', title: 'Generator', task: 'generator' };
const NO_DETECTOR: ModelInfo = { ...MISSING, id: 'detector', title: 'Anomaly detector', task: 'detector' };

/** The networks the worker uses: shipped ones by their cards, or those of the library that the person chose. */
export class Models {
  readonly #source: WeightSource;
  #edges: LoadedModel<EdgeCard> | null = null;
  #generator: GeneratorModel | null | undefined;
  /** Read when first needed. */
  readonly #sam = new WhenNeeded(() => this.#chosen('segmentation', (choice) => this.#readSam(choice)));
  readonly #detector = new WhenNeeded(() => this.#chosen('detector', (choice) => this.#readDetector(choice)));
  readonly #fits = new Map<string, Fit>();
  /** What was chosen; null until the library was asked. */
  #choices: Record<NetworkTask, NetworkChoice> | null = null;
  /** Sentences about choices that could not be brought back. */
  readonly #notes: Partial<Record<NetworkTask, string>> = {};

  constructor(
    pixels: Pixels,
    private readonly library: NetworkLibrary,
  ) {
    this.#source = {
      async read(file) {
        try {
          const response = await fetch(new URL(`models/${file}`, pixels.base));
          // A development server answers for a missing file with the page itself.
          if (!response.ok || response.headers.get('content-type')?.startsWith('text/html')) return null;
          return new Uint8Array(await response.arrayBuffer());
        } catch (cause) {
          throw new StudioError(
            'missing-weights',
            'model',
            `models/${file} could not be loaded. Check that the studio is still being served, then try again.`,
            { cause, file },
          );
        }
      },
    };
  }

  /** What is in use, to be handed to {@link restore} if another network turns out to be of no use. */
  get inUse(): InUse {
    return {
      edges: this.#edges,
      generator: this.#generator,
      sam: this.#sam.current,
      detector: this.#detector.current,
      choices: this.#choices && { ...this.#choices },
    };
  }

  restore({ edges, generator, sam, detector, choices }: InUse): void {
    this.#edges = edges;
    this.#generator = generator;
    this.#sam.current = sam;
    this.#detector.current = detector;
    this.#choices = choices && { ...choices };
    this.#fits.clear();
  }

  /** What was chosen for each task. */
  async choices(): Promise<Readonly<Record<NetworkTask, NetworkChoice>>> {
    this.#choices ??= await this.library.choices();
    return this.#choices;
  }

  /** Edited share above which the generator collapses; null where it was not measured. */
  get collapseShare(): number | null {
    return this.#generator?.card?.collapseShare ?? null;
  }

  async load(): Promise<EngineModels> {
    const [edges, generator] = await Promise.all([
      this.#edges ?? this.#chosen('edges', (choice) => this.#readEdges(choice)),
      this.#generator === undefined
        ? this.#chosen('generator', (choice) => this.#readGenerator(choice))
        : this.#generator,
    ]);
    this.#edges = edges;
    this.#generator = generator;
    return {
      edges,
      generator: generator && { ...generator, side: generator.size },
      segmentation: () => this.segmentation(),
      detector: () => this.detector(),
    };
  }

  /** The network that was chosen; the shipped one where that cannot be had, so that the task is done all the same. */
  async #chosen<T>(task: NetworkTask, read: (choice: NetworkChoice) => Promise<T>): Promise<T> {
    const { [task]: choice } = await this.choices();
    try {
      return await read(choice);
    } catch (error) {
      if (choice.kind === 'shipped') throw error;
      this.#fallBack(task, error);
      return read({ kind: 'shipped' });
    }
  }

  async #readEdges(choice: NetworkChoice, own?: WeightFile): Promise<LoadedModel<EdgeCard>> {
    if (choice.kind === 'shipped') return loadShippedEdges(this.#source);
    const file = own ?? (await this.#files('edges', choice))[0];
    return loadOwnEdges(file.bytes, file.name, this.#source);
  }

  async #readGenerator(choice: NetworkChoice, own?: WeightFile): Promise<GeneratorModel | null> {
    if (choice.kind === 'shipped') return loadGenerator(this.#source);
    const file = own ?? (await this.#files('generator', choice))[0];
    return loadOwnGenerator(file.bytes, file.name);
  }

  async #readDetector(choice: NetworkChoice, own?: WeightFile): Promise<DetectorModel> {
    if (choice.kind !== 'shipped') {
      const file = own ?? (await this.#files('detector', choice))[0];
      return loadOwnDetector(file.bytes, file.name);
    }
    const shipped = await loadShippedDetector(this.#source);
    if (shipped) return shipped;
    const message = 'No anomaly detector is installed. Bring the .onnx file of one (Networks and weights).';
    throw new StudioError('missing-weights', 'model', message, { file: SHIPPED.detector });
  }

  async #readSam(choice: NetworkChoice, own?: readonly WeightFile[]): Promise<SamModel> {
    if (choice.kind === 'shipped') return loadShippedSam(this.#source);
    if (own) return loadOwnSam(own);
    const model = await loadOwnSam(await this.#files('segmentation', choice));
    if (choice.kind !== 'official') return model;
    // One whose hash was not published is known by what it was downloaded as.
    const { id, title, licence } = this.library.official(choice.id);
    return { ...model, ref: { id, sha256: model.ref.sha256 }, title, licence };
  }

  #files(task: NetworkTask, choice: NetworkChoice): Promise<readonly WeightFile[]> {
    return choice.kind === 'official' ? this.library.readOfficial(choice.id) : this.library.readOwn(task);
  }

  /** The choice itself stays: what could not be read today may be there tomorrow. */
  #fallBack(task: NetworkTask, error: unknown): void {
    if (!(error instanceof StudioError)) throw error;
    this.#notes[task] = `The network chosen before is not used: ${error.message}`;
    if (this.#choices) this.#choices[task] = { kind: 'shipped' };
  }

  /** Edge detector and generator in use; null where there is no generator. */
  async loaded(): Promise<{ readonly edges: LoadedModel<EdgeCard>; readonly generator: GeneratorModel | null }> {
    await this.load();
    return { edges: this.#edges!, generator: this.#generator ?? null };
  }

  /** The segmentation network, read when first asked for. @throws StudioError `missing-weights` where there is none. */
  segmentation(): Promise<SamModel> {
    return this.#sam.get();
  }

  /** The anomaly detector, read when first asked for. @throws StudioError `missing-weights` where there is none. */
  detector(): Promise<DetectorModel> {
    return this.#detector.get();
  }

  /**
   * Which files would segment; where the shipped ones do, their card says it without reading them.
   * @throws StudioError `missing-weights` where there is no segmentation network.
   */
  async samHashes(): Promise<SamHashes> {
    if (!this.#sam.current && (await this.choices()).segmentation.kind === 'shipped') {
      const card = await readShippedSamCard(this.#source);
      if (card) return { encoder: card.encoder.sha256, decoder: card.decoder.sha256 };
    }
    const { ref, decoderHash } = await this.segmentation();
    return { encoder: ref.sha256, decoder: decoderHash };
  }

  /** Settings that suit the segmentation network. */
  async partSettings(): Promise<PartSettings> {
    return { ...DEFAULT_PART_SETTINGS, ...(await this.segmentation()).card?.everything };
  }

  /** Checks the files of a SAM and takes them for the choice. Back to the shipped one is to none where none is shipped. */
  async useSam(choice: NetworkChoice, files?: readonly WeightFile[]): Promise<ModelInfo> {
    const none = choice.kind === 'shipped' && !(await readShippedSamCard(this.#source));
    const model = none ? null : await this.#readSam(choice, files);
    this.#sam.current = model && Promise.resolve(model);
    await this.#choose('segmentation', choice);
    return model ? samInfo(model) : NO_SEGMENTATION;
  }

  /** Checks weights of an edge detector and takes them for the choice. */
  async useEdges(choice: NetworkChoice, file?: WeightFile): Promise<ModelInfo> {
    const model = await this.#readEdges(choice, file);
    this.#edges = model;
    this.#fits.clear();
    await this.#choose('edges', choice);
    return infoOf(model, 'edges');
  }

  /** Checks a generator and takes it for the choice. Back to the shipped one is to none where none is shipped. */
  async useGenerator(choice: NetworkChoice, file?: WeightFile): Promise<ModelInfo> {
    const model = await this.#readGenerator(choice, file);
    this.#generator = model;
    this.#fits.clear();
    await this.#choose('generator', choice);
    return model ? infoOf(model, 'generator') : NO_GENERATOR;
  }

  /** Checks a detector and takes it for the choice. Back to the shipped one is to none where none is shipped. */
  async useDetector(choice: NetworkChoice, file?: WeightFile): Promise<ModelInfo> {
    const none = choice.kind === 'shipped' && !(await readShippedCard(this.#source, SHIPPED.detector));
    const model = none ? null : await this.#readDetector(choice, file);
    this.#detector.current = model && Promise.resolve(model);
    await this.#choose('detector', choice);
    return model ? infoOf(model, 'detector') : NO_DETECTOR;
  }

  async #choose(task: NetworkTask, choice: NetworkChoice): Promise<void> {
    this.#choices = { ...(await this.choices()), [task]: choice };
    delete this.#notes[task];
  }

  async list(): Promise<ModelInfo[]> {
    await this.load();
    const list: ModelInfo[] = [noted(infoOf(this.#edges!, 'edges'), this.#notes.edges)];
    if (this.#generator) list.push(noted(infoOf(this.#generator, 'generator'), this.#notes.generator));
    list.push(await this.#listSegmentation(), await this.detectorInfo());
    return list;
  }

  /** From the card alone: the weights are read when something is to be segmented. */
  async #listSegmentation(): Promise<ModelInfo> {
    const model = await this.#inUse('segmentation', this.#sam);
    if (model) return noted(samInfo(model), this.#notes.segmentation);
    const card = await readShippedSamCard(this.#source).catch(() => null);
    if (!card) return noted(NO_SEGMENTATION, this.#notes.segmentation);
    const { encoder, decoder } = card;
    const bytes = encoder.bytes + decoder.bytes;
    return noted(shippedInfo(card, 'segmentation', encoder.sha256, bytes), this.#notes.segmentation);
  }

  /** From the card alone, likewise. */
  async detectorInfo(): Promise<ModelInfo> {
    const model = await this.#inUse('detector', this.#detector);
    if (model) return noted(infoOf(model, 'detector'), this.#notes.detector);
    const card = await readShippedCard(this.#source, SHIPPED.detector).catch(() => null);
    const info =
      card?.task === 'anomaly-localization' ? shippedInfo(card, 'detector', card.sha256, card.bytes) : NO_DETECTOR;
    return noted(info, this.#notes.detector);
  }

  /**
   * What does the task, if that has to be read to be known: the list says what can be used; why something cannot, its
   * first use says.
   */
  async #inUse<T>(task: NetworkTask, network: WhenNeeded<T>): Promise<T | null> {
    const known = network.current !== null || (await this.choices())[task].kind !== 'shipped';
    return known ? network.get().catch(() => null) : null;
  }

  /**
   * Which renderer suits the image. Demo images are known by name; of any other the generator has to remake the
   * photograph from its edges about as well as it remakes its own validation images.
   */
  async fitOf(image: ImageRecord, source: PreparedSource): Promise<Fit> {
    const known = this.#fits.get(image.id);
    if (known) return known;
    const fit = await this.#judge(image, source);
    this.#fits.set(image.id, fit);
    return fit;
  }

  async #judge(image: ImageRecord, source: PreparedSource): Promise<Fit> {
    const generator = this.#generator;
    if (!generator) return { renderer: 'direct', reason: 'No generator is installed, so pixels are edited directly.' };
    const scene = /^demo\/(.*)$/.exec(image.datasetId)?.[1];
    if (scene !== undefined && generator.card?.trainedOn.includes(scene)) {
      return {
        renderer: 'generator',
        reason: 'The generator was trained on this demo scene, so it draws the picture from the edited edges.',
      };
    }
    if (await suitsGenerator(source, generator.limits)) {
      return {
        renderer: 'generator',
        reason: 'The generator remakes this picture well from its edges, so it is used.',
      };
    }
    return { renderer: 'direct', reason: generator.limits ? FOREIGN : UNLIMITED };
  }
}

const FOREIGN = 'No generator was trained on pictures like this one, so pixels are edited directly.';
const UNLIMITED =
  'The file of the generator does not say which pictures suit it, so pixels are edited directly unless you choose it.';

function noted(info: ModelInfo, note: string | undefined): ModelInfo {
  return note === undefined ? info : { ...info, note };
}

function infoOf(model: LoadedModel, task: ModelInfo['task']): ModelInfo {
  return {
    id: model.ref.id,
    title: model.title,
    task,
    licence: model.licence,
    bytes: model.bytes.length,
    sha256: model.ref.sha256,
    state: model.card ? 'shipped' : 'cached',
  };
}

function samInfo({ ref, title, licence, encoder, decoder, card }: SamModel): ModelInfo {
  return {
    id: ref.id,
    title,
    task: 'segmentation',
    licence,
    bytes: encoder.bytes.length + decoder.bytes.length,
    sha256: ref.sha256,
    state: card ? 'shipped' : 'cached',
  };
}

function shippedInfo(
  { id, title, licence }: SegmentationCard | DetectorCard,
  task: ModelInfo['task'],
  sha256: string,
  bytes: number,
): ModelInfo {
  return { id, title, task, licence, bytes, sha256, state: 'shipped' };
}

/** A network that is read when it is first asked for; a failure is forgotten, so that the next call tries again. */
class WhenNeeded<T> {
  /** What is in use or under way; null before the first call. */
  current: Promise<T> | null = null;

  constructor(private readonly read: () => Promise<T>) {}

  get(): Promise<T> {
    if (!this.current) {
      const reading = this.read();
      this.current = reading;
      reading.catch(() => {
        if (this.current === reading) this.current = null;
      });
    }
    return this.current;
  }
}
