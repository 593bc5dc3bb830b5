import type * as Jnd from '../compute/jnd';
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256 } from '../core/hash';
import { Random } from '../core/random';
import { rleHas } from '../core/rle';
import type { ImageRecord } from '../project/document';
import { FOREGROUND_THRESHOLD } from '../synthesis/foreground';

/** The foreground by the worker's own code in Node. */

const PUBLIC = new URL('../../public/', import.meta.url);

vi.mock('../compute/onnx/runtime-wasm', async () => {
  const { createNodeRuntime } = await import('../compute/onnx/runtime-node');
  return { createWasmRuntime: () => createNodeRuntime({ build: 'wasm', threads: 1 }) };
});
vi.mock('../datasets/codec-browser', async () => ({
  browserCodec: (await import('../datasets/codec-node')).nodeCodec,
}));

const prepared = vi.hoisted(() => ({ maps: 0 }));
vi.mock('../compute/jnd', async (original) => {
  const jnd = await original<typeof Jnd>();
  return {
    ...jnd,
    quickJndMap: (...inputs: Parameters<typeof jnd.quickJndMap>) => {
      prepared.maps++;
      return jnd.quickJndMap(...inputs);
    },
  };
});

let image: ImageRecord;

beforeEach(async () => {
  // A square of noise on a plain ground.
  const random = new Random(3);
  const pixels = Buffer.alloc(60 * 40 * 3, 210);
  for (let y = 10; y < 30; y++) {
    for (let x = 20; x < 45; x++) pixels.fill(random.int(25, 180), (y * 60 + x) * 3, (y * 60 + x) * 3 + 3);
  }
  const raw = { width: 60, height: 40, channels: 3 } as const;
  const photo = new Uint8Array(await sharp(pixels, { raw }).png().toBuffer());
  image = {
    id: 'photo',
    datasetId: 'd',
    name: 'photo.png',
    path: 'photo.png',
    width: 60,
    height: 40,
    bytes: photo.length,
    source: { kind: 'url', url: 'photo.png', sha256: await sha256(photo) },
    thumbnail: null,
    split: 'train',
    label: 'good',
    masks: [],
  };
  prepared.maps = 0;
  vi.stubGlobal('self', { location: { href: 'http://studio/app/' } });
  vi.stubGlobal('navigator', {
    hardwareConcurrency: 2,
    storage: { getDirectory: () => Promise.reject(new DOMException('none', 'SecurityError')) },
  });
  vi.stubGlobal(
    'ImageData',
    class {
      constructor(
        readonly data: Uint8ClampedArray,
        readonly width: number,
        readonly height: number,
      ) {}
    },
  );
  vi.stubGlobal('createImageBitmap', async (data: ImageData) => data);
  vi.stubGlobal('fetch', async (url: URL) => {
    const file = url.href.replace('http://studio/app/', '');
    return new Response(file === 'photo.png' ? photo : await readFile(new URL(file, PUBLIC)));
  });
});
afterEach(() => vi.unstubAllGlobals());

const open = async () => new (await import('./studio')).Studio();

describe('the foreground in the worker', () => {
  it('thresholds one map however often it is asked', async () => {
    const studio = await open();
    await studio.start('wasm');
    const foreground = await studio.foreground(image, FOREGROUND_THRESHOLD);
    expect(foreground).toMatchObject({ width: 60, height: 40 });
    expect(rleHas(foreground, 32, 20)).toBe(true);
    expect(rleHas(foreground, 8, 20)).toBe(false);
    expect((await studio.foreground(image, 1)).area).toBe(0);
    expect(prepared.maps).toBe(1);
  });

  it('answers the latest slider position, and refuses what is no threshold', async () => {
    const studio = await open();
    await studio.start('wasm');
    const moved = await Promise.allSettled([0.2, 0.3, 0.4].map((threshold) => studio.foreground(image, threshold)));
    expect(moved.at(-1)!.status).toBe('fulfilled');
    expect(moved.some(({ status }) => status === 'rejected')).toBe(true);
    for (const threshold of [-0.1, 2, NaN]) {
      await expect(studio.foreground(image, threshold)).rejects.toMatchObject({ code: 'bad-argument' });
    }
  });
});
