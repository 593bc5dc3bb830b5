import type * as Jnd from '../compute/jnd';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Random } from '../core/random';
import { rleHas } from '../core/rle';
import type { ImageRecord } from '../project/document';
import { FOREGROUND_THRESHOLD } from '../synthesis/foreground';
import { photographOf, standInBrowser } from './testing';

/** The foreground by the worker's own code in Node. */

vi.mock('../compute/onnx/runtime-wasm', async () => (await import('./testing')).runtimeInNode());
vi.mock('../datasets/codec-browser', async () => (await import('./testing')).codecInNode());

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
  image = await photographOf(photo, 60, 40);
  prepared.maps = 0;
  standInBrowser((file) => (file === 'photo.png' ? new Response(photo) : undefined));
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
