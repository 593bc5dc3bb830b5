import { describe, expect, it } from 'vitest';
import { contours, simplified } from './contour';
import { areaOf } from './tools/outline';

function disc(width: number, height: number, cx: number, cy: number, radius: number): Float32Array {
  return Float32Array.from({ length: width * height }, (_, i) => {
    const distance = Math.hypot((i % width) + 0.5 - cx, Math.floor(i / width) + 0.5 - cy);
    return Math.min(1, Math.max(0, radius - distance + 0.5));
  });
}

const area = (outline: Float32Array) => areaOf([...outline]);

describe('contours', () => {
  it('of nothing are none', () => {
    expect(contours(new Float32Array(12), 4, 3, 0.5)).toEqual([]);
  });

  it('of a full image is its border', () => {
    const [outline, ...others] = contours(new Float32Array(12).fill(1), 4, 3, 0.5);
    expect(others).toEqual([]);
    // Halfway between the outermost pixel centres and the emptiness outside, corners cut.
    expect(area(outline)).toBeCloseTo(4 * 3 - 4 * 0.125);
  });

  it('of a disc follow the circle closely', () => {
    const outlines = contours(disc(64, 48, 30, 22, 12.3), 64, 48, 0.5);
    expect(outlines).toHaveLength(1);
    for (let i = 0; i < outlines[0].length; i += 2) {
      expect(Math.hypot(outlines[0][i] - 30, outlines[0][i + 1] - 22)).toBeCloseTo(12.3, 0);
    }
    expect(area(outlines[0])).toBeCloseTo(Math.PI * 12.3 ** 2, -1);
  });

  it('give one outline per border: two islands, and a ring with its hole', () => {
    const right = disc(64, 32, 48, 16, 6);
    const two = disc(64, 32, 16, 16, 8).map((value, i) => Math.max(value, right[i]));
    expect(contours(two, 64, 32, 0.5)).toHaveLength(2);
    const hole = disc(64, 64, 32, 32, 10);
    const ring = disc(64, 64, 32, 32, 24).map((value, i) => Math.min(value, 1 - hole[i]));
    const areas = contours(ring, 64, 64, 0.5).map(area);
    expect(areas).toHaveLength(2);
    expect(Math.max(...areas)).toBeCloseTo(Math.PI * 24 ** 2, -2);
    expect(Math.min(...areas)).toBeCloseTo(Math.PI * 10 ** 2, -1);
  });

  it('keep their place with far fewer points when simplified', () => {
    const [outline] = contours(disc(200, 200, 99.3, 100.4, 80), 200, 200, 0.5);
    const fewer = simplified(outline, 0.15);
    expect(fewer.length).toBeLessThan(outline.length / 4);
    expect(area(fewer) / area(outline)).toBeCloseTo(1, 2);
    for (let i = 0; i < fewer.length; i += 2)
      expect(Math.hypot(fewer[i] - 99.3, fewer[i + 1] - 100.4)).toBeCloseTo(80, 0);
    const square = Float32Array.from({ length: 400 }, (_, i) =>
      i % 20 > 4 && i % 20 < 15 && i > 100 && i < 300 ? 1 : 0,
    );
    const [sides] = contours(square, 20, 20, 0.5);
    expect(area(simplified(sides, 0))).toBeCloseTo(area(sides), 4);
    expect(simplified(sides, 0).length).toBeLessThan(sides.length);
  });

  it('do not depend on what was outlined before', () => {
    const [small, large] = [disc(20, 20, 10, 10, 6), disc(64, 48, 30, 22, 12.3)];
    const first = contours(large, 64, 48, 0.5);
    contours(disc(64, 48, 20, 25, 18), 64, 48, 0.5);
    contours(small, 20, 20, 0.5);
    expect(contours(large, 64, 48, 0.5)).toEqual(first);
  });

  it('close even where pixels touch at corners only', () => {
    const checker = Float32Array.from({ length: 64 }, (_, i) => ((i % 8) + Math.floor(i / 8)) % 2);
    for (const outline of contours(checker, 8, 8, 0.5)) {
      const n = outline.length;
      expect(Math.hypot(outline[0] - outline[n - 2], outline[1] - outline[n - 1])).toBeLessThanOrEqual(1);
    }
  });
});
