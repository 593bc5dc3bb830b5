import { describe, expect, it } from 'vitest';
import { growInto } from './grow';
import { maskArea } from './mask';
import { Random } from './random';
import type { Raster } from './raster';
import { createRaster, filledRaster } from './raster';
import { rasterizeRegion } from './rasterize';
import type { RegionShape } from './recipe';

const whole = ({ width, height }: Raster) => ({ x: 0, y: 0, width, height });

function grown(mask: Raster, by: number): Raster {
  const out = createRaster(mask.width, mask.height);
  growInto(mask, out, by, whole(mask));
  return out;
}

const disc = (radius: number): RegionShape => ({
  kind: 'ellipse',
  combine: 'add',
  cx: 48.3,
  cy: 47.6,
  rx: radius,
  ry: radius,
  rotation: 0,
});

describe('growing', () => {
  it('moves a hard border on whole pixels exactly', () => {
    const mask = createRaster(20, 9);
    for (let y = 0; y < 9; y++) mask.data.fill(1, y * 20 + 8, y * 20 + 12);
    const row = (by: number) => [...grown(mask, by).data.subarray(80, 100)];
    expect(row(3).map((m) => (m === 1 ? 1 : m === 0 ? 0 : NaN))).toEqual(
      Array.from({ length: 20 }, (_, x) => (x >= 5 && x < 15 ? 1 : 0)),
    );
    expect(row(-1).map((m) => (m === 1 ? 1 : m === 0 ? 0 : NaN))).toEqual(
      Array.from({ length: 20 }, (_, x) => (x >= 9 && x < 11 ? 1 : 0)),
    );
    expect(row(1.5)[6]).toBeCloseTo(0.5, 6);
  });

  it('makes of a disc a disc with that much more radius, and less', () => {
    for (const [radius, by] of [
      [20, 6],
      [20, 2.5],
      [12, 20],
      [30, -8],
      [30, -3.5],
    ]) {
      const area = maskArea(rasterizeRegion([disc(radius)], 96, 96, 0, by));
      expect(Math.sqrt(area / Math.PI)).toBeGreaterThan(radius + by - 0.35);
      expect(Math.sqrt(area / Math.PI)).toBeLessThan(radius + by + 0.35);
    }
    expect(maskArea(rasterizeRegion([disc(5)], 96, 96, 0, -8))).toBeCloseTo(0, 6);
  });

  it('keeps slanted borders smooth', () => {
    const half: RegionShape = { kind: 'polygon', combine: 'add', points: [-10, 20, 110, 44, 110, 200, -10, 200] };
    const { data } = rasterizeRegion([half], 96, 96, 0, 8);
    // The border is y = 22 + x / 5, moved up by 8 along its normal.
    const lift = 8 * Math.hypot(1, 0.2);
    const errors: number[] = [];
    for (let x = 20; x < 76; x++) {
      let column = 0;
      for (let y = 0; y < 96; y++) column += data[y * 96 + x];
      errors.push(96 - column - (22 + (x + 0.5) / 5 - lift));
    }
    // Within half a pixel of where it belongs, and without steps.
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.5);
    expect(Math.max(...errors) - Math.min(...errors)).toBeLessThan(0.15);
  });

  it('keeps a soft border soft, and levels what they are', () => {
    const stroke: RegionShape = { kind: 'brush', combine: 'add', points: [48.5, 48.5], radius: 30, softness: 1 };
    const before = rasterizeRegion([stroke], 96, 96, 0);
    const after = rasterizeRegion([stroke], 96, 96, 0, 6);
    for (let d = 8; d < 34; d++)
      expect(Math.abs(after.data[48 * 96 + 48 + d] - before.data[48 * 96 + 48 + d - 6])).toBeLessThan(0.06);
    const plateau = createRaster(40, 40);
    for (let y = 10; y < 30; y++) plateau.data.fill(0.6, y * 40 + 10, y * 40 + 30);
    expect(Math.max(...grown(plateau, 5).data)).toBeCloseTo(0.6, 6);
    expect(grown(plateau, 5).data[20 * 40 + 20]).toBeCloseTo(0.6, 6);
  });

  it('leaves a full mask full and an empty one empty, at the border too', () => {
    for (const by of [-9, -0.5, 0.5, 9]) {
      expect([...grown(filledRaster(17, 13, 1), by).data].every((m) => m === 1)).toBe(true);
      expect([...grown(createRaster(17, 13), by).data].every((m) => m === 0)).toBe(true);
    }
  });

  it('never takes away, shrinking never adds', () => {
    const random = new Random(5);
    const mask = createRaster(40, 30);
    for (let i = 0; i < mask.data.length; i++) mask.data[i] = random.chance(0.1) ? random.uniform() : 0;
    for (const by of [0.3, 2, 7.7]) {
      grown(mask, by).data.forEach((m, i) => expect(m).toBeGreaterThanOrEqual(mask.data[i]));
      grown(mask, -by).data.forEach((m, i) => expect(m).toBeLessThanOrEqual(mask.data[i] + 1e-6));
    }
  });
});
