import { sha256 } from '../core/hash';

/** A file of a {@link KeyedFiles}. */
export interface KeyedFile {
  readonly key: string;
  readonly bytes: number;
  /** When it was written, ms. */
  readonly writtenAt: number;
}

/** Files by names of letters, digits, dots and dashes. Every call may fail as storage does. */
export interface KeyedFiles {
  /** Null if there is none. */
  read(key: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Replaces the file as a whole: a crash leaves the old one or the new one. */
  write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  delete(key: string): Promise<void>;
  list(): Promise<readonly KeyedFile[]>;
}

const HASH = 64;

/**
 * What can be computed again, kept so that it need not be: the least recently used goes when there is too much, and no
 * call ever fails. Between two visits the order of use is that of writing. An entry carries its own SHA-256, and one that
 * does not fit it is none.
 */
export class DerivedCache {
  /** Bytes by key, least recently used first; read from storage at the first call. */
  #index: Promise<Map<string, number>> | null = null;
  /** Writes one after another, so that they agree on what there is. */
  #writes: Promise<unknown> = Promise.resolve();

  /** @param limit bytes kept at most, asked for once. */
  constructor(
    private readonly files: KeyedFiles,
    private readonly limit: () => Promise<number> = () => Promise.resolve(Infinity),
  ) {}

  /** Null where nothing is kept, or what is kept is damaged. */
  async get(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const sealed = await this.files.read(key);
      if (!sealed) return null;
      const bytes = sealed.slice(HASH);
      if (new TextDecoder().decode(sealed.subarray(0, HASH)) !== (await sha256(bytes))) {
        await this.#forget(key);
        return null;
      }
      const index = await this.#entries();
      index.delete(key);
      index.set(key, sealed.length);
      return bytes;
    } catch {
      return null;
    }
  }

  /** @returns whether it is kept: not where storage is full or forbidden, or the limit is smaller. */
  put(key: string, bytes: Uint8Array): Promise<boolean> {
    const result = this.#writes.then(() => this.#put(key, bytes)).catch(() => false);
    this.#writes = result;
    return result;
  }

  async #put(key: string, bytes: Uint8Array): Promise<boolean> {
    const sealed = new Uint8Array(HASH + bytes.length);
    sealed.set(bytes, HASH);
    sealed.set(new TextEncoder().encode(await sha256(sealed.slice(HASH))));
    const limit = await this.limit();
    if (sealed.length > limit) return false;
    const index = await this.#entries();
    const before = index.get(key) ?? 0;
    await this.#shrink(index, limit - sealed.length + before, key);
    try {
      await this.files.write(key, sealed);
    } catch {
      // Storage may be full for others too: half of what is here goes, and one more attempt is made.
      const used = sum(index.values());
      if (used === 0) return false;
      await this.#shrink(index, used / 2, key);
      await this.files.write(key, sealed);
    }
    index.delete(key);
    index.set(key, sealed.length);
    return true;
  }

  /** Removes the oldest until no more than `most` bytes are left. */
  async #shrink(index: Map<string, number>, most: number, except: string): Promise<void> {
    let used = sum(index.values());
    for (const [key, bytes] of [...index]) {
      if (used <= most) break;
      if (key === except) continue;
      await this.#forget(key);
      used -= bytes;
    }
  }

  async #forget(key: string): Promise<void> {
    (await this.#entries()).delete(key);
    await this.files.delete(key);
  }

  #entries(): Promise<Map<string, number>> {
    if (!this.#index) {
      const reading = this.files.list().then((files) => {
        const byAge = [...files].sort((a, b) => a.writtenAt - b.writtenAt);
        return new Map(byAge.map(({ key, bytes }) => [key, bytes]));
      });
      this.#index = reading;
      reading.catch(() => (this.#index = null));
    }
    return this.#index;
  }
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** In a folder of the origin private file system. */
export class OpfsFiles implements KeyedFiles {
  #folder: Promise<FileSystemDirectoryHandle> | null = null;

  constructor(
    private readonly name: string,
    private readonly root: () => Promise<FileSystemDirectoryHandle> = () => navigator.storage.getDirectory(),
  ) {}

  async read(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const file = await (await (await this.#directory()).getFileHandle(key)).getFile();
      return new Uint8Array(await file.arrayBuffer());
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotFoundError') return null;
      throw error;
    }
  }

  async write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const handle = await (await this.#directory()).getFileHandle(key, { create: true });
    // Works on a copy that replaces the file on close.
    const writable = await handle.createWritable();
    try {
      await writable.write(bytes);
      await writable.close();
    } catch (error) {
      await writable.abort().catch(() => undefined);
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await (await this.#directory()).removeEntry(key);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error;
    }
  }

  async list(): Promise<readonly KeyedFile[]> {
    const files: KeyedFile[] = [];
    for await (const handle of (await this.#directory()).values()) {
      if (handle.kind !== 'file') continue;
      const file = await (handle as FileSystemFileHandle).getFile();
      files.push({ key: handle.name, bytes: file.size, writtenAt: file.lastModified });
    }
    return files;
  }

  #directory(): Promise<FileSystemDirectoryHandle> {
    if (!this.#folder) {
      const opening = this.root().then((root) => root.getDirectoryHandle(this.name, { create: true }));
      this.#folder = opening;
      opening.catch(() => (this.#folder = null));
    }
    return this.#folder;
  }
}

/** In memory, for tests. `capacity` (bytes) simulates full storage. */
export class MemoryFiles implements KeyedFiles {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #writtenAt = new Map<string, number>();
  #clock = 0;

  constructor(public capacity = Infinity) {}

  async read(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.files.get(key)?.slice() ?? null;
  }

  async write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const others = [...this.files].reduce((used, [name, file]) => (name === key ? used : used + file.length), 0);
    if (others + bytes.length > this.capacity) throw new DOMException('full', 'QuotaExceededError');
    this.files.set(key, bytes.slice());
    this.#writtenAt.set(key, ++this.#clock);
  }

  async delete(key: string): Promise<void> {
    this.files.delete(key);
  }

  async list(): Promise<readonly KeyedFile[]> {
    return [...this.files].map(([key, { length }]) => ({ key, bytes: length, writtenAt: this.#writtenAt.get(key)! }));
  }
}
