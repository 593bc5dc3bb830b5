import { describe, expect, it } from 'vitest';
import { Random } from '../../core/random';
import { differenceLayers, plainKernel, plainWeights, variantOf, type ConvKind } from './convert';

/** Response of a kernel at the centre of a window. */
function respond(kernel: ArrayLike<number>, window: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < kernel.length; i++) sum += kernel[i] * window[i];
  return sum;
}

/**
 * The definitions, as differences of pixels of a 5×5 window x (Su et al. 2021, fig. 3): cd pixel − centre, ad pixel −
 * next one clockwise, rd outer − inner pixel on the same ray.
 */
const definitions: Record<
  Exclude<ConvKind, 'cv'>,
  (w: ArrayLike<number>, x: (row: number, column: number) => number) => number
> = {
  cd: (w, x) => sum9((i, row, column) => w[i] * (x(row, column) - x(0, 0))),
  ad: (w, x) => {
    // The ring clockwise from the upper left, as entries of the 3×3 kernel.
    const ring = [0, 1, 2, 5, 8, 7, 6, 3];
    const at = (i: number) => x(Math.floor(i / 3) - 1, (i % 3) - 1);
    let sum = 0;
    ring.forEach((i, k) => (sum += w[i] * (at(i) - at(ring[(k + 1) % 8]))));
    return sum;
  },
  rd: (w, x) =>
    // Entries 1…8 go around the window row by row, the centre left out; entry 0 has no pair.
    [
      [-1, -1],
      [-1, 0],
      [-1, 1],
      [0, -1],
      [0, 1],
      [1, -1],
      [1, 0],
      [1, 1],
    ].reduce((sum, [row, column], k) => sum + w[k + 1] * (x(2 * row, 2 * column) - x(row, column)), 0),
};

function sum9(term: (i: number, row: number, column: number) => number): number {
  let sum = 0;
  for (let i = 0; i < 9; i++) sum += term(i, Math.floor(i / 3) - 1, (i % 3) - 1);
  return sum;
}

describe('plainKernel', () => {
  it.each(['cd', 'ad', 'rd'] as const)('%s responds as the differences of pixels do', (kind) => {
    const random = new Random(3);
    const weights = Float32Array.from({ length: 2 * 3 * 9 }, () => random.uniform(-1, 1));
    const plain = plainKernel({ dims: [2, 3, 3, 3], data: weights }, kind);
    const side = kind === 'rd' ? 5 : 3;
    expect(plain.dims).toEqual([2, 3, side, side]);
    const window = Float32Array.from({ length: 25 }, () => random.uniform());
    const inner = kind === 'rd' ? window : window.filter((_, i) => i % 5 > 0 && i % 5 < 4 && i > 4 && i < 20);
    for (let pair = 0; pair < 6; pair++) {
      const w = weights.subarray(9 * pair, 9 * pair + 9);
      const expected = definitions[kind](w, (row, column) => window[(row + 2) * 5 + column + 2]);
      const kernel = plain.data.subarray(pair * side * side, (pair + 1) * side * side);
      expect(respond(kernel, inner)).toBeCloseTo(expected, 5);
    }
  });

  it('has the values worked out by hand', () => {
    const w = { dims: [1, 1, 3, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9) };
    expect([...plainKernel(w, 'cd').data]).toEqual([1, 2, 3, 4, -40, 6, 7, 8, 9]);
    expect([...plainKernel(w, 'ad').data]).toEqual([-3, 1, 1, -3, 0, 3, -1, -1, 3]);
    // prettier-ignore
    expect([...plainKernel(w, 'rd').data]).toEqual([
      2,  0,  3,  0, 4,
      0, -2, -3, -4, 0,
      5, -5,  0, -6, 6,
      0, -7, -8, -9, 0,
      7,  0,  8,  0, 9,
    ]);
    expect(plainKernel(w, 'cv')).toBe(w);
  });

  it('refuses anything but 3×3 kernels', () => {
    expect(() => plainKernel({ dims: [1, 1, 5, 5], data: new Float32Array(25) }, 'rd')).toThrow(/\[1, 1, 5, 5\]/);
  });
});

describe('difference layers', () => {
  it('follow carv4: cd, ad, rd, cv from the first layer on', () => {
    const kinds = differenceLayers();
    expect(kinds.size).toBe(16);
    expect(kinds.get('init_block.weight')).toBe('cd');
    expect([1, 2, 3].map((b) => kinds.get(`block1_${b}.conv1.weight`))).toEqual(['ad', 'rd', 'cv']);
    for (const stage of [2, 3, 4]) {
      expect([1, 2, 3, 4].map((b) => kinds.get(`block${stage}_${b}.conv1.weight`))).toEqual(['cd', 'ad', 'rd', 'cv']);
    }
  });

  it('are the only weights that conversion touches', () => {
    const bias = { dims: [4], data: Float32Array.of(1, 2, 3, 4) };
    const kernel = { dims: [1, 1, 3, 3], data: new Float32Array(9).fill(1) };
    const plain = plainWeights(
      new Map([
        ['dilations.0.conv2_1.weight', kernel],
        ['classifier.bias', bias],
        ['block2_1.conv1.weight', kernel],
      ]),
    );
    expect(plain.get('classifier.bias')).toBe(bias);
    expect(plain.get('dilations.0.conv2_1.weight')).toBe(kernel);
    expect(plain.get('block2_1.conv1.weight')!.data[4]).toBe(-8);
  });
});

describe('variantOf', () => {
  const weights = (width: number, size = 3, dilations = true) =>
    new Map([
      ['init_block.weight', { dims: [width, 3, size, size], data: new Float32Array(width * 3 * size * size) }],
      ...(dilations ? [['dilations.0.conv1.bias', { dims: [1], data: new Float32Array(1) }] as const] : []),
    ]);

  it('goes by the width of the first layer', () => {
    expect([20, 30, 60].map((width) => variantOf(weights(width), 'a.pth'))).toEqual(['tiny', 'small', 'full']);
  });

  it.each([
    ['another width', weights(64), /width 64/],
    ['no dilation modules', weights(20, 3, false), /-l/],
    ['plain kernels', weights(20, 5), /plain kernels/],
    ['another network', new Map([['conv1.weight', { dims: [1], data: new Float32Array(1) }]]), /another network/],
  ])('refuses %s', (_, map, reason) => {
    expect(() => variantOf(map, 'a.pth')).toThrow(
      expect.objectContaining({ code: 'bad-weights', file: 'a.pth', message: expect.stringMatching(reason) }),
    );
  });
});
