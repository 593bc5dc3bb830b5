import { describe, expect, it } from 'vitest';
import { squaredDistance } from './distance';
import { boundingBox, createMask, fillHoles, iou, maskArea, removeSpecks, type BinaryMask } from './mask';
import { Random } from './random';
import {
  boxGap,
  boxIou,
  fillRleHoles,
  maskFromRle,
  removeRleSpecks,
  rleContainment,
  rleFromMask,
  rleGap,
  rleHas,
  rleIntersection,
  rleIou,
  rleDifference,
  rleUnion,
  rleUnionOf,
} from './rle';

/** A mask from rows of characters, `#` inside. */
function drawn(...lines: string[]): BinaryMask {
  const mask = createMask(lines[0].length, lines.length);
  lines
    .join('')
    .split('')
    .forEach((character, i) => (mask.data[i] = character === '#' ? 1 : 0));
  return mask;
}

const rle = (...lines: string[]) => rleFromMask(drawn(...lines));

/** Speckle of the given density, from almost empty to almost full. */
function speckle(random: Random, width: number, height: number, density: number): BinaryMask {
  const mask = createMask(width, height);
  for (let i = 0; i < mask.data.length; i++) mask.data[i] = random.chance(density) ? 1 : 0;
  return mask;
}

const SIZES = [
  [1, 1],
  [1, 9],
  [9, 1],
  [17, 13],
  [32, 20],
] as const;

/** Pairs of masks of every size and density. */
function* pairs(): Generator<[BinaryMask, BinaryMask]> {
  const random = new Random(5);
  for (const [width, height] of SIZES) {
    for (const density of [0, 0.1, 0.5, 0.9, 1]) {
      for (const other of [0, 0.3, 0.7, 1]) {
        yield [speckle(random, width, height, density), speckle(random, width, height, other)];
      }
    }
  }
}

describe('run-length masks', () => {
  it('have the runs, area and box of a drawn mask', () => {
    const mask = rle(
      '.....', //
      '.##.#',
      '#####',
      '#....',
    );
    expect([...mask.runs]).toEqual([6, 8, 9, 10, 10, 15, 15, 16]);
    expect(mask.area).toBe(9);
    expect(mask.box).toEqual({ x: 0, y: 1, width: 5, height: 3 });
    expect(rle('..', '..')).toMatchObject({ area: 0, box: null });
    expect(rleHas(mask, 4, 1)).toBe(true);
    expect(rleHas(mask, 3, 1)).toBe(false);
    expect(rleHas(mask, 0, 1)).toBe(false);
    expect(rleHas(mask, 0, 3)).toBe(true);
    expect(rleHas(mask, 0, 0)).toBe(false);
    // Column 5 is outside, though position 10 is set.
    expect(rleHas(mask, 5, 1)).toBe(false);
  });

  it('come back as the mask they were made of', () => {
    for (const [mask] of pairs()) {
      const runs = rleFromMask(mask);
      expect(maskFromRle(runs)).toEqual(mask);
      expect(runs.area).toBe(maskArea(mask));
      expect(runs.box).toEqual(boundingBox(mask));
    }
  });

  it('intersect, unite and compare as their pixels do', () => {
    for (const [a, b] of pairs()) {
      const [p, q] = [rleFromMask(a), rleFromMask(b)];
      const both = a.data.reduce((sum, value, i) => sum + (value & b.data[i]), 0);
      expect(rleIntersection(p, q)).toBe(both);
      expect(rleIou(p, q)).toBe(iou(a, b));
      expect(rleContainment(p, q)).toBe(p.area === 0 ? 0 : both / p.area);
      const union = { ...a, data: a.data.map((value, i) => value | b.data[i]) };
      expect(rleUnion(p, q)).toEqual(rleFromMask(union));
      const difference = { ...a, data: a.data.map((inside, i) => inside & (1 - b.data[i])) };
      expect(rleDifference(p, q)).toEqual(rleFromMask(difference));
    }
  });

  it('unite many as one by one', () => {
    const random = new Random(3);
    const masks = Array.from({ length: 7 }, () => rleFromMask(speckle(random, 20, 11, 0.1)));
    expect(rleUnionOf(masks)).toEqual(masks.reduce(rleUnion));
    expect(() => rleUnionOf([])).toThrow(RangeError);
  });

  it('lose specks and holes exactly as masks of pixels do', () => {
    for (const [mask] of pairs()) {
      for (const limit of [1, 2, 5, 40]) {
        expect(maskFromRle(removeRleSpecks(rleFromMask(mask), limit))).toEqual(removeSpecks(mask, limit));
        expect(maskFromRle(fillRleHoles(rleFromMask(mask), limit))).toEqual(fillHoles(mask, limit));
      }
      expect(maskFromRle(fillRleHoles(rleFromMask(mask)))).toEqual(fillHoles(mask));
    }
  });

  it('keep a ring open at a corner of four pixels closed, and one at the border open', () => {
    const ring = rle(
      '.##.', //
      '#..#',
      '.##.',
    );
    expect(fillRleHoles(ring).area).toBe(8);
    const open = rle(
      '#..#', //
      '.##.',
    );
    expect(fillRleHoles(open).area).toBe(4);
  });

  it('are as far apart as their nearest pixels', () => {
    for (const [a, b] of pairs()) {
      const distance = squaredDistance(b);
      let nearest = Infinity;
      if (maskArea(b) > 0) a.data.forEach((inside, i) => (nearest = inside ? Math.min(nearest, distance[i]) : nearest));
      const [p, q] = [rleFromMask(a), rleFromMask(b)];
      expect(rleGap(p, q)).toBe(nearest);
      expect(rleGap(p, q, 2)).toBe(nearest < 2 ? nearest : Infinity);
      if (p.box && q.box) expect(boxGap(p.box, q.box)).toBeLessThanOrEqual(nearest);
    }
    const left = rle('#......', '#......', '.......', '.......', '.......');
    const right = rle('.......', '.......', '.......', '.......', '....###');
    expect(rleGap(left, right)).toBe(4 * 4 + 3 * 3);
    expect(rleGap(left, right, 25)).toBe(Infinity);
  });

  it('compare boxes', () => {
    const box = { x: 0, y: 0, width: 4, height: 2 };
    expect(boxIou(box, { x: 2, y: 0, width: 4, height: 2 })).toBeCloseTo(4 / 12, 12);
    expect(boxIou(box, { x: 4, y: 0, width: 4, height: 2 })).toBe(0);
    expect(boxGap(box, { x: 4, y: 0, width: 1, height: 1 })).toBe(1);
    expect(boxGap(box, { x: 6, y: 5, width: 1, height: 1 })).toBe(9 + 16);
  });

  it('of other sizes are refused', () => {
    expect(() => rleIntersection(rle('#'), rle('##'))).toThrow(/1×1 and 2×1/);
  });
});
