import { describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors';
import { sha256 } from '../core/hash';
import {
  OFFICIAL_MODELS,
  officialBytes,
  officialOf,
  OfficialStore,
  recogniseOfficial,
  type OfficialModel,
  type PinStore,
  type WeightCache,
} from './official';

const content = new TextEncoder().encode('the weights as published');
const hash = await sha256(content);
const url = 'https://example.org/test.pth';
const model: OfficialModel = {
  ...OFFICIAL_MODELS[0],
  id: 'test',
  files: [{ trust: 'published', name: 'test.pth', url, sha256: hash, bytes: content.length }],
};
const second = new TextEncoder().encode('and a second file');
/** Two files: one vouched for, one known by its address only. */
const pair: OfficialModel = {
  ...model,
  id: 'pair',
  files: [
    model.files[0],
    { trust: 'first-use', name: 'second.onnx', url: 'https://example.org/second.onnx', bytes: second.length + 5 },
  ],
};

class MemoryPins implements PinStore {
  readonly pins = new Map<string, string>();
  get = (address: string) => Promise.resolve(this.pins.get(address) ?? null);
  set = (address: string, pin: string) => Promise.resolve(void this.pins.set(address, pin));
}

class MemoryCache implements WeightCache {
  readonly stored = new Map<string, Uint8Array<ArrayBuffer>>();
  full = false;
  has = (id: string) => Promise.resolve(this.stored.has(id));
  get = (id: string) => Promise.resolve(this.stored.get(id)!);
  async put(bytes: Uint8Array<ArrayBuffer>) {
    if (this.full) throw new StudioError('storage-full', 'storage', 'The storage is full.');
    const id = await sha256(bytes);
    this.stored.set(id, bytes);
    return id;
  }
  delete = (id: string) => Promise.resolve(void this.stored.delete(id));
}

/** A server whose answers are the given ones in turn. */
function server(...answers: (() => Response | Promise<Response>)[]) {
  const asked: string[] = [];
  const request: typeof fetch = async (url) => {
    asked.push(String(url));
    const answer = answers.shift();
    if (!answer) throw new Error('asked once too often');
    return answer();
  };
  return { request, asked };
}

function body(...chunks: Uint8Array<ArrayBuffer>[]): Response {
  return new Response(
    new ReadableStream({
      start(controller) {
        chunks.forEach((chunk) => controller.enqueue(chunk));
        controller.close();
      },
    }),
  );
}

const good = () => body(content.slice(0, 10), content.slice(10));

describe('OfficialStore', () => {
  it('downloads once, reports progress, and then works without the network', async () => {
    const cache = new MemoryCache();
    const { request, asked } = server(good);
    const store = new OfficialStore(cache, new MemoryPins(), request);
    expect(await store.isStored(model)).toBe(false);
    const steps: number[] = [];
    const first = await store.load(model, {
      accepted: true,
      onProgress: ({ done, total }) => steps.push(done / total),
    });
    expect(first).toEqual({ files: [{ name: 'test.pth', bytes: content }], notKept: null });
    expect(steps).toEqual([0, 10 / content.length, 1, 1]);
    expect(await store.isStored(model)).toBe(true);
    expect(bytesOf(await store.load(model, { accepted: false }))).toEqual(content);
    expect(asked).toEqual([url]);
  });

  it('downloads nothing before the licence is accepted', async () => {
    const { request, asked } = server(good);
    const store = new OfficialStore(new MemoryCache(), new MemoryPins(), request);
    await expect(store.load(model, { accepted: false })).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining(model.licence),
    });
    expect(asked).toEqual([]);
  });

  it.each<[string, () => Response | Promise<Response>, string, RegExp]>([
    [
      'no connection',
      () => Promise.reject(new TypeError('Failed to fetch')),
      'missing-weights',
      /test\.pth.*Failed to fetch.*drop/,
    ],
    ['an error of the server', () => new Response('gone', { status: 404 }), 'missing-weights', /HTTP 404/],
    ['a download that breaks off', () => body(content.slice(0, 7)), 'missing-weights', /ended after 7 of 24 bytes/],
    ['another file of that length', () => body(content.slice().reverse()), 'altered-weights', /test\.pth.*not kept/],
    ['a longer file', () => body(content, content), 'altered-weights', /test\.pth/],
  ])('%s is a sentence, nothing is kept, and the next attempt works', async (_, answer, code, message) => {
    const cache = new MemoryCache();
    const store = new OfficialStore(cache, new MemoryPins(), server(answer, good).request);
    await expect(store.load(model, { accepted: true })).rejects.toMatchObject({
      code,
      file: 'test.pth',
      message: expect.stringMatching(message),
    });
    expect(cache.stored.size).toBe(0);
    expect(bytesOf(await store.load(model, { accepted: true }))).toEqual(content);
  });

  it('shares a download between two who ask at once', async () => {
    const { request, asked } = server(good);
    const store = new OfficialStore(new MemoryCache(), new MemoryPins(), request);
    const both = await Promise.all([store.load(model, { accepted: true }), store.load(model, { accepted: true })]);
    expect(bytesOf(both[0])).toEqual(content);
    expect(both[1]).toEqual(both[0]);
    expect(asked).toHaveLength(1);
  });

  it('stops when cancelled', async () => {
    const abort = new AbortController();
    const endless = () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(content.slice(0, 5));
            abort.signal.addEventListener('abort', () => controller.error(abort.signal.reason));
          },
        }),
      );
    const store = new OfficialStore(new MemoryCache(), new MemoryPins(), server(endless).request);
    const load = store.load(model, {
      accepted: true,
      signal: abort.signal,
      onProgress: ({ done }) => {
        if (done === 5) abort.abort();
      },
    });
    await expect(load).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('downloads again what has changed in the cache', async () => {
    const cache = new MemoryCache();
    cache.stored.set(hash, content.slice(1));
    const store = new OfficialStore(cache, new MemoryPins(), server(good).request);
    expect(bytesOf(await store.load(model, { accepted: true }))).toEqual(content);
    expect(cache.stored.get(hash)).toEqual(content);
  });

  it('gives what it downloaded even if it cannot be stored, and says so', async () => {
    const cache = new MemoryCache();
    cache.full = true;
    const store = new OfficialStore(cache, new MemoryPins(), server(good).request);
    const loaded = await store.load(model, { accepted: true });
    expect(bytesOf(loaded)).toEqual(content);
    expect(loaded.notKept).toMatchObject({ code: 'storage-full' });
    // While the page is open it can be used all the same.
    expect(await store.isStored(model)).toBe(true);
    expect((await store.stored(model))?.[0].bytes).toEqual(content);
    await store.remove(model);
    expect(await store.isStored(model)).toBe(false);
  });

  it('of several files goes on with the one that broke off', async () => {
    const cache = new MemoryCache();
    const broken = () => body(second.slice(0, 3));
    const promising = () => new Response(second.slice(0, 3), { headers: { 'content-length': String(second.length) } });
    const { request, asked } = server(good, promising, () => body(second));
    const store = new OfficialStore(cache, new MemoryPins(), request);
    await expect(store.load(pair, { accepted: true })).rejects.toMatchObject({
      code: 'missing-weights',
      message: expect.stringMatching(/second\.onnx.*ended after 3 of 17 bytes/),
    });
    expect([...cache.stored.keys()]).toEqual([hash]);
    const steps: [number, number][] = [];
    const { files } = await store.load(pair, {
      accepted: true,
      onProgress: ({ done, total }) => steps.push([done, total]),
    });
    expect(files.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['test.pth', content],
      ['second.onnx', second],
    ]);
    const total = officialBytes(pair);
    expect(steps).toEqual([
      [0, total],
      [24, total],
      [41, total],
      [total, total],
    ]);
    expect(asked).toEqual([url, pair.files[1].url, pair.files[1].url]);
    // Without a promised length nothing shows that the end is missing; then the form of the file has to.
    const open = new OfficialStore(new MemoryCache(), new MemoryPins(), server(good, broken).request);
    const recognise = () => Promise.reject(new StudioError('bad-weights', 'model', 'second.onnx is not complete.'));
    await expect(open.load(pair, { accepted: true, recognise })).rejects.toMatchObject({ code: 'bad-weights' });
    expect(await open.isStored(pair)).toBe(false);
  });

  it('remembers what first came from an address, shows it, and takes nothing else from there', async () => {
    const [cache, pins] = [new MemoryCache(), new MemoryPins()];
    const other = new TextEncoder().encode('AND A SECOND FILE');
    const { request } = server(
      good,
      () => body(second),
      () => body(other),
      () => body(second),
    );
    const store = new OfficialStore(cache, pins, request);
    expect(await store.states(pair)).toEqual([
      { name: 'test.pth', trust: 'published', sha256: hash },
      { name: 'second.onnx', trust: 'first-use', sha256: null },
    ]);
    const checked: string[][] = [];
    const recognise = (files: readonly { name: string }[]) => {
      checked.push(files.map(({ name }) => name));
      return Promise.resolve();
    };
    await store.load(pair, { accepted: true, recognise });
    expect(checked).toEqual([['test.pth', 'second.onnx']]);
    const pinned = await sha256(second);
    expect((await store.states(pair))[1].sha256).toBe(pinned);
    expect(await store.isStored(pair)).toBe(true);
    cache.stored.delete(pinned);
    await expect(store.load(pair, { accepted: true })).rejects.toMatchObject({
      code: 'altered-weights',
      message: expect.stringMatching(/second\.onnx is not the file that was downloaded from there before/),
    });
    await store.load(pair, { accepted: true });
    expect(cache.stored.get(pinned)).toEqual(second);
  });

  it('frees storage, but for what another model needs, and keeps the remembered hash', async () => {
    const [cache, pins] = [new MemoryCache(), new MemoryPins()];
    const registry = [model, pair];
    const store = new OfficialStore(cache, pins, server(good, () => body(second)).request, registry);
    await store.load(pair, { accepted: true });
    await store.remove(pair);
    // The file that they share is all that the first needs, so that is stored.
    expect([...cache.stored.keys()]).toEqual([hash]);
    expect(await store.isStored(pair)).toBe(false);
    expect((await store.states(pair))[1].sha256).toBe(await sha256(second));
    await store.remove(model);
    expect(cache.stored.size).toBe(0);
  });

  it('takes storage that cannot be read for empty', async () => {
    const cache = new MemoryCache();
    cache.has = () => Promise.reject(new DOMException('no', 'SecurityError'));
    const store = new OfficialStore(cache, new MemoryPins(), server(good).request);
    expect(await store.isStored(model)).toBe(false);
    expect(bytesOf(await store.load(model, { accepted: true }))).toEqual(content);
  });
});

function bytesOf({ files }: { files: readonly { bytes: Uint8Array }[] }): Uint8Array {
  expect(files).toHaveLength(1);
  return files[0].bytes;
}

describe('official models', () => {
  it('have ids and titles of their own, and an address each', () => {
    for (const key of ['id', 'title'] as const) {
      expect(new Set(OFFICIAL_MODELS.map((entry) => entry[key])).size).toBe(OFFICIAL_MODELS.length);
    }
    const files = OFFICIAL_MODELS.flatMap((entry) => entry.files);
    expect(new Set(files.map((file) => file.url)).size).toBe(files.length);
    for (const file of files) {
      expect(new URL(file.url).pathname.endsWith(`/${file.name}`)).toBe(true);
      if (file.trust === 'published') expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    for (const { task, files: own } of OFFICIAL_MODELS) expect(own).toHaveLength(task === 'edges' ? 1 : 2);
  });

  it('are recognised by content; names of official checkpoints with other content are not taken', () => {
    const [official] = OFFICIAL_MODELS;
    const [file] = official.files;
    if (file.trust !== 'published') throw new Error('PiDiNet has published hashes.');
    expect(recogniseOfficial('x.pth', file.sha256)).toBe(official);
    expect(recogniseOfficial('mine.pth', '0'.repeat(64))).toBeNull();
    expect(() => recogniseOfficial(file.name, '0'.repeat(64))).toThrow(
      expect.objectContaining({ code: 'altered-weights', message: expect.stringContaining(file.name) }),
    );
    // Every export of a SAM has this name.
    expect(recogniseOfficial('vision_encoder.onnx', '0'.repeat(64))).toBeNull();
    const slim = OFFICIAL_MODELS.find(({ id }) => id === 'slimsam-77-uniform')!;
    const [encoder] = slim.files;
    expect(encoder.trust === 'published' && officialOf(encoder.sha256, 'segmentation')).toBe(slim);
    expect(officialOf(file.sha256, 'segmentation')).toBeNull();
  });

  it("refuse the authors' baseline, whose weights fit the graph and mean something else", () => {
    const baseline = 'aa103197722645487c7d670c0866e8a5537ab4501e610012bebec06dc559883a';
    expect(() => recogniseOfficial('table5_baseline.pth', baseline)).toThrow(/baseline.*table5_pidinet\.pth/);
  });
});
