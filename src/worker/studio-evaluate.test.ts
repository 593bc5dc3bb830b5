import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeGreyPng } from '../datasets/codec';
import { npyMap } from '../datasets/maps-testing';
import { nodeCodec } from '../datasets/codec-node';
import { pattern } from '../datasets/testing';
import { detectorFixture } from '../models/detector/testing';
import { MemoryBlobStore } from '../project/blobs';
import { importImages, type ImportStep, type ImportTools } from '../project/import';
import { demoTestSets, DEMO_PATH } from '../project/demo';
import { DerivedCache, MemoryFiles } from '../project/derived';
import { decodeDetails } from '../project/evaluation';
import { importedTestSets } from '../project/imported-test-sets';
import type { ImportFile, Progress, TestSetChoice } from './api';
import { MemorySettings } from './settings';
import { standInBitmaps, standInBrowser } from './testing';

/** Test sets and evaluations by the worker's own code in Node. */

const PUBLIC = new URL('../../public/', import.meta.url);

vi.mock('../compute/onnx/runtime-wasm', async () => (await import('./testing')).runtimeInNode());
vi.mock('../datasets/codec-browser', async () => (await import('./testing')).codecInNode());

let evaluations: MemoryBlobStore;
/** Held by other pages. */
let held: boolean;

beforeEach(() => {
  evaluations = new MemoryBlobStore();
  held = false;
  standInBrowser(() => undefined);
  vi.stubGlobal('navigator', {
    ...navigator,
    locks: {
      request: async (_: string, options: { ifAvailable?: boolean }, work: (lock: object | null) => unknown) =>
        work(options.ifAvailable && held ? null : {}),
    },
  });
});
afterEach(() => vi.unstubAllGlobals());

/** Pictures are taken as they are, and encoded to a word. */
function standInCanvas(): void {
  standInBitmaps();
  vi.stubGlobal(
    'OffscreenCanvas',
    class {
      getContext = () => ({ putImageData: () => undefined });
      convertToBlob = async () => new Blob(['a picture']);
    },
  );
}

async function open() {
  const { Studio } = await import('./studio');
  const storage = {
    weights: new MemoryBlobStore(),
    settings: new MemorySettings(),
    derived: new DerivedCache(new MemoryFiles()),
  };
  return new Studio({ ...storage, evaluations });
}

const file = (path: string, bytes: Uint8Array<ArrayBuffer> | string): ImportFile => ({
  path,
  file: new File([bytes], path.slice(path.lastIndexOf('/') + 1)),
});

const DEMO = { kind: 'demo', object: 'pin_tray' } as const;

/** Maps of the demo's pin tray: no two alike, and brighter the further on in the set. */
async function demoMaps(count = Infinity): Promise<ImportFile[]> {
  const index: unknown = JSON.parse(await readFile(new URL(`${DEMO_PATH}index.json`, PUBLIC), 'utf8'));
  const scene = demoTestSets(index).find(({ object }) => object === 'pin_tray')!;
  const images = [...scene.files.keys()].filter((path) => path.includes('/test/'));
  return images.slice(0, count).map((path, i) => {
    const map = Float32Array.from({ length: 256 * 256 }, (_, p) => i / images.length - ((p * (i + 1)) % 256) / 1000);
    return file(`my maps/${path.replace(/\.jpg$/, '.npy')}`, npyMap(map, 256, 256));
  });
}

describe('test sets', () => {
  it('of the demo have title and counts', async () => {
    const sets = await (await open()).testSets(null);
    expect(sets.find(({ object }) => object === 'pin_tray')).toEqual({
      object: 'pin_tray',
      title: 'Pin tray',
      layout: 'mvtec-loco',
      good: 40,
      anomalous: 80,
      problem: null,
    });
  });

  it('of a folder: those that cannot be used say why, and do not hide the others', async () => {
    const png = await pattern(1);
    const files = [
      file('set/caps/test/good/0.png', png),
      file('set/caps/test/dent/0.png', png),
      file('set/pins/test/good/0.png', png),
      file('set/pins/test/dent/0.png', png),
      file('set/pins/ground_truth/dent/0_mask.png', png),
    ];
    const [caps, pins] = await (await open()).testSets(files);
    expect(caps).toMatchObject({ object: 'caps', problem: { message: expect.stringMatching(/no ground truth/) } });
    expect(pins).toMatchObject({ object: 'pins', layout: 'mvtec-ad', good: 1, anomalous: 1, problem: null });
  });
});

it('a dataset that was imported is the same test set as its folder', async () => {
  const square = (value: number) => {
    const grey = new Uint8Array(30 * 30);
    for (let y = 4; y < 12; y++) grey.fill(value, y * 30 + 5, y * 30 + 15);
    return encodeGreyPng(grey, 30, 30);
  };
  const config = { pixel_value: 9, saturation_threshold: 20, relative_saturation: false };
  const files = [
    file('mine/lamp/defects_config.json', JSON.stringify([{ defect_name: 'bulb', ...config }])),
    file('mine/lamp/train/good/000.png', await pattern(1, 30, 30)),
    file('mine/lamp/test/good/000.png', await pattern(2, 30, 30)),
    file('mine/lamp/test/good/001.png', await pattern(3, 30, 30)),
    file('mine/lamp/test/logical_anomalies/000.png', await pattern(4, 30, 30)),
    file('mine/lamp/ground_truth/logical_anomalies/000/000.png', square(9)),
  ];
  const maps = ['good/000', 'good/001', 'logical_anomalies/000'].map((name, i) => {
    const map = Float32Array.from({ length: 900 }, (_, p) => ((p * 7 + i * 5) % 31) / 31);
    return file(`maps/lamp/test/${name}.npy`, npyMap(map, 30, 30));
  });
  const { Evaluations } = await import('./evaluations');
  const { Pixels } = await import('./pixels');
  const blobs = new MemoryBlobStore();
  const tools: ImportTools = {
    ...{ codec: nodeCodec, blobs, encodeThumbnail: async () => new Uint8Array([1]) },
    ...{ available: async () => undefined, newId: () => 'L', now: () => 0 },
  };
  const sources = files.map(({ path, file: { size }, file: from }) => ({
    ...{ path, size },
    bytes: async () => new Uint8Array(await from.arrayBuffer()),
  }));
  const steps: ImportStep[] = [];
  for await (const step of importImages(sources, [], tools)) steps.push(step);
  expect(steps.flatMap(({ problems }) => problems)).toEqual([]);
  const [{ dataset, images }] = steps;
  const all = Object.fromEntries(images.map((image) => [image.id, image]));
  standInCanvas();
  const page = new Evaluations(new Pixels(blobs), evaluations, () => Promise.reject(new Error('No demo.')));
  const [set] = importedTestSets({ datasets: { [dataset.id]: dataset }, images: all });
  const figuresOf = async (testSet: TestSetChoice) => {
    expect(await page.findMaps(testSet, maps)).toMatchObject({ total: 3, found: 3, unused: 0 });
    const request = { testSet, maps: { kind: 'maps', name: 'maps', files: maps } } as const;
    const detector = () => Promise.reject(new Error('No detector.'));
    const { signal } = new AbortController();
    return (await page.evaluate(request, detector, () => undefined, signal)).figures;
  };
  const figures = await figuresOf({ kind: 'imported', ...set });
  expect(figures.au_spro?.mean ?? figures.au_spro?.logical_anomalies).toBeTruthy();
  expect(figures).toEqual(await figuresOf({ kind: 'folder', object: 'lamp', files }));

  const { config: _, ...without } = dataset;
  expect((await figuresOf({ kind: 'imported', ...set, dataset: without })).au_spro).toBeNull();
});

describe('maps of a folder', () => {
  it('are counted before anything is read', async () => {
    const studio = await open();
    const files = [...(await demoMaps(100)), file('my maps/pin_tray/test/good/999.npy', 'x'), file('my maps/log', 'x')];
    const found = await studio.findMaps(DEMO, files);
    expect(found).toMatchObject({ total: 120, found: 100, unused: 1 });
    expect(found.missing).toHaveLength(20);
    expect(found.missing[0].message).toMatch(/There is no map of pin_tray\/test\/.*Write it to my maps\/pin_tray/);
    expect(found.example).toMatch(/^my maps\/pin_tray\/test\/good\/000\.npy$/);
  });

  it('of something else, and a test set that is gone, get a sentence', async () => {
    const studio = await open();
    await expect(studio.findMaps(DEMO, [file('x.npy', '')])).rejects.toMatchObject({ code: 'bad-map' });
    await expect(studio.findMaps({ kind: 'demo', object: 'shoe' }, [])).rejects.toMatchObject({
      code: 'file-vanished',
      message: expect.stringMatching(/no scene shoe/),
    });
  });
});

describe('a detector', () => {
  const SIDE = 48;
  /** A grey picture with a bright square; masks are such pictures, too. */
  const square = (ground: number, level: number) => {
    const grey = new Uint8Array(SIDE * SIDE).fill(ground);
    for (let y = 10; y < 20; y++) grey.fill(level, y * SIDE + 12, y * SIDE + 24);
    return encodeGreyPng(grey, SIDE, SIDE);
  };
  const choice = {
    kind: 'folder',
    object: 'lamp',
    files: [
      file('lamp/test/good/000.png', square(40, 60)),
      file('lamp/test/good/001.png', square(50, 50)),
      file('lamp/test/lit/000.png', square(40, 220)),
      file('lamp/ground_truth/lit/000_mask.png', square(0, 255)),
    ],
  } as const;
  const threshold = { image: 0.6, pixel: 0.7 };
  const weights = detectorFixture({ smooth: 5, threshold });

  beforeEach(() => {
    standInCanvas();
  });

  it('makes the maps, with its own scores and thresholds, and explains what it saw', async () => {
    const studio = await open();
    const info = await studio.useDetector(new File([weights], 'bright.onnx'));
    const record = await studio.evaluate('job', { testSet: choice, maps: { kind: 'detector' } }, () => undefined);
    expect(record).toMatchObject({
      detector: { kind: 'file', name: 'bright.onnx', sha256: info.sha256 },
      scoreRule: 'detector',
      threshold: 0.6,
      pixelThreshold: 0.7,
      leftOut: 0,
      figures: { image_auroc: 1, images: { good: 2, anomalous: 1 } },
    });
    const { images, ownThresholds } = decodeDetails(await evaluations.get(record.details));
    expect(ownThresholds).toEqual(threshold);
    expect(images.find(({ subset }) => subset === 'lit')!.score).toBeGreaterThan(0.7);

    const photo = { kind: 'blob', sha256: await evaluations.put(square(40, 220)) } as const;
    const explained = (await studio.explain(photo, 'reconstruction', info.sha256)) as unknown as ImageData;
    expect([explained.width, explained.height]).toEqual([SIDE, SIDE]);
    // Its reconstruction is the negative.
    expect(explained.data[0]).toBe(255 - 40);
    expect(await studio.explain(photo, 'reconstruction', 'f'.repeat(64))).toBeNull();
  });

  it('exchanged meanwhile ends the evaluation with a sentence', async () => {
    const studio = await open();
    await studio.useDetector(new File([weights], 'bright.onnx'));
    const exchanging: Promise<unknown>[] = [];
    const running = studio.evaluate('job', { testSet: choice, maps: { kind: 'detector' } }, ({ done }) => {
      const other = new File([detectorFixture({ smooth: 7 })], 'other.onnx');
      if (done === 1) exchanging.push(studio.useDetector(other));
    });
    await expect(running).rejects.toMatchObject({
      message: expect.stringMatching(/^bright\.onnx was exchanged for other\.onnx meanwhile\. Evaluate again/),
    });
    await Promise.all(exchanging);
  });

  it('that is not there is said', async () => {
    const fetching = globalThis.fetch;
    vi.stubGlobal('fetch', async (url: URL) =>
      /models\/detector/.test(url.href) ? new Response(null, { status: 404 }) : fetching(url),
    );
    const studio = await open();
    const running = studio.evaluate('job', { testSet: choice, maps: { kind: 'detector' } }, () => undefined);
    await expect(running).rejects.toMatchObject({ code: 'missing-weights' });
  });
});

describe('an evaluation', () => {
  it('of the demo reports its progress and is kept; nothing of it is a copy of the demo', async () => {
    const studio = await open();
    const steps: Progress[] = [];
    const maps = { kind: 'maps', name: 'my maps', files: await demoMaps() } as const;
    const record = await studio.evaluate('job', { testSet: DEMO, maps }, (step) => steps.push(step));
    expect(record).toMatchObject({
      name: 'Pin tray, my maps',
      detector: { kind: 'maps', name: 'my maps', sha256: null },
      testSet: { object: 'pin_tray', title: 'Pin tray', builtIn: true },
      leftOut: 0,
    });
    expect(record.figures.images).toEqual({ good: 40, anomalous: 80 });
    // Good images come first, and brightness grows along the set.
    expect(record.figures.image_auroc).toBe(1);
    expect(steps.map(({ done }) => done)).toEqual([...Array(121).keys()]);
    expect(steps[3]).toEqual({ done: 3, total: 120, label: 'pin_tray/test/good/003.jpg' });
    const details = decodeDetails(await evaluations.get(record.details));
    expect(details.problems).toEqual([]);
    expect(details.images[0].photo).toMatchObject({ kind: 'url', url: 'datasets/demo/pin_tray/test/good/000.jpg' });
  });

  it('ends when it is cancelled', async () => {
    const studio = await open();
    const maps = { kind: 'maps', name: 'my maps', files: await demoMaps() } as const;
    const cancelling: Promise<void>[] = [];
    const running = studio.evaluate('job', { testSet: DEMO, maps }, ({ done }) => {
      if (done === 2) cancelling.push(studio.cancel('job'));
    });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    await Promise.all(cancelling);
    expect(cancelling).toHaveLength(1);
  });

  it('leaves nothing behind when it is gone, unless another page may bring it back', async () => {
    const studio = await open();
    const run = async (count: number) => {
      const maps = { kind: 'maps', name: `first ${count}`, files: await demoMaps(count) } as const;
      return studio.evaluate(`job ${count}`, { testSet: DEMO, maps }, () => undefined);
    };
    const [kept, gone] = [await run(3), await run(5)];
    const count = async () => {
      const ids: string[] = [];
      for await (const id of evaluations.list()) ids.push(id);
      return ids.length;
    };
    const all = await count();
    held = true;
    await studio.sweepEvaluations([kept.details]);
    expect(await count()).toBe(all);
    held = false;
    // One that cannot be read may refer to anything.
    await studio.sweepEvaluations([kept.details, 'f'.repeat(64)]);
    expect(await count()).toBe(all);
    await studio.sweepEvaluations([kept.details]);
    // Details, and a map of each image: good ones have no ground truth.
    expect(await count()).toBe(4);
    await expect(evaluations.get(gone.details)).rejects.toMatchObject({ code: 'file-vanished' });
    decodeDetails(await evaluations.get(kept.details));
  });
});
