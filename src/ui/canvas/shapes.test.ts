import { describe, expect, it } from 'vitest';
import type { RegionShape } from '../../core/recipe';
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
