import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256 } from '../core/hash';
import { rleHas } from '../core/rle';
import { SHIPPED } from '../models/cards';
import { samDecoder, samEncoder } from '../models/sam/testing';
import type { ImageRecord } from '../project/document';
import type { Progress } from './api';

/** Segmentation by the worker's own code in Node, with a network of SAM's form. */

const PUBLIC = new URL('../../public/', import.meta.url);

vi.mock('../compute/onnx/runtime-wasm', async () => {
  const { createNodeRuntime } = await import('../compute/onnx/runtime-node');
  return { createWasmRuntime: () => createNodeRuntime({ build: 'wasm', threads: 1 }) };
});
vi.mock('../datasets/codec-browser', async () => ({
  browserCodec: (await import('../datasets/codec-node')).nodeCodec,
}));

const side = { side: 64, channels: 4 };
const bytes = (data: Uint8Array) => new Uint8Array(data);
const files = new Map<string, Uint8Array<ArrayBuffer>>();
const asked: string[] = [];
let image: ImageRecord;

beforeEach(async () => {
  const photo = bytes(
    await sharp({ create: { width: 60, height: 40, channels: 3, background: 'black' } })
      .png()
      .toBuffer(),
  );
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
  files.set(`models/${SHIPPED.segmentation}`, bytes(new TextEncoder().encode(JSON.stringify(card))));
  files.set('photo.png', photo);
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
  asked.length = 0;
  vi.stubGlobal('self', { location: { href: 'http://studio/app/' } });
  vi.stubGlobal('navigator', {
    hardwareConcurrency: 2,
    storage: { getDirectory: () => Promise.reject(new DOMException('none', 'SecurityError')) },
  });
  vi.stubGlobal('fetch', async (url: URL) => {
    const file = url.href.replace('http://studio/app/', '');
    asked.push(file);
    if (files.has(file)) return new Response(files.get(file));
    if (file.startsWith('models/test') || file.startsWith('models/sam')) return new Response(null, { status: 404 });
    return new Response(await readFile(new URL(file, PUBLIC)));
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
    const weights = () => asked.filter((file) => file.endsWith('coder.onnx'));
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
