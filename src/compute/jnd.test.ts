import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { createRaster, filledRaster, rasterOf, type Raster } from '../core/raster';
import { greyLevels, jndMap, orderlyJnd, quickJndMap } from './jnd';
import { REACH } from './kernels/orderly-prediction/search';
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

/** How far the windows of all steps reach together, px: of the search, of its patches, of LA and CM. */
const WINDOWS = REACH + 2;

function topLeft(raster: Raster, width: number, height: number): Raster {
  const part = createRaster(width, height);
  for (let y = 0; y < height; y++) {
    part.data.set(raster.data.subarray(y * raster.width, y * raster.width + width), y * width);
  }
  return part;
}

/** Share of the pixels a limit holds for, and how far the worst is. */
function compare(got: Raster, expected: Raster) {
  const differences = got.data.map((value, i) => Math.abs(value - expected.data[i])).sort();
  return { p99: differences[Math.floor(0.99 * differences.length)], most: differences[differences.length - 1] };
}

describe.skipIf(!golden).each(backends.all)("JND against the authors' program, on $name", (backend) => {
  const maps: Readonly<Record<string, (prediction: Raster) => Promise<Raster>>> = {
    la: (prediction) => onBackend(backend, [prediction], (b, p) => b.luminanceAdaptation(p)),
    cm: (prediction) => onBackend(backend, [prediction], (b, p) => b.contrastMasking(p)),
    orderly: (prediction) => onBackend(backend, [prediction], (b, p) => orderlyJnd(b, p)),
  };

  it.each(Object.keys(maps))(
    'makes the same %s of the same prediction, to the last digit of the table',
    async (name) => {
      const { most } = compare(await maps[name](table('ar')), table(name));
      process.stderr.write(`${backend.name} ${name} of the program's prediction: at most ${most.toExponential(1)}\n`);
      expect(most).toBeLessThanOrEqual(backend.name === 'cpu' ? 1e-5 : 5e-5);
    },
  );

  it('makes the same prediction but for ties, and so nearly the same maps', async () => {
    const { data, info } = await sharp(`${GOLDEN}100007.png`).greyscale().raw().toBuffer({ resolveWithObject: true });
    const all = rasterOf(Float32Array.from(data), info.width, info.height);
    // A GPU in software takes minutes for the whole picture; a corner of it is right as far as no window leaves it.
    const grey = backend.name === 'cpu' ? all : topLeft(all, 110, 70);
    const [width, height] = grey === all ? [all.width, all.height] : [110 - WINDOWS, 70 - WINDOWS];
    const prediction = await onBackend(backend, [grey], (b, g) => {
      const adaptation = b.luminanceAdaptation(g);
      const result = b.orderlyPrediction(g, adaptation);
      b.release(adaptation);
      return result;
    });
    const theirs = topLeft(table('ar'), width, height);
    const apart = topLeft(prediction, width, height).data.map((value, i) => value - theirs.data[i]);
    // What lies TIE below the middle between two levels is rounded up here, and down there: 34 of the 16,384 pixels.
    expect(apart.every((difference) => difference === 0 || difference === 1)).toBe(true);
    expect(apart.filter((difference) => difference === 1).length / apart.length).toBeLessThan(0.0025);
    for (const name of Object.keys(maps)) {
      const got = topLeft(await maps[name](prediction), width, height);
      const { p99, most } = compare(got, topLeft(table(name), width, height));
      process.stderr.write(
        `${backend.name} ${name}: 99 % within ${p99.toExponential(1)}, at most ${most.toPrecision(3)}\n`,
      );
      // Grey levels. A tie moves the 25 pixels around it, 1.6 % of all: p99 is .0065 and the worst .094.
      expect(p99).toBeLessThanOrEqual(0.01);
      expect(most).toBeLessThanOrEqual(0.1);
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
  const map = (grey: Raster) => onBackend(backend, [grey], jndMap);

  it('is highest in disorder, lies in [0, 1] and is 0 at the border', async () => {
    const [width, height] = [70, 51];
    const { data } = await map(scene(width, height));
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

describe('the quick JND map', () => {
  it('is the map of a small picture, and of the picture’s size where that is large', async () => {
    const picture = noise(2, 40, 30, 3);
    const quick = await onBackend(backends.cpu, [], (b) => quickJndMap(b, picture));
    expect(quick).toEqual(await onBackend(backends.cpu, [greyLevels(picture)], jndMap));
    const long = filledRaster(900, 20, 0.5, 3);
    for (let i = 450; i < 3 * long.width * long.height; i += 900) long.data.fill((i % 7) / 7, i, i + 30);
    const { data, ...size } = await onBackend(backends.cpu, [], (b) => quickJndMap(b, long));
    expect(size).toEqual({ width: 900, height: 20, channels: 1 });
    expect(data[10 * 900 + 464]).toBeGreaterThan(data[10 * 900 + 100]);
  });
});

describe.skipIf(!backends.webgpu)('the JND map, GPU against CPU', () => {
  it('within 1e-4 but where a rounding falls apart', async () => {
    const [cpu, gpu] = await Promise.all(backends.all.map((backend) => onBackend(backend, [scene(53, 41)], jndMap)));
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
