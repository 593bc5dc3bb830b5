import { describe, expect, it } from 'vitest';
import { createCpuBackend } from '../../compute/cpu';
import { createMask, maskArea } from '../../core/mask';
import { filledRaster } from '../../core/raster';
import { Random } from '../../core/random';
import { rleFromMask } from '../../core/rle';
import type { Part } from '../../synthesis/parts/refine';
import { PreparedSource } from '../../synthesis/source';
import { countingBackend, stagesOn } from '../../synthesis/testing';
import { tinyNormals } from '../../training/testing';
import { PhotographPairs, type GeneratorPair } from '../../training/generator/pairs';
import { heldOutPictures, supplyFor, SyntheticAnomalies, type AnomalyNormal, type AnomalySettings } from './anomalies';
import { editLikeTheStudio } from './edited-pairs';
import { normalOf, splitHeldOut } from './normals';

const SIZE = 32;
const photographs = tinyNormals(5, SIZE);
const backend = countingBackend(createCpuBackend());
const stages = stagesOn(backend, { width: SIZE, height: SIZE });

describe('held-out pictures', () => {
  it('are a tenth, evenly spread, at least one and at most 25', () => {
    const numbers = (count: number) => [...Array(count).keys()];
    expect(splitHeldOut(numbers(30)).heldOut).toEqual([5, 15, 25]);
    expect(splitHeldOut(numbers(5))).toEqual({ training: [0, 1, 3, 4], heldOut: [2] });
    expect(splitHeldOut(numbers(400)).heldOut).toHaveLength(25);
    expect(splitHeldOut(numbers(2)).training).toHaveLength(1);
    // A single picture serves both.
    expect(splitHeldOut(['one'])).toEqual({ training: ['one'], heldOut: ['one'] });
  });
});

describe('a normal', () => {
  it('has picture and edges at training size, in range', async () => {
    const source = new PreparedSource(tinyNormals(1, 48)[0].image, stages);
    const { image, edges } = await normalOf(source, 'a.png', SIZE);
    expect([image.width, image.height, image.channels]).toEqual([SIZE, SIZE, 3]);
    expect([edges.width, edges.height, edges.channels]).toEqual([SIZE, SIZE, 1]);
    expect(edges.data.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(Math.max(...edges.data)).toBeGreaterThan(0.2);
    source.dispose();
  });
});

describe('edited pairs', () => {
  const pairs = new PhotographPairs(photographs, { mirror: 0, warp: 0 }, editLikeTheStudio);
  const draws = Array.from({ length: 240 }, (_, seed) => pairs.draw(new Random(seed)));
  const originals = new Map(photographs.map((normal) => [normal.image.data.join(), normal]));
  const untouched = (pair: GeneratorPair) => originals.get(pair.image.data.join());

  it('follow from the seed, and keep to their shares', () => {
    expect(pairs.draw(new Random(17))).toEqual(draws[17]);
    const removed = draws.filter(({ empty }) => empty).length;
    const merged = draws.filter(({ empty, known }) => known && !empty).length;
    const replaced = draws.filter((pair) => !pair.known && !untouched(pair)).length;
    expect(removed / draws.length).toBeCloseTo(0.12, 1);
    expect(replaced / draws.length).toBeCloseTo(0.15, 1);
    expect(merged).toBeGreaterThan(4);
    expect(merged / draws.length).toBeLessThan(0.12);
  });

  it('erase edges, and say where the truth is known', () => {
    for (const pair of draws.filter(({ empty }) => empty)) {
      const original = untouched(pair)!;
      pair.edges.data.forEach((strength, i) => {
        expect(strength).toBeLessThanOrEqual(original.edges.data[i]);
        if (pair.known!.data[i] === 1) expect(strength).toBe(original.edges.data[i]);
        if (pair.empty!.data[i] === 1) expect(pair.known!.data[i]).toBe(0);
      });
      const area = maskArea(pair.empty!) / (SIZE * SIZE);
      expect(area).toBeGreaterThan(0.005);
      expect(area).toBeLessThan(0.3);
    }
  });

  it('add edges, and leave out what lies about them', () => {
    const merged = draws.filter(({ empty, known }) => known && !empty);
    for (const pair of merged) {
      const original = untouched(pair)!;
      pair.edges.data.forEach((strength, i) => {
        expect(strength).toBeGreaterThanOrEqual(original.edges.data[i] - 1e-6);
        if (pair.known!.data[i] === 1) expect(strength).toBeCloseTo(original.edges.data[i], 1);
      });
    }
    expect(merged.some(({ known }) => maskArea(known!) < SIZE * SIZE)).toBe(true);
  });

  it('replace map and picture together', () => {
    const plain = filledRaster(SIZE, SIZE, 0, 1);
    const [white, black] = [1, 0].map((value) => ({
      name: `${value}`,
      image: filledRaster(SIZE, SIZE, value, 3),
      edges: { ...plain, data: plain.data.map(() => value) },
    }));
    const two = new PhotographPairs([white, black], { mirror: 0, warp: 0 }, editLikeTheStudio);
    let mixed = 0;
    for (let seed = 0; seed < 150; seed++) {
      const { edges, image, known } = two.draw(new Random(seed));
      if (known) continue;
      // White has edges all over and black none, so that one shows what the other is.
      edges.data.forEach((strength, i) => expect(image.data[i]).toBeCloseTo(strength, 5));
      if (edges.data.some((strength) => strength > 0.1 && strength < 0.9)) mixed++;
    }
    expect(mixed).toBeGreaterThan(5);
  });
});

describe('synthetic anomalies', () => {
  const normals: AnomalyNormal[] = photographs.map(({ name, image }) => ({
    name,
    source: new PreparedSource(image, stages),
  }));
  const whole = createMask(SIZE, SIZE);
  for (let y = 8; y < 20; y++) whole.data.fill(1, y * SIZE + 6, y * SIZE + 22);
  const part: Part = { mask: rleFromMask(whole), quality: 1 };
  const settings = (changes: Partial<AnomalySettings> = {}): AnomalySettings => ({
    operations: ['remove', 'replace', 'merge'],
    regions: 'mixed',
    renderer: async () => 'generator',
    parts: async () => [part],
    seed: 9,
    supply: 12,
    ...changes,
  });

  it('are abnormal where they say, normal elsewhere, and follow from the seed', async () => {
    const supply = new SyntheticAnomalies(normals, settings());
    const again = new SyntheticAnomalies(normals, settings());
    for (let number = 0; number < 6; number++) {
      const sample = await supply.numbered(number);
      expect(await again.numbered(number)).toEqual(sample);
      const area = maskArea(sample.mask);
      expect(area).toBeGreaterThan(0);
      expect(area).toBeLessThan(SIZE * SIZE * 0.6);
      const { shown, image, mask } = sample;
      let [inside, outside] = [0, 0];
      shown.data.forEach((value, i) => {
        const change = Math.abs(value - image.data[i]);
        if (mask.data[i % (SIZE * SIZE)]) inside += change / (3 * area);
        else outside += change / (3 * (SIZE * SIZE - area));
      });
      expect(inside).toBeGreaterThan(outside);
      expect(sample.jnd.data.every((value) => value >= 0 && value <= 1)).toBe(true);
    }
    const other = new SyntheticAnomalies(normals, settings({ seed: 10 }));
    expect(await other.numbered(0)).not.toEqual(await supply.numbered(0));
  });

  it('are made once, however often they are drawn', async () => {
    const supply = new SyntheticAnomalies(normals, settings({ supply: 2, renderer: async () => 'generator' }));
    await Promise.all([supply.numbered(0), supply.numbered(1)]);
    const runs = stages.generator!.runs;
    for (let seed = 0; seed < 10; seed++) await supply.anomaly(new Random(seed));
    expect(stages.generator!.runs).toBe(runs);
    const untouched = await supply.normal(new Random(1));
    expect(untouched.shown).toEqual(untouched.image);
    expect(maskArea(untouched.mask)).toBe(0);
  });

  it('are drawn on parts and on random shapes by turns; on shapes alone without a segmentation', async () => {
    const asked = new Set<PreparedSource>();
    const parts = async (source: PreparedSource) => {
      asked.add(source);
      return [part];
    };
    const semantic = new SyntheticAnomalies(normals, settings({ regions: 'semantic', operations: ['remove'], parts }));
    for (let number = 0; number < 4; number++) {
      const { mask } = await semantic.numbered(number);
      // Nothing beyond the part, its softness and the dilation of the ground truth.
      mask.data.forEach((value, i) => {
        if (value) expect(Math.floor(i / SIZE)).toBeGreaterThan(8 - 12);
      });
    }
    expect(asked.size).toBeGreaterThan(0);
    const arbitrary = new SyntheticAnomalies(normals, settings({ regions: 'semantic', parts: null }));
    expect(maskArea((await arbitrary.numbered(0)).mask)).toBeGreaterThan(0);
  });

  it('make held-out pictures on some normals with donors from all', async () => {
    const held = new SyntheticAnomalies(normals.slice(0, 1), settings(), normals);
    const pictures = await heldOutPictures(normals.slice(0, 1), held, 3);
    expect(pictures.map(({ mask }) => mask !== null)).toEqual([true, true, true, false]);
    expect(pictures[3]).toMatchObject({ name: 'normal-0.png', shown: photographs[0].image });
  });

  it('say when there is no donor, when nothing can be changed, and end when cancelled', async () => {
    expect(() => new SyntheticAnomalies(normals.slice(0, 1), settings())).toThrow(/1 photographs are too few/);
    expect(() => new SyntheticAnomalies([], settings({ operations: ['remove'] }))).toThrow(/too few/);
    const plain: AnomalyNormal = {
      name: 'plain',
      source: new PreparedSource(filledRaster(SIZE, SIZE, 0.5, 3), stages),
    };
    const hopeless = new SyntheticAnomalies([plain], settings({ operations: ['remove'], regions: 'arbitrary' }));
    await expect(hopeless.numbered(0)).rejects.toMatchObject({ code: 'model-failed', stage: 'training' });
    const supply = new SyntheticAnomalies(normals, settings());
    await expect(supply.numbered(0, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    // A cancelled one is made when it is drawn again.
    expect(maskArea((await supply.numbered(0)).mask)).toBeGreaterThan(0);
    plain.source.dispose();
  });

  it('leave nothing on the device but what their sources keep', async () => {
    const supply = new SyntheticAnomalies(normals, settings({ seed: 33 }));
    for (let number = 0; number < 4; number++) await supply.numbered(number);
    for (const { source } of normals) source.dispose();
    await Promise.resolve();
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    expect(backend.live).toBe(0);
  });

  it('are as many as memory bears', () => {
    expect(supplyFor(256, 100)).toBe(512);
    expect(supplyFor(32, 5)).toBe(80);
    expect(supplyFor(2048, 100)).toBe(16);
  });
});
