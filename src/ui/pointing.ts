import { proxy } from 'comlink';
import { StudioError } from '../core/errors';
import type { ModelRef } from '../core/recipe';
import type { Prompt } from '../models/sam/segmenter';
import type { ImageRecord } from '../project/document';
import type { MaskProposal, Progress, StudioWorker } from '../worker/api';
import { LatestWins } from './latest';

/** What the network answered, and to what. */
export interface Pointed {
  readonly imageId: string;
  readonly prompt: Prompt;
  /** Best first; empty where there is nothing. */
  readonly proposals: readonly MaskProposal[];
}

export interface PointingEvents {
  /** The network is opened and reads a whole picture, before its first answer about it; null once that is done. */
  reading(progress: Progress | null): void;
  /** What lies under the pointer. */
  hovered(pointed: Pointed): void;
  failed(error: unknown): void;
}

/** A picture being read, for a `job` of the worker or for an answer. */
interface Reading {
  readonly imageId: string;
  readonly job: string | null;
}

/**
 * Asks the segmentation network about images. Hovers are answered as fast as the network can, the newest winning and
 * nothing being queued; a click is always answered.
 */
export class Pointing {
  readonly #hovers: LatestWins<{ image: ImageRecord; prompt: Prompt }, Pointed>;
  /** The image that was answered about last. */
  #read: string | null = null;
  /** What is said to be read. */
  #reading: Reading | null = null;
  #network: Promise<ModelRef> | null = null;

  constructor(
    private readonly worker: Pick<StudioWorker, 'prepareSegmentation' | 'segment' | 'models' | 'cancel'>,
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
  async prepare(image: ImageRecord): Promise<void> {
    if (this.#read === image.id || this.#reading?.imageId === image.id) return;
    this.leave();
    const job = crypto.randomUUID();
    const reading = this.#begin(image, job);
    try {
      await this.worker.prepareSegmentation(
        job,
        image,
        proxy((progress) => {
          if (this.#reading === reading) this.on.reading(progress);
        }),
      );
      if (this.#reading === reading) this.#read = image.id;
    } finally {
      this.#end(reading);
    }
  }

  /** Nobody points at the picture any more that is being read. */
  leave(): void {
    this.drop();
    if (!this.#reading) return;
    const { job } = this.#reading;
    this.#end(this.#reading);
    if (job !== null) void this.worker.cancel(job);
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
    this.leave();
    this.#read = null;
    this.#network = null;
  }

  async #segment(image: ImageRecord, prompt: Prompt, hover: boolean): Promise<Pointed> {
    const first = this.#read !== image.id && this.#reading?.imageId !== image.id;
    const reading = first ? this.#begin(image, null) : null;
    try {
      const proposals = await this.worker.segment(image, prompt, hover);
      if (reading && this.#reading === reading) this.#read = image.id;
      return { imageId: image.id, prompt, proposals };
    } finally {
      if (reading) this.#end(reading);
    }
  }

  #begin({ id, name }: ImageRecord, job: string | null): Reading {
    const reading: Reading = { imageId: id, job };
    this.#reading = reading;
    this.on.reading({ done: 0, total: 1, label: name });
    return reading;
  }

  #end(reading: Reading): void {
    if (this.#reading !== reading) return;
    this.#reading = null;
    this.on.reading(null);
  }

  async #findNetwork(): Promise<ModelRef> {
    const network = (await this.worker.models()).find(
      ({ task, state }) => task === 'segmentation' && state !== 'missing',
    );
    if (network) return { id: network.id, sha256: network.sha256 };
    throw new StudioError('missing-weights', 'model', 'No segmentation network is installed. Draw the region by hand.');
  }
}
