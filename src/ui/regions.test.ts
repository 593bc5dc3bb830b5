import { describe, expect, it } from 'vitest';
import { IDENTITY_AUGMENTATION, type EncodedMask, type RegionShape } from '../core/recipe';
import { draftSchema, newDraft, type Draft } from '../project/document';
import { commonOf, indexAfterRemoval, movedRow, placedTogether, regionOnto, rowAt, rowsOf, titleOf } from './regions';

const box = (name?: string): RegionShape => ({
  kind: 'rectangle',
  combine: 'add',
  x: 0,
  y: 0,
  width: 9,
  height: 9,
  rotation: 0,
  ...(name === undefined ? {} : { name }),
});
const stroke = (x: number, more: Partial<RegionShape> = {}): RegionShape =>
  ({ kind: 'brush', combine: 'add', points: [x, 0], radius: 3, softness: 0, ...more }) as RegionShape;
const strokes = (count: number) => Array.from({ length: count }, (_, i) => stroke(i));
const EMPTY: EncodedMask = { encoding: 'deflate8', width: 4, height: 4, data: '' };
const part = (translateX: number): RegionShape => ({
  kind: 'mask',
  combine: 'add',
  mask: EMPTY,
  label: 'Donor part',
  donor: true,
  placement: { ...IDENTITY_AUGMENTATION, translateX },
});

describe('the lines of the region’s list', () => {
  it('put the topmost shape first', () => {
    expect(rowsOf([box(), stroke(0), box()], new Set()).map(({ from }) => from)).toEqual([2, 1, 0]);
    expect(rowsOf([], new Set())).toEqual([]);
  });

  it('gather a thousand strokes into one line, and unfold it', () => {
    const shapes = [box(), ...strokes(1000), box()];
    expect(rowsOf(shapes, new Set())).toEqual([
      { kind: 'shape', from: 1001, to: 1001 },
      { kind: 'strokes', from: 1, to: 1000 },
      { kind: 'shape', from: 0, to: 0 },
    ]);
    const unfolded = rowsOf(shapes, new Set([1]));
    expect(unfolded).toHaveLength(1003);
    expect(unfolded[2]).toEqual({ kind: 'stroke', from: 1000, to: 1000 });
  });

  it('list a few strokes, and a named one, each on its own', () => {
    expect(rowsOf(strokes(3), new Set()).every(({ kind }) => kind === 'shape')).toBe(true);
    const named = [...strokes(4), stroke(4, { name: 'scratch' }), ...strokes(4)];
    expect(rowsOf(named, new Set()).map(({ from, to }) => [from, to])).toEqual([
      [5, 8],
      [4, 4],
      [0, 3],
    ]);
  });

  it('know which line stands for a shape', () => {
    const shapes = [box(), ...strokes(5)];
    expect(rowAt(rowsOf(shapes, new Set()), 3)).toBe(0);
    expect(rowAt(rowsOf(shapes, new Set([1])), 3)).toBe(3);
    expect(rowAt(rowsOf(shapes, new Set()), 6)).toBe(-1);
  });

  it('call a shape by its name, else by what made it', () => {
    expect(titleOf(box('lid'))).toBe('lid');
    expect(titleOf(box())).toBe('Rectangle');
    expect(titleOf(part(0))).toBe('Donor part');
  });

  it('say where shapes of a line differ', () => {
    const shapes = [stroke(0), stroke(1, { combine: 'subtract' }), stroke(2, { hidden: true })];
    expect(commonOf(shapes, { from: 0, to: 1 }, 'combine')).toBeNull();
    expect(commonOf(shapes, { from: 0, to: 1 }, 'hidden')).toBe(false);
    expect(commonOf(shapes, { from: 1, to: 2 }, 'hidden')).toBeNull();
    expect(commonOf(shapes, { from: 2, to: 2 }, 'hidden')).toBe(true);
  });
});

describe('moving a line', () => {
  const [a, b, c] = [box('a'), box('b'), box('c')];

  it('passes the shape above or below, and stops at the ends', () => {
    const shapes = [a, b, c];
    expect(movedRow(shapes, { kind: 'shape', from: 0, to: 0 }, 'up')).toEqual({ shapes: [b, a, c], from: 1 });
    expect(movedRow(shapes, { kind: 'shape', from: 2, to: 2 }, 'down')).toEqual({ shapes: [a, c, b], from: 1 });
    expect(movedRow(shapes, { kind: 'shape', from: 2, to: 2 }, 'up')).toBeNull();
    expect(movedRow(shapes, { kind: 'shape', from: 0, to: 0 }, 'down')).toBeNull();
    expect(shapes).toEqual([a, b, c]);
  });

  it('passes a whole run of strokes, which stays in its order', () => {
    const run = strokes(6);
    expect(movedRow([a, ...run], { kind: 'shape', from: 0, to: 0 }, 'up')).toEqual({ shapes: [...run, a], from: 6 });
    expect(movedRow([a, ...run, b], { kind: 'strokes', from: 1, to: 6 }, 'up')).toEqual({
      shapes: [a, b, ...run],
      from: 2,
    });
    expect(movedRow([a, ...run, b], { kind: 'strokes', from: 1, to: 6 }, 'down')).toEqual({
      shapes: [...run, a, b],
      from: 0,
    });
  });

  it('keeps a stroke within its run', () => {
    const run = strokes(4);
    const shapes = [a, ...run];
    expect(movedRow(shapes, { kind: 'stroke', from: 2, to: 2 }, 'up')?.shapes).toEqual([
      a,
      run[0],
      run[2],
      run[1],
      run[3],
    ]);
    expect(movedRow(shapes, { kind: 'stroke', from: 1, to: 1 }, 'down')).toBeNull();
  });
});

it('finds a shape again after others were taken out', () => {
  expect(indexAfterRemoval(1, 2, 4)).toBe(1);
  expect(indexAfterRemoval(3, 2, 4)).toBeNull();
  expect(indexAfterRemoval(7, 2, 4)).toBe(4);
});

describe('a donor’s part and the donor’s edges', () => {
  const at = (translateX: number) => ({ ...IDENTITY_AUGMENTATION, translateX });

  it('agree, or there is no part: nothing to do', () => {
    expect(
      placedTogether({ shapes: [part(0)], augmentation: at(0) }, { shapes: [part(0)], augmentation: at(0) }),
    ).toBeNull();
    expect(
      placedTogether({ shapes: [box()], augmentation: at(0) }, { shapes: [box()], augmentation: at(0.2) }),
    ).toBeNull();
  });

  it('follow each other, whichever was moved', () => {
    const before = { shapes: [part(0)], augmentation: at(0) };
    expect(placedTogether(before, { shapes: [part(0)], augmentation: at(0.2) })).toEqual(at(0.2));
    expect(placedTogether(before, { shapes: [part(0.3)], augmentation: at(0) })).toEqual(at(0.3));
  });

  it('stay together where one of two parts is moved', () => {
    const before = { shapes: [part(0), part(0)], augmentation: at(0) };
    expect(placedTogether(before, { shapes: [part(0), part(0.1)], augmentation: at(0) })).toEqual(at(0.1));
  });
});

describe('a region put onto another image', () => {
  const SMALL = { width: 100, height: 100 };
  const LARGE = { width: 200, height: 200 };
  const WIDE = { width: 200, height: 100 };
  const drawn = (more: Partial<Draft> = {}): Draft => ({
    ...newDraft('a', 1),
    shapes: [box('lid')],
    grow: 3,
    feather: 2,
    ...more,
  });
  const there: Draft = { ...newDraft('b', 9), shapes: [stroke(1)], operation: 'merge', donorId: 'c' };

  it('keeps its place, growth and soft border in an image twice the size', () => {
    const { shapes, grow, feather } = regionOnto(there, drawn(), SMALL, LARGE);
    expect(shapes).toEqual([{ ...box('lid'), width: 18, height: 18 }]);
    expect([grow, feather]).toEqual([6, 4]);
  });

  it('follows other proportions: lengths without a direction by the root of both', () => {
    const { shapes, grow, feather } = regionOnto(there, drawn(), SMALL, WIDE);
    expect(shapes).toEqual([{ ...box('lid'), width: 18, height: 9 }]);
    expect(grow).toBeCloseTo(3 * Math.SQRT2);
    expect(feather).toBeCloseTo(2 * Math.SQRT2);
  });

  it('leaves the other image’s seed, operation and donor as they are', () => {
    const { imageId, seed, operation, donorId } = regionOnto(there, drawn({ operation: 'replace' }), SMALL, LARGE);
    expect({ imageId, seed, operation, donorId }).toEqual({ imageId: 'b', seed: 9, operation: 'merge', donorId: 'c' });
  });

  it('stays a draft that can be saved, however much larger the image is', () => {
    const huge = { width: 10_000, height: 10_000 };
    for (const grow of [32, -32]) {
      const onto = regionOnto(there, drawn({ grow, feather: 64 }), SMALL, huge);
      expect(draftSchema.parse(onto)).toEqual(onto);
      expect([onto.grow, onto.feather]).toEqual([2 * grow, 64]);
    }
  });

  it('brings the donor of its parts and where they lie', () => {
    const augmentation = { ...IDENTITY_AUGMENTATION, translateX: 0.2 };
    const source = drawn({ shapes: [part(0.2)], operation: 'replace', donorId: 'd', augmentation });
    const onto = regionOnto(there, source, SMALL, WIDE);
    expect(onto).toMatchObject({ operation: 'replace', donorId: 'd', augmentation, shapes: [part(0.2)] });
    expect(placedTogether(onto, onto)).toBeNull();
  });

  it('does not make an image its own donor', () => {
    const source = drawn({ shapes: [part(0)], operation: 'replace', donorId: 'b' });
    expect(regionOnto(there, source, SMALL, LARGE).donorId).toBeNull();
  });
});
