import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StudioError } from '../core/errors';
import { Random } from '../core/random';
import { MemoryBlobStore } from './blobs';
import { EMPTY_DOCUMENT, newDraft, type DatasetRecord, type ImageRecord, type ProjectDocument } from './document';
import { changesBetween, IndexedDbPersistence, MemoryPersistence } from './persistence';
import { createProjectStore, type ProjectStore } from './store';

const dataset: DatasetRecord = {
  id: 'd',
  name: 'tiles',
  layout: 'images',
  description: '',
  licence: '',
  builtIn: false,
  trainedSet: null,
  addedAt: 0,
};
const image = (id: string): ImageRecord => ({
  id,
  datasetId: 'd',
  name: `${id}.png`,
  path: `tiles/${id}.png`,
  width: 64,
  height: 48,
  bytes: 10,
  source: { kind: 'blob', sha256: '0'.repeat(64) },
  thumbnail: null,
  split: 'unsorted',
  label: 'unsorted',
  masks: [],
});

function seeded(persistence = new MemoryPersistence()): { store: ProjectStore; persistence: MemoryPersistence } {
  const store = createProjectStore(persistence);
  store.getState().apply(
    'Import',
    (document) => {
      document.datasets.d = dataset;
      for (const id of ['a', 'b', 'c']) document.images[id] = image(id);
    },
    { undoable: false },
  );
  return { store, persistence };
}

const setFeather = (store: ProjectStore, value: number, mergeKey?: string) =>
  store.getState().apply(
    'Feather',
    (document) => {
      document.drafts.a ??= newDraft('a', 1);
      document.drafts.a.feather = value;
    },
    { mergeKey },
  );

describe('project store', () => {
  it('undoes and redoes one step at a time, imports excepted', () => {
    const { store } = seeded();
    expect(store.getState().history.canUndo).toBe(false);
    setFeather(store, 2);
    setFeather(store, 3);
    store.getState().undo();
    expect(store.getState().document.drafts.a.feather).toBe(2);
    store.getState().undo();
    expect(store.getState().document.drafts.a).toBeUndefined();
    expect(Object.keys(store.getState().document.images)).toHaveLength(3);
    store.getState().redo();
    store.getState().redo();
    expect(store.getState().document.drafts.a.feather).toBe(3);
  });

  it('makes one step of a slider drag, and a new one after it was let go', () => {
    const { store } = seeded();
    for (const value of [1, 2, 3]) setFeather(store, value, 'feather');
    store.getState().settle();
    for (const value of [4, 5]) setFeather(store, value, 'feather');
    store.getState().undo();
    expect(store.getState().document.drafts.a.feather).toBe(3);
    store.getState().undo();
    expect(store.getState().document.drafts.a).toBeUndefined();
  });

  it('leaves no step for a change of nothing', () => {
    const { store } = seeded();
    setFeather(store, 2);
    setFeather(store, 2);
    store.getState().undo();
    expect(store.getState().history.canUndo).toBe(false);
  });

  it('returns to the start after any random walk of edits, undos and redos', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const random = new Random(seed);
      const { store } = seeded();
      const start = store.getState().document;
      for (let i = 0; i < 60; i++) {
        const choice = random.uniform();
        if (choice < 0.6) {
          const id = random.pick(['a', 'b', 'c']);
          const value = random.int(0, 64);
          store.getState().apply('Edit', (document) => {
            document.drafts[id] ??= newDraft(id, 1);
            document.drafts[id].feather = value;
          });
        } else if (choice < 0.85) store.getState().undo();
        else store.getState().redo();
      }
      const end = store.getState().document;
      let steps = 0;
      while (store.getState().history.canUndo) {
        store.getState().undo();
        steps += 1;
      }
      expect(store.getState().document, `seed ${seed}`).toEqual(start);
      for (let i = 0; i < steps; i++) store.getState().redo();
      expect(store.getState().document, `seed ${seed}`).toEqual(end);
    }
  });

  it('saves every change and restores it', async () => {
    const { store, persistence } = seeded();
    setFeather(store, 7);
    await store.getState().flush();
    expect(store.getState().saving).toBe('saved');
    const again = createProjectStore(persistence);
    expect(await again.getState().restore()).toEqual([]);
    expect(again.getState().document).toEqual(store.getState().document);
  });

  it('keeps the work and says so when storage is full, and saves it once there is room', async () => {
    const { store, persistence } = seeded();
    await store.getState().flush();
    persistence.failWith = new StudioError('storage-full', 'storage', 'The browser’s storage is full.');
    setFeather(store, 9);
    await expect(store.getState().flush()).rejects.toMatchObject({ code: 'storage-full' });
    expect(store.getState().saving).toBe('failed');
    expect(store.getState().saveError?.message).toContain('full');
    expect(store.getState().document.drafts.a.feather).toBe(9);
    persistence.failWith = null;
    await store.getState().flush();
    expect(store.getState().saving).toBe('saved');
    expect(persistence.rows.get('drafts/a')).toBeDefined();
  });

  it('leaves out a record it cannot read, and says so, without losing the others', async () => {
    const { store, persistence } = seeded();
    await store.getState().flush();
    persistence.rows.set('images/b', { collection: 'images', id: 'b', version: 1, value: { nonsense: true } });
    persistence.rows.set('images/c', { collection: 'images', id: 'c', version: 99, value: image('c') });
    const again = createProjectStore(persistence);
    const problems = await again.getState().restore();
    expect(problems).toHaveLength(2);
    expect(Object.keys(again.getState().document.images)).toEqual(['a']);
    expect(persistence.rows.has('images/b')).toBe(true);
  });
});

describe('IndexedDbPersistence', () => {
  let document: ProjectDocument;
  beforeEach(() => {
    document = seeded().store.getState().document;
  });

  it('writes what changed and reads it back', async () => {
    const persistence = new IndexedDbPersistence('test-round-trip');
    await persistence.save(changesBetween(EMPTY_DOCUMENT, document));
    const { b: _removed, ...images } = document.images;
    await persistence.save(changesBetween(document, { ...document, images }));
    const loaded = await new IndexedDbPersistence('test-round-trip').load();
    expect(loaded).toEqual({ document: { ...document, images }, problems: [] });
  });

  /**
   * Full storage as browsers report it: a write fails, or the transaction ends under all of its writes.
   * fake-indexeddb has no quota, so its own machinery is told to fail.
   */
  interface FakeTransaction {
    _execRequestAsync(request: { source: IDBObjectStore; operation(): void }): IDBRequest<IDBValidKey>;
    _abort(name: string): void;
  }
  it.each<[string, (store: IDBObjectStore, transaction: FakeTransaction) => IDBRequest<IDBValidKey> | null]>([
    [
      'a write fails',
      (source, transaction) => {
        const operation = () => {
          throw new DOMException('full', 'QuotaExceededError');
        };
        return transaction._execRequestAsync({ source, operation });
      },
    ],
    [
      'the transaction ends',
      (_store, transaction) => {
        queueMicrotask(() => transaction._abort('QuotaExceededError'));
        return null;
      },
    ],
  ])('saves nothing of a change for which storage is full, and says so: %s', async (name, fail) => {
    const persistence = new IndexedDbPersistence(`test-full ${name}`);
    const before = { ...EMPTY_DOCUMENT, datasets: { d: dataset }, images: { a: image('a') } };
    await persistence.save(changesBetween(EMPTY_DOCUMENT, before));
    const after = { ...document, drafts: { a: newDraft('a', 1), b: newDraft('b', 2) } };
    const changes = changesBetween(before, after);
    const original = IDBObjectStore.prototype.put;
    let writes = 0;
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value) {
      const failed = ++writes === 2 && fail(this, this.transaction as unknown as FakeTransaction);
      return failed || original.call(this, value);
    });
    await expect(persistence.save(changes)).rejects.toMatchObject({
      code: 'storage-full',
      message: expect.stringMatching(/full.*Free disk space.*saved before is safe/),
    });
    put.mockRestore();
    expect(writes).toBe(changes.length);
    expect(await persistence.load()).toEqual({ document: before, problems: [] });
    await persistence.save(changes);
    expect(await persistence.load()).toEqual({ document: after, problems: [] });
  });
});

describe('MemoryBlobStore', () => {
  it('stores the same bytes once and refuses what does not fit, keeping the rest', async () => {
    const blobs = new MemoryBlobStore(10);
    const id = await blobs.put(Uint8Array.of(1, 2, 3));
    expect(await blobs.put(Uint8Array.of(1, 2, 3))).toBe(id);
    await expect(blobs.put(new Uint8Array(20))).rejects.toMatchObject({ code: 'storage-full' });
    expect(await blobs.get(id)).toEqual(Uint8Array.of(1, 2, 3));
    await expect(blobs.get('f'.repeat(64))).rejects.toMatchObject({ code: 'file-vanished' });
  });
});
