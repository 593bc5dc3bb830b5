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
import type { ModelInfo } from './api';
import type { EngineModels } from './engine';
import type { Pixels } from './pixels';

/** Which renderer suits an image, and why. */
export interface Fit {
  readonly renderer: Renderer['kind'];
  readonly reason: string;
}

/** The networks the worker uses: shipped ones by their cards, or the person's own edge detector. */
export class Models {
  readonly #source: WeightSource;
  #edges: LoadedModel<EdgeCard> | null = null;
  #generator: LoadedModel<GeneratorCard> | null = null;
  /** The SAM in use, or the shipped one under way; null until it is first needed. */
  #sam: Promise<SamModel> | null = null;
  readonly #fits = new Map<string, Fit>();

  constructor(pixels: Pixels) {
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

  /** The edge detector in use; set to go back to an earlier one. */
  get edges(): LoadedModel<EdgeCard> | null {
    return this.#edges;
  }
  set edges(model: LoadedModel<EdgeCard> | null) {
    this.#edges = model;
    this.#fits.clear();
  }

  /** The segmentation network in use, if one was needed yet; set to go back to an earlier one. */
  get sam(): Promise<SamModel> | null {
    return this.#sam;
  }
  set sam(model: Promise<SamModel> | null) {
    this.#sam = model;
  }

  /** Edited share above which the generator collapses; null where it was not measured. */
  get collapseShare(): number | null {
    return this.#generator?.card?.collapseShare ?? null;
  }

  async load(): Promise<EngineModels> {
    const [edges, generator] = await Promise.all([
      this.#edges ?? loadShippedEdges(this.#source),
      this.#generator ?? loadShippedGenerator(this.#source),
    ]);
    this.#edges = edges;
    this.#generator = generator;
    const segmentation = () => this.segmentation();
    return { edges, generator: generator && { ...generator, side: generator.card!.size }, segmentation };
  }

  /** The segmentation network, read when first asked for. @throws StudioError `missing-weights` where there is none. */
  segmentation(): Promise<SamModel> {
    if (!this.#sam) {
      const loading = loadShippedSam(this.#source);
      this.#sam = loading;
      loading.catch(() => {
        // Not kept: the next call tries again.
        if (this.#sam === loading) this.#sam = null;
      });
    }
    return this.#sam;
  }

  /** Settings that suit the segmentation network. */
  async partSettings(): Promise<PartSettings> {
    return { ...DEFAULT_PART_SETTINGS, ...(await this.segmentation()).card?.everything };
  }

  async useSam(files: readonly WeightFile[]): Promise<ModelInfo> {
    const model = await loadOwnSam(files);
    this.#sam = Promise.resolve(model);
    return samInfo(model);
  }

  async useShippedSam(): Promise<ModelInfo> {
    this.#sam = null;
    return samInfo(await this.segmentation());
  }

  async useEdges(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<ModelInfo> {
    this.edges = await loadOwnEdges(bytes, file, this.#source);
    return infoOf(this.edges!, 'edges', 'cached');
  }

  async useShippedEdges(): Promise<ModelInfo> {
    this.edges = await loadShippedEdges(this.#source);
    return infoOf(this.edges!, 'edges', 'shipped');
  }

  async list(): Promise<ModelInfo[]> {
    await this.load();
    const list = [infoOf(this.#edges!, 'edges', this.#edges!.card ? 'shipped' : 'cached')];
    if (this.#generator) list.push(infoOf(this.#generator, 'generator', 'shipped'));
    list.push(await this.#listSegmentation());
    return list;
  }

  /** From the card alone: the weights are read when something is to be segmented. */
  async #listSegmentation(): Promise<ModelInfo> {
    if (this.#sam) return samInfo(await this.#sam);
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
