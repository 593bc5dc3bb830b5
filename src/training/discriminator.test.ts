import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { Random } from '../core/random';
import { Discriminator } from './discriminator';
import { largestDifference } from './graph/testing';
import { adversarialLoss } from './losses/adversarial';
import { differentiate } from './learning/differentiate';
import { Parameters } from './learning/parameters';

function wave(dims: readonly number[], a: number, b: number, low = 0, high = 1): tf.Tensor {
  const count = dims.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({ length: count }, (_, i) => low + (high - low) * (0.5 + 0.5 * Math.sin(a * i + b)));
  return tf.tensor(data, [...dims]);
}

const pair = () =>
  tf.tidy((): [tf.Tensor4D, tf.Tensor4D] => [
    wave([2, 18, 22, 1], 0.13, 0.5) as tf.Tensor4D,
    wave([2, 18, 22, 3], 0.21, 0.9) as tf.Tensor4D,
  ]);

it('computes what foundry’s does in PyTorch from the same weights', () => {
  const discriminator = new Discriminator(new Random(1), { width: 4 });
  tf.tidy(() => {
    for (const [name, variable] of discriminator.variables) {
      const [scale, layer] = name.split('.').map(Number);
      const { shape } = variable;
      if (name.endsWith('weights')) {
        variable.assign(wave(shape, 0.7 + 0.01 * layer + 0.1 * scale, 0.2, -0.3, 0.3));
      } else if (name.endsWith('bias')) variable.assign(wave(shape, 1.1, 0.3, -0.2, 0.2));
      else if (name.endsWith('scale')) variable.assign(wave(shape, 0.9, 0.1, 0.5, 1.5));
      else variable.assign(wave(shape, 0.8, 0.2, -0.5, 0.5));
    }
    const means = [0, 1].map((scale) =>
      discriminator.judge(scale, ...pair()).map((layer) => tf.mean(tf.abs(layer)).dataSync()[0]),
    );
    expect(largestDifference(means[0], [0.21603, 0.530886, 0.527041, 2.05573])).toBeLessThan(2e-5);
    expect(largestDifference(means[1], [0.692385, 0.520978, 0.54067, 1.534445])).toBeLessThan(2e-5);
    expect(discriminator.judge(0, ...pair()).map(({ shape }) => shape)).toEqual([
      [2, 10, 12, 4],
      [2, 6, 7, 8],
      [2, 7, 8, 16],
      [2, 8, 9, 1],
    ]);
  });
  discriminator.dispose();
});

it('starts from the seed alone, with weights of N(0, .02), and every weight has a gradient', () => {
  const before = tf.memory().numTensors;
  const [one, same, other] = [1, 1, 2].map((seed) => new Discriminator(new Random(seed), { width: 8 }));
  const weights = (of: Discriminator) => Float32Array.from(of.variables.get('1.2.weights')!.dataSync());
  expect(weights(same)).toEqual(weights(one));
  expect(weights(other)).not.toEqual(weights(one));
  expect(weights(one)).not.toEqual(Float32Array.from(one.variables.get('0.2.weights')!.dataSync()));
  const deviation = Math.sqrt(weights(one).reduce((sum, w) => sum + w * w, 0) / weights(one).length);
  expect(deviation).toBeCloseTo(0.02, 3);

  const [edges, image] = pair();
  const made = differentiate(new Parameters(one.variables), () => {
    const judgement = [0, 1].map((scale) => one.judge(scale, edges, image));
    return { total: adversarialLoss(judgement, true), values: {} };
  });
  const gradients = new Parameters(one.variables).split(Float32Array.from(made.vector.dataSync()));
  for (const [name, gradient] of gradients)
    expect(
      gradient.some((value) => value !== 0),
      name,
    ).toBe(true);
  made.dispose();
  tf.dispose([edges, image]);
  for (const each of [one, same, other]) each.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
