import { describe, expect, it } from 'vitest';
import { apply, augmentationAffine, compose, IDENTITY_AFFINE, invert, type Affine } from './geometry';
import { IDENTITY_AUGMENTATION } from './recipe';

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 10));
}

const size = { width: 40, height: 20 };

describe('affine maps', () => {
  const shear: Affine = [1, 0.5, 3, -0.25, 2, -7];
  const turn: Affine = [0, -1, 0, 1, 0, 0];

  it('composes so that the first map comes first', () => {
    expectClose(apply(compose(turn, shear), 4, 6), apply(turn, ...apply(shear, 4, 6)));
    // (4, 6) sheared is (10, 4); a quarter turn makes it (−4, 10).
    expectClose(apply(compose(turn, shear), 4, 6), [-4, 10]);
  });

  it('inverts', () => {
    expectClose(compose(invert(shear), shear), IDENTITY_AFFINE);
    expectClose(compose(shear, invert(shear)), IDENTITY_AFFINE);
  });

  it('refuses to invert what squashes the plane', () => {
    expect(() => invert([1, 2, 0, 2, 4, 0])).toThrow(RangeError);
    expect(() => invert([NaN, 0, 0, 0, 1, 0])).toThrow(RangeError);
  });
});

describe('augmentation of the donor', () => {
  const map = (change: Partial<typeof IDENTITY_AUGMENTATION>, donor = size) =>
    augmentationAffine({ ...IDENTITY_AUGMENTATION, ...change }, donor, size);

  it('is the identity by default, and fits another size to the target', () => {
    expectClose(map({}), IDENTITY_AFFINE);
    expectClose(apply(map({}, { width: 80, height: 10 }), 80, 10), [40, 20]);
  });

  it('flips about the centre', () => {
    expectClose(apply(map({ flipX: true }), 0.5, 3.5), [39.5, 3.5]);
    expectClose(apply(map({ flipY: true }), 0.5, 3.5), [0.5, 16.5]);
  });

  it('scales about the centre', () => {
    expectClose(apply(map({ scale: 2 }), 20, 10), [20, 10]);
    expectClose(apply(map({ scale: 2 }), 25, 10), [30, 10]);
  });

  it('rotates about the centre, from x towards y', () => {
    expectClose(apply(map({ rotation: Math.PI / 2 }), 25, 10), [20, 15]);
  });

  it('translates last, by shares of the target', () => {
    expectClose(apply(map({ translateX: 0.25, translateY: -0.5 }), 0, 0), [10, -10]);
    // Flip, scale, rotate a quarter turn, translate: (25, 10) → (15, 10) → (10, 10) → (20, 0) → (30, 0).
    const all = map({ flipX: true, scale: 2, rotation: Math.PI / 2, translateX: 0.25 });
    expectClose(apply(all, 25, 10), [30, 0]);
  });
});
