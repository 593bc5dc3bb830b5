import 'fake-indexeddb/auto';
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256 } from '../core/hash';
import { SHIPPED } from '../models/cards';
import { detectorFixture, detectorGraph } from '../models/detector/testing';
import { image as imageInfo, node, tensor } from '../models/onnx-file/build';
import { serializeOnnx } from '../models/onnx-file/onnx';
import { samEncoder } from '../models/sam/testing';
import { MemoryBlobStore } from '../project/blobs';
import { DerivedCache, MemoryFiles } from '../project/derived';
import { newDraft, type Draft, type ImageRecord } from '../project/document';
import type { DetectRequest } from './api';
import { IndexedDbSettings } from './settings';
import { photographOf, standInBitmaps, standInBrowser } from './testing';

/** Looking for anomalies by the worker's own code in Node, with a detector that takes brightness for one. */

vi.mock('../compute/onnx/runtime-wasm', async () => (await import('./testing')).runtimeInNode());
vi.mock('../datasets/codec-browser', async () => (await import('./testing')).codecInNode());

const [WIDTH, HEIGHT] = [60, 40];
let files: Map<string, Uint8Array<ArrayBuffer>>;
let fetched: readonly string[];
let image: ImageRecord;
let draft: Draft;
let storage: { weights: MemoryBlobStore; settings: IndexedDbSettings; derived: DerivedCache };
let visits = 0;

/** Dark, with a bright square. */
async function photograph(): Promise<Uint8Array<ArrayBuffer>> {
  const plain = (width: number, height: number, level: number) => ({
    create: { width, height, channels: 3 as const, background: { r: level, g: level, b: level } },
  });
  const square = { input: plain(16, 16, 230), left: 22, top: 12 };
  return new Uint8Array(
    await sharp(plain(WIDTH, HEIGHT, 30))
      .composite([square])
      .png()
      .toBuffer(),
  );
}

async function ship(weights: Uint8Array<ArrayBuffer>, change: object = {}): Promise<void> {
  const card = {
    id: 'detector-test',
    title: 'Brightness',
    task: 'anomaly-localization',
    file: 'test-detector.onnx',
    sha256: await sha256(weights),
    bytes: weights.length,
    licence: 'CC0',
    size: 64,
    multiple: 64,
    ...change,
  };
  files.set(`models/${SHIPPED.detector}`, new TextEncoder().encode(JSON.stringify(card)));
  files.set('models/test-detector.onnx', weights);
}

beforeEach(async () => {
  const photo = await photograph();
  files = new Map([['photo.png', photo]]);
  image = await photographOf(photo, WIDTH, HEIGHT);
  const square = { kind: 'rectangle', x: 17, y: 7, width: 26, height: 26, rotation: 0, combine: 'add' } as const;
  draft = { ...newDraft('photo', 1), shapes: [square], renderer: 'direct' };
  storage = {
    weights: new MemoryBlobStore(),
    settings: new IndexedDbSettings(`detector-${++visits}`),
    derived: new DerivedCache(new MemoryFiles()),
  };
  standInBitmaps();
  fetched = standInBrowser((name) => {
    if (files.has(name)) return new Response(files.get(name));
    return /^models\/(test-)?detector/.test(name) ? new Response(null, { status: 404 }) : undefined;
  });
});
afterEach(() => vi.unstubAllGlobals());

async function visit() {
  const { Studio } = await import('./studio');
  const studio = new Studio(storage);
  await studio.start('wasm');
  return studio;
}

const file = (name: string, bytes: Uint8Array<ArrayBuffer>) => new File([bytes], name);
const request = (change: Partial<DetectRequest> = {}): DetectRequest => ({
  image,
  of: 'photograph',
  scale: 'inferno',
  explain: null,
  ...change,
});
const preview = () => ({ image, draft, donor: null });
/** What stands in for bitmaps here. */
const pixels = (bitmap: ImageBitmap | null) => (bitmap as unknown as ImageData).data;
const at = (x: number, y: number) => y * WIDTH + x;

describe('looking for anomalies', { timeout: 60_000 }, () => {
  it('shows map, score and colours of the photograph, and reads the weights only then', async () => {
    await ship(detectorFixture({ threshold: { image: 0.6, pixel: 0.7 } }));
    const studio = await visit();
    expect(await studio.detector()).toMatchObject({ id: 'detector-test', title: 'Brightness', state: 'shipped' });
    expect(fetched).not.toContain('models/test-detector.onnx');

    const found = await studio.detect(request());
    expect(found.map).toMatchObject({ width: WIDTH, height: HEIGHT, channels: 1 });
    expect(found.map.data[at(30, 20)]).toBeCloseTo(230 / 255, 2);
    expect(found.map.data[at(5, 5)]).toBeCloseTo(30 / 255, 2);
    expect(found.score).toBeCloseTo(230 / 255, 2);
    expect(found).toMatchObject({ thresholds: { image: 0.6, pixel: 0.7 }, explanation: null });
    expect(found.explanations).toEqual(['reconstruction', 'jnd', 'edges']);
    // Inferno is nearly yellow there; the dark ground shows through.
    const heat = pixels(found.heat);
    expect([...heat.subarray(4 * at(30, 20), 4 * at(30, 20) + 4)]).toEqual([
      expect.closeTo(245, -1),
      expect.any(Number),
      expect.any(Number),
      255,
    ]);
    expect(heat[4 * at(5, 5) + 3]).toBeLessThan(130);
  });

  it('shows the latest preview, in the scale and with the explanation asked for', async () => {
    await ship(detectorFixture());
    const studio = await visit();
    const before = await studio.detect(request());
    const { serial } = await studio.preview(preview());
    const after = await studio.detect(
      request({ of: { preview: serial }, scale: 'viridis', explain: 'reconstruction' }),
    );
    // The square is removed: nothing bright is left.
    expect(after.score).toBeLessThan(before.score - 0.3);
    // The fixture's reconstruction is the negative.
    const [red, green, blue, alpha] = pixels(after.explanation).subarray(4 * at(5, 5));
    expect([red, green, blue, alpha]).toEqual([225, 225, 225, 255]);
    expect([...pixels(after.heat).subarray(0, 3)]).not.toEqual([...pixels(before.heat).subarray(0, 3)]);
  });

  it('leaves out an explanation that the file has not', async () => {
    await ship(detectorFixture({ without: ['jnd'] }));
    const found = await (await visit()).detect(request({ explain: 'jnd' }));
    expect(found.explanation).toBeNull();
    expect(found.explanations).toEqual(['reconstruction', 'edges']);
  });

  it('never looks at what is stale', async () => {
    await ship(detectorFixture());
    const studio = await visit();
    const first = await studio.preview(preview());
    const second = await studio.preview(preview());
    expect(second.serial).not.toBe(first.serial);
    await expect(studio.detect(request({ of: { preview: first.serial } }))).rejects.toMatchObject({
      code: 'cancelled',
    });
    const of = { preview: second.serial };
    const asked = [request({ of }), request({ of, scale: 'turbo' }), request({ of, scale: 'viridis' }), request()];
    const results = await Promise.allSettled(asked.map((each) => studio.detect(each)));
    // The last of the preview's and the photograph's; the others were overtaken while they waited.
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled']);
    expect(results[0]).toMatchObject({ reason: { code: 'cancelled' } });
  });
});

describe('without a detector', { timeout: 60_000 }, () => {
  it('everything else works, and a sentence says what is missing', async () => {
    const studio = await visit();
    expect(await studio.detector()).toBeNull();
    expect((await studio.models()).find(({ task }) => task === 'detector')).toMatchObject({ state: 'missing' });
    await expect(studio.detect(request())).rejects.toMatchObject({
      code: 'missing-weights',
      message: expect.stringMatching(/No anomaly detector is installed.*Networks and weights/),
    });
    expect((await studio.preview(preview())).result).toBeTruthy();
    await ship(detectorFixture());
    // As soon as there is one.
    expect((await studio.detect(request())).score).toBeGreaterThan(0.5);
  });

  it('an altered one is named, and nothing else stops', async () => {
    await ship(detectorFixture(), { sha256: '0'.repeat(64) });
    const studio = await visit();
    await expect(studio.detect(request())).rejects.toMatchObject({
      code: 'altered-weights',
      file: 'test-detector.onnx',
    });
    expect((await studio.preview(preview())).result).toBeTruthy();
  });
});

describe('a detector that the person brings', { timeout: 60_000 }, () => {
  it('is checked, used, remembered and left again', async () => {
    await ship(detectorFixture());
    const studio = await visit();
    const own = detectorFixture({ threshold: { image: 0.25, pixel: 0.25 } });
    expect(await studio.useDetector(file('mine.onnx', own))).toMatchObject({
      id: 'mine.onnx',
      task: 'detector',
      state: 'cached',
      sha256: await sha256(own),
    });
    expect((await studio.detect(request())).thresholds).toEqual({ image: 0.25, pixel: 0.25 });

    const later = await visit();
    expect(await later.detector()).toMatchObject({ id: 'mine.onnx', state: 'cached' });
    expect((await later.detect(request())).thresholds.image).toBe(0.25);
    const offer = (await later.officials()).find(({ task }) => task === 'detector');
    expect(offer).toMatchObject({ source: 'own', title: 'mine.onnx', inUse: true });
    expect(await later.useShippedDetector()).toMatchObject({ id: 'detector-test', state: 'shipped' });
    expect((await later.detect(request())).thresholds.image).toBe(0.5);
    await later.useOwn('detector');
    expect((await later.detect(request())).thresholds.image).toBe(0.25);
  });

  it('is told from an edge detector by what it holds, also where it lacks something', async () => {
    const studio = await visit();
    const edges = new Uint8Array(await readFile(new URL('../../public/models/pidinet-small.onnx', import.meta.url)));
    const text = new TextEncoder().encode('no network');
    const lacking = detectorFixture({ metadata: { 'detector.size': undefined } });
    const unnamed = detectorFixture({ without: ['anomaly_map'] });
    const tasks = [detectorFixture(), lacking, unnamed, edges, text].map((data) => studio.taskOf(file('x.onnx', data)));
    expect(await Promise.all(tasks)).toEqual(['detector', 'detector', 'detector', 'edges', 'edges']);
  });

  it('that is none or does not run leaves the one before in use', async () => {
    await ship(detectorFixture());
    const studio = await visit();
    await expect(studio.useDetector(file('sam.onnx', samEncoder({ side: 64, channels: 4 })))).rejects.toMatchObject({
      code: 'bad-weights',
      file: 'sam.onnx',
      message: expect.stringMatching(/it lacks the input image, the output anomaly_map/),
    });
    // Opens, and adds to its map another of 7 × 7.
    const broken = detectorGraph();
    broken.graph.output[0] = imageInfo('anomaly_map', ['N', 1, 'h', 'w']);
    broken.graph.node[0] = { ...broken.graph.node[0], name: 'mean', output: ['mean'] };
    broken.graph.node.push(node('Add', ['mean', 'seven'], ['anomaly_map']));
    broken.graph.initializer.push(tensor('seven', [1, 1, 7, 7], new Float32Array(49)));
    await expect(studio.useDetector(file('broken.onnx', serializeOnnx(broken)))).rejects.toMatchObject({
      code: 'model-failed',
      message: expect.stringContaining('broken.onnx'),
    });
    expect(await studio.detector()).toMatchObject({ id: 'detector-test' });
    expect((await studio.detect(request())).score).toBeGreaterThan(0.5);
  });

  it('says so when its bytes are gone, and the shipped one does the work', async () => {
    await ship(detectorFixture());
    const own = detectorFixture({ threshold: { image: 0.25, pixel: 0.25 } });
    await (await visit()).useDetector(file('mine.onnx', own));
    await storage.weights.delete(await sha256(own));
    const later = await visit();
    expect((await later.detect(request())).thresholds.image).toBe(0.5);
    expect(await later.detector()).toMatchObject({ id: 'detector-test', note: expect.stringContaining('mine.onnx') });
  });

  it('can be brought and given up where none is shipped', async () => {
    const studio = await visit();
    await studio.useDetector(file('mine.onnx', detectorFixture()));
    expect((await studio.detect(request())).score).toBeGreaterThan(0.5);
    expect(await studio.useShippedDetector()).toMatchObject({ state: 'missing' });
    expect(await studio.detector()).toBeNull();
    await expect(studio.detect(request())).rejects.toMatchObject({ code: 'missing-weights' });
  });
});
