import { describe, expect, it } from 'vitest';
import { squaredDistance } from './distance';
import type { BinaryMask } from './mask';
import {
  boundingBox,
  createMask,
  dilateMask,
  erodeMask,
  featherInto,
  featherMask,
  fillHoles,
  gaussianTaps,
  growBox,
  iou,
  joinBoxes,
  labelComponents,
  maskArea,
  rasterFromMask,
  removeSpecks,
  thresholdMask,
} from './mask';
import { Random } from './random';
import { createRaster, filledRaster, rasterOf } from './raster';

/** A mask from rows of text: `#` inside, anything else outside. */
function drawn(...rows: string[]): BinaryMask {
  const mask = createMask(rows[0].length, rows.length);
  rows.forEach((row, y) => [...row].forEach((c, x) => (mask.data[y * mask.width + x] = c === '#' ? 1 : 0)));
  return mask;
}

function noise(seed: number, width: number, height: number, density: number): BinaryMask {
  const random = new Random(seed);
  const mask = createMask(width, height);
  for (let i = 0; i < mask.data.length; i++) mask.data[i] = random.chance(density) ? 1 : 0;
  return mask;
}

describe('areas and boxes', () => {
  it('measures what is drawn', () => {
    const mask = drawn('.....', '..#..', '.##..', '....#', '.....');
    expect(maskArea(mask)).toBe(4);
    expect(boundingBox(mask)).toEqual({ x: 1, y: 1, width: 4, height: 3 });
    expect(boundingBox(createMask(4, 4))).toBeNull();
    expect(maskArea(rasterOf(Float32Array.of(0.25, 0.5, 0, 1), 2, 2))).toBe(1.75);
  });

  it('thresholds strictly above', () => {
    expect([...thresholdMask(rasterOf(Float32Array.of(0.4, 0.5, 0.6), 3, 1)).data]).toEqual([0, 0, 1]);
    expect(() => thresholdMask(createRaster(2, 2, 3))).toThrow(/one channel/);
  });

  it('joins and grows boxes', () => {
    const a = { x: 2, y: 3, width: 2, height: 2 };
    expect(joinBoxes(a, { x: 0, y: 4, width: 1, height: 5 })).toEqual({ x: 0, y: 3, width: 4, height: 6 });
    expect(joinBoxes(null, a)).toBe(a);
    expect(growBox(a, 3, 6, 100)).toEqual({ x: 0, y: 0, width: 6, height: 8 });
    expect(growBox({ x: 20, y: 0, width: 2, height: 2 }, 3, 10, 10)).toBeNull();
  });
});

describe('intersection over union', () => {
  it('counts pixels, and values of soft masks', () => {
    expect(iou(drawn('##..'), drawn('.##.'))).toBeCloseTo(1 / 3, 12);
    expect(iou(createMask(3, 3), createMask(3, 3))).toBe(1);
    expect(iou(drawn('#.'), drawn('.#'))).toBe(0);
    expect(iou(rasterOf(Float32Array.of(0.5, 1), 2, 1), rasterOf(Float32Array.of(1, 1), 2, 1))).toBeCloseTo(0.75, 12);
    expect(() => iou(createMask(3, 3), createMask(3, 4))).toThrow(/differ in size/);
  });
});

describe('connected components', () => {
  it('joins diagonals under 8-connectivity only', () => {
    const mask = drawn('#..#', '.##.', '....', '#..#');
    const eight = labelComponents(mask, 8);
    expect(eight.count).toBe(3);
    expect([...eight.areas]).toEqual([10, 4, 1, 1]);
    const four = labelComponents(mask, 4);
    expect(four.count).toBe(5);
  });

  it('joins the arms of a U and a comb that meet late', () => {
    expect(labelComponents(drawn('#.#.#.#', '#.#.#.#', '#######')).count).toBe(1);
    expect(labelComponents(drawn('#.#', '#.#', '.#.')).count).toBe(1);
    expect(labelComponents(drawn('..#', '.#.', '#..')).count).toBe(1);
  });

  it('agrees with flood fill on random masks, labels in reading order', () => {
    for (const connectivity of [4, 8] as const) {
      for (let seed = 0; seed < 40; seed++) {
        const mask = noise(seed, 3 + (seed % 17), 2 + (seed % 13), 0.2 + 0.02 * seed);
        const { labels, count, areas } = labelComponents(mask, connectivity);
        const expected = floodFill(mask, connectivity);
        expect([...labels], `seed ${seed}`).toEqual([...expected]);
        expect(count).toBe(expected.reduce((most, label) => Math.max(most, label), 0));
        for (let label = 0; label <= count; label++) {
          expect(areas[label]).toBe(expected.filter((l) => l === label).length);
        }
      }
    }
  });

  it('drops specks and fills holes', () => {
    const mask = drawn('#......', '..####.', '..#..#.', '..#.##.', '..####.', '......#');
    expect(maskArea(removeSpecks(mask, 2))).toBe(maskArea(mask) - 1);
    expect(maskArea(removeSpecks(mask, 100))).toBe(0);
    expect(maskArea(fillHoles(mask))).toBe(maskArea(mask) + 3);
    expect(maskArea(fillHoles(mask, 2))).toBe(maskArea(mask));
    // A diagonal ring holds water: holes are 4-connected.
    expect(maskArea(fillHoles(drawn('.#.', '#.#', '.#.')))).toBe(5);
    expect(maskArea(fillHoles(drawn('.#.', '#.#', '...')))).toBe(3);
  });
});

describe('distance and morphology', () => {
  it('is the exact squared distance on random masks', () => {
    for (let seed = 0; seed < 30; seed++) {
      const mask = noise(seed, 1 + ((seed * 7) % 23), 1 + ((seed * 5) % 19), 0.01 + 0.01 * seed);
      expect([...squaredDistance(mask)], `seed ${seed}`).toEqual(bruteDistance(mask));
    }
  });

  it('gives more than any distance where nothing is set', () => {
    expect(new Set(squaredDistance(createMask(5, 4)))).toEqual(new Set([81]));
  });

  it('dilates by a disk and erodes back', () => {
    const dot = createMask(11, 11);
    dot.data[5 * 11 + 5] = 1;
    // Lattice points with x² + y² ≤ 9: 29 (Gauss).
    expect(maskArea(dilateMask(dot, 3))).toBe(29);
    expect(maskArea(dilateMask(dot, 0))).toBe(1);
    expect(maskArea(dilateMask(dot, 1.5))).toBe(9);
    expect([...erodeMask(dilateMask(dot, 3), 3).data]).toEqual([...dot.data]);
    const full = createMask(4, 4);
    full.data.fill(1);
    expect(maskArea(erodeMask(full, 2))).toBe(16);
  });
});

describe('feather', () => {
  it('keeps full and empty masks as they are', () => {
    expect(new Set(featherMask(filledRaster(9, 7, 1), 2).data)).toEqual(new Set([1]));
    expect(new Set(featherMask(createRaster(9, 7), 2).data)).toEqual(new Set([0]));
  });

  it('spreads a dot as the separable Gaussian', () => {
    const dot = createRaster(31, 31);
    dot.data[15 * 31 + 15] = 1;
    const soft = featherMask(dot, 2);
    const taps = gaussianTaps(2);
    expect(taps.reduce((sum, tap) => sum + tap, 0)).toBeCloseTo(1, 12);
    expect(soft.data[15 * 31 + 15]).toBeCloseTo(taps[6] ** 2, 7);
    expect(soft.data[17 * 31 + 12]).toBeCloseTo(taps[8] * taps[3], 7);
    expect(maskArea(soft)).toBeCloseTo(1, 5);
  });

  it('leaves a mask as it is at σ 0', () => {
    const mask = rasterFromMask(noise(3, 8, 6, 0.4));
    expect(featherMask(mask, 0).data).toEqual(mask.data);
  });

  it('gives the same bits piece by piece', () => {
    const mask = rasterFromMask(noise(5, 40, 30, 0.1));
    const whole = featherMask(mask, 1.7);
    const pieces = createRaster(40, 30);
    for (const [x, width] of [
      [0, 13],
      [13, 27],
    ]) {
      for (const [y, height] of [
        [0, 7],
        [7, 23],
      ]) {
        featherInto(mask, pieces, 1.7, { x, y, width, height });
      }
    }
    expect(pieces.data).toEqual(whole.data);
  });
});

function floodFill(mask: BinaryMask, connectivity: 4 | 8): Int32Array {
  const { width, height, data } = mask;
  const labels = new Int32Array(data.length);
  let count = 0;
  for (let start = 0; start < data.length; start++) {
    if (!data[start] || labels[start]) continue;
    labels[start] = ++count;
    const stack = [start];
    while (stack.length) {
      const i = stack.pop() as number;
      const x = i % width;
      const y = (i - x) / width;
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          if (connectivity === 4 && dx !== 0 && dy !== 0) continue;
          if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
          const j = (y + dy) * width + x + dx;
          if (data[j] && !labels[j]) {
            labels[j] = count;
            stack.push(j);
          }
        }
      }
    }
  }
  return labels;
}

function bruteDistance({ width, height, data }: BinaryMask): number[] {
  return Array.from(data, (_, i) => {
    let nearest = (width + height) ** 2;
    data.forEach((set, j) => {
      if (!set) return;
      const dx = (i % width) - (j % width);
      const dy = Math.floor(i / width) - Math.floor(j / width);
      nearest = Math.min(nearest, dx * dx + dy * dy);
    });
    return nearest;
  });
}
