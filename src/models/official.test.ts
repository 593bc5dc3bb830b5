import { describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors';
import { sha256 } from '../core/hash';
import { OFFICIAL_MODELS, OfficialStore, recogniseOfficial, type OfficialModel, type WeightCache } from './official';

const content = new TextEncoder().encode('the weights as published');
const model: OfficialModel = {
  ...OFFICIAL_MODELS[0],
  id: 'test',
  file: 'test.pth',
  url: 'https://example.org/test.pth',
  sha256: await sha256(content),
  bytes: content.length,
};

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
    const store = new OfficialStore(cache, request);
    expect(await store.isCached(model)).toBe(false);
    const steps: number[] = [];
    const first = await store.load(model, {
      accepted: true,
      onProgress: ({ done, total }) => steps.push(done / total),
    });
    expect(first).toEqual({ bytes: content, notKept: null });
    expect(steps).toEqual([0, 10 / content.length, 1]);
    expect(await store.isCached(model)).toBe(true);
    expect((await store.load(model, { accepted: false })).bytes).toEqual(content);
    expect(asked).toEqual([model.url]);
  });

  it('downloads nothing before the licence is accepted', async () => {
    const { request, asked } = server(good);
    const store = new OfficialStore(new MemoryCache(), request);
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
    const store = new OfficialStore(cache, server(answer, good).request);
    await expect(store.load(model, { accepted: true })).rejects.toMatchObject({
      code,
      file: 'test.pth',
      message: expect.stringMatching(message),
    });
    expect(cache.stored.size).toBe(0);
    expect((await store.load(model, { accepted: true })).bytes).toEqual(content);
  });

  it('shares a download between two who ask at once', async () => {
    const { request, asked } = server(good);
    const store = new OfficialStore(new MemoryCache(), request);
    const both = await Promise.all([store.load(model, { accepted: true }), store.load(model, { accepted: true })]);
    expect(both[0].bytes).toEqual(content);
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
    const store = new OfficialStore(new MemoryCache(), server(endless).request);
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
    cache.stored.set(model.sha256, content.slice(1));
    const store = new OfficialStore(cache, server(good).request);
    expect((await store.load(model, { accepted: true })).bytes).toEqual(content);
    expect(cache.stored.get(model.sha256)).toEqual(content);
  });

  it('gives what it downloaded even if it cannot be stored, and says so', async () => {
    const cache = new MemoryCache();
    cache.full = true;
    const { bytes, notKept } = await new OfficialStore(cache, server(good).request).load(model, { accepted: true });
    expect(bytes).toEqual(content);
    expect(notKept).toMatchObject({ code: 'storage-full' });
  });
});

describe('official models', () => {
  it('have ids, files and hashes of their own, and an address each', () => {
    for (const key of ['id', 'file', 'sha256', 'url'] as const) {
      expect(new Set(OFFICIAL_MODELS.map((entry) => entry[key])).size).toBe(OFFICIAL_MODELS.length);
    }
    for (const { url, file } of OFFICIAL_MODELS) expect(new URL(url).pathname.endsWith(`/${file}`)).toBe(true);
  });

  it('are recognised by content; their names with other content are not taken', () => {
    const [official] = OFFICIAL_MODELS;
    expect(recogniseOfficial('x.pth', official.sha256)).toBe(official);
    expect(recogniseOfficial('mine.pth', '0'.repeat(64))).toBeNull();
    expect(() => recogniseOfficial(official.file, '0'.repeat(64))).toThrow(
      expect.objectContaining({ code: 'altered-weights', message: expect.stringContaining(official.file) }),
    );
  });

  it("refuse the authors' baseline, whose weights fit the graph and mean something else", () => {
    const baseline = 'aa103197722645487c7d670c0866e8a5537ab4501e610012bebec06dc559883a';
    expect(() => recogniseOfficial('table5_baseline.pth', baseline)).toThrow(/baseline.*table5_pidinet\.pth/);
  });
});
