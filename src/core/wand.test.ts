import { describe, expect, it } from 'vitest';
import { StudioError } from './errors';
import { Random } from './random';
import type { Raster } from './raster';
import { createRaster } from './raster';
import { DEFAULT_WAND, magicWand } from './wand';

function picture(
  width: number,
  height: number,
  at: (x: number, y: number) => readonly [number, number, number],
): Raster {
  const image = createRaster(width, height, 3);
  for (let i = 0; i < width * height; i++) {
    const colour = at(i % width, Math.floor(i / width));
    for (let c = 0; c < 3; c++) image.data[c * width * height + i] = colour[c];
  }
  return image;
}

/** sRGB grey of this L*. */
function grey(lightness: number): readonly [number, number, number] {
  const f = (lightness + 16) / 116;
  const y = f ** 3 > 216 / 24389 ? f ** 3 : (116 * f - 16) / (24389 / 27);
  const v = y <= 0.0031308 ? 12.92 * y : 1.055 * y ** (1 / 2.4) - 0.055;
  return [v, v, v];
}

const sum = (mask: Raster) => mask.data.reduce((total, m) => total + m, 0);
const inSquare = (x: number, y: number) => x >= 10 && x < 30 && y >= 12 && y < 26;

describe('the magic wand', () => {
  it('takes a flat square exactly, and nothing else', () => {
    const image = picture(48, 40, (x, y) => (inSquare(x, y) ? [0.8, 0.2, 0.2] : [0.3, 0.5, 0.7]));
    for (const [x, y] of [
      [20, 20],
      [10, 12],
      [29.9, 25.9],
    ]) {
      const mask = magicWand(image, x, y);
      expect(mask).toMatchObject({ width: 48, height: 40, channels: 1 });
      for (let i = 0; i < mask.data.length; i++)
        expect(mask.data[i]).toBe(inSquare(i % 48, Math.floor(i / 48)) ? 1 : 0);
    }
  });

  it('measures colour as CIE L*a*b* does', () => {
    // Red against a red of ΔE 10.0 less lightness would need tables; greys of known L* are exact.
    const image = picture(8, 1, (x) => grey(50 + 2 * Math.max(0, x - 2)));
    const mask = magicWand(image, 0, 0, { ...DEFAULT_WAND, tolerance: 8, softness: 0.5 });
    // d = 0 0 0 2 4 6 8 10; membership (8 − d) / 4.
    [1, 1, 1, 1, 1, 0.5, 0, 0].forEach((m, x) => expect(mask.data[x]).toBeCloseTo(m, 3));
  });

  it('gives a fuzzy stain a fuzzy border', () => {
    // L* falls by 1 a pixel from the middle of the stain.
    const image = picture(61, 61, (x, y) => grey(Math.min(60, 30 + Math.hypot(x - 30, y - 30))));
    const mask = magicWand(image, 30, 30, { ...DEFAULT_WAND, tolerance: 20, softness: 0.5 });
    const at = (distance: number) => mask.data[30 * 61 + 30 + distance];
    expect(at(8)).toBe(1);
    expect(at(15)).toBeGreaterThan(0.45);
    expect(at(15)).toBeLessThan(0.65);
    expect(at(22)).toBe(0);
    for (let d = 9; d < 20; d++) expect(at(d + 1)).toBeLessThanOrEqual(at(d));
    const hard = magicWand(image, 30, 30, { ...DEFAULT_WAND, tolerance: 20, softness: 0 });
    expect(new Set(hard.data)).toEqual(new Set([0, 1]));
  });

  it('is not led astray by noise at the seed', () => {
    const random = new Random(3);
    const image = picture(48, 40, (x, y) => grey((inSquare(x, y) ? 70 : 30) + random.uniform(-3, 3)));
    for (let k = 0; k < 20; k++) {
      const mask = magicWand(image, random.int(10, 29), random.int(12, 25), { ...DEFAULT_WAND, tolerance: 20 });
      for (let i = 0; i < mask.data.length; i++) {
        expect(mask.data[i] > 0).toBe(inSquare(i % 48, Math.floor(i / 48)));
      }
    }
  });

  it('takes the whole of a picture of one colour', () => {
    const image = picture(33, 21, () => [0.4, 0.4, 0.1]);
    for (const tolerance of [0, 10, 100])
      expect(sum(magicWand(image, 5, 5, { ...DEFAULT_WAND, tolerance }))).toBe(33 * 21);
  });

  it('at tolerance 0 takes the seed colour alone', () => {
    const image = picture(9, 9, (x) => (x < 4 ? [0.5, 0.5, 0.5] : [0.5, 0.5, 0.51]));
    const settings = { ...DEFAULT_WAND, tolerance: 0 };
    expect(sum(magicWand(image, 1, 1, settings))).toBe(36);
  });

  it('is contiguous or not, over sides or corners', () => {
    const image = picture(6, 6, (x, y) => ((x < 3 && y < 3) || (x >= 3 && y >= 3) ? [0, 0, 0] : [1, 1, 1]));
    const area = (change: Partial<typeof DEFAULT_WAND>) => sum(magicWand(image, 0, 0, { ...DEFAULT_WAND, ...change }));
    expect(area({ connectivity: 4 })).toBe(9);
    expect(area({ connectivity: 8 })).toBe(18);
    expect(area({ connectivity: 4, contiguous: false })).toBe(18);
  });

  it('refuses what it cannot do with a sentence', () => {
    const image = picture(8, 8, () => [0, 0, 0]);
    for (const [x, y] of [
      [-1, 2],
      [8, 2],
      [2, 8],
      [NaN, 1],
    ]) {
      expect(() => magicWand(image, x, y)).toThrow(StudioError);
      expect(() => magicWand(image, x, y)).toThrow(/outside the 8×8 image/);
    }
    expect(() => magicWand(image, 1, 1, { ...DEFAULT_WAND, tolerance: 101 })).toThrow(/0 to 100/);
    expect(() => magicWand(image, 1, 1, { ...DEFAULT_WAND, softness: -1 })).toThrow(/0 to 1/);
  });
});
