import { describe, expect, it } from 'vitest';
import { labelComponents, maskArea, thresholdMask } from './mask';
import { encodeMask } from './mask-codec';
import { perlin } from './perlin';
import { Random } from './random';
import type { Raster } from './raster';
import { createRaster, filledRaster } from './raster';
import type { BrushShape } from './rasterize';
import { rasterizeRegion } from './rasterize';
import type { RegionShape } from './recipe';
import { RegionCanvas } from './region-canvas';

const rectangle = (
  x: number,
  y: number,
  width: number,
  height: number,
  rotation = 0,
  combine: RegionShape['combine'] = 'add',
): RegionShape => ({ kind: 'rectangle', combine, x, y, width, height, rotation });

const brush = (
  points: number[],
  radius: number,
  softness = 0,
  combine: RegionShape['combine'] = 'add',
): BrushShape => ({
  kind: 'brush',
  combine,
  points,
  radius,
  softness,
});

const sameBits = (a: Raster, b: Raster) => Buffer.compare(Buffer.from(a.data.buffer), Buffer.from(b.data.buffer)) === 0;

const area = (shapes: RegionShape[], width = 64, height = 64) => maskArea(rasterizeRegion(shapes, width, height, 0));

describe('rectangles', () => {
  it('cover pixels by their exact share', () => {
    const { data } = rasterizeRegion([rectangle(0.25, 1, 2, 0.5)], 4, 3, 0);
    expect([...data]).toEqual([0, 0, 0, 0, 0.375, 0.5, 0.125, 0, 0, 0, 0, 0]);
  });

  it('keep their area when turned, and are cut at the border', () => {
    for (const rotation of [0.1, 0.7, 1.3, Math.PI / 2]) {
      expect(area([rectangle(17, 22, 30, 14, rotation)])).toBeCloseTo(420, 0);
    }
    expect(area([rectangle(-10, -10, 20, 20)])).toBe(100);
    expect(area([rectangle(70, 70, 20, 20)])).toBe(0);
    expect(area([rectangle(5, 5, 0, 10)])).toBe(0);
    expect(area([rectangle(-1e9, -1e9, 2e9, 2e9)])).toBe(64 * 64);
  });

  it('turn about their centre', () => {
    const upright = rasterizeRegion([rectangle(10, 20, 8, 24)], 40, 64, 0);
    const turned = rasterizeRegion([rectangle(2, 28, 24, 8, Math.PI / 2)], 40, 64, 0);
    expect(Math.max(...turned.data.map((value, i) => Math.abs(value - upright.data[i])))).toBeLessThan(1e-4);
  });
});

describe('ellipses', () => {
  it('have area π·rx·ry, however turned', () => {
    for (const rotation of [0, 0.4, 1.1, 2.5]) {
      const shape: RegionShape = { kind: 'ellipse', combine: 'add', cx: 31.3, cy: 30.8, rx: 20, ry: 9, rotation };
      expect(area([shape]) / (Math.PI * 180)).toBeCloseTo(1, 2.5);
    }
  });

  it('point where they are turned to', () => {
    const shape: RegionShape = {
      kind: 'ellipse',
      combine: 'add',
      cx: 32,
      cy: 32,
      rx: 20,
      ry: 4,
      rotation: Math.PI / 4,
    };
    const { data } = rasterizeRegion([shape], 64, 64, 0);
    // y grows downwards, so a turn by +45° points right and down.
    expect(data[42 * 64 + 42]).toBe(1);
    expect(data[22 * 64 + 42]).toBe(0);
  });
});

describe('polygons', () => {
  it('fill by the even-odd rule', () => {
    // A square drawn once around, with a smaller one inside drawn in the same direction: a frame.
    const frame = [8, 8, 56, 8, 56, 56, 8, 56, 8, 8, 24, 24, 40, 24, 40, 40, 24, 40, 24, 24];
    const { data } = rasterizeRegion([{ kind: 'polygon', combine: 'add', points: frame }], 64, 64, 0);
    expect(maskArea({ width: 64, height: 64, data: data as unknown as Uint8Array })).toBeCloseTo(48 * 48 - 16 * 16, 3);
    expect(data[32 * 64 + 32]).toBe(0);
    expect(data[16 * 64 + 16]).toBe(1);
    // The pentagram's middle is inside twice.
    const star: number[] = [];
    for (let k = 0; k < 5; k++) star.push(32 + 28 * Math.sin(k * 0.8 * Math.PI), 32 - 28 * Math.cos(k * 0.8 * Math.PI));
    const pentagram = rasterizeRegion([{ kind: 'polygon', combine: 'add', points: star }], 64, 64, 0);
    expect(pentagram.data[32 * 64 + 32]).toBe(0);
    expect(pentagram.data[10 * 64 + 32]).toBe(1);
  });

  it('are antialiased: a triangle has half its rectangle', () => {
    expect(area([{ kind: 'polygon', combine: 'add', points: [3, 5, 53, 5, 3, 45] }])).toBeCloseTo(1000, 1);
    expect(area([{ kind: 'polygon', combine: 'add', points: [3, 5, 53, 5] }])).toBe(0);
  });
});

describe('brushes', () => {
  it('draw a dot, a capsule, and a turn', () => {
    expect(area([brush([32, 32], 10)]) / (100 * Math.PI)).toBeCloseTo(1, 2);
    expect(area([brush([16, 32, 48, 32], 6)]) / (32 * 12 + 36 * Math.PI)).toBeCloseTo(1, 2);
    expect(area([brush([10, 10, 40, 50], 5)]) / (50 * 10 + 25 * Math.PI)).toBeCloseTo(1, 2);
  });

  it('fade over the soft share of the radius', () => {
    const { data } = rasterizeRegion([brush([31.5, 31.5], 20, 0.5)], 64, 64, 0);
    const at = (distance: number) => data[31 * 64 + 31 + distance];
    expect(at(9)).toBe(1);
    expect(at(15)).toBeCloseTo(0.5, 6);
    expect(at(18)).toBeCloseTo(0.2, 6);
    expect(at(20)).toBe(0);
  });

  it('give the same bits whether a stroke grows or comes whole, with feather', () => {
    const random = new Random(11);
    for (const combine of ['add', 'subtract'] as const) {
      const whole = new RegionCanvas(96, 80, 1.5);
      const grown = new RegionCanvas(96, 80, 1.5);
      for (const canvas of [whole, grown]) canvas.add(rectangle(20, 15, 60, 50, 0.3));
      const points = Array.from({ length: 40 }, () => random.uniform(-5, 90));
      whole.add(brush(points, 5, 0.4, combine));
      for (let known = 0; known < 20; known += 3) {
        grown.extend(brush(points.slice(0, 2 * Math.min(20, known + 3)), 5, 0.4, combine), known);
        expect(grown.mask.data.length).toBe(96 * 80);
      }
      expect(sameBits(grown.mask, whole.mask)).toBe(true);
    }
    expect(() => new RegionCanvas(8, 8).extend(brush([1, 1], 2, 0, 'intersect'), 0)).toThrow(/only be added whole/);
  });

  it('touch only the box they report', () => {
    const canvas = new RegionCanvas(128, 128, 2);
    canvas.add(brush([20, 20, 30, 30], 4));
    const before = canvas.mask.data.slice();
    const box = canvas.add(brush([80, 90, 95, 100], 6));
    const after = canvas.mask.data;
    expect(box).not.toBeNull();
    let outside = 0;
    for (let i = 0; i < after.length; i++) {
      const x = i % 128;
      const y = (i - x) / 128;
      const within = box && x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
      if (!within && after[i] !== before[i]) outside++;
    }
    expect(outside).toBe(0);
    expect(canvas.add(brush([400, 400], 4))).toBeNull();
  });

  it('cost what their own box costs, however many there are', () => {
    const random = new Random(3);
    const canvas = new RegionCanvas(1024, 1024, 0);
    const stroke = () => brush([random.uniform(0, 1000), random.uniform(0, 1000)], 8);
    const work = (count: number) => {
      let pixels = 0;
      for (let i = 0; i < count; i++) {
        const box = canvas.add(stroke());
        if (box) pixels += box.width * box.height;
      }
      return pixels / count;
    };
    // The box is all that is looked at, and it stays that of one stroke (at most 18 × 18).
    const first = work(100);
    const later = work(5000);
    expect(later).toBeLessThanOrEqual(18 * 18);
    expect(later / first).toBeCloseTo(1, 1);
  });
});

describe('blobs', () => {
  const blob = (seed: number, scale = 1): RegionShape => ({
    kind: 'blob',
    combine: 'add',
    x: 4 * scale,
    y: 8 * scale,
    width: 56 * scale,
    height: 40 * scale,
    seed,
    cells: 3,
  });

  it('hold their middle, stay in their box, and differ by seed alone', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 30; seed++) {
      const mask = rasterizeRegion([blob(seed)], 64, 64, 0);
      expect(mask.data[28 * 64 + 32]).toBe(1);
      const inBox = createRaster(64, 64);
      for (let y = 8; y < 48; y++) inBox.data.set(mask.data.subarray(y * 64 + 4, y * 64 + 60), y * 64 + 4);
      expect(sameBits(inBox, mask)).toBe(true);
      const share = maskArea(mask) / (56 * 40);
      expect(share).toBeGreaterThan(0.15);
      expect(share).toBeLessThan(0.6);
      expect(sameBits(rasterizeRegion([blob(seed)], 64, 64, 0), mask)).toBe(true);
      seen.add(encodeMask(mask).data);
    }
    expect(seen.size).toBe(30);
  });

  it('keep their form when scaled', () => {
    const small = maskArea(rasterizeRegion([blob(7)], 64, 64, 0));
    const large = maskArea(rasterizeRegion([blob(7, 3)], 192, 192, 0));
    expect(large / small / 9).toBeCloseTo(1, 2);
  });

  it('rest on noise that is 0 on the lattice, continuous and within ±1', () => {
    let most = 0;
    let steepest = 0;
    for (let i = 0; i < 4000; i++) {
      const u = (i % 63) * 0.173 - 4;
      const v = Math.floor(i / 63) * 0.211 - 6;
      const value = perlin(5, u, v);
      most = Math.max(most, Math.abs(value));
      steepest = Math.max(steepest, Math.abs(perlin(5, u + 1e-4, v) - value) / 1e-4);
    }
    expect(steepest).toBeLessThan(10);
    expect(most).toBeLessThanOrEqual(1);
    expect(most).toBeGreaterThan(0.5);
    expect(perlin(9, 3, -2)).toBeCloseTo(0, 12);
  });
});

describe('joining', () => {
  it('adds, subtracts and intersects as maximum and minimum', () => {
    const square = rectangle(10, 10, 20, 20);
    expect(area([square, rectangle(20, 10, 20, 20)])).toBe(600);
    expect(area([square, rectangle(20, 10, 20, 20, 0, 'subtract')])).toBe(200);
    expect(area([square, rectangle(20, 15, 20, 20, 0, 'intersect')])).toBe(150);
    expect(area([rectangle(20, 15, 20, 20, 0, 'intersect')])).toBe(0);
    expect(area([square, brush([30, 30], 5, 0, 'intersect')]) / (25 * Math.PI)).toBeCloseTo(0.25, 2);
    expect(area([square, rectangle(100, 100, 5, 5, 0, 'intersect')])).toBe(0);
  });

  it('takes masks made elsewhere, fitted to the canvas', () => {
    const shape = (width: number, height: number): RegionShape => {
      const mask = createRaster(width, height);
      mask.data.fill(1, 0, (width * height) / 2);
      return { kind: 'mask', combine: 'add', mask: encodeMask(mask), label: 'upper half' };
    };
    expect(area([shape(64, 64)])).toBe(2048);
    expect(area([shape(16, 16)])).toBeCloseTo(2048, 6);
  });

  it('softens the whole drawing, and clears', () => {
    const soft = rasterizeRegion([rectangle(16, 16, 32, 32)], 64, 64, 3);
    expect(soft.data[32 * 64 + 32]).toBeCloseTo(1, 5);
    expect(soft.data[32 * 64 + 16]).toBeGreaterThan(0.5);
    expect(soft.data[32 * 64 + 15]).toBeLessThan(0.5);
    const canvas = new RegionCanvas(8, 8, 1);
    canvas.add({ kind: 'mask', combine: 'add', mask: encodeMask(filledRaster(8, 8, 1)), label: 'all' });
    expect(maskArea(canvas.mask)).toBe(64);
    canvas.clear();
    expect(maskArea(canvas.mask)).toBe(0);
  });

  it('makes one piece of overlapping shapes', () => {
    const mask = rasterizeRegion([rectangle(10, 10, 20, 20), brush([25, 25, 50, 50], 4)], 64, 64, 0);
    expect(labelComponents(thresholdMask(mask)).count).toBe(1);
  });
});
