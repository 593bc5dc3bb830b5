import { afterAll, describe, expect, it } from 'vitest';
import { createCpuBackend } from '../../compute/cpu';
import { createNodeRuntime } from '../../compute/onnx/runtime-node';
import { noise } from '../../compute/testing';
import { createRaster, filledRaster, resizeRaster, type Raster } from '../../core/raster';
import { createDetector, type Detector } from './detector';
import { loadOwnDetector } from './load';
import { imageScore } from './score';
import { detectorFixture, type DetectorFixtureOptions } from './testing';

const backend = createCpuBackend();
const runtime = await createNodeRuntime({ build: 'wasm', threads: 1 });
const opened: Detector[] = [];

async function open(options: DetectorFixtureOptions = {}): Promise<Detector> {
  const { bytes, name, form } = await loadOwnDetector(detectorFixture(options), 'mine.onnx');
  const detector = createDetector(await runtime.open(bytes, name), backend, form);
  opened.push(detector);
  return detector;
}

afterAll(async () => {
  await Promise.all(opened.map((detector) => detector.release()));
  backend.dispose();
});

/** What the fixture says of a picture of its size. */
function meanOf({ width, height, data }: Raster): Raster {
  const plane = width * height;
  const out = createRaster(width, height);
  for (let i = 0; i < plane; i++) out.data[i] = (data[i] + data[i + plane] + data[i + 2 * plane]) / 3;
  return out;
}

function expectClose(given: Raster, expected: Raster, tolerance = 1e-5): void {
  expect([given.width, given.height, given.channels]).toEqual([expected.width, expected.height, expected.channels]);
  let worst = 0;
  given.data.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - expected.data[i]))));
  expect(worst).toBeLessThan(tolerance);
}

describe('detecting', () => {
  it('gives the map and the score of a picture of the size of the network', async () => {
    const picture = noise(1, 64, 64, 3);
    const { map, score, thresholds, explanations } = await (await open()).detect(picture);
    expectClose(map, meanOf(picture));
    expect(score).toBeCloseTo(imageScore(meanOf(picture), { smooth: 3, reduce: 'max' }), 5);
    expect(thresholds).toEqual({ image: 0.5, pixel: 0.5 });
    expect(explanations).toEqual({});
  });

  it.each([
    [150, 100],
    [40, 90],
    [31, 31],
  ])('resizes %i×%i to the network and the map back', async (width, height) => {
    const picture = noise(2, width, height, 3);
    const small = meanOf(resizeRaster(picture, 64, 64));
    const { map, score } = await (await open()).detect(picture);
    expectClose(map, resizeRaster(small, width, height));
    // The score is taken where the network works, not of the resized map.
    expect(score).toBeCloseTo(imageScore(small, { smooth: 3, reduce: 'max' }), 5);
  });

  it('shows what was asked for, of the size of the image', async () => {
    const picture = filledRaster(100, 80, 0.25, 3);
    const { explanations } = await (await open()).detect(picture, { explain: ['reconstruction', 'jnd'] });
    expect(Object.keys(explanations)).toEqual(['reconstruction', 'jnd']);
    expectClose(explanations.reconstruction!, filledRaster(100, 80, 0.75, 3));
    expectClose(explanations.jnd!, filledRaster(100, 80, 0.25));
  });

  it('normalises as the file says', async () => {
    const [mean, std] = [
      [0.1, 0.2, 0.3],
      [0.5, 2, 4],
    ];
    const picture = noise(3, 64, 64, 3);
    const normal = createRaster(64, 64, 3);
    normal.data.forEach((_, i) => {
      const channel = Math.floor(i / 4096);
      normal.data[i] = (picture.data[i] - mean[channel]) / std[channel];
    });
    const { map } = await (await open({ mean, std })).detect(picture);
    expectClose(map, meanOf(normal));
  });

  it('takes a network of a fixed size', async () => {
    const { map } = await (await open({ size: 128, fixed: 128 })).detect(filledRaster(50, 60, 0.5, 3));
    expectClose(map, filledRaster(50, 60, 0.5));
  });

  it('works one picture after the other, and ends when cancelled', async () => {
    const detector = await open();
    const [a, b] = await Promise.all([
      detector.detect(filledRaster(64, 64, 0.2, 3)),
      detector.detect(filledRaster(64, 64, 0.8, 3)),
    ]);
    expect([a.score, b.score]).toEqual([expect.closeTo(0.2, 5), expect.closeTo(0.8, 5)]);
    const signal = AbortSignal.abort();
    await expect(detector.detect(filledRaster(64, 64, 0.2, 3), { signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect((await detector.detect(filledRaster(64, 64, 0.4, 3))).score).toBeCloseTo(0.4, 5);
  });
});

describe('bad input of a detector', () => {
  it('is a picture without colours, or an output the file has not', async () => {
    const detector = await open({ without: ['jnd'] });
    await expect(detector.detect(filledRaster(64, 64, 0.5))).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('RGB images, not in 1 channels'),
    });
    await expect(detector.detect(filledRaster(64, 64, 0.5, 3), { explain: ['jnd'] })).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('mine.onnx has no output jnd'),
    });
  });

  it('is a network whose map is not a number', async () => {
    await expect((await open()).detect(filledRaster(64, 64, NaN, 3))).rejects.toMatchObject({
      code: 'model-failed',
      file: 'mine.onnx',
      message: expect.stringContaining('no numbers'),
    });
  });
});
