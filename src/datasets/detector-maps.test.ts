import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { createCpuBackend } from '../compute/cpu';
import { createNodeRuntime } from '../compute/onnx/runtime-node';
import { rgbFromImage8 } from '../core/raster';
import { evaluate, type EvaluationSample } from '../evaluation/evaluator';
import { createDetector } from '../models/detector/detector';
import { loadOwnDetector } from '../models/detector/load';
import { detectorFixture } from '../models/detector/testing';
import { detectorMaps, evaluationSamples } from './anomaly-maps';
import { nodeCodec } from './codec-node';
import type { FileTree } from './file-tree';
import { readTestSet } from './test-set';

const backend = createCpuBackend();
const runtime = await createNodeRuntime({ build: 'wasm', threads: 1 });
const { bytes, name, form } = await loadOwnDetector(detectorFixture({ smooth: 5 }), 'bright.onnx');
const detector = createDetector(await runtime.open(bytes, name), backend, form);

afterAll(() => detector.release());

const [WIDTH, HEIGHT] = [48, 36];

/** Grey of one level, with a square of another if one is given. */
async function picture(ground: number, square?: number): Promise<Uint8Array<ArrayBuffer>> {
  const plain = (width: number, height: number, level: number) => ({
    create: { width, height, channels: 3 as const, background: { r: level, g: level, b: level } },
  });
  const boxes = square === undefined ? [] : [{ input: plain(12, 10, square), left: 20, top: 8 }];
  return new Uint8Array(
    await sharp(plain(WIDTH, HEIGHT, ground))
      .composite(boxes)
      .png()
      .toBuffer(),
  );
}

async function dataset(): Promise<FileTree> {
  const good = await picture(40);
  const files = new Map(
    Object.entries({
      'lamp/train/good/000.png': good,
      'lamp/test/good/000.png': good,
      'lamp/test/lit/000.png': await picture(40, 230),
      'lamp/ground_truth/lit/000_mask.png': await picture(0, 255),
    }),
  );
  return { paths: [...files.keys()], nameOf: (path) => `set/${path}`, read: async (path) => files.get(path)!.slice() };
}

describe('maps that a detector makes of a test set', () => {
  it('are of the images, with the scores of its rule', async () => {
    const tree = await dataset();
    const set = await readTestSet(tree, 'lamp');
    const samples: EvaluationSample[] = [];
    for await (const sample of evaluationSamples(tree, set, detectorMaps(tree, detector, nodeCodec), nodeCodec)) {
      samples.push(sample);
    }
    expect(samples.map(({ name, subset }) => [name, subset])).toEqual([
      ['set/lamp/test/good/000.png', 'good'],
      ['set/lamp/test/lit/000.png', 'lit'],
    ]);
    const [good, lit] = samples;
    expect([lit.map.width, lit.map.height]).toEqual([WIDTH, HEIGHT]);
    const raster = rgbFromImage8(await nodeCodec.decode(await tree.read('lamp/test/lit/000.png'), 'lit'));
    const direct = await detector.detect(raster);
    expect(lit).toMatchObject({ map: direct.map, score: direct.score });
    expect(good.score).toBeLessThan(0.2);
    expect(lit.score).toBeGreaterThan(0.8);

    async function* again() {
      yield* samples;
    }
    const { image, pixel } = await evaluate(again(), { spro: false });
    expect(image!.auroc).toBe(1);
    expect(pixel!.auroc).toBeGreaterThan(0.99);
  });

  it('name a picture that cannot be read, and end when cancelled', async () => {
    const tree = await dataset();
    const [image] = (await readTestSet(tree, 'lamp')).images;
    const broken = { ...tree, read: async () => new TextEncoder().encode('no picture') };
    await expect(detectorMaps(broken, detector, nodeCodec).mapOf(image)).rejects.toMatchObject({
      code: 'not-an-image',
      message: expect.stringContaining('set/lamp/test/good/000.png'),
    });
    const cancelled = detectorMaps(tree, detector, nodeCodec, AbortSignal.abort());
    await expect(cancelled.mapOf(image)).rejects.toMatchObject({ code: 'cancelled' });
  });
});
