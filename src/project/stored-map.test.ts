import { describe, expect, it } from 'vitest';
import { createMask } from '../core/mask';
import { Random } from '../core/random';
import { rasterOf } from '../core/raster';
import { decodeMap, decodeTruth, encodeMap, encodeTruth, MAP_SIDE } from './stored-map';

const mapOf = (width: number, height: number, score: (i: number) => number) =>
  rasterOf(
    Float32Array.from({ length: width * height }, (_, i) => score(i)),
    width,
    height,
  );

describe('a kept map', () => {
  it.each([
    [1, 0],
    [1e-6, 5],
    [1e6, -3],
  ])('of scores about %d wide comes back to 1/65,535 of its range', (scale, offset) => {
    const random = new Random(1);
    const map = mapOf(37, 21, () => random.normal() * scale + offset);
    const { png, low, high, width, height } = encodeMap(map);
    expect([width, height]).toEqual([37, 21]);
    const again = decodeMap(png, { low, high });
    const worst = Math.max(...again.data.map((score, i) => Math.abs(score - map.data[i])));
    expect(worst).toBeLessThanOrEqual((high - low) / 65_535 + 1e-7 * Math.abs(offset));
    expect(Math.max(...again.data)).toBe(Math.max(...map.data));
  });

  it.each([0, 4, -1e-9])('of %d everywhere stays so', (score) => {
    const { png, low, high } = encodeMap(mapOf(20, 20, () => score));
    expect(high).toBeGreaterThan(low);
    expect(new Set(decodeMap(png, { low, high }).data)).toEqual(new Set([Math.fround(score)]));
  });

  it('is no larger than it has to be', () => {
    const { width, height } = encodeMap(mapOf(1200, 300, (i) => i));
    expect([width, height]).toEqual([MAP_SIDE, MAP_SIDE / 4]);
  });
});

describe('kept ground truth', () => {
  const defect = (width: number, height: number, ...pixels: number[]) => {
    const mask = createMask(width, height);
    for (const i of pixels) mask.data[i] = 1;
    return { name: 'hole', mask, saturation: null };
  };

  it('numbers the defects; the first covers those behind it', () => {
    const png = encodeTruth([defect(4, 2, 0, 1), defect(4, 2, 1, 2)]);
    expect(decodeTruth(png)).toEqual({ width: 4, height: 2, labels: Uint8Array.of(1, 1, 2, 0, 0, 0, 0, 0) });
  });

  it('keeps one pixel of a large picture in sight', () => {
    const { width, height, labels } = decodeTruth(encodeTruth([defect(3000, 1500, 1500 * 700 + 2999)]));
    expect([width, height]).toEqual([768, 384]);
    expect(labels.reduce((sum, label) => sum + label, 0)).toBe(1);
  });
});
