import { describe, expect, it } from 'vitest';
import { encodeMask } from '../../core/mask-codec';
import { boundingBox } from '../../core/mask';
import { createRaster } from '../../core/raster';
import { rasterizeRegion } from '../../core/rasterize';
import { IDENTITY_AUGMENTATION, regionShapeSchema, type RegionShape } from '../../core/recipe';
import { centralShape, frameOf, inverted, moved, pick, withFrame } from './shapes';

const rectangle: RegionShape = {
  kind: 'rectangle',
  combine: 'add',
  x: 10,
  y: 20,
  width: 30,
  height: 10,
  rotation: 0,
};
const ellipse: RegionShape = { kind: 'ellipse', combine: 'add', cx: 100, cy: 50, rx: 20, ry: 10, rotation: 0.5 };
const polygon: RegionShape = { kind: 'polygon', combine: 'add', points: [0, 0, 40, 0, 0, 40] };
const brush: RegionShape = { kind: 'brush', combine: 'subtract', points: [50, 50, 80, 50], radius: 6, softness: 0.2 };
const blob: RegionShape = { kind: 'blob', combine: 'add', x: 5, y: 6, width: 7, height: 8, seed: 3, cells: 4 };

describe('frames', () => {
  it.each([rectangle, ellipse, polygon, brush, blob])('a $kind put into its own frame stays the same', (shape) => {
    expect(withFrame(shape, frameOf(shape)!)).toEqual(shape);
  });

  it.each([rectangle, ellipse, polygon, brush, blob])('a $kind moves with its frame', (shape) => {
    const before = frameOf(shape)!;
    const after = frameOf(moved(shape, 3, -4))!;
    expect(after).toEqual({ ...before, x: before.x + 3, y: before.y - 4 });
  });

  it('scales a brush with its dabs', () => {
    const frame = frameOf(brush)!;
    const doubled = withFrame(brush, { ...frame, width: frame.width * 2, height: frame.height * 2 });
    expect(doubled).toMatchObject({ radius: 12 });
    expect(frameOf(doubled)).toMatchObject({ x: 44, y: 44, width: 84, height: 24 });
  });
});

describe('pick', () => {
  it('finds the topmost shape', () => {
    expect(pick([rectangle, { ...rectangle, combine: 'subtract' }], { x: 15, y: 25 }, 0)).toBe(1);
    expect(pick([rectangle, ellipse], { x: 15, y: 25 }, 0)).toBe(0);
    expect(pick([rectangle, ellipse], { x: 200, y: 200 }, 0)).toBeNull();
  });

  it('knows outlines, turned frames and the width of a stroke', () => {
    expect(pick([polygon], { x: 10, y: 10 }, 0)).toBe(0);
    expect(pick([polygon], { x: 35, y: 35 }, 0)).toBeNull();
    expect(pick([brush], { x: 65, y: 55 }, 0)).toBe(0);
    expect(pick([brush], { x: 65, y: 57 }, 0)).toBeNull();
    const turned = { ...rectangle, rotation: Math.PI / 2 };
    expect(pick([turned], { x: 25, y: 38 }, 0)).toBe(0);
    expect(pick([turned], { x: 38, y: 25 }, 0)).toBeNull();
  });
});

describe('inverted', () => {
  const size = { width: 64, height: 48 };

  it('twice is the region itself', () => {
    const shapes = [rectangle, brush];
    expect(inverted(inverted(shapes, size)!, size)).toEqual(shapes);
  });

  it('refuses intersections', () => {
    expect(inverted([{ ...rectangle, combine: 'intersect' }], size)).toBeNull();
  });
});

it('centralShape lies in the middle', () => {
  expect(frameOf(centralShape('ellipse', { width: 90, height: 60 }))).toEqual({
    x: 30,
    y: 20,
    width: 30,
    height: 20,
    rotation: 0,
  });
});

describe('masks', () => {
  const size = { width: 120, height: 80 };
  /** 1 in x 20…39, y 10…49 but for its upper right quarter. */
  function corner(): RegionShape {
    const raster = createRaster(120, 80);
    for (let y = 10; y < 50; y++) for (let x = 20; x < 40; x++) raster.data[y * 120 + x] = x >= 30 && y < 30 ? 0 : 1;
    return { kind: 'mask', combine: 'add', mask: encodeMask(raster), label: 'part' };
  }
  const shape = corner();
  const placed: RegionShape = {
    ...shape,
    placement: { ...IDENTITY_AUGMENTATION, flipX: true, scale: 0.8, rotation: 0.4, translateX: 0.1, translateY: 0.05 },
  } as RegionShape;

  it('are framed by what is in them, and stay as they are in their own frame', () => {
    expect(frameOf(shape, size)).toEqual({ x: 20, y: 10, width: 20, height: 40, rotation: 0 });
    expect(withFrame(shape, frameOf(shape, size)!, size)).toBe(shape);
    expect(withFrame(placed, frameOf(placed, size)!, size)).toBe(placed);
    const empty: RegionShape = { kind: 'mask', combine: 'add', mask: encodeMask(createRaster(4, 4)), label: '' };
    expect(frameOf(empty, size)).toBeNull();
    expect(moved(empty, 1, 1, size)).toBe(empty);
    expect(pick([empty], { x: 1, y: 1 }, 3, size)).toBeNull();
  });

  it('take any frame: moved, scaled, turned', () => {
    for (const start of [shape, placed]) {
      for (const frame of [
        { x: 50, y: 12, width: 20, height: 40, rotation: 0 },
        { x: 60, y: 30, width: 10, height: 20, rotation: 0 },
        { x: 30, y: 20, width: 15, height: 30, rotation: -1.1 },
      ]) {
        const next = withFrame(start, frame, size);
        expect(regionShapeSchema.parse(next)).toEqual(next);
        const got = frameOf(next, size)!;
        for (const key of ['x', 'y', 'width', 'height', 'rotation'] as const)
          expect(got[key]).toBeCloseTo(frame[key], 9);
      }
    }
  });

  it('are drawn where their frame is', () => {
    const next = withFrame(shape, { x: 60, y: 30, width: 10, height: 20, rotation: 0 }, size);
    const box = boundingBox(rasterizeRegion([next], size.width, size.height, 0))!;
    expect(Math.abs(box.x - 60)).toBeLessThanOrEqual(1);
    expect(Math.abs(box.y - 30)).toBeLessThanOrEqual(1);
    expect(Math.abs(box.width - 10)).toBeLessThanOrEqual(2);
    expect(Math.abs(box.height - 20)).toBeLessThanOrEqual(2);
    // Moved by whole pixels, the same pixels elsewhere.
    const there = rasterizeRegion([moved(shape, 7, -3, size)], 120, 80, 0);
    const here = rasterizeRegion([shape], 120, 80, 0);
    for (let y = 0; y < 77; y++) {
      for (let x = 7; x < 120; x++) expect(there.data[y * 120 + x]).toBeCloseTo(here.data[(y + 3) * 120 + x - 7], 5);
    }
  });

  it('are picked by their pixels, under a placement too', () => {
    expect(pick([shape], { x: 25, y: 20 }, 0, size)).toBe(0);
    expect(pick([shape], { x: 36, y: 20 }, 0, size)).toBeNull();
    expect(pick([shape], { x: 32, y: 20 }, 3, size)).toBe(0);
    const { data } = rasterizeRegion([placed], 120, 80, 0);
    for (let i = 0; i < data.length; i += 7) {
      if (data[i] > 0.3 && data[i] < 0.7) continue;
      const point = { x: (i % 120) + 0.5, y: Math.floor(i / 120) + 0.5 };
      expect(pick([placed], point, 0, size)).toBe(data[i] > 0.5 ? 0 : null);
    }
  });

  it('made at another size lie fitted to the image', () => {
    const small = createRaster(60, 40);
    for (let y = 5; y < 25; y++) small.data.fill(1, y * 60 + 10, y * 60 + 20);
    const fitted: RegionShape = { kind: 'mask', combine: 'add', mask: encodeMask(small), label: '' };
    expect(frameOf(fitted, size)).toEqual({ x: 20, y: 10, width: 20, height: 40, rotation: 0 });
    expect(pick([fitted], { x: 30, y: 30 }, 0, size)).toBe(0);
  });

  it('neither locked nor hidden shapes are picked', () => {
    expect(
      pick(
        [shape, { ...shape, locked: true }, { ...rectangle, x: 20, y: 10, hidden: true }],
        { x: 25, y: 20 },
        0,
        size,
      ),
    ).toBe(0);
  });
});
