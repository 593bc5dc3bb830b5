import { describe, expect, it, vi } from 'vitest';
import { createNodeRuntime } from '../compute/onnx/runtime-node';
import { filledRaster, type Raster } from '../core/raster';
import { rleHas, rleIou } from '../core/rle';
import { gridPrompts } from '../models/sam/everything';
import { Segmenter } from '../models/sam/segmenter';
import { samDecoder, samEncoder } from '../models/sam/testing';
import { DerivedCache, MemoryFiles } from '../project/derived';
import { DEFAULT_PART_SETTINGS } from '../synthesis/parts/refine';
import { Segmentation } from './segmentation';

const runtime = await createNodeRuntime({ build: 'wasm', threads: 1 });

async function open(): Promise<{ segmenter: Segmenter; decodes(): number }> {
  const side = { side: 64, channels: 4 };
  let decodes = 0;
  const decoder = await runtime.open(samDecoder(side), 'decoder.onnx');
  const counting = {
    ...decoder,
    name: decoder.name,
    inputs: decoder.inputs,
    outputs: decoder.outputs,
    device: decoder.device,
    run: decoder.run.bind(decoder),
    release: () => decoder.release(),
    compute: (...args: Parameters<typeof decoder.compute>) => {
      decodes++;
      return decoder.compute(...args);
    },
  };
  const segmenter = new Segmenter(await runtime.open(samEncoder(side), 'encoder.onnx'), counting);
  return { segmenter, decodes: () => decodes };
}

/** The image called `image`, as one encoder and decoder see it. */
const of = (image: string, encoder = 'e') => ({ image, encoder, decoder: 'd', width: 60, height: 40 });
/** Storage that keeps nothing. */
const nowhere = () => new DerivedCache(new MemoryFiles(0));

/** Pixels that count how often they were asked for. */
function pixels(): { read: () => Promise<Raster>; reads(): number } {
  let reads = 0;
  return {
    read: () => {
      reads++;
      return Promise.resolve(filledRaster(60, 40, 0, 3));
    },
    reads: () => reads,
  };
}

describe('Segmentation', () => {
  it('encodes an image once, and again only after many others or with another network', async () => {
    const { segmenter } = await open();
    const segmentation = new Segmentation(nowhere());
    const image = pixels();
    const at = (x: number) => ({ points: [{ x, y: 20, label: 1 as const }] });
    const [first] = await segmentation.segment(of('a'), segmenter, image.read, at(15));
    expect(rleHas(first.mask, 15, 20)).toBe(true);
    const [second] = await segmentation.segment(of('a'), segmenter, image.read, at(45));
    expect(rleHas(second.mask, 45, 20)).toBe(true);
    expect(image.reads()).toBe(1);
    for (const other of 'bcdef') await segmentation.embed(of(other), segmenter, pixels().read);
    await segmentation.segment(of('a'), segmenter, image.read, at(15));
    expect(image.reads()).toBe(1);
    // “a” was used last, so “b” is the oldest and goes for “g”.
    await segmentation.embed(of('g'), segmenter, pixels().read);
    await segmentation.embed(of('a'), segmenter, image.read);
    expect(image.reads()).toBe(1);
    const again = pixels();
    await segmentation.embed(of('b'), segmenter, again.read);
    expect(again.reads()).toBe(1);
    await segmentation.embed(of('a', 'another'), segmenter, image.read);
    expect(image.reads()).toBe(2);
    await segmenter.release();
  });

  it('refines what everything found without running the network, and names parts by their masks', async () => {
    const { segmenter, decodes } = await open();
    const segmentation = new Segmentation(nowhere());
    const embedding = await segmentation.embed(of('a'), segmenter, pixels().read);
    const found = await segmenter.segmentAll(embedding, gridPrompts(60, 40, 3), { quality: 0, stability: 0 });
    expect(segmentation.keep(of('a'), found)).toBe(found.length);
    const before = decodes();
    const settings = { ...DEFAULT_PART_SETTINGS, quality: 0.85, stability: 0.5 };
    const parts = await segmentation.refine(of('a'), settings, null);
    // A disk about each of the nine points; the masks of everything are too large for parts.
    expect(parts).toHaveLength(9);
    expect(new Set(parts.map(({ id }) => id)).size).toBe(9);
    const fewer = await segmentation.refine(of('a'), settings, parts[0].mask);
    expect(fewer).toHaveLength(1);
    expect(fewer[0].id).toBe(parts.find(({ mask }) => rleIou(mask, fewer[0].mask) === 1)!.id);
    expect(await segmentation.refine(of('a'), { ...settings, quality: 0.95 }, null)).toEqual([]);
    expect(decodes()).toBe(before);
    await expect(segmentation.refine(of('b'), settings, null)).rejects.toThrow(/Find them first/);
    await segmenter.release();
  });

  it('has both at the next visit without running the network, and makes anew what is damaged', async () => {
    const { segmenter, decodes } = await open();
    const files = new MemoryFiles();
    const before = new Segmentation(new DerivedCache(files));
    const embedding = await before.embed(of('a'), segmenter, pixels().read);
    const found = await segmenter.segmentAll(embedding, gridPrompts(60, 40, 3), { quality: 0, stability: 0 });
    before.keep(of('a'), found);
    const settings = { ...DEFAULT_PART_SETTINGS, quality: 0.85, stability: 0.5 };
    const parts = await before.refine(of('a'), settings, null);
    const [mask] = await before.segment(of('a'), segmenter, pixels().read, gridPrompts(60, 40, 3)[4]);
    await vi.waitFor(() => expect(files.files.size).toBe(2), { timeout: 60_000 });

    const ran = decodes();
    const later = new Segmentation(new DerivedCache(files));
    const image = pixels();
    expect(await later.refine(of('a'), settings, null)).toEqual(parts);
    expect(decodes()).toBe(ran);
    const [again] = await later.segment(of('a'), segmenter, image.read, gridPrompts(60, 40, 3)[4]);
    expect(again).toEqual(mask);
    expect(image.reads()).toBe(0);
    // Another network, or another size, sees the picture for the first time.
    expect(await later.known(of('a', 'another'))).toBeNull();
    expect(await later.known({ ...of('a'), width: 61 })).toBeNull();

    for (const [name, bytes] of files.files) files.files.set(name, bytes.slice(0, 90));
    const last = new Segmentation(new DerivedCache(files));
    await expect(last.refine(of('a'), settings, null)).rejects.toThrow(/Find them first/);
    expect(await last.segment(of('a'), segmenter, image.read, gridPrompts(60, 40, 3)[4])).toContainEqual(mask);
    expect(image.reads()).toBe(1);
    await segmenter.release();
  });
});
