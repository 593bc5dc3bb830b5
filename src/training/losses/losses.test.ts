import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { Random } from '../../core/random';
import { largestDifference } from '../graph/testing';
import { adversarialLoss, matchingLoss, type Judgement } from './adversarial';
import { annotatorRobustLoss, balancedEdgeLoss, edgeLoss } from './edges';
import { absolute, crossEntropy } from './elementwise';
import { focalLoss } from './focal';
import { colourLoss, gradientLoss, maskedL1 } from './reconstruction';
import { dissimilarity } from './similarity';

/**
 * Every loss against the figure that foundry's PyTorch has for the same numbers (foundry/generator/losses.py,
 * foundry/detector/losses.py, foundry/pidinet/loss.py), and its gradient against finite differences.
 */

type Dims = [number, number, number, number];
const SIZE: [number, number, number] = [2, 16, 24];

/** low + (high − low)·(½ + ½·sin(a·i + b)) for the i-th value. */
function wave(dims: Dims, a: number, b: number, low = 0, high = 1): tf.Tensor4D {
  const count = dims.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({ length: count }, (_, i) => low + (high - low) * (0.5 + 0.5 * Math.sin(a * i + b)));
  return tf.tensor4d(data, dims);
}

/** `inside` in rows [y0, y1) and columns [x0, x1), `outside` elsewhere. */
function box([y0, y1, x0, x1]: Dims, inside: number, outside: number): tf.Tensor4D {
  const [batch, height, width] = SIZE;
  const plane = Array.from({ length: batch * height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width) % height, i % width];
    return y >= y0 && y < y1 && x >= x0 && x < x1 ? inside : outside;
  });
  return tf.tensor4d(plane, [...SIZE, 1]);
}

const picture = wave([...SIZE, 3], 0.37, 0.1);
const target = wave([...SIZE, 3], 0.11, 0.7);
const known = box([4, 9, 3, 10], 0, 1);
const empty = box([4, 9, 4, 9], 1, 0);
const logits = wave([...SIZE, 1], 0.23, 0.4, -4, 4);
const coarser = wave([...SIZE, 1], 0.29, 2.4, -3, 3);
const edges = wave([...SIZE, 1], 0.31, 1.1);
const mask = tf.cast<tf.Tensor4D>(tf.greater(wave([...SIZE, 1], 0.02, 0), 0.9), 'float32');
const labels = tf.round<tf.Tensor4D>(tf.clipByValue(wave([...SIZE, 1], 0.13, 0.2, -100, 300), 0, 255));

const judgement = (b: number): Judgement => [
  [wave([2, 9, 9, 4], 0.4, b), wave([2, 5, 5, 8], 0.3, b), wave([2, 5, 5, 1], 0.2, b, -1, 2)],
  [wave([2, 5, 5, 4], 0.25, b), wave([2, 3, 3, 8], 0.15, b), wave([2, 3, 3, 1], 0.35, b, -1, 2)],
];
/** The judgement with one of its outputs in another's place. */
const judged = (b: number, scale: number, layer: number, output: tf.Tensor4D): Judgement =>
  judgement(b).map((layers, s) => layers.map((each, l) => (s === scale && l === layer ? output : each)));

interface Case {
  readonly name: string;
  readonly at: tf.Tensor4D;
  readonly loss: (x: tf.Tensor4D) => tf.Scalar;
  readonly value: number;
  /** Absolute values have kinks, some of which a step crosses. */
  readonly kinks?: boolean;
}

const cases: Case[] = [
  { name: 'L1 where known', at: picture, loss: (x) => maskedL1(x, target, known), value: 0.4019081, kinks: true },
  { name: 'colour', at: picture, loss: (x) => colourLoss(x, target, known), value: 0.0085513, kinks: true },
  {
    name: 'colour in small cells',
    at: picture,
    loss: (x) => colourLoss(x, target, known, 4),
    value: 0.0109485,
    kinks: true,
  },
  { name: 'gradients', at: picture, loss: (x) => gradientLoss(x, target, known, empty), value: 0.5905902, kinks: true },
  { name: 'edges', at: logits, loss: (x) => edgeLoss(x, edges), value: 1.4355479 },
  { name: 'edges within a border', at: logits, loss: (x) => edgeLoss(x, edges, 3), value: 1.4332392 },
  { name: 'balanced edges', at: logits, loss: (x) => balancedEdgeLoss(x, edges), value: 1.4354759 },
  { name: 'annotators', at: logits, loss: (x) => annotatorRobustLoss([x, coarser], labels), value: 439.305237 },
  { name: 'focal', at: logits, loss: (x) => focalLoss(x, mask), value: 1.1833402 },
  { name: 'focal, nothing marked', at: logits, loss: (x) => focalLoss(x, tf.zerosLike(mask)), value: 0.5951234 },
  { name: '1 − SSIM', at: picture, loss: (x) => dissimilarity(x, target), value: 1.0273976 },
  {
    name: 'adversarial, real',
    at: judgement(0.3)[0][2],
    loss: (x) => adversarialLoss(judged(0.3, 0, 2, x), true),
    value: 2.4573712,
  },
  {
    name: 'adversarial, fake',
    at: judgement(0.3)[1][2],
    loss: (x) => adversarialLoss(judged(0.3, 1, 2, x), false),
    value: 2.9675894,
  },
  {
    name: 'feature matching',
    at: judgement(0.3)[1][1],
    loss: (x) => matchingLoss(judged(0.3, 1, 1, x), judgement(0.9)),
    value: 0.1875703,
    kinks: true,
  },
];

describe.each(cases)('$name', ({ at, loss, value, kinks }) => {
  it('has the value that PyTorch has', () => {
    const found = tf.tidy(() => loss(at).dataSync()[0]);
    expect(Math.abs(found - value)).toBeLessThan(2e-6 * Math.max(1, value));
  });

  it('has the gradient of finite differences, and frees what it makes', () => {
    const before = tf.memory().numTensors;
    const gradient = tf.grad((x) => loss(x as tf.Tensor4D))(at);
    const slope = Float32Array.from(gradient.dataSync());
    const length = Math.hypot(...slope);
    const data = Float32Array.from(at.dataSync());
    const random = new Random(17);
    const step = kinks ? 1e-4 : 1e-3;
    for (let round = 0; round < 8; round++) {
      // All values move at once, each one way or the other: a single one's effect would drown in float32.
      const signs = Float32Array.from(slope, () => (random.chance(0.5) ? 1 : -1));
      const along = slope.reduce((sum, each, i) => sum + each * signs[i], 0);
      const [after, before] = [step, -step].map((distance) =>
        tf.tidy(
          () =>
            loss(
              tf.tensor4d(
                data.map((x, i) => x + distance * signs[i]),
                at.shape,
              ),
            ).dataSync()[0],
        ),
      );
      const rounding = (1e-7 * value) / step;
      expect(Math.abs((after - before) / (2 * step) - along)).toBeLessThan((kinks ? 0.05 : 0.01) * length + rounding);
    }
    gradient.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('pulls at nothing that is right already', () => {
  const { value, slope } = tf.tidy(() => {
    const same = maskedL1(target, target, known).dataSync()[0];
    const gradient = tf.grad((x) => tf.sum(absolute(x)))(tf.tensor1d([-2, 0, 3]));
    return { value: same, slope: [...gradient.dataSync()] };
  });
  expect(value).toBe(0);
  expect(slope).toEqual([-1, 0, 1]);
});

it('has a cross-entropy that is finite, with a gradient, where the sigmoid rounds to 0 or 1', () => {
  tf.tidy(() => {
    const z = tf.tensor1d([-80, -80, 80, 80]);
    const y = tf.tensor1d([0, 1, 0, 1]);
    const slope = tf.grad((x) => tf.sum(crossEntropy(x as tf.Tensor1D, y)))(z);
    expect(largestDifference(crossEntropy(z, y).dataSync(), [0, 80, 80, 0])).toBeLessThan(1e-6);
    expect(largestDifference(slope.dataSync(), [0, -1, 1, 0])).toBeLessThan(1e-6);
  });
});

it('gives identical pictures no dissimilarity, and refuses those smaller than its window', () => {
  tf.tidy(() => {
    expect(Math.abs(dissimilarity(picture, picture).dataSync()[0])).toBeLessThan(1e-6);
    expect(() => dissimilarity(tf.zeros([1, 10, 20, 3]), tf.zeros([1, 10, 20, 3]))).toThrow(/20×10/);
  });
});

it('leaves uncertain marks out of the annotator-robust loss', () => {
  tf.tidy(() => {
    // One edge, two plain pixels, one that few marked: by hand, weights 2/3 and 1.1/3.
    const z = tf.tensor4d([1, -1, 0.5, 9], [1, 1, 4, 1]);
    const y = tf.tensor4d([255, 0, 0, 40], [1, 1, 4, 1]);
    const expected =
      (2 / 3) * Math.log1p(Math.exp(-1)) + (1.1 / 3) * (Math.log1p(Math.exp(-1)) + Math.log1p(Math.exp(0.5)));
    expect(annotatorRobustLoss([z], y).dataSync()[0]).toBeCloseTo(expected, 5);
  });
});
