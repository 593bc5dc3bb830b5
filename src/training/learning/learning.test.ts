import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { largestDifference } from '../graph/testing';
import { Adam } from './adam';
import { MovingAverage } from './average';
import { differentiate } from './differentiate';
import { Parameters } from './parameters';
import { learningRate, rampedIn } from './schedule';

let before: number;
beforeEach(() => (before = tf.memory().numTensors));
afterEach(() => expect(tf.memory().numTensors).toBe(before));

/** Two variables and a loss over both, as in the PyTorch run whose figures are below. */
function problem() {
  const p = tf.tidy(() => tf.variable(tf.tensor1d([1, -2, 0.5])));
  const q = tf.tidy(() => tf.variable(tf.tensor2d([[0.3, 0.1]])));
  const parameters = new Parameters(
    new Map<string, tf.Variable>([
      ['p', p],
      ['q', q],
    ]),
  );
  const loss = () => {
    const near = tf.sum<tf.Scalar>(tf.square(tf.sub(p, [0, 1, 2])));
    const cubes = tf.sum<tf.Scalar>(tf.pow(q, 3));
    const both = tf.mul<tf.Scalar>(tf.sum(tf.slice(p, 0, 1)), tf.sum(tf.slice(q, [0, 0], [1, 1])));
    return { total: tf.addN([near, cubes, both]), values: { near, cubes } };
  };
  const step = (adam: Adam) => {
    const made = differentiate(parameters, loss);
    adam.apply(made.vector, 0.1);
    made.dispose();
  };
  return { p, q, parameters, loss, step, dispose: () => tf.dispose([p, q]) };
}

const settings = {
  beta1: 0.9,
  beta2: 0.99,
  weightDecay: 1e-2,
  clip: 2,
  factor: (name: string) => (name === 'q' ? 5 : 1),
};

describe('Adam', () => {
  it('does what PyTorch does, with weight decay, clipping and groups that learn faster', () => {
    const { p, q, parameters, step, dispose } = problem();
    const adam = new Adam(parameters, settings);
    for (let i = 0; i < 5; i++) step(adam);
    expect(largestDifference(p.dataSync(), [0.5650935173, -1.5076673031, 0.9891104102])).toBeLessThan(1e-5);
    expect(largestDifference(q.dataSync(), [-2.1136453152, -2.0188207626])).toBeLessThan(1e-5);
    adam.dispose();
    dispose();
  });

  it('goes on exactly after a restart from its state', async () => {
    const whole = problem();
    const wholeAdam = new Adam(whole.parameters, settings);
    for (let i = 0; i < 6; i++) whole.step(wholeAdam);

    const first = problem();
    const firstAdam = new Adam(first.parameters, settings);
    for (let i = 0; i < 3; i++) first.step(firstAdam);
    const state = await firstAdam.state();
    const second = problem();
    tf.tidy(() => second.parameters.assign(first.parameters.flatten()));
    const secondAdam = new Adam(second.parameters, settings);
    secondAdam.restore(state);
    for (let i = 0; i < 3; i++) second.step(secondAdam);
    expect([...second.p.dataSync()]).toEqual([...whole.p.dataSync()]);
    expect([...second.q.dataSync()]).toEqual([...whole.q.dataSync()]);
    expect(() => secondAdam.restore({ ...state, first: new Float32Array(2) })).toThrow(RangeError);

    for (const each of [whole, first, second, wholeAdam, firstAdam, secondAdam]) each.dispose();
  });
});

describe('parameters', () => {
  it('are one vector and back, in order, and miss no gradient', () => {
    const { p, q, parameters, dispose } = problem();
    tf.tidy(() => {
      expect(parameters.size).toBe(5);
      const vector = parameters.flatten();
      expect(largestDifference(vector.dataSync(), [1, -2, 0.5, 0.3, 0.1])).toBeLessThan(1e-7);
      parameters.assign(tf.mul(vector, 2));
      expect(largestDifference(q.dataSync(), [0.6, 0.2])).toBeLessThan(1e-6);
      expect([...parameters.flattenGradients({ [p.name]: tf.tensor1d([7, 8, 9]) }).dataSync()]).toEqual([
        7, 8, 9, 0, 0,
      ]);
      expect([...parameters.expand((name) => name.charCodeAt(0))]).toEqual([112, 112, 112, 113, 113]);
      expect([...parameters.split(Float32Array.of(1, 2, 3, 4, 5))]).toEqual([
        ['p', Float32Array.of(1, 2, 3)],
        ['q', Float32Array.of(4, 5)],
      ]);
    });
    dispose();
  });

  it('free what a loss made before it failed', () => {
    const { parameters, loss, dispose } = problem();
    const failing = () => {
      loss();
      throw new Error('no memory');
    };
    expect(() => differentiate(parameters, failing)).toThrow('no memory');
    const made = differentiate(parameters, loss);
    expect(made.values.near.dataSync()[0]).toBeCloseTo(1 + 9 + 2.25, 5);
    expect(made.total.dataSync()[0]).toBeCloseTo(12.25 + 0.027 + 0.001 + 0.3, 5);
    made.dispose();
    dispose();
  });
});

describe('the moving average', () => {
  it('follows the parameters, and stands in for them while it is looked at', async () => {
    const { p, parameters, dispose } = problem();
    const average = new MovingAverage(parameters);
    tf.tidy(() => p.assign(tf.add(p, 10)));
    average.update(0);
    // The first decay is 1/10: nine tenths of the way.
    expect((await average.values())[0]).toBeCloseTo(10, 5);
    const seen = await average.during(async () => p.dataSync()[0]);
    expect(seen).toBeCloseTo(10, 5);
    expect(p.dataSync()[0]).toBe(11);
    await expect(average.during(() => Promise.reject(new Error('cancelled')))).rejects.toThrow('cancelled');
    expect(p.dataSync()[0]).toBe(11);
    // Late, it moves by a two hundredth.
    average.restore(Float32Array.of(0, 0, 0, 0, 0));
    average.update(100_000);
    expect((await average.values())[0]).toBeCloseTo(0.055, 5);
    expect(() => average.restore(new Float32Array(2))).toThrow(RangeError);
    average.dispose();
    dispose();
  });
});

describe('the learning rate', () => {
  it('warms up, holds, and falls over the second half to a fiftieth', () => {
    expect(learningRate(1, 0, 1000)).toBeCloseTo(0.05, 9);
    expect(learningRate(1, 19, 1000)).toBe(1);
    expect(learningRate(1, 500, 1000)).toBe(1);
    expect(learningRate(1, 750, 1000)).toBeCloseTo(0.51, 6);
    expect(learningRate(2, 1000, 1000)).toBeCloseTo(0.04, 9);
  });

  it('lets what comes in later come in gradually', () => {
    expect([0.1, 0.6, 0.65, 0.7, 1].map((progress) => Math.round(10 * rampedIn(progress, 0.6, 0.1)) / 10)).toEqual([
      0, 0, 0.5, 1, 1,
    ]);
  });
});
