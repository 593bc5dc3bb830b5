import { StudioError } from '../core/errors';
import { sha256 } from '../core/hash';

/** Content-addressed bytes: an id is the SHA-256 of what it names, so nothing is stored twice or silently altered. */
export interface BlobStore {
  /**
   * Stores the bytes and returns their id.
   * @param what how an error names them, e.g. the file they come from.
   * @throws StudioError `storage-full` or `storage-failed`; what was stored before stays.
   */
  put(bytes: Uint8Array<ArrayBuffer>, what?: string): Promise<string>;
  /** @throws StudioError `file-vanished` if there is no such blob. */
  get(id: string): Promise<Uint8Array<ArrayBuffer>>;
  has(id: string): Promise<boolean>;
  delete(id: string): Promise<void>;
  list(): AsyncIterable<string>;
}

/** Turns what storage throws into a sentence; quota errors have one of their own. */
export function storageError(cause: unknown, doing: string): StudioError {
  if (cause instanceof StudioError) return cause;
  const name = cause instanceof Error ? cause.name : '';
  if (name === 'QuotaExceededError' || name === 'NS_ERROR_FILE_NO_DEVICE_SPACE') {
    return new StudioError(
      'storage-full',
      'storage',
      `The browser's storage is full, so ${doing} was not saved. Free disk space, or remove a dataset or variants you no longer need; what was saved before is safe.`,
      { cause },
    );
  }
  return new StudioError(
    'storage-failed',
    'storage',
    `The browser refused to save ${doing}. Private windows often forbid storage: use a normal window, then try again.`,
    { cause },
  );
}

const LAST_CHANGE = 'the last change';

/** Blobs in the origin private file system, `blobs/<first two digits>/<id>`. Works in a window and in a worker. */
export class OpfsBlobStore implements BlobStore {
  readonly #root: Promise<FileSystemDirectoryHandle>;

  constructor(root: () => Promise<FileSystemDirectoryHandle> = () => navigator.storage.getDirectory()) {
    this.#root = root().then((directory) => directory.getDirectoryHandle('blobs', { create: true }));
    // The first real use reports it; an unhandled rejection would only add noise.
    this.#root.catch(() => undefined);
  }

  async put(bytes: Uint8Array<ArrayBuffer>, what = LAST_CHANGE): Promise<string> {
    const id = await sha256(bytes);
    try {
      if (await this.has(id)) return id;
      const folder = await this.#folder(id, true);
      // createWritable works on a copy that replaces the file on close: a crash leaves no half-written blob.
      const writable = await (await folder.getFileHandle(id, { create: true })).createWritable();
      try {
        await writable.write(bytes);
        await writable.close();
      } catch (error) {
        // A file being written to is locked; letting go of it comes before its removal.
        await writable.abort().catch(() => undefined);
        await folder.removeEntry(id).catch(() => undefined);
        throw error;
      }
      return id;
    } catch (error) {
      throw storageError(error, what);
    }
  }

  async get(id: string): Promise<Uint8Array<ArrayBuffer>> {
    try {
      const handle = await (await this.#folder(id, false)).getFileHandle(id);
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      // A crash while it was being stored leaves the name without the content.
      if (bytes.length === 0) throw new Error('the file is empty');
      return bytes;
    } catch (cause) {
      throw new StudioError(
        'file-vanished',
        'storage',
        'A stored picture is gone: the browser has cleared part of its storage. Drop the folder again to restore it.',
        { cause },
      );
    }
  }

  async has(id: string): Promise<boolean> {
    try {
      const file = await (await (await this.#folder(id, false)).getFileHandle(id)).getFile();
      return file.size > 0;
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotFoundError') return false;
      throw error;
    }
  }

  async delete(id: string): Promise<void> {
    try {
      await (await this.#folder(id, false)).removeEntry(id);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw storageError(error, 'the removal');
    }
  }

  async *list(): AsyncIterable<string> {
    for await (const folder of (await this.#root).values()) {
      if (folder.kind !== 'directory') continue;
      for await (const name of (folder as FileSystemDirectoryHandle).keys()) yield name;
    }
  }

  async #folder(id: string, create: boolean): Promise<FileSystemDirectoryHandle> {
    return (await this.#root).getDirectoryHandle(id.slice(0, 2), { create });
  }
}

/** Blobs in memory, for tests and for the command line. `capacity` (bytes) simulates full storage. */
export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<string, Uint8Array<ArrayBuffer>>();

  constructor(private readonly capacity = Infinity) {}

  async put(bytes: Uint8Array<ArrayBuffer>, what = LAST_CHANGE): Promise<string> {
    const id = await sha256(bytes);
    if (this.#blobs.has(id)) return id;
    const used = [...this.#blobs.values()].reduce((sum, blob) => sum + blob.length, 0);
    if (used + bytes.length > this.capacity) {
      throw storageError(new DOMException('full', 'QuotaExceededError'), what);
    }
    this.#blobs.set(id, bytes.slice());
    return id;
  }

  async get(id: string): Promise<Uint8Array<ArrayBuffer>> {
    const blob = this.#blobs.get(id);
    if (!blob) throw new StudioError('file-vanished', 'storage', `There is no stored blob ${id.slice(0, 12)}….`);
    return blob.slice();
  }

  async has(id: string): Promise<boolean> {
    return this.#blobs.has(id);
  }

  async delete(id: string): Promise<void> {
    this.#blobs.delete(id);
  }

  async *list(): AsyncIterable<string> {
    yield* [...this.#blobs.keys()];
  }
}
