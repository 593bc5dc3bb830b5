import { belongsToTrainedSet, reconstructionFit } from '../models/generator/fit';
import type { EdgeCard, GeneratorCard } from '../models/cards';
import { loadOwnSam, loadShippedSam, readShippedSamCard, type SamModel } from '../models/sam/load';
import {
  loadOwnEdges,
  loadShippedEdges,
  loadShippedGenerator,
  type LoadedModel,
  type WeightSource,
} from '../models/weights';

import type { WeightFile } from '../models/official';
import type { ImageRecord } from '../project/document';
import { DEFAULT_PART_SETTINGS, type PartSettings } from '../synthesis/parts/refine';
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
  readonly sam: Promise<SamModel> | null;
  readonly choices: Readonly<Record<NetworkTask, NetworkChoice>> | null;
}

/** The networks the worker uses: shipped ones by their cards, or those of the library that the person chose. */
export class Models {
  readonly #source: WeightSource;
  #edges: LoadedModel<EdgeCard> | null = null;
  #generator: LoadedModel<GeneratorCard> | null = null;
  /** The SAM in use, or the shipped one under way; null until it is first needed. */
  #sam: Promise<SamModel> | null = null;
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
    return { edges: this.#edges, sam: this.#sam, choices: this.#choices && { ...this.#choices } };
  }

  restore({ edges, sam, choices }: InUse): void {
    this.#edges = edges;
    this.#sam = sam;
    this.#choices = choices && { ...choices };
    this.#fits.clear();
  }

  /** What was chosen for each task. */
  async choices(): Promise<Readonly<Record<NetworkTask, NetworkChoice>>> {
    this.#choices ??= {
      edges: await this.library.choice('edges'),
      segmentation: await this.library.choice('segmentation'),
    };
    return this.#choices;
  }

  /** Edited share above which the generator collapses; null where it was not measured. */
  get collapseShare(): number | null {
    return this.#generator?.card?.collapseShare ?? null;
  }

  async load(): Promise<EngineModels> {
    const [edges, generator] = await Promise.all([
      this.#edges ?? this.#chosenEdges(),
      this.#generator ?? loadShippedGenerator(this.#source),
    ]);
    this.#edges = edges;
    this.#generator = generator;
    const segmentation = () => this.segmentation();
    return { edges, generator: generator && { ...generator, side: generator.card!.size }, segmentation };
  }

  /**
   * The edge detector that was chosen; the shipped one where that cannot be had: without edges nothing works.
   */
  async #chosenEdges(): Promise<LoadedModel<EdgeCard>> {
    const { edges } = await this.choices();
    try {
      if (edges.kind !== 'shipped') return await this.#readEdges(edges);
    } catch (error) {
      this.#fallBack('edges', error);
    }
    return loadShippedEdges(this.#source);
  }

  async #readEdges(choice: NetworkChoice): Promise<LoadedModel<EdgeCard>> {
    const [file] = await this.#files('edges', choice);
    return loadOwnEdges(file.bytes, file.name, this.#source);
  }

  async #readSam(choice: NetworkChoice): Promise<SamModel> {
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

  /** The segmentation network, read when first asked for. @throws StudioError `missing-weights` where there is none. */
  segmentation(): Promise<SamModel> {
    if (!this.#sam) {
      const loading = this.#chosenSam();
      this.#sam = loading;
      loading.catch(() => {
        // Not kept: the next call tries again.
        if (this.#sam === loading) this.#sam = null;
      });
    }
    return this.#sam;
  }

  async #chosenSam(): Promise<SamModel> {
    const { segmentation } = await this.choices();
    try {
      if (segmentation.kind !== 'shipped') return await this.#readSam(segmentation);
    } catch (error) {
      this.#fallBack('segmentation', error);
    }
    return loadShippedSam(this.#source);
  }

  /**
   * Which files would segment; where the shipped ones do, their card says it without reading them.
   * @throws StudioError `missing-weights` where there is no segmentation network.
   */
  async samHashes(): Promise<SamHashes> {
    if (!this.#sam && (await this.choices()).segmentation.kind === 'shipped') {
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

  /** Checks the files of a SAM and takes them for the choice. */
  async useSam(choice: NetworkChoice, files?: readonly WeightFile[]): Promise<ModelInfo> {
    const model =
      choice.kind === 'shipped'
        ? await loadShippedSam(this.#source)
        : files
          ? await loadOwnSam(files)
          : await this.#readSam(choice);
    this.#sam = Promise.resolve(model);
    await this.#chosen('segmentation', choice);
    return samInfo(model);
  }

  /** Checks weights of an edge detector and takes them for the choice. */
  async useEdges(choice: NetworkChoice, file?: WeightFile): Promise<ModelInfo> {
    const model =
      choice.kind === 'shipped'
        ? await loadShippedEdges(this.#source)
        : file
          ? await loadOwnEdges(file.bytes, file.name, this.#source)
          : await this.#readEdges(choice);
    this.#edges = model;
    this.#fits.clear();
    await this.#chosen('edges', choice);
    return infoOf(model, 'edges', model.card ? 'shipped' : 'cached');
  }

  async #chosen(task: NetworkTask, choice: NetworkChoice): Promise<void> {
    this.#choices = { ...(await this.choices()), [task]: choice };
    delete this.#notes[task];
  }

  async list(): Promise<ModelInfo[]> {
    await this.load();
    const edges = infoOf(this.#edges!, 'edges', this.#edges!.card ? 'shipped' : 'cached');
    const list: ModelInfo[] = [noted(edges, this.#notes.edges)];
    if (this.#generator) list.push(infoOf(this.#generator, 'generator', 'shipped'));
    list.push(noted(await this.#listSegmentation(), this.#notes.segmentation));
    return list;
  }

  /** From the card alone: the weights are read when something is to be segmented. */
  async #listSegmentation(): Promise<ModelInfo> {
    if (this.#sam || (await this.choices()).segmentation.kind !== 'shipped') {
      const model = await this.segmentation().catch(() => null);
      if (model) return samInfo(model);
    }
    // The list says what can be used; why something cannot, its first use says.
    const card = await readShippedSamCard(this.#source).catch(() => null);
    if (!card) {
      return {
        id: 'segmentation',
        title: 'Segmentation',
        task: 'segmentation',
        licence: 'Not installed',
        bytes: 0,
        sha256: '',
        state: 'missing',
      };
    }
    const { id, title, licence, encoder, decoder } = card;
    const bytes = encoder.bytes + decoder.bytes;
    return { id, title, task: 'segmentation', licence, bytes, sha256: encoder.sha256, state: 'shipped' };
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
    const card = this.#generator?.card;
    if (!card) return { renderer: 'direct', reason: 'No generator is installed, so pixels are edited directly.' };
    const scene = /^demo\/(.*)$/.exec(image.datasetId)?.[1];
    if (scene !== undefined && card.trainedOn.includes(scene)) {
      return {
        renderer: 'generator',
        reason: 'The generator was trained on this demo scene, so it draws the picture from the edited edges.',
      };
    }
    const fit = await reconstructionFit(source.stages.backend, source.photo, await source.generatedNormal('e1'));
    return belongsToTrainedSet(fit, card)
      ? { renderer: 'generator', reason: 'The generator remakes this picture well from its edges, so it is used.' }
      : {
          renderer: 'direct',
          reason: 'No generator was trained on pictures like this one, so pixels are edited directly.',
        };
  }
}

function noted(info: ModelInfo, note: string | undefined): ModelInfo {
  return note === undefined ? info : { ...info, note };
}

function infoOf(model: LoadedModel, task: ModelInfo['task'], state: ModelInfo['state']): ModelInfo {
  return {
    id: model.ref.id,
    title: model.title,
    task,
    licence: model.licence,
    bytes: model.bytes.length,
    sha256: model.ref.sha256,
    state,
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
