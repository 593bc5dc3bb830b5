import { describe, expect, it } from 'vitest';
import type { DeviceRaster } from '../../compute/backend';
import { createCpuBackend } from '../../compute/cpu';
import { createNodeRuntime } from '../../compute/onnx/runtime-node';
import { filledRaster } from '../../core/raster';
import { image, model, node, tensor } from '../onnx-file/build';
import { serializeOnnx } from '../onnx-file/onnx';
import { belongsToTrainedSet, reconstructionFit } from './fit';
import { createGenerator } from './generator';

const backend = createCpuBackend();

/** A stand-in of the generator's form: strong edges come out red, weak ones blue. */
const standIn = serializeOnnx(
  model(
    [image('edges', [1, 1, 32, 32])],
    [node('Conv', ['edges', 'w', 'b'], ['image'])],
    [image('image', [1, 3, 32, 32])],
    [tensor('w', [3, 1, 1, 1], [1, 0, -1]), tensor('b', [3], [0, 0.25, 1])],
  ),
);

const plain = (width: number, height: number, channels: number, value: number): DeviceRaster =>
  backend.upload(filledRaster(width, height, value, channels));

describe('createGenerator', () => {
  it('turns edge strength into RGB of the same size', async () => {
    const runtime = await createNodeRuntime({ build: 'wasm', threads: 1 });
    const generator = createGenerator(await runtime.open(standIn, 'stand-in.onnx'), backend);
    const picture = await backend.download(await generator.run(plain(32, 32, 1, 0.75)));
    expect(picture).toMatchObject({ width: 32, height: 32, channels: 3 });
    expect([0, 1, 2].map((c) => picture.data[c * 1024 + 500])).toEqual([0.75, 0.25, 0.25]);
    await generator.release();
  });

  it('refuses other shapes and other networks with a sentence', async () => {
    const runtime = await createNodeRuntime({ build: 'wasm', threads: 1 });
    const session = await runtime.open(standIn, 'stand-in.onnx');
    const generator = createGenerator(session, backend);
    await expect(generator.run(plain(32, 32, 3, 0))).rejects.toThrow(/one edge map, not 3/);
    await expect(generator.run(plain(30, 32, 1, 0))).rejects.toThrow(/\[1, 1, 32, 32\], not .*\[1, 1, 32, 30\]/);
    await generator.release();
    const other = serializeOnnx(
      model([image('x', [1, 1, 4, 4])], [node('Relu', ['x'], ['image'])], [image('image', [1, 1, 4, 4])]),
    );
    const wrong = await runtime.open(other, 'other.onnx');
    expect(() => createGenerator(wrong, backend)).toThrow(
      expect.objectContaining({ code: 'bad-weights', message: expect.stringContaining('other.onnx') }),
    );
    await wrong.release();
  });
});

describe('reconstructionFit', () => {
  it('is perfect for the same picture and has the hand-computed L1 otherwise', async () => {
    const photo = plain(24, 20, 3, 0.5);
    expect(await reconstructionFit(backend, photo, photo)).toEqual({ ssim: 1, l1: 0 });
    const fit = await reconstructionFit(backend, photo, plain(24, 20, 3, 0.25));
    expect(fit.l1).toBeCloseTo(0.25, 6);
    // SSIM of two flat pictures is its luminance term, (2·½·¼ + C1) / (½² + ¼² + C1).
    expect(fit.ssim).toBeCloseTo((0.25 + 1e-4) / (0.3125 + 1e-4), 4);
  });
});

describe('belongsToTrainedSet', () => {
  it('wants both limits kept', () => {
    const limits = { ssim: 0.6, l1: 0.08 };
    expect(belongsToTrainedSet({ ssim: 0.6, l1: 0.08 }, limits)).toBe(true);
    expect(belongsToTrainedSet({ ssim: 0.59, l1: 0.01 }, limits)).toBe(false);
    expect(belongsToTrainedSet({ ssim: 0.99, l1: 0.09 }, limits)).toBe(false);
    expect(belongsToTrainedSet({ ssim: NaN, l1: NaN }, limits)).toBe(false);
  });

  it('takes nothing for trained when no limits were measured', () => {
    expect(belongsToTrainedSet({ ssim: 1, l1: 0 }, null)).toBe(false);
  });
});
