import 'fake-indexeddb/auto';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StudioError } from '../core/errors';
import { sha256 } from '../core/hash';
import { SHIPPED } from '../models/cards';
import { OFFICIAL_MODELS } from '../models/official';
import { image as imageInfo, model, node } from '../models/onnx-file/build';
import { serializeOnnx } from '../models/onnx-file/onnx';
import { samDecoder, samEncoder } from '../models/sam/testing';
import { MemoryBlobStore } from '../project/blobs';
import { DerivedCache, MemoryFiles } from '../project/derived';
import type { ImageRecord } from '../project/document';
import type { Progress } from './api';
import { IndexedDbSettings } from './settings';
import { blackPicture, photographOf, standInBrowser } from './testing';

/** Choosing, downloading and remembering networks by the worker's own code in Node; reloads are new workers. */

const PUBLIC = new URL('../../public/', import.meta.url);

vi.mock('../compute/onnx/runtime-wasm', async () => (await import('./testing')).runtimeInNode());
vi.mock('../datasets/codec-browser', async () => (await import('./testing')).codecInNode());

const side = { side: 64, channels: 4 };
const [encoder, decoder] = [samEncoder(side), samDecoder(side)];
const shippedCard = async () => {
  const entry = async (file: string, data: Uint8Array<ArrayBuffer>) => ({
    file,
    sha256: await sha256(data),
    bytes: data.length,
  });
  const files = { encoder: await entry('e.onnx', encoder), decoder: await entry('d.onnx', decoder) };
  return JSON.stringify({ id: 'sam-test', title: 'SAM', task: 'segmentation', licence: 'CC0', ...files });
};
/** Known by its address only, so that these files may stand in for it. */
const official = OFFICIAL_MODELS.find(({ id }) => id === 'sam-vit-base')!;

let answers: Map<string, () => Response | Promise<Response>>;
let fetched: readonly string[];
let image: ImageRecord;
let storage: {
  weights: MemoryBlobStore;
  settings: IndexedDbSettings;
  derived: DerivedCache;
  evaluations: MemoryBlobStore;
};
let files: MemoryFiles;
let visits = 0;

beforeEach(async () => {
  const photo = await blackPicture(1536, 1024);
  const card = await shippedCard();
  answers = new Map<string, () => Response>([
    [`models/${SHIPPED.segmentation}`, () => new Response(card)],
    ['models/e.onnx', () => new Response(encoder)],
    ['models/d.onnx', () => new Response(decoder)],
    ['photo.png', () => new Response(photo)],
    [official.files[0].url, () => new Response(encoder)],
    [official.files[1].url, () => new Response(decoder)],
  ]);
  files = new MemoryFiles();
  storage = {
    weights: new MemoryBlobStore(),
    settings: new IndexedDbSettings(`test-${++visits}`),
    derived: new DerivedCache(files),
    evaluations: new MemoryBlobStore(),
  };
  image = await photographOf(photo, 1536, 1024);
  fetched = standInBrowser((file) => answers.get(file)?.());
});
afterEach(() => vi.unstubAllGlobals());

/** A visit: what lies in storage is all that it has of the one before. */
async function visit() {
  const { Studio } = await import('./studio');
  return new Studio({ ...storage, derived: new DerivedCache(files) });
}
type Visit = Awaited<ReturnType<typeof visit>>;

const at = (x: number, y = 256) => ({ points: [{ x, y, label: 1 as const }] });
const offer = async (studio: Visit, id = official.id) => (await studio.officials()).find((entry) => entry.id === id);
const segmentation = async (studio: Visit) => (await studio.models()).find(({ task }) => task === 'segmentation');
const file = (name: string, bytes: Uint8Array<ArrayBuffer>) => new File([bytes], name);

describe('official networks', () => {
  it('are downloaded once, used, remembered, and removed', async () => {
    const studio = await visit();
    expect(await offer(studio)).toMatchObject({ state: 'available', inUse: false, task: 'segmentation' });
    expect((await offer(studio))!.files.map(({ sha256: hash, trust }) => [hash, trust])).toEqual([
      [null, 'first-use'],
      [null, 'first-use'],
    ]);
    await expect(studio.download('job', official.id, false, () => {})).rejects.toMatchObject({ code: 'bad-argument' });
    await expect(studio.useOfficial(official.id)).rejects.toMatchObject({ code: 'missing-weights' });
    expect(fetched.filter((url) => url.startsWith('https'))).toEqual([]);

    const steps: Progress[] = [];
    expect(await studio.download('job', official.id, true, (step) => steps.push(step))).toBeNull();
    expect(steps[0].done).toBe(0);
    expect(steps.at(-1)).toMatchObject({ done: steps[0].total, label: official.title });
    expect(await offer(studio)).toMatchObject({ state: 'stored', inUse: false });
    expect((await offer(studio))!.files[0].sha256).toBe(await sha256(encoder));
    expect(await studio.useOfficial(official.id)).toMatchObject({ id: official.id, state: 'cached' });
    expect(await offer(studio)).toMatchObject({ inUse: true });
    await expect(studio.removeNetwork(official.id)).rejects.toMatchObject({ code: 'bad-argument' });

    for (const { url } of official.files) answers.set(url, () => Promise.reject(new TypeError('offline')));
    const later = await visit();
    expect(await segmentation(later)).toMatchObject({ id: official.id, title: official.title });
    expect(await later.segment(image, at(100))).not.toEqual([]);
    expect(await later.useShippedSegmenter()).toMatchObject({ id: 'sam-test', state: 'shipped' });
    await later.removeNetwork(official.id);
    expect(await offer(later)).toMatchObject({ state: 'available' });
    expect(await segmentation(await visit())).toMatchObject({ id: 'sam-test' });
  });

  it.each<[string, () => Response, string]>([
    ['half a file', () => new Response(decoder.slice(0, decoder.length / 2)), 'bad-weights'],
    ['a web page', () => new Response('<!doctype html>'), 'bad-weights'],
    ['the encoder once more', () => new Response(encoder), 'bad-weights'],
    ['an error', () => new Response('', { status: 503 }), 'missing-weights'],
  ])('are not kept when %s comes, and the next download works', async (_, answer, code) => {
    const studio = await visit();
    const [{ url: first }, { url }] = official.files;
    answers.set(url, answer);
    await expect(studio.download('job', official.id, true, () => {})).rejects.toMatchObject({ code });
    expect(await offer(studio)).toMatchObject({ state: 'available' });
    expect((await offer(studio))!.files[0].sha256).toBeNull();
    for await (const id of storage.weights.list()) throw new Error(`${id} was kept.`);
    answers.set(url, () => new Response(decoder));
    expect(await studio.download('job', official.id, true, () => {})).toBeNull();
    expect(fetched.filter((address) => address === first)).toHaveLength(2);
  });

  it('can be cancelled while they come', async () => {
    const studio = await visit();
    vi.stubGlobal('fetch', (_: URL, { signal }: RequestInit) => {
      const stream = new ReadableStream({
        start: (controller) => {
          controller.enqueue(encoder.slice(0, 10));
          signal!.addEventListener('abort', () => controller.error(signal!.reason));
        },
      });
      return Promise.resolve(new Response(stream));
    });
    const download = studio.download('job', official.id, true, ({ done }) => {
      if (done > 0) void studio.cancel('job');
    });
    await expect(download).rejects.toMatchObject({ code: 'cancelled' });
    expect(await offer(studio)).toMatchObject({ state: 'available' });
  });

  it('can be used while the page is open where storage is full, which is said', async () => {
    storage.weights = new MemoryBlobStore(10);
    const studio = await visit();
    expect(await studio.download('job', official.id, true, () => {})).toMatchObject({ code: 'storage-full' });
    expect(await studio.useOfficial(official.id)).toMatchObject({ id: official.id });
    const later = await visit();
    expect(await segmentation(later)).toMatchObject({
      id: 'sam-test',
      note: expect.stringMatching(/Download it again/),
    });
    expect(await later.segment(image, at(100))).not.toEqual([]);
  });
});

describe('networks that the person brings', () => {
  it('are remembered, and kept when another is used', async () => {
    const studio = await visit();
    await studio.useSegmenter([file('own-d.onnx', decoder), file('own-e.onnx', encoder)]);
    const weights = new Uint8Array(await readFile(new URL('models/pidinet-small.onnx', PUBLIC)));
    await studio.useWeights(file('edges.onnx', weights));
    const later = await visit();
    expect((await later.models()).map(({ id }) => id)).toEqual(expect.arrayContaining(['edges.onnx', 'own-e.onnx']));
    expect(await offer(later, 'own-edges')).toMatchObject({ title: 'edges.onnx', inUse: true });
    await later.useShippedWeights();
    await later.useShippedSegmenter();
    expect(await later.useOwn('segmentation')).toMatchObject({ id: 'own-e.onnx' });
    await later.removeNetwork('own-edges');
    expect(await offer(later, 'own-edges')).toBeUndefined();
    await expect(later.useOwn('edges')).rejects.toMatchObject({ code: 'missing-weights' });
    expect((await later.models())[0]).toMatchObject({ state: 'shipped' });
  });

  it('say so when their bytes are gone, and the shipped ones do the work', async () => {
    const studio = await visit();
    await studio.useSegmenter([file('own-d.onnx', decoder), file('own-e.onnx', encoder)]);
    for await (const id of storage.weights.list()) await storage.weights.delete(id);
    const later = await visit();
    expect(await segmentation(later)).toMatchObject({
      id: 'sam-test',
      note: expect.stringMatching(/own-e\.onnx is no longer stored.*Choose the file again/),
    });
  });

  it('can be given up where none is shipped', async () => {
    answers.set(`models/${SHIPPED.segmentation}`, () => new Response('', { status: 404 }));
    const studio = await visit();
    expect(await segmentation(studio)).toMatchObject({ state: 'missing' });
    await studio.useSegmenter([file('own-d.onnx', decoder), file('own-e.onnx', encoder)]);
    expect(await studio.segment(image, at(100))).not.toEqual([]);

    expect(await studio.useShippedSegmenter()).toMatchObject({ state: 'missing' });
    expect(await offer(studio, 'own-segmentation')).toMatchObject({ state: 'stored', inUse: false });
    await expect(studio.segment(image, at(100))).rejects.toMatchObject({
      code: 'missing-weights',
      message: expect.stringMatching(/^No segmentation network is installed\. Draw the region by hand/),
    });
    await studio.removeNetwork('own-segmentation');
    expect(await segmentation(await visit())).toMatchObject({ state: 'missing' });
    expect(await offer(studio, 'own-segmentation')).toBeUndefined();
  });

  it('stay in use when the weights of the shipped one are gone', async () => {
    const studio = await visit();
    await studio.useSegmenter([file('own-d.onnx', decoder), file('own-e.onnx', encoder)]);
    answers.set('models/e.onnx', () => new Response('', { status: 404 }));
    await expect(studio.useShippedSegmenter()).rejects.toMatchObject({ code: 'missing-weights' });
    expect(await segmentation(studio)).toMatchObject({ id: 'own-e.onnx' });
  });

  it('leave the one before in use when they cannot be run', async () => {
    const studio = await visit();
    // It has the form of an encoder, and gives what is no number.
    const overflowing = serializeOnnx(
      model(
        [imageInfo('pixel_values', [1, 3, 64, 64])],
        [
          node('AveragePool', ['pixel_values'], ['small'], { kernel_shape: [16, 16], strides: [16, 16] }),
          node('Concat', ['small', 'small', 'small', 'small'], ['twelve'], { axis: 1 }),
          node('Sub', ['twelve', 'twelve'], ['zero']),
          node('Div', ['zero', 'zero'], ['image_embeddings']),
          node('Neg', ['image_embeddings'], ['image_positional_embeddings']),
        ],
        [imageInfo('image_embeddings', [1, 12, 4, 4]), imageInfo('image_positional_embeddings', [1, 12, 4, 4])],
      ),
    );
    const pair = [file('fp16.onnx', overflowing), file('d.onnx', samDecoder({ side: 64, channels: 12 }))];
    await expect(studio.useSegmenter(pair)).rejects.toMatchObject({
      code: 'model-failed',
      message: expect.stringMatching(/fp16\.onnx gave values that are no numbers/),
    });
    expect(await segmentation(studio)).toMatchObject({ id: 'sam-test' });
    expect(await offer(studio, 'own-segmentation')).toBeUndefined();

    const { Segmenter } = await import('../models/sam/segmenter');
    const full = new StudioError('out-of-memory', 'model', 'There is not enough memory for e.onnx.');
    const encode = vi.spyOn(Segmenter.prototype, 'encode').mockRejectedValueOnce(full);
    const own = [file('own-d.onnx', decoder), file('own-e.onnx', encoder)];
    await expect(studio.useSegmenter(own)).rejects.toMatchObject({ code: 'out-of-memory' });
    encode.mockRestore();
    expect(await segmentation(studio)).toMatchObject({ id: 'sam-test' });
    expect(await studio.segment(image, at(100))).not.toEqual([]);
  });
});

describe('what is known of a picture', () => {
  it('is there after a reload, without the encoder', async () => {
    const studio = await visit();
    const steps: Progress[] = [];
    await studio.prepareSegmentation('prepare', image, (step) => steps.push(step));
    expect(steps.map(({ done, label }) => [done, label])).toEqual([
      [0, 'Opening the segmentation network…'],
      [1, 'Reading the picture…'],
      [2, 'photo.png'],
    ]);
    const masks = await studio.segment(image, at(100));
    // A photograph of any size is worked on at 768 px.
    expect(masks[0].mask).toMatchObject({ width: 768, height: 512 });
    const { settings } = await studio.everything('parts', image, 4, () => {});
    const wanted = { ...settings, quality: 0.5, stability: 0 };
    const parts = await studio.refine(image, wanted, null);
    await vi.waitFor(() => expect(files.files.size).toBe(2), { timeout: 60_000 });

    const before = fetched.length;
    const later = await visit();
    expect(await later.refine(image, wanted, null)).toEqual(parts);
    expect(fetched.slice(before).filter((name) => name.endsWith('e.onnx') || name === 'photo.png')).toEqual([]);
    const { Segmenter } = await import('../models/sam/segmenter');
    const encode = vi.spyOn(Segmenter.prototype, 'encode');
    expect(await later.segment(image, at(100), true)).toEqual(masks);
    expect(encode).not.toHaveBeenCalled();
    encode.mockRestore();
    await expect(later.segment(image, at(769))).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringMatching(/outside the image of 768×512/),
    });
  });
});
