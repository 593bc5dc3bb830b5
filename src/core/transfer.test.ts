import { expect, it } from 'vitest';
import { bakeRegion } from './bake';
import { maskArea } from './mask';
import { encodeMask } from './mask-codec';
import { createRaster, resizeRaster } from './raster';
import { rasterizeRegion } from './rasterize';
import { IDENTITY_AUGMENTATION, regionShapeSchema, type RegionShape } from './recipe';
import { transferShapes } from './transfer';

const square = createRaster(96, 64);
for (let y = 20; y < 40; y++) square.data.fill(1, y * 96 + 30, y * 96 + 60);
const mask = encodeMask(square);

const shapes: RegionShape[] = [
  { kind: 'rectangle', combine: 'add', x: 10, y: 8, width: 40, height: 30, rotation: 0 },
  { kind: 'ellipse', combine: 'subtract', cx: 30, cy: 20, rx: 12, ry: 6, rotation: 0.4 },
  { kind: 'polygon', combine: 'add', points: [60, 10, 90, 12, 70, 50] },
  { kind: 'brush', combine: 'add', points: [10, 50, 40, 56, 60, 50], radius: 5, softness: 0.3 },
  { kind: 'blob', combine: 'add', x: 50, y: 20, width: 30, height: 30, seed: 4, cells: 3 },
  {
    kind: 'mask',
    combine: 'subtract',
    mask,
    label: 'part',
    placement: { ...IDENTITY_AUGMENTATION, scale: 0.5, rotation: 0.3, translateX: 0.1, translateY: -0.1 },
  },
  { kind: 'mask', combine: 'intersect', mask, label: 'part', name: 'lid', hidden: true },
  { kind: 'rectangle', combine: 'add', x: 60, y: 40, width: 20, height: 10, rotation: 0.7 },
];

it('shapes keep their place on a sibling of another size', () => {
  const from = { width: 96, height: 64 };
  for (const to of [from, { width: 192, height: 128 }, { width: 144, height: 96 }]) {
    const there = transferShapes(shapes, from, to);
    for (const shape of there) expect(regionShapeSchema.parse(shape)).toEqual(shape);
    if (to === from) expect(there).toEqual(shapes);
    const drawn = resizeRaster(rasterizeRegion(there, to.width, to.height, 0), 96, 64);
    const wanted = rasterizeRegion(shapes, 96, 64, 0);
    const difference = wanted.data.reduce((sum, m, i) => sum + Math.abs(m - drawn.data[i]), 0);
    expect(difference / maskArea(wanted)).toBeLessThan(0.05);
  }
});

it('upright shapes follow other proportions; brushes stay round', () => {
  const [rectangle, , , brush] = transferShapes(shapes, { width: 96, height: 64 }, { width: 192, height: 64 });
  expect(rectangle).toMatchObject({ x: 20, y: 8, width: 80, height: 30 });
  expect(brush).toMatchObject({ points: [20, 50, 80, 56, 120, 50] });
  expect((brush as { radius: number }).radius).toBeCloseTo(5 * Math.SQRT2);
});

it('what a network was asked stays with its image', () => {
  const asked: RegionShape = {
    kind: 'mask',
    combine: 'add',
    mask,
    label: '',
    prompt: { model: { id: 'sam', sha256: '0'.repeat(64) }, points: [{ x: 1, y: 2, label: 1 }] },
  };
  expect(transferShapes([asked], { width: 96, height: 64 }, { width: 96, height: 64 })[0]).not.toHaveProperty('prompt');
});

it('any region is baked into one mask, or its complement, within the levels that are stored', () => {
  const size = [96, 64] as const;
  const list: RegionShape[] = [
    ...shapes.slice(0, 5),
    { kind: 'ellipse', combine: 'intersect', cx: 40, cy: 30, rx: 35, ry: 25, rotation: 0 },
  ];
  for (const invert of [false, true]) {
    const baked = bakeRegion(list, ...size, 'region', invert);
    expect(regionShapeSchema.parse(baked)).toEqual(baked);
    const again = rasterizeRegion([baked], ...size, 0);
    rasterizeRegion(list, ...size, 0).data.forEach((m, i) => {
      expect(Math.abs((invert ? 1 - m : m) - again.data[i])).toBeLessThanOrEqual(0.5 / 255 + 1e-6);
    });
  }
  expect(maskArea(rasterizeRegion([bakeRegion([], ...size, 'all', true)], ...size, 0))).toBe(96 * 64);
});
