import { StudioError } from '../core/errors';
import type { ModelRef } from '../core/recipe';
import type { Prompt } from '../models/sam/segmenter';
import type { ImageRecord } from '../project/document';
import type { MaskProposal, StudioWorker } from '../worker/api';
import { LatestWins } from './latest';

/** What the network answered, and to what. */
export interface Pointed {
  readonly imageId: string;
  readonly prompt: Prompt;
  /** Best first; empty where there is nothing. */
  readonly proposals: readonly MaskProposal[];
}

export interface PointingEvents {
  /** The first answer about an image is awaited, for which the network reads the whole picture; or it has come. */
  reading(reading: boolean): void;
  /** What lies under the pointer. */
  hovered(pointed: Pointed): void;
  failed(error: unknown): void;
}

/**
 * Asks the segmentation network about any image, the open one or a donor. Hovers are answered as fast as the network
 * can, the newest winning and nothing being queued; a click is always answered.
 */
export class Pointing {
  readonly #hovers: LatestWins<{ image: ImageRecord; prompt: Prompt }, Pointed>;
  /** The image that was answered about last. */
  #read: string | null = null;
  #network: Promise<ModelRef> | null = null;

  constructor(
    private readonly worker: Pick<StudioWorker, 'segment' | 'models'>,
    private readonly on: PointingEvents,
  ) {
    this.#hovers = new LatestWins(({ image, prompt }) => this.#segment(image, prompt, true), {
      busy: () => undefined,
      result: (pointed) => on.hovered(pointed),
      error: (error) => on.failed(error),
      dropped: () => undefined,
    });
  }

  hover(image: ImageRecord, prompt: Prompt): void {
    this.#hovers.request({ image, prompt });
  }

  /** What was asked of hovers is of no interest any more. */
  drop(): void {
    this.#hovers.clear();
  }

  /** @throws StudioError what the worker throws. */
  ask(image: ImageRecord, prompt: Prompt): Promise<Pointed> {
    return this.#segment(image, prompt, false);
  }

  /** Reads a picture before it is pointed at. @throws StudioError what the worker throws. */
  async prepare(image: ImageRecord, { width, height }: { width: number; height: number }): Promise<void> {
    if (this.#read === image.id) return;
    await this.#segment(image, { points: [{ x: width / 2, y: height / 2, label: 1 }] }, false);
  }

  /** The network that answers. @throws StudioError `missing-weights`. */
  network(): Promise<ModelRef> {
    this.#network ??= this.#findNetwork().catch((error: unknown) => {
      // Not kept: the next call tries again.
      this.#network = null;
      throw error;
    });
    return this.#network;
  }

  /** Another network answers from now on. */
  forget(): void {
    this.drop();
    this.#read = null;
    this.#network = null;
  }

  async #segment(image: ImageRecord, prompt: Prompt, hover: boolean): Promise<Pointed> {
    const first = this.#read !== image.id;
    if (first) this.on.reading(true);
    try {
      const proposals = await this.worker.segment(image, prompt, hover);
      this.#read = image.id;
      return { imageId: image.id, prompt, proposals };
    } finally {
      if (first) this.on.reading(false);
    }
  }

  async #findNetwork(): Promise<ModelRef> {
    const network = (await this.worker.models()).find(
      ({ task, state }) => task === 'segmentation' && state !== 'missing',
    );
    if (network) return { id: network.id, sha256: network.sha256 };
    throw new StudioError('missing-weights', 'model', 'No segmentation network is installed. Draw the region by hand.');
  }
}
