import { describe, expect, it } from 'vitest';
import { sha256 } from '../core/hash';
import { MemoryBlobStore, OpfsBlobStore, storageError, type BlobStore } from './blobs';

/**
 * The origin private file system as far as the store uses it: a writable works on a copy that replaces the file on
 * close, a file being written to is locked, and what does not fit is refused on write or on close.
 */
class FakeFileSystem {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #folders = new Set<string>();
  readonly #locked = new Set<string>();
  capacity = Infinity;
  refusesOn: 'write' | 'close' = 'write';
  /** Thrown by every writing call, if there is one. */
  broken: DOMException | null = null;

  root = async (): Promise<FileSystemDirectoryHandle> => this.#folder('');

  #folder(path: string): FileSystemDirectoryHandle {
    const missing = () => new DOMException('missing', 'NotFoundError');
    const children = (all: Iterable<string>) =>
      [...all].filter((name) => name.startsWith(path) && /^[^/]+\/?$/.test(name.slice(path.length)));
    const handle = {
      kind: 'directory',
      getDirectoryHandle: async (name: string, { create = false } = {}) => {
        if (create) this.#folders.add(`${path}${name}/`);
        if (!this.#folders.has(`${path}${name}/`)) throw missing();
        return this.#folder(`${path}${name}/`);
      },
      getFileHandle: async (name: string, { create = false } = {}) => {
        const file = `${path}${name}`;
        if (create && this.broken) throw this.broken;
        if (create && !this.files.has(file)) this.files.set(file, new Uint8Array(0));
        if (!this.files.has(file)) throw missing();
        return {
          getFile: async () => new Blob([this.files.get(file)!]),
          createWritable: async () => this.#writable(file),
        };
      },
      removeEntry: async (name: string) => {
        if (this.#locked.has(path + name)) throw new DOMException('locked', 'NoModificationAllowedError');
        if (!this.files.delete(path + name)) throw missing();
      },
      async *values() {
        for (const name of children(folders)) yield handleOf(name);
      },
      async *keys() {
        for (const name of children(files.keys())) yield name.slice(path.length);
      },
    };
    const [folders, files] = [this.#folders, this.files];
    const handleOf = (name: string) => this.#folder(name);
    return handle as unknown as FileSystemDirectoryHandle;
  }

  #writable(file: string) {
    let copy = new Uint8Array(0);
    const check = (now: boolean) => {
      const used = [...this.files].reduce((sum, [name, bytes]) => sum + (name === file ? 0 : bytes.length), 0);
      if (now && used + copy.length > this.capacity) throw new DOMException('full', 'QuotaExceededError');
    };
    this.#locked.add(file);
    return {
      write: async (bytes: Uint8Array<ArrayBuffer>) => {
        copy = bytes.slice();
        check(this.refusesOn === 'write');
      },
      close: async () => {
        check(this.refusesOn === 'close');
        this.files.set(file, copy);
        this.#locked.delete(file);
      },
      abort: async () => void this.#locked.delete(file),
    };
  }
}

async function listed(store: BlobStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const id of store.list()) ids.push(id);
  return ids.sort();
}

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);

describe.each<[string, () => { store: BlobStore; fill(capacity: number): void }]>([
  [
    'OpfsBlobStore, refused while writing',
    () => {
      const system = new FakeFileSystem();
      return { store: new OpfsBlobStore(system.root), fill: (capacity) => (system.capacity = capacity) };
    },
  ],
  [
    'OpfsBlobStore, refused at the end',
    () => {
      const system = new FakeFileSystem();
      system.refusesOn = 'close';
      return { store: new OpfsBlobStore(system.root), fill: (capacity) => (system.capacity = capacity) };
    },
  ],
])('%s', (_, open) => {
  it('stores the same bytes once, under their hash, and removes them', async () => {
    const { store } = open();
    const id = await store.put(bytes(5, 1));
    expect(id).toBe(await sha256(bytes(5, 1)));
    expect(await store.put(bytes(5, 1))).toBe(id);
    const other = await store.put(bytes(5, 2));
    expect(await listed(store)).toEqual([id, other].sort());
    expect(await store.get(id)).toEqual(bytes(5, 1));
    await store.delete(id);
    await store.delete(id);
    expect(await store.has(id)).toBe(false);
    expect(await listed(store)).toEqual([other]);
  });

  it('says what does not fit, keeps the rest, leaves nothing half-written, and goes on', async () => {
    const { store, fill } = open();
    const id = await store.put(bytes(5, 1));
    fill(8);
    await expect(store.put(bytes(6, 2), 'set/large.png')).rejects.toMatchObject({
      code: 'storage-full',
      message: expect.stringMatching(/full, so set\/large\.png was not saved\. Free disk space/),
    });
    expect(await listed(store)).toEqual([id]);
    expect(await store.has(await sha256(bytes(6, 2)))).toBe(false);
    expect(await store.get(id)).toEqual(bytes(5, 1));
    const small = await store.put(bytes(2, 3));
    expect(await store.get(small)).toEqual(bytes(2, 3));
    fill(Infinity);
    expect(await store.get(await store.put(bytes(6, 2)))).toEqual(bytes(6, 2));
  });
});

describe('OpfsBlobStore', () => {
  it('says that a picture is gone, also where only its name is left', async () => {
    const system = new FakeFileSystem();
    const store = new OpfsBlobStore(system.root);
    const gone = { code: 'file-vanished', message: expect.stringMatching(/gone.*Drop the folder again/) };
    await expect(store.get('f'.repeat(64))).rejects.toMatchObject(gone);
    const id = await store.put(bytes(5, 1));
    system.files.set(`blobs/${id.slice(0, 2)}/${id}`, new Uint8Array(0));
    await expect(store.get(id)).rejects.toMatchObject(gone);
    expect(await store.has(id)).toBe(false);
    await store.put(bytes(5, 1));
    expect(await store.get(id)).toEqual(bytes(5, 1));
  });

  it('says what a private window does', async () => {
    const system = new FakeFileSystem();
    system.broken = new DOMException('no', 'SecurityError');
    await expect(new OpfsBlobStore(system.root).put(bytes(5, 1), 'a.png')).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringMatching(/refused to save a\.png\. Private windows/),
    });
    const closed = new OpfsBlobStore(() => Promise.reject(new DOMException('no', 'SecurityError')));
    await expect(closed.put(bytes(5, 1))).rejects.toMatchObject({ code: 'storage-failed' });
  });
});

describe('MemoryBlobStore', () => {
  it('names what does not fit', async () => {
    await expect(new MemoryBlobStore(3).put(bytes(4, 0), 'a.png')).rejects.toMatchObject({
      code: 'storage-full',
      message: expect.stringContaining('a.png'),
    });
  });
});

describe('storageError', () => {
  it.each(['QuotaExceededError', 'NS_ERROR_FILE_NO_DEVICE_SPACE'])('knows full storage by the name %s', (name) => {
    expect(storageError(new DOMException('', name), 'x').code).toBe('storage-full');
  });
});
