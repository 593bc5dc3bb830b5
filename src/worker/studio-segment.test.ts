import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256 } from '../core/hash';
import { rleHas } from '../core/rle';
import { SHIPPED } from '../models/cards';
import { samDecoder, samEncoder } from '../models/sam/testing';
import type { ImageRecord } from '../project/document';
import type { Progress } from './api';
import { blackPicture, photographOf, standInBrowser } from './testing';

/** Segmentation by the worker's own code in Node, with a network of SAM's form. */

vi.mock('../compute/onnx/runtime-wasm', async () => (await import('./testing')).runtimeInNode());
vi.mock('../datasets/codec-browser', async () => (await import('./testing')).codecInNode());

const side = { side: 64, channels: 4 };
const files = new Map<string, Uint8Array<ArrayBuffer>>();
let fetched: readonly string[];
let image: ImageRecord;

beforeEach(async () => {
  const photo = await blackPicture(60, 40);
  const [encoder, decoder] = [samEncoder(side), samDecoder(side)];
  const entry = async (file: string, data: Uint8Array<ArrayBuffer>) => {
    files.set(`models/${file}`, data);
    return { file, sha256: await sha256(data), bytes: data.length };
  };
  const card = {
    id: 'sam-test',
    title: 'SAM',
    task: 'segmentation',
    licence: 'CC0',
    encoder: await entry('test.encoder.onnx', encoder),
    decoder: await entry('test.decoder.onnx', decoder),
    everything: { quality: 0.85, stability: 0.5 },
  };
  files.set(`models/${SHIPPED.segmentation}`, new TextEncoder().encode(JSON.stringify(card)));
  files.set('photo.png', photo);
  image = await photographOf(photo, 60, 40);
  fetched = standInBrowser((file) => {
    if (files.has(file)) return new Response(files.get(file));
    return /^models\/(test|sam)/.test(file) ? new Response(null, { status: 404 }) : undefined;
  });
});
afterEach(() => vi.unstubAllGlobals());

const open = async () => new (await import('./studio')).Studio();
const segmentation = async (studio: Awaited<ReturnType<typeof open>>) =>
  (await studio.models()).find(({ task }) => task === 'segmentation');
const at = (x: number) => ({ points: [{ x, y: 20, label: 1 as const }] });

describe('segmentation', () => {
  it('reads no weights before something is segmented, and then each file once', async () => {
    const studio = await open();
    await studio.start('wasm');
    expect(await segmentation(studio)).toMatchObject({ id: 'sam-test', task: 'segmentation', state: 'shipped' });
    const weights = () => fetched.filter((file) => file.endsWith('coder.onnx'));
    expect(weights()).toEqual([]);
    const [best] = await studio.segment(image, at(15));
    expect(rleHas(best.mask, 15, 20)).toBe(true);
    expect(best.mask).toMatchObject({ width: 60, height: 40 });
    await studio.segment(image, at(45));
    expect(weights().sort()).toEqual(['models/test.decoder.onnx', 'models/test.encoder.onnx']);
  });

  it('answers the latest hover and every click', async () => {
    const studio = await open();
    const results = await Promise.allSettled([
      studio.segment(image, at(10), true),
      studio.segment(image, at(20)),
      studio.segment(image, at(30), true),
      studio.segment(image, at(40), true),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
    expect(results[2]).toMatchObject({ reason: { code: 'cancelled' } });
  });

  it('finds parts with progress, refines them without the network, and can be cancelled', async () => {
    const studio = await open();
    const steps: Progress[] = [];
    const found = await studio.everything('parts', image, 9, (progress) => steps.push(progress));
    expect(steps.map(({ done, total }) => [done, total])).toEqual([
      [0, 81],
      [64, 81],
      [81, 81],
    ]);
    expect(found.settings).toMatchObject({ quality: 0.85, stability: 0.5, mergeIou: 0.5 });
    expect(found.candidates).toBeGreaterThan(80);
    const parts = await studio.refine(image, { ...found.settings, mergeIou: 1, mergeContainment: 1 }, null);
    expect(parts.length).toBeGreaterThan(9);
    const merged = await studio.refine(image, found.settings, null);
    expect(merged.length).toBeLessThan(parts.length);
    await expect(studio.everything('none', image, 0, () => {})).rejects.toMatchObject({ code: 'bad-argument' });

    const cancelled = studio.everything('again', image, 20, ({ done }) => {
      if (done === 64) void studio.cancel('again');
    });
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    // What was found before is still there.
    expect(await studio.refine(image, found.settings, null)).toHaveLength(merged.length);
  });

  it('goes on without a network, and says what is missing', async () => {
    files.delete(`models/${SHIPPED.segmentation}`);
    const studio = await open();
    expect(await segmentation(studio)).toMatchObject({ task: 'segmentation', state: 'missing' });
    await expect(studio.segment(image, at(15))).rejects.toMatchObject({
      code: 'missing-weights',
      message: expect.stringMatching(/No segmentation network is installed/),
    });
  });

  it('takes the two files of another SAM, keeps the old one when they are none, and goes back', async () => {
    const studio = await open();
    const file = (name: string, data: Uint8Array<ArrayBuffer>) => new File([data], name);
    const own = [file('d.onnx', samDecoder(side)), file('e.onnx', samEncoder(side))];
    expect(await studio.useSegmenter(own)).toMatchObject({ id: 'e.onnx', state: 'cached' });
    await expect(studio.useSegmenter([own[0]])).rejects.toMatchObject({ code: 'bad-weights' });
    expect(await segmentation(studio)).toMatchObject({ id: 'e.onnx' });
    expect(await studio.segment(image, at(15))).not.toEqual([]);
    expect(await studio.useShippedSegmenter()).toMatchObject({ id: 'sam-test', state: 'shipped' });
  });
});
