import { describe, expect, it } from 'vitest';
import { sha256 } from '../../core/hash';
import { SHIPPED } from '../cards';
import { image, model, node, tensor } from '../onnx-file/build';
import { serializeOnnx } from '../onnx-file/onnx';
import { DataType } from '../onnx-file/schema';
import type { WeightSource } from '../weights';
import { loadOwnDetector, loadShippedDetector } from './load';
import { detectorFixture, detectorGraph } from './testing';

const refusal = (file: string, ...reasons: (RegExp | string)[]) =>
  expect.objectContaining({
    code: 'bad-weights',
    file,
    message: expect.stringMatching(
      new RegExp([file, ...reasons].map((part) => (typeof part === 'string' ? part : part.source)).join('.*')),
    ),
  });

async function expectRefused(bytes: Uint8Array<ArrayBuffer>, ...reasons: (RegExp | string)[]): Promise<void> {
  await expect(loadOwnDetector(bytes, 'mine.onnx')).rejects.toEqual(refusal('mine.onnx', ...reasons));
}

describe('a file that is no detector', () => {
  it('is told from one that is: text, a web page, half a file', async () => {
    const text = new TextEncoder();
    await expectRefused(text.encode('weights'), 'not a complete ONNX file', 'Choose');
    await expectRefused(text.encode('<!DOCTYPE html>'), 'web page', 'Download the file itself');
    const whole = detectorFixture();
    await expectRefused(whole.slice(0, whole.length >> 1), 'not a complete ONNX file');
    await expectRefused(new Uint8Array(), 'not a complete ONNX file');
  });

  it('is told everything that it lacks at once', async () => {
    const other = model([image('x', [1, 3, 64, 64])], [node('Relu', ['x'], ['y'])], [image('y', [1, 3, 64, 64])]);
    await expectRefused(
      serializeOnnx(other),
      'the input image, the output anomaly_map, the metadata detector.size',
      'and the metadata detector.threshold',
      'Choose a detector',
    );
  });

  it.each(['detector.size', 'detector.multiple', 'detector.input', 'detector.score', 'detector.threshold'])(
    'is told that it lacks %s alone',
    async (key) => {
      await expectRefused(
        detectorFixture({ metadata: { [key]: undefined } }),
        `it lacks the metadata ${key}\\. Choose`,
      );
    },
  );

  it.each([
    ['detector.size', '0'],
    ['detector.size', '256.5'],
    ['detector.size', 'large'],
    ['detector.multiple', '-64'],
    ['detector.input', 'none'],
    ['detector.input', '{"mean":[0,0],"std":[1,1]}'],
    ['detector.input', '{"mean":[0,0,0],"std":[1,0,1]}'],
    ['detector.score', '{"smooth":20,"reduce":"max"}'],
    ['detector.score', '{"smooth":21,"reduce":"mean"}'],
    ['detector.threshold', '0.5'],
    ['detector.threshold', '{"image":"high","pixel":0.5}'],
  ])('is told that %s cannot be %s', async (key, value) => {
    await expectRefused(detectorFixture({ metadata: { [key]: value } }), key, 'should be like');
  });

  it('has shapes that do not fit', async () => {
    await expectRefused(detectorFixture({ size: 96 }), 'detector.size is 96', 'no multiple of 64');
    await expectRefused(detectorFixture({ size: 128, fixed: 64 }), 'pictures of 64 px', 'detector.size is 128');
    const grey = detectorGraph();
    grey.graph.input = [image('image', ['N', 1, 'H', 'W'])];
    await expectRefused(serializeOnnx(grey), 'image is not float32 \\[N, 3, H, W\\]');
    const two = detectorGraph();
    two.graph.input.push(image('prompt', ['N', 1, 'H', 'W']));
    await expectRefused(serializeOnnx(two), 'takes 2 inputs');
    const flat = detectorGraph();
    flat.graph.output[0] = image('anomaly_map', ['N', 2, 'H', 'W']);
    await expectRefused(serializeOnnx(flat), 'anomaly_map is not float32 \\[N, 1, H, W\\]');
  });

  it('keeps its weights elsewhere', async () => {
    const split = detectorGraph();
    const elsewhere = tensor('far', [1], [1]);
    elsewhere.externalData = [{ key: 'location', value: 'far.bin' }];
    split.graph.initializer.push({ ...elsewhere, dataType: DataType.float });
    await expectRefused(serializeOnnx(split), 'keeps its weights in another file');
  });
});

describe('a detector', () => {
  it('is known by its content: form, hash, bytes as they are', async () => {
    const bytes = detectorFixture({ size: 128, smooth: 5, threshold: { image: 0.3, pixel: 0.4 } });
    expect(await loadOwnDetector(bytes, 'mine.bin')).toEqual({
      ref: { id: 'mine.bin', sha256: await sha256(bytes) },
      name: 'mine.bin',
      title: 'mine.bin',
      licence: 'as its owner states',
      card: null,
      bytes,
      form: {
        size: 128,
        multiple: 64,
        input: { mean: [0, 0, 0], std: [1, 1, 1] },
        score: { smooth: 5, reduce: 'max' },
        threshold: { image: 0.3, pixel: 0.4 },
        explanations: ['reconstruction', 'jnd', 'edges'],
      },
    });
  });

  it('may show the map alone', async () => {
    const { form } = await loadOwnDetector(detectorFixture({ without: ['reconstruction', 'jnd'] }), 'mine.onnx');
    expect(form.explanations).toEqual(['edges']);
  });

  it('comes with the studio by its card, or not at all', async () => {
    const bytes = detectorFixture();
    const card = {
      id: 'detector-demo',
      title: 'Detector',
      task: 'anomaly-localization',
      file: 'detector.onnx',
      sha256: await sha256(bytes),
      bytes: bytes.length,
      licence: 'L',
      preliminary: true,
      size: 64,
      multiple: 64,
      metrics: { mean: 0.9 },
    };
    const sourceOf = (change: object): WeightSource => {
      const files: Record<string, Uint8Array<ArrayBuffer>> = {
        [SHIPPED.detector]: new TextEncoder().encode(JSON.stringify({ ...card, ...change })),
        'detector.onnx': bytes,
      };
      return { read: (file) => Promise.resolve(files[file] ?? null) };
    };
    expect(await loadShippedDetector(sourceOf({}))).toMatchObject({
      ref: { id: 'detector-demo', sha256: card.sha256 },
      name: 'detector.onnx',
      card: { preliminary: true, metrics: { mean: 0.9 } },
      form: { size: 64 },
    });
    await expect(loadShippedDetector(sourceOf({ sha256: '0'.repeat(64) }))).rejects.toMatchObject({
      code: 'altered-weights',
    });
    await expect(loadShippedDetector(sourceOf({ size: undefined }))).rejects.toMatchObject({ code: 'bad-weights' });
    expect(await loadShippedDetector({ read: () => Promise.resolve(null) })).toBeNull();
  });
});
