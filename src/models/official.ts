import { StudioError, throwIfCancelled } from '../core/errors';
import { sha256 } from '../core/hash';

/**
 * Weights that others published. They are no part of the studio: the person accepts their licence and has them
 * downloaded, or drops the files. Once stored they work offline.
 */

/** A file whose SHA-256 is known beforehand: nothing else is ever taken for it. */
export interface PublishedFile {
  readonly trust: 'published';
  /** Its file name, also when the person brings it. */
  readonly name: string;
  readonly url: string;
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * A file of which only the address is known. What it gives at the first download cannot be held against anything but
 * its form; its SHA-256 is shown, remembered, and demanded from then on.
 */
export interface FirstUseFile {
  readonly trust: 'first-use';
  readonly name: string;
  readonly url: string;
  /** About; more than twice as much is not read. */
  readonly bytes: number;
}

export type OfficialFile = PublishedFile | FirstUseFile;

export interface OfficialModel {
  readonly id: string;
  readonly title: string;
  readonly task: 'edges' | 'segmentation';
  /** One for edges, encoder and decoder for segmentation. */
  readonly files: readonly OfficialFile[];
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
const SLIMSAM = 'https://huggingface.co/Xenova/slimsam-77-uniform';
const SLIMSAM_FILES = `${SLIMSAM}/resolve/5850ab45f587c112167512ffef949107115e26a0/onnx/`;
const SAM_BASE = 'https://huggingface.co/Xenova/sam-vit-base';
const SAM_BASE_FILES = `${SAM_BASE}/resolve/main/onnx/`;

function published(folder: string, name: string, hash: string, bytes: number): PublishedFile {
  return { trust: 'published', name, url: folder + name, sha256: hash, bytes };
}

export const OFFICIAL_MODELS: readonly OfficialModel[] = [
  {
    ...PIDINET,
    id: 'pidinet-official',
    title: 'PiDiNet, official',
    files: [
      published(
        PIDINET_FILES,
        'table5_pidinet.pth',
        '80860ac267258b5f27486e0ef152a211d0b08120f62aeb185a050acc30da486c',
        2_871_148,
      ),
    ],
  },
  {
    ...PIDINET,
    id: 'pidinet-small-official',
    title: 'PiDiNet small, official',
    files: [
      published(
        PIDINET_FILES,
        'table5_pidinet-small.pth',
        '55740e3a0e6c4c3f82a921902851a86be6ad5a144db29add4ab57e1a22007f76',
        765_036,
      ),
    ],
  },
  {
    ...PIDINET,
    id: 'pidinet-tiny-official',
    title: 'PiDiNet tiny, official',
    files: [
      published(
        PIDINET_FILES,
        'table5_pidinet-tiny.pth',
        'e32b23fff6c1cb9bd4385a1d615023346fc2e3f2f3a8db7f78cc4ce95a14730c',
        368_492,
      ),
    ],
  },
  {
    id: 'slimsam-77-uniform',
    title: 'SlimSAM-77',
    task: 'segmentation',
    licence: 'Apache-2.0. SlimSAM (Chen et al., NeurIPS 2024), after SAM by Meta AI.',
    page: SLIMSAM,
    files: [
      published(
        SLIMSAM_FILES,
        'vision_encoder.onnx',
        '9f8433273a6750b587779baa0cf5508111001bf7e7acfcf585d370139fd366d0',
        23_276_014,
      ),
      published(
        SLIMSAM_FILES,
        'prompt_encoder_mask_decoder.onnx',
        'f4514391764fbd56e08e119060d874ecd7d52994bfb1968af159e12d4943b5bb',
        16_557_892,
      ),
    ],
  },
  {
    id: 'sam-vit-base-quantized',
    title: 'SAM ViT-B, 8 bit',
    task: 'segmentation',
    licence: 'Apache-2.0. SAM (Kirillov et al., ICCV 2023) by Meta AI.',
    page: SAM_BASE,
    files: [
      published(
        SAM_BASE_FILES,
        'vision_encoder_quantized.onnx',
        'd9d7bca3b256ab71b3b7cdc35839983bc8ebaf68ea9022f15805ac43955cd247',
        101_088_469,
      ),
      published(
        SAM_BASE_FILES,
        'prompt_encoder_mask_decoder_quantized.onnx',
        'cb90b279f549d2cab7fd6e20c38522438c65d84bdcca3d2a764cff7d857fdce2',
        4_903_810,
      ),
    ],
  },
  {
    id: 'sam-vit-base',
    title: 'SAM ViT-B, full precision',
    task: 'segmentation',
    licence: 'Apache-2.0. SAM (Kirillov et al., ICCV 2023) by Meta AI.',
    page: SAM_BASE,
    files: [
      {
        trust: 'first-use',
        name: 'vision_encoder.onnx',
        url: `${SAM_BASE_FILES}vision_encoder.onnx`,
        bytes: 360_000_000,
      },
      {
        trust: 'first-use',
        name: 'prompt_encoder_mask_decoder.onnx',
        url: `${SAM_BASE_FILES}prompt_encoder_mask_decoder.onnx`,
        bytes: 17_000_000,
      },
    ],
  },
];

/** Bytes of a model's files; about, where a file is known by its address only. */
export function officialBytes({ files }: OfficialModel): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * `table5_baseline.pth`, published beside them: weights of the same names and shapes as PiDiNet's, but of plain
 * convolutions. Nothing in the file says so, and taken for differences they give noise.
 */
const BASELINE = 'aa103197722645487c7d670c0866e8a5537ab4501e610012bebec06dc559883a';

/**
 * The official edge detector a file is, by its content; null if none.
 * @throws StudioError `altered-weights` if the file has the name of one and other content; `bad-weights` for the
 * authors' baseline.
 */
export function recogniseOfficial(file: string, hash: string): OfficialModel | null {
  const same = officialOf(hash, 'edges');
  if (same) return same;
  if (hash === BASELINE) {
    const message = `${file} is the baseline PiDiNet was compared with, not a PiDiNet. Choose table5_pidinet.pth.`;
    throw new StudioError('bad-weights', 'model', message, { file });
  }
  const name = file.split(/[\\/]/).at(-1);
  for (const model of OFFICIAL_MODELS) {
    // Every export of a SAM has the same two file names; those of PiDiNet's checkpoints are its own.
    const namesake = model.task === 'edges' && model.files.find((entry) => entry.name === name);
    if (!namesake || namesake.trust !== 'published') continue;
    const message =
      `${file} has the name of an official PiDiNet checkpoint, but not its content ` +
      `(SHA-256 ${hash.slice(0, 12)}… instead of ${namesake.sha256.slice(0, 12)}…). ` +
      'Download it again, or rename it if it is a training of your own.';
    throw new StudioError('altered-weights', 'model', message, { file });
  }
  return null;
}

/** The official model whose first file (a SAM's encoder) has this SHA-256; null if none is known to. */
export function officialOf(hash: string, task: OfficialModel['task']): OfficialModel | null {
  const is = ({ files: [file] }: OfficialModel) => file.trust === 'published' && file.sha256 === hash;
  return OFFICIAL_MODELS.find((model) => model.task === task && is(model)) ?? null;
}

/** Bytes by the SHA-256 of their content; the project's blob store is one. */
export interface WeightCache {
  has(id: string): Promise<boolean>;
  /** @throws StudioError `file-vanished`. */
  get(id: string): Promise<Uint8Array<ArrayBuffer>>;
  /** @returns the SHA-256. @throws StudioError `storage-full`, `storage-failed`. */
  put(bytes: Uint8Array<ArrayBuffer>, what?: string): Promise<string>;
  delete(id: string): Promise<void>;
}

/** SHA-256 of what first came from an address, by address. */
export interface PinStore {
  get(url: string): Promise<string | null>;
  /** @throws StudioError `storage-full`, `storage-failed`. */
  set(url: string, hash: string): Promise<void>;
}

export interface WeightFile {
  /** What to call it in sentences. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface DownloadOptions {
  /** That the person has accepted the licence; without it nothing is downloaded. */
  readonly accepted: boolean;
  readonly signal?: AbortSignal;
  /** Bytes so far and in all. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Rejects files that are not what the model is for; of files known by address it is the only check there is. */
  readonly recognise?: (files: readonly WeightFile[]) => Promise<unknown>;
}

export interface OfficialWeights {
  /** In the order of the model's files. */
  readonly files: readonly WeightFile[];
  /** Why they could not be stored and will have to be downloaded again; null if they are. */
  readonly notKept: StudioError | null;
}

/** A file as it stands: its hash, null while nobody has downloaded one that is known by address only. */
export interface OfficialFileState {
  readonly name: string;
  readonly trust: OfficialFile['trust'];
  readonly sha256: string | null;
}

/** Official weights: from the cache, else downloaded, checked and stored. */
export class OfficialStore {
  /** Downloads in progress, so that two callers share one. A failed one is forgotten. */
  readonly #downloads = new Map<string, Promise<OfficialWeights>>();
  /** What could not be stored, for as long as the page is open. */
  readonly #held = new Map<string, readonly WeightFile[]>();

  constructor(
    private readonly cache: WeightCache,
    private readonly pins: PinStore,
    private readonly request: typeof fetch = (...args) => fetch(...args),
    private readonly registry: readonly OfficialModel[] = OFFICIAL_MODELS,
  ) {}

  /** Whether it can be used without a network. Storage that cannot be read holds nothing. */
  async isStored(model: OfficialModel): Promise<boolean> {
    if (this.#held.has(model.id)) return true;
    for (const file of model.files) {
      const hash = await this.#expected(file);
      if (hash === null || !(await this.cache.has(hash).catch(() => false))) return false;
    }
    return true;
  }

  async states(model: OfficialModel): Promise<OfficialFileState[]> {
    return Promise.all(
      model.files.map(async (file) => ({
        name: file.name,
        trust: file.trust,
        sha256: await this.#expected(file),
      })),
    );
  }

  /** The stored files, held against their hashes; null unless all are there. */
  async stored(model: OfficialModel): Promise<readonly WeightFile[] | null> {
    const held = this.#held.get(model.id);
    if (held) return held;
    const files: WeightFile[] = [];
    for (const file of model.files) {
      const bytes = await this.#cached(file);
      if (!bytes) return null;
      files.push({ name: file.name, bytes });
    }
    return files;
  }

  /**
   * The files as their authors published them.
   * @throws StudioError `bad-argument` without acceptance, `missing-weights` when they cannot be downloaded,
   * `altered-weights` when something else came, `cancelled`, and what `recognise` throws.
   */
  async load(model: OfficialModel, options: DownloadOptions): Promise<OfficialWeights> {
    const stored = await this.stored(model);
    if (stored) return { files: stored, notKept: null };
    if (!options.accepted) {
      const message = `${model.title} may be downloaded once its licence is accepted: ${model.licence}`;
      throw new StudioError('bad-argument', 'model', message, { file: model.files[0].name });
    }
    let download = this.#downloads.get(model.id);
    if (!download) {
      download = this.#download(model, options).finally(() => this.#downloads.delete(model.id));
      this.#downloads.set(model.id, download);
    }
    return download;
  }

  /**
   * Frees what the model takes in storage. What was first downloaded from an address stays remembered, so that another
   * download has to bring the same. Files that another stored model needs too stay.
   */
  async remove(model: OfficialModel): Promise<void> {
    this.#held.delete(model.id);
    const needed = new Set<string | null>();
    for (const other of this.registry) {
      if (other.id === model.id || !(await this.isStored(other))) continue;
      for (const file of other.files) needed.add(await this.#expected(file));
    }
    for (const file of model.files) {
      const hash = await this.#expected(file);
      if (hash !== null && !needed.has(hash)) await this.cache.delete(hash);
    }
  }

  async #expected(file: OfficialFile): Promise<string | null> {
    if (file.trust === 'published') return file.sha256;
    return this.pins.get(file.url);
  }

  async #cached(file: OfficialFile): Promise<Uint8Array<ArrayBuffer> | null> {
    const hash = await this.#expected(file);
    if (hash === null) return null;
    try {
      if (!(await this.cache.has(hash))) return null;
      const bytes = await this.cache.get(hash);
      if ((await sha256(bytes)) === hash) return bytes;
      await this.cache.delete(hash);
    } catch {
      // Storage that cannot be read has nothing; the download will say if it cannot be written either.
    }
    return null;
  }

  async #download(model: OfficialModel, options: DownloadOptions): Promise<OfficialWeights> {
    const { signal, onProgress, recognise } = options;
    const total = officialBytes(model);
    const files: WeightFile[] = [];
    const firstUses: { readonly file: OfficialFile; readonly bytes: Uint8Array<ArrayBuffer>; hash: string }[] = [];
    let notKept: StudioError | null = null;
    let before = 0;
    onProgress?.({ done: 0, total });
    for (const file of model.files) {
      const tell = (done: number) => onProgress?.({ done: Math.min(total, before + done), total });
      let bytes = await this.#cached(file);
      if (!bytes) {
        bytes = await this.#fetch(model, file, signal, tell);
        const [wanted, hash] = [await this.#expected(file), await sha256(bytes)];
        if (wanted !== null && hash !== wanted) throw altered(model, file);
        // A file that is vouched for is kept at once: a download that breaks off at the next one goes on there.
        if (wanted !== null) notKept = (await this.#keep(bytes, model)) ?? notKept;
        else firstUses.push({ file, bytes, hash });
      }
      files.push({ name: file.name, bytes });
      before += file.bytes;
      tell(0);
    }
    await recognise?.(files);
    throwIfCancelled(signal, 'model');
    for (const { file, bytes, hash } of firstUses) {
      notKept = (await this.#keep(bytes, model, () => this.pins.set(file.url, hash))) ?? notKept;
    }
    if (notKept) this.#held.set(model.id, files);
    return { files, notKept };
  }

  /** Full storage is no reason to lose what has just been downloaded. @returns why it was not kept. */
  async #keep(
    bytes: Uint8Array<ArrayBuffer>,
    model: OfficialModel,
    then?: () => Promise<void>,
  ): Promise<StudioError | null> {
    try {
      await this.cache.put(bytes, model.title);
      await then?.();
      return null;
    } catch (error) {
      if (error instanceof StudioError) return error;
      throw error;
    }
  }

  async #fetch(
    model: OfficialModel,
    file: OfficialFile,
    signal: AbortSignal | undefined,
    onBytes: (done: number) => void,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const fail = (reason: string, cause?: unknown): StudioError => {
      const message =
        `${file.name} could not be downloaded (${reason}). Check the connection and try again, ` +
        `or get it from ${model.page} and drop the file here.`;
      return new StudioError('missing-weights', 'model', message, { cause, file: file.name });
    };
    const exact = file.trust === 'published';
    const most = exact ? file.bytes : 2 * file.bytes;
    let bytes = new Uint8Array(exact ? file.bytes : 0);
    let done = 0;
    try {
      throwIfCancelled(signal, 'model');
      const response = await this.request(file.url, { signal, credentials: 'omit' });
      if (!response.ok || !response.body) throw fail(`HTTP ${response.status}`);
      const promised = Number(response.headers.get('content-length'));
      // A compressed answer promises fewer bytes than come; the buffer grows then.
      if (!exact && promised > 0 && promised <= most) bytes = new Uint8Array(promised);
      const encoded = response.headers.get('content-encoding') !== null;
      const reader = response.body.getReader();
      for (;;) {
        const { done: ended, value } = await reader.read();
        if (ended) break;
        if (done + value.length > most) {
          await reader.cancel();
          throw altered(model, file);
        }
        if (done + value.length > bytes.length) {
          const larger = new Uint8Array(Math.min(most, Math.max(2 * bytes.length, done + value.length)));
          larger.set(bytes.subarray(0, done));
          bytes = larger;
        }
        bytes.set(value, done);
        done += value.length;
        onBytes(done);
      }
      const wanted = exact ? file.bytes : encoded ? 0 : promised;
      if (done < wanted) throw fail(`it ended after ${done} of ${wanted} bytes`);
    } catch (error) {
      throwIfCancelled(signal, 'model');
      if (error instanceof StudioError) throw error;
      throw fail(error instanceof Error ? error.message : String(error), error);
    }
    return done === bytes.length ? bytes : bytes.slice(0, done);
  }
}

function altered(model: OfficialModel, file: OfficialFile): StudioError {
  const was =
    file.trust === 'published'
      ? 'is not the file its authors published'
      : 'is not the file that was downloaded from there before, or much larger than it should be';
  const message =
    `What came as ${file.name} ${was}, so it was not kept. Try again on another ` +
    `network, or get it from ${model.page} and drop the file here.`;
  return new StudioError('altered-weights', 'model', message, { file: file.name });
}
