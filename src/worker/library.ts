import { z } from 'zod';
import { StudioError } from '../core/errors';
import {
  officialBytes,
  OFFICIAL_MODELS,
  OfficialStore,
  type OfficialModel,
  type OfficialWeights,
  type DownloadOptions,
  type WeightFile,
} from '../models/official';
import type { BlobStore } from '../project/blobs';
import type { NetworkChoice, NetworkOffer, NetworkTask } from './api';
import type { Settings } from './settings';

const ownSchema = z.object({ files: z.array(z.object({ name: z.string(), sha256: z.string(), bytes: z.number() })) });
type Own = z.infer<typeof ownSchema>;

/** What other networks can be had for. */
const TASKS = ['edges', 'generator', 'segmentation', 'detector'] as const satisfies readonly NetworkTask[];

const SHIPPED: NetworkChoice = { kind: 'shipped' };
const choiceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('shipped') }),
  z.object({ kind: z.literal('own') }),
  z.object({ kind: z.literal('official'), id: z.string() }),
]);

/**
 * The networks that may take the place of those shipped: official ones, and for each task the last that the person
 * brought; and which of all was chosen. All of it outlives the page where there is storage.
 */
export class NetworkLibrary {
  readonly #officials: OfficialStore;
  /** Own files that could not be stored, for as long as the page is open. */
  readonly #held = new Map<NetworkTask, readonly WeightFile[]>();
  /** What is being downloaded. */
  readonly #downloading = new Set<string>();

  constructor(
    private readonly blobs: BlobStore,
    private readonly settings: Settings,
    request?: typeof fetch,
    private readonly registry: readonly OfficialModel[] = OFFICIAL_MODELS,
  ) {
    const pins = {
      get: async (url: string) =>
        z
          .string()
          .nullable()
          .catch(null)
          .parse(await settings.get(`pin ${url}`)),
      set: (url: string, hash: string) => settings.set(`pin ${url}`, hash),
    };
    this.#officials = new OfficialStore(blobs, pins, request, registry);
  }

  /** @throws StudioError `bad-argument` if there is none of this id. */
  official(id: string): OfficialModel {
    const model = this.registry.find((entry) => entry.id === id);
    if (!model) throw new StudioError('bad-argument', 'model', `There is no official network ${id}.`);
    return model;
  }

  /** What may be used besides the shipped networks. */
  async offers(inUse: Readonly<Record<NetworkTask, NetworkChoice>>): Promise<NetworkOffer[]> {
    const officials = this.registry.map(async (model): Promise<NetworkOffer> => {
      const { id, title, task, licence, page } = model;
      const used = inUse[task];
      return {
        id,
        source: 'official',
        title,
        task,
        licence,
        page,
        bytes: officialBytes(model),
        files: await this.#officials.states(model),
        state: (await this.#officials.isStored(model))
          ? 'stored'
          : this.#downloading.has(id)
            ? 'downloading'
            : 'available',
        inUse: used.kind === 'official' && used.id === id,
      };
    });
    const own = TASKS.map(async (task): Promise<NetworkOffer | null> => {
      const files = await this.#own(task);
      if (!files) return null;
      return {
        id: `own-${task}`,
        source: 'own',
        title: files.map(({ name }) => name).join(', '),
        task,
        licence: 'as its owner states',
        page: null,
        bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
        files: files.map(({ name, sha256 }) => ({ name, sha256, trust: 'own' })),
        state: 'stored',
        inUse: inUse[task].kind === 'own',
      };
    });
    const offers = await Promise.all([...officials, ...own]);
    return offers.filter((offer) => offer !== null);
  }

  async download(id: string, options: DownloadOptions): Promise<OfficialWeights> {
    this.#downloading.add(id);
    try {
      return await this.#officials.load(this.official(id), options);
    } finally {
      this.#downloading.delete(id);
    }
  }

  /** @throws StudioError `missing-weights` unless it is stored. */
  async readOfficial(id: string): Promise<readonly WeightFile[]> {
    const model = this.official(id);
    const files = await this.#officials.stored(model);
    if (files) return files;
    const message = `${model.title} is not stored on this machine. Download it again (Networks and weights).`;
    throw new StudioError('missing-weights', 'model', message);
  }

  removeOfficial(id: string): Promise<void> {
    return this.#officials.remove(this.official(id));
  }

  /**
   * Stores what the person brought, in place of what was brought before for this task.
   * @returns why it could not be stored and lasts until the page is closed; null if it is.
   */
  async keepOwn(task: NetworkTask, files: readonly WeightFile[]): Promise<StudioError | null> {
    const before = await this.#stored(task);
    this.#held.delete(task);
    try {
      const entries: Own['files'] = [];
      for (const { name, bytes } of files) {
        entries.push({ name, sha256: await this.blobs.put(bytes, name), bytes: bytes.length });
      }
      await this.settings.set(`own ${task}`, { files: entries } satisfies Own);
      await this.#discard(before, new Set(entries.map(({ sha256 }) => sha256)));
      return null;
    } catch (error) {
      if (!(error instanceof StudioError)) throw error;
      this.#held.set(task, files);
      return error;
    }
  }

  /** @throws StudioError `missing-weights` where nothing was brought, or it is gone. */
  async readOwn(task: NetworkTask): Promise<readonly WeightFile[]> {
    const held = this.#held.get(task);
    if (held) return held;
    const entries = await this.#stored(task);
    const name = entries?.map((entry) => entry.name).join(' and ') ?? 'The network you brought';
    try {
      const read = entries?.map(async (entry) => ({ name: entry.name, bytes: await this.blobs.get(entry.sha256) }));
      if (read) return await Promise.all(read);
    } catch {
      // The sentence below says what to do.
    }
    const message = `${name} is no longer stored on this machine. Choose the file again (Networks and weights).`;
    throw new StudioError('missing-weights', 'model', message);
  }

  async removeOwn(task: NetworkTask): Promise<void> {
    this.#held.delete(task);
    const before = await this.#stored(task);
    await this.settings.set(`own ${task}`, null);
    await this.#discard(before, new Set());
  }

  async choice(task: NetworkTask): Promise<NetworkChoice> {
    const choice = choiceSchema.safeParse(await this.settings.get(`choice ${task}`));
    return choice.success ? choice.data : SHIPPED;
  }

  /** What was chosen for every task. */
  async choices(): Promise<Record<NetworkTask, NetworkChoice>> {
    const entries = TASKS.map(async (task) => [task, await this.choice(task)] as const);
    return Object.fromEntries(await Promise.all(entries)) as Record<NetworkTask, NetworkChoice>;
  }

  /** @returns why it is not remembered; null if it is. */
  async choose(task: NetworkTask, choice: NetworkChoice): Promise<StudioError | null> {
    try {
      await this.settings.set(`choice ${task}`, choice);
      return null;
    } catch (error) {
      if (error instanceof StudioError) return error;
      throw error;
    }
  }

  async #own(task: NetworkTask): Promise<readonly { name: string; sha256: string | null; bytes: number }[] | null> {
    const held = this.#held.get(task);
    if (held) return held.map(({ name, bytes }) => ({ name, sha256: null, bytes: bytes.length }));
    return this.#stored(task);
  }

  async #stored(task: NetworkTask): Promise<Own['files'] | null> {
    const own = ownSchema.safeParse(await this.settings.get(`own ${task}`));
    return own.success ? own.data.files : null;
  }

  /** Deletes blobs that nothing refers to any more: an official file may have been dropped, too. */
  async #discard(entries: Own['files'] | null, except: Set<string>): Promise<void> {
    const needed = new Set(except);
    for (const model of this.registry) {
      for (const { sha256 } of await this.#officials.states(model)) if (sha256 !== null) needed.add(sha256);
    }
    for (const task of TASKS) {
      for (const { sha256 } of (await this.#stored(task)) ?? []) needed.add(sha256);
    }
    for (const { sha256 } of entries ?? []) {
      // What is left behind is a matter of space only.
      if (!needed.has(sha256)) await this.blobs.delete(sha256).catch(() => undefined);
    }
  }
}
