import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { createRaster, filledRaster, rasterOf, type Raster } from '../core/raster';
import { COARSE_SEARCH, greyLevels, jndMap, orderlyJnd } from './jnd';
import { FULL_SEARCH } from './kernels/orderly-prediction/search';
import { largestDifference, noise, noiseLevels, onBackend, openTestBackends } from './testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

const GOLDEN = fileURLToPath(new URL('../../../shared/data/jnd-golden/', import.meta.url));
const golden = existsSync(GOLDEN);
if (!golden) process.stderr.write(`skipped the JND maps of the authors' program: there is no ${GOLDEN}\n`);

function table(name: string): Raster {
  const lines = gunzipSync(readFileSync(`${GOLDEN}100007_${name}.csv.gz`))
    .toString()
    .trim()
    .split('\n');
  const values = lines.map((line) => line.split(',').map(Number));
  return rasterOf(Float32Array.from(values.flat()), values[0].length, values.length);
}

describe.skipIf(!golden).each(backends.all)("JND against the authors' program, on $name", (backend) => {
  it('agrees in LA, CM, the orderly prediction and the orderly JND', async () => {
    const { data, info } = await sharp(`${GOLDEN}100007.png`).greyscale().raw().toBuffer({ resolveWithObject: true });
    const grey = rasterOf(Float32Array.from(data), info.width, info.height);
    const predicted = await onBackend(backend, [grey], (b, g) => {
      const adaptation = b.luminanceAdaptation(g);
      const result = b.orderlyPrediction(g, adaptation, FULL_SEARCH);
      b.release(adaptation);
      return result;
    });
    const maps: Record<string, Raster> = {
      ar: predicted,
      la: await onBackend(backend, [predicted], (b, p) => b.luminanceAdaptation(p)),
      cm: await onBackend(backend, [predicted], (b, p) => b.contrastMasking(p)),
      orderly: await onBackend(backend, [predicted], (b, p) => orderlyJnd(b, p)),
    };
    for (const [name, map] of Object.entries(maps)) {
      const expected = table(name);
      const differences = map.data.map((value, i) => Math.abs(value - expected.data[i])).sort();
      const [p99, most] = [differences[Math.floor(0.99 * differences.length)], differences[differences.length - 1]];
      process.stderr.write(
        `${backend.name} ${name}: 99 % within ${p99.toExponential(1)}, at most ${most.toPrecision(3)}\n`,
      );
      // Grey levels. The program's own predictions are whole, so a rare tie may fall one level apart.
      expect(most).toBeLessThanOrEqual(1.5);
      expect(p99).toBeLessThanOrEqual(0.02);
    }
  });
});

/** A smooth ramp with a textured square in it. */
function scene(width: number, height: number): Raster {
  const grey = noise(9, width, height);
  grey.data.forEach((v, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const textured = Math.abs(x - width / 2) < width / 5 && Math.abs(y - height / 2) < height / 5;
    grey.data[i] = Math.round(textured ? 60 + 120 * v : 170 + (30 * x) / width);
  });
  return grey;
}

describe.each(backends.all)('the JND map on $name', (backend) => {
  const map = (grey: Raster, search = FULL_SEARCH) => onBackend(backend, [grey], (b, g) => jndMap(b, g, search));

  it('is highest in disorder, lies in [0, 1] and is 0 at the border', async () => {
    const [width, height] = [70, 51];
    for (const search of [FULL_SEARCH, COARSE_SEARCH]) {
      const { data } = await map(scene(width, height), search);
      expect(Math.max(...data)).toBe(1);
      expect(Math.min(...data)).toBe(0);
      const mean = (test: (x: number, y: number) => boolean) => {
        const values = data.filter((_, i) => test(i % width, Math.floor(i / width)));
        return values.reduce((sum, value) => sum + value, 0) / values.length;
      };
      const border = (x: number, y: number) => x < 3 || y < 3 || x >= width - 3 || y >= height - 3;
      expect(mean(border)).toBe(0);
      const texture = mean((x, y) => Math.abs(x - 35) < 10 && Math.abs(y - 25) < 7);
      expect(texture).toBeGreaterThan(3 * mean((x, y) => x > 4 && x < 15 && y > 4 && y < height - 4));
    }
  });

  it.each([
    [1, 1],
    [6, 50],
    [7, 7],
    [20, 9],
  ])('takes an image smaller than its windows (%i×%i)', async (width, height) => {
    const { data } = await map(noiseLevels(1, width, height));
    const inside = Math.max(0, width - 6) * Math.max(0, height - 6);
    expect(data.filter((value) => value > 0).length).toBeLessThanOrEqual(inside);
    expect(data.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(Math.max(...data)).toBe(inside > 0 ? 1 : 0);
  });

  it.each([0, 127, 255])('is even on one colour (%i)', async (level) => {
    const { data } = await map(filledRaster(32, 24, level));
    for (let i = 0; i < data.length; i++) {
      const [x, y] = [i % 32, Math.floor(i / 32)];
      expect(data[i]).toBeCloseTo(x < 3 || y < 3 || x >= 29 || y >= 21 ? 0 : 1, 5);
    }
  });
});

describe.skipIf(!backends.webgpu)('the JND map, GPU against CPU', () => {
  it.each([FULL_SEARCH, COARSE_SEARCH])('within 1e-4 but where a rounding falls apart', async (search) => {
    const [cpu, gpu] = await Promise.all(
      backends.all.map((backend) => onBackend(backend, [scene(83, 61)], (b, g) => jndMap(b, g, search))),
    );
    const differ = cpu.data.filter((value, i) => Math.abs(value - gpu.data[i]) > 1e-4).length;
    expect(differ).toBeLessThanOrEqual(0.005 * cpu.data.length);
    expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(0.05);
  });
});

describe('grey levels', () => {
  it('are whole, by Rec. 601 luma', () => {
    const picture = createRaster(4, 1, 3);
    [1, 0, 0, 0.5].forEach((v, i) => (picture.data[i] = v));
    [0, 1, 0, 0.5].forEach((v, i) => (picture.data[4 + i] = v));
    [0, 0, 1, 0.5].forEach((v, i) => (picture.data[8 + i] = v));
    expect(Array.from(greyLevels(picture).data)).toEqual([76, 150, 29, 128]);
    expect(Array.from(greyLevels(filledRaster(2, 1, 2)).data)).toEqual([255, 255]);
  });
});
