import { StudioError, throwIfCancelled } from '../core/errors';
import { sha256 } from '../core/hash';

/**
 * Weights that others published. They are no part of the studio: the person accepts their licence and has them
 * downloaded, or drops the file. Once stored they work offline.
 */

export interface OfficialModel {
  readonly id: string;
  readonly title: string;
  readonly task: 'edges';
  /** Its file name, also when the person brings it. */
  readonly file: string;
  readonly url: string;
  readonly sha256: string;
  readonly bytes: number;
  /** A sentence to accept. */
  readonly licence: string;
  /** Where licence and authors are to be read. */
  readonly page: string;
}

const PIDINET = {
  task: 'edges',
  licence: 'Research purpose only; for commercial use contact the authors of PiDiNet (Su et al., ICCV 2021) first.',
  page: 'https://github.com/hellozhuo/pidinet',
} as const;
// A fixed commit, so that the address goes on naming the bytes that the hash does.
const PIDINET_FILES =
  'https://raw.githubusercontent.com/hellozhuo/pidinet/36f6506df68e46260d4424446ceb9da3aa267598/trained_models/';

export const OFFICIAL_MODELS: readonly OfficialModel[] = [
  {
    ...PIDINET,
    id: 'pidinet-official',
    title: 'PiDiNet, official',
    file: 'table5_pidinet.pth',
    url: `${PIDINET_FILES}table5_pidinet.pth`,
    sha256: '80860ac267258b5f27486e0ef152a211d0b08120f62aeb185a050acc30da486c',
    bytes: 2_871_148,
  },
  {
    ...PIDINET,
    id: 'pidinet-small-official',
    title: 'PiDiNet small, official',
    file: 'table5_pidinet-small.pth',
    url: `${PIDINET_FILES}table5_pidinet-small.pth`,
    sha256: '55740e3a0e6c4c3f82a921902851a86be6ad5a144db29add4ab57e1a22007f76',
    bytes: 765_036,
  },
  {
    ...PIDINET,
    id: 'pidinet-tiny-official',
    title: 'PiDiNet tiny, official',
    file: 'table5_pidinet-tiny.pth',
    url: `${PIDINET_FILES}table5_pidinet-tiny.pth`,
    sha256: 'e32b23fff6c1cb9bd4385a1d615023346fc2e3f2f3a8db7f78cc4ce95a14730c',
    bytes: 368_492,
  },
];

/**
 * `table5_baseline.pth`, published beside them: weights of the same names and shapes as PiDiNet's, but of plain
 * convolutions. Nothing in the file says so, and taken for differences they give noise.
 */
const BASELINE = 'aa103197722645487c7d670c0866e8a5537ab4501e610012bebec06dc559883a';

/**
 * The official model a file is, by its content; null if none.
 * @throws StudioError `altered-weights` if the file has the name of one and other content; `bad-weights` for the
 * authors' baseline.
 */
export function recogniseOfficial(file: string, hash: string): OfficialModel | null {
  const same = OFFICIAL_MODELS.find((model) => model.sha256 === hash);
  if (same) return same;
  if (hash === BASELINE) {
    const message = `${file} is the baseline PiDiNet was compared with, not a PiDiNet. Choose table5_pidinet.pth.`;
    throw new StudioError('bad-weights', 'model', message, { file });
  }
  const name = file.split(/[\\/]/).at(-1);
  const namesake = OFFICIAL_MODELS.find((model) => model.file === name);
  if (!namesake) return null;
  const message =
    `${file} has the name of an official PiDiNet checkpoint, but not its content ` +
    `(SHA-256 ${hash.slice(0, 12)}… instead of ${namesake.sha256.slice(0, 12)}…). ` +
    'Download it again, or rename it if it is a training of your own.';
  throw new StudioError('altered-weights', 'model', message, { file });
}

/** Bytes by the SHA-256 of their content; the project's blob store is one. */
export interface WeightCache {
  has(id: string): Promise<boolean>;
  get(id: string): Promise<Uint8Array<ArrayBuffer>>;
  /** @returns the SHA-256. @throws StudioError `storage-full`, `storage-failed`. */
  put(bytes: Uint8Array<ArrayBuffer>): Promise<string>;
  delete(id: string): Promise<void>;
}

export interface DownloadOptions {
  /** That the person has accepted the licence; without it nothing is downloaded. */
  readonly accepted: boolean;
  readonly signal?: AbortSignal;
  /** Bytes so far and in all. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

export interface OfficialWeights {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Why they could not be stored and will have to be downloaded again; null if they are. */
  readonly notKept: StudioError | null;
}

/** Official weights: from the cache, else downloaded, checked and stored. */
export class OfficialStore {
  /** Downloads in progress, so that two callers share one. A failed one is forgotten. */
  readonly #downloads = new Map<string, Promise<OfficialWeights>>();

  constructor(
    private readonly cache: WeightCache,
    private readonly request: typeof fetch = (...args) => fetch(...args),
  ) {}

  isCached(model: OfficialModel): Promise<boolean> {
    return this.cache.has(model.sha256);
  }

  /**
   * The file as its authors published it.
   * @throws StudioError `bad-argument` without acceptance, `missing-weights` when it cannot be downloaded,
   * `altered-weights` when something else came, `cancelled`.
   */
  async load(model: OfficialModel, options: DownloadOptions): Promise<OfficialWeights> {
    if (await this.cache.has(model.sha256)) {
      const bytes = await this.cache.get(model.sha256);
      if ((await sha256(bytes)) === model.sha256) return { bytes, notKept: null };
      await this.cache.delete(model.sha256);
    }
    if (!options.accepted) {
      const message = `${model.title} may be downloaded once its licence is accepted: ${model.licence}`;
      throw new StudioError('bad-argument', 'model', message, { file: model.file });
    }
    let download = this.#downloads.get(model.id);
    if (!download) {
      download = this.#download(model, options).finally(() => this.#downloads.delete(model.id));
      this.#downloads.set(model.id, download);
    }
    return download;
  }

  async #download(model: OfficialModel, { signal, onProgress }: DownloadOptions): Promise<OfficialWeights> {
    const bytes = await this.#fetch(model, signal, onProgress);
    if ((await sha256(bytes)) !== model.sha256) throw altered(model);
    try {
      await this.cache.put(bytes);
      return { bytes, notKept: null };
    } catch (error) {
      // Full storage is no reason to lose what has just been downloaded.
      if (error instanceof StudioError) return { bytes, notKept: error };
      throw error;
    }
  }

  async #fetch(
    model: OfficialModel,
    signal: AbortSignal | undefined,
    onProgress: DownloadOptions['onProgress'],
  ): Promise<Uint8Array<ArrayBuffer>> {
    const fail = (reason: string, cause?: unknown): StudioError => {
      const message =
        `${model.file} could not be downloaded (${reason}). Check the connection and try again, ` +
        `or get it from ${model.page} and drop the file here.`;
      return new StudioError('missing-weights', 'model', message, { cause, file: model.file });
    };
    const bytes = new Uint8Array(model.bytes);
    let done = 0;
    try {
      throwIfCancelled(signal, 'model');
      const response = await this.request(model.url, { signal, credentials: 'omit' });
      if (!response.ok || !response.body) throw fail(`HTTP ${response.status}`);
      onProgress?.({ done, total: model.bytes });
      const reader = response.body.getReader();
      for (;;) {
        const { done: ended, value } = await reader.read();
        if (ended) break;
        if (done + value.length > bytes.length) {
          await reader.cancel();
          throw altered(model);
        }
        bytes.set(value, done);
        done += value.length;
        onProgress?.({ done, total: model.bytes });
      }
    } catch (error) {
      throwIfCancelled(signal, 'model');
      if (error instanceof StudioError) throw error;
      throw fail(error instanceof Error ? error.message : String(error), error);
    }
    if (done < bytes.length) throw fail(`it ended after ${done} of ${bytes.length} bytes`);
    return bytes;
  }
}

function altered(model: OfficialModel): StudioError {
  const message =
    `What came as ${model.file} is not the file its authors published, so it was not kept. Try again on another ` +
    `network, or get it from ${model.page} and drop the file here.`;
  return new StudioError('altered-weights', 'model', message, { file: model.file });
}
