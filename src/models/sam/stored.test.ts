import { describe, expect, it } from 'vitest';
import { createNodeRuntime } from '../../compute/onnx/runtime-node';
import { createMask } from '../../core/mask';
import { Random } from '../../core/random';
import { filledRaster } from '../../core/raster';
import { RleBuilder, rleFromMask } from '../../core/rle';
import { bestCandidates, MOST_CANDIDATES } from './everything';
import { Segmenter, type SegmentedMask } from './segmenter';
import {
  candidatesName,
  decodeCandidates,
  decodeEmbedding,
  embeddingName,
  encodeCandidates,
  encodeEmbedding,
} from './stored';
import { samDecoder, samEncoder } from './testing';

const runtime = await createNodeRuntime({ build: 'wasm', threads: 1 });
const key = { image: 'a'.repeat(64), encoder: 'b'.repeat(64), width: 60, height: 40 };

describe('an embedding as bytes', () => {
  it.each(['transformers', 'original'] as const)('gives the same masks (%s export)', async (family) => {
    const side = { side: 64, channels: 4, family };
    const segmenter = new Segmenter(
      await runtime.open(samEncoder(side), 'encoder.onnx'),
      await runtime.open(samDecoder(side), 'decoder.onnx'),
    );
    const fresh = await segmenter.encode(filledRaster(60, 40, 0.3, 3));
    const bytes = encodeEmbedding(fresh);
    const read = decodeEmbedding(bytes)!;
    expect({ ...read, samplers: null }).toEqual({ ...fresh, samplers: null });
    const prompt = { points: [{ x: 20, y: 20, label: 1 as const }] };
    expect(await segmenter.segment(read, prompt)).toEqual(await segmenter.segment(fresh, prompt));
    // Wherever the bytes lie in their buffer.
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeEmbedding(shifted.subarray(3))!.image).toEqual(fresh.image);
    for (const broken of [bytes.slice(0, bytes.length - 4), bytes.slice(0, 3), new Uint8Array(40)]) {
      expect(decodeEmbedding(broken)).toBeNull();
    }
    await segmenter.release();
  });

  it('is named by image, encoder and size', () => {
    const names = [key, { ...key, width: 61 }, { ...key, encoder: 'c'.repeat(64) }, { ...key, image: 'd'.repeat(64) }];
    expect(new Set(names.map(embeddingName)).size).toBe(4);
    expect(candidatesName({ ...key, decoder: 'e' })).not.toBe(candidatesName({ ...key, decoder: 'f' }));
    expect(embeddingName(key)).toMatch(/^[a-z0-9.]+$/);
  });
});

describe('raw masks as bytes', () => {
  /** Blocks of one to some rows, so that they have many runs, as masks have. */
  function masks(many: number, width: number, height: number): SegmentedMask[] {
    const random = new Random(5);
    return Array.from({ length: many }, () => {
      const builder = new RleBuilder(width, height);
      const x = Math.floor(random.uniform(0, width - 1));
      const y = Math.floor(random.uniform(0, height - 1));
      const right = Math.floor(random.uniform(x + 1, width + 1));
      const bottom = Math.min(height, y + Math.floor(random.uniform(1, 0.3 * height)));
      for (let row = y; row < bottom; row++) builder.push(row * width + x, row * width + right);
      return { mask: builder.build(), quality: random.uniform(0, 1), stability: random.uniform(0, 1) };
    });
  }

  it('come back as they were', () => {
    const some = [...masks(30, 97, 61), { mask: rleFromMask(createMask(97, 61)), quality: 0.5, stability: 1 }];
    some.push({
      mask: rleFromMask({ ...createMask(97, 61), data: new Uint8Array(97 * 61).fill(1) }),
      quality: 1,
      stability: 1,
    });
    const bytes = encodeCandidates(some, { width: 97, height: 61 });
    expect(decodeCandidates(bytes)).toEqual(some);
    expect(decodeCandidates(encodeCandidates([], { width: 97, height: 61 }))).toEqual([]);
    expect(decodeCandidates(bytes.slice(0, bytes.length - 1))).toBeNull();
    expect(decodeCandidates(new Uint8Array(2))).toBeNull();
  });

  it('of more than 5,000 masks keep the best, in a few megabytes', () => {
    const many = masks(MOST_CANDIDATES + 200, 256, 192);
    const kept = bestCandidates(many);
    const bytes = encodeCandidates(kept, { width: 256, height: 192 });
    expect(kept).toHaveLength(5000);
    expect(bytes.length).toBeLessThan(3e6);
    // Deep comparison of so many takes a minute; the same bytes again say as much.
    expect(Buffer.compare(encodeCandidates(decodeCandidates(bytes)!, { width: 256, height: 192 }), bytes)).toBe(0);
  });
});
