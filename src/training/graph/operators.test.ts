import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { Random } from '../../core/random';
import { image, int64s, model, node, tensor } from '../../models/onnx-file/build';
import { serializeOnnx } from '../../models/onnx-file/onnx';
import type { OnnxModel, OnnxNode, OnnxTensor } from '../../models/onnx-file/schema';
import { TrainableGraph } from './graph';
import { OPERATORS } from './operators/table';
import { largestDifference, runOnnx, sizeOf, spread, tensors, uniform, type Numbers } from './testing';

/**
 * Every operator against ONNX Runtime, and its gradient, by inputs and by weights, against finite differences.
 */

interface Case {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  /** Shapes of the inputs. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly initializers?: readonly OnnxTensor[];
  /** Positive inputs, for logarithms and divisors. */
  readonly positive?: boolean;
}

const random = new Random(11);

function weights(name: string, dims: readonly number[], low = -1, high = 1): OnnxTensor {
  return tensor(name, dims, uniform(random, dims, low, high).data);
}

const images = [2, 3, 5, 6] as const;

/** One node over the input x. */
function one(
  operator: string,
  attributes: Parameters<typeof node>[3] = {},
  options: {
    more?: readonly string[];
    initializers?: readonly OnnxTensor[];
    dims?: readonly number[];
    label?: string;
  } = {},
): Case {
  const { more = [], initializers = [], dims = images, label = '' } = options;
  return {
    name: `${operator}${label && ` ${label}`}`,
    nodes: [node(operator, ['x', ...more], ['y'], attributes)],
    inputs: { x: dims },
    initializers,
    positive: operator === 'Log' || operator === 'Sqrt',
  };
}

/** A node between two that compute in NHWC, so that the axes it names are mapped. */
function between(
  operator: string,
  attributes: Parameters<typeof node>[3],
  rest: Partial<Case> & { more?: string[] } = {},
): Case {
  const { more = [], initializers = [] } = rest;
  return {
    name: `${operator} between convolutions`,
    nodes: [
      node('Conv', ['x', 'before'], ['c']),
      node(operator, ['c', ...more], ['r'], attributes),
      node('Mul', ['r', 'factor'], ['y']),
    ],
    inputs: { x: images },
    initializers: [weights('before', [4, 3, 1, 1]), tensor('factor', [1], [0.7]), ...initializers],
  };
}

function binary(operator: string, a: readonly number[], b: readonly number[]): Case {
  return {
    name: `${operator} [${a.join(', ')}] and [${b.join(', ')}]`,
    nodes: [node(operator, ['x', 'z'], ['y'])],
    inputs: { x: a, z: b },
    positive: operator === 'Div',
  };
}

function conv(label: string, dims: readonly number[], attributes: Parameters<typeof node>[3], bias = false): Case {
  return one('Conv', attributes, {
    label,
    more: bias ? ['w', 'b'] : ['w'],
    initializers: [weights('w', dims), ...(bias ? [weights('b', [dims[0]])] : [])],
    dims: [2, 4, 6, 7],
  });
}

const same = { pads: [1, 1, 1, 1] };
const norm = (names: readonly string[]) => names.map((name) => weights(name, [3], 0.5, 1.5));
const linear = { mode: 'linear', coordinate_transformation_mode: 'half_pixel' };
const nearest = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };

function resize(label: string, attributes: Parameters<typeof node>[3], scales?: number[], sizes?: number[]): Case {
  return one('Resize', attributes, {
    label,
    more: scales ? ['', 'scales'] : ['', '', 'sizes'],
    initializers: scales ? [tensor('scales', [4], scales)] : [int64s('sizes', sizes ?? [])],
  });
}

const cases: Case[] = [
  binary('Add', images, images),
  binary('Add', images, [3, 1, 1]),
  binary('Sub', images, []),
  binary('Mul', images, [2, 3, 1, 1]),
  binary('Mul', [2, 1, 5, 6], images),
  binary('Div', images, [1, 3, 1, 1]),
  binary('Div', [4, 3], [3]),
  one('Exp'),
  one('Identity'),
  one('Log'),
  one('Neg'),
  one('Relu'),
  one('Sigmoid'),
  one('Sqrt'),
  one('Tanh'),
  one('LeakyRelu', { alpha: { float: 0.2 } }),
  conv('1×1 with bias', [5, 4, 1, 1], {}, true),
  conv('3×3', [5, 4, 3, 3], same, true),
  conv('3×3 stride 2 on odd and even sizes', [3, 4, 3, 3], { ...same, strides: [2, 2] }),
  conv('4×4 stride 2', [3, 4, 4, 4], { ...same, strides: [2, 2] }),
  conv('uneven pads and strides', [2, 4, 2, 3], { pads: [0, 1, 2, 1], strides: [1, 2] }),
  conv('dilation 2', [3, 4, 3, 3], { pads: [2, 2, 2, 2], dilations: [2, 2] }, true),
  conv('dilation 5, wider than half the image', [2, 4, 3, 3], { pads: [5, 5, 5, 5], dilations: [5, 5] }),
  conv('dilation along the width alone', [2, 4, 3, 3], { pads: [1, 3, 1, 3], dilations: [1, 3] }),
  conv('depthwise', [4, 1, 3, 3], { ...same, group: 4 }),
  conv('depthwise with multiplier, stride and bias', [8, 1, 3, 3], { ...same, group: 4, strides: [2, 2] }, true),
  conv('depthwise dilated', [4, 1, 3, 3], { pads: [2, 2, 2, 2], dilations: [2, 2], group: 4 }),
  conv('two groups', [6, 2, 3, 3], { ...same, group: 2 }, true),
  one('MaxPool', { kernel_shape: [2, 2], strides: [2, 2] }),
  one('MaxPool', { kernel_shape: [3, 3], strides: [2, 2], ...same }, { label: 'padded' }),
  one('AveragePool', { kernel_shape: [2, 2], strides: [2, 2] }),
  one('AveragePool', { kernel_shape: [3, 3], strides: [2, 2], ...same }, { label: 'padded' }),
  one('AveragePool', { kernel_shape: [3, 3], ...same, count_include_pad: 1 }, { label: 'padded, counting pads' }),
  one('GlobalAveragePool'),
  between('GlobalAveragePool', {}),
  one('InstanceNormalization', { epsilon: { float: 1e-3 } }, { more: ['s', 'b'], initializers: norm(['s', 'b']) }),
  {
    ...between('InstanceNormalization', {}, { more: ['s', 'b'] }),
    initializers: [weights('before', [3, 3, 1, 1]), tensor('factor', [1], [0.7]), ...norm(['s', 'b'])],
  },
  one('BatchNormalization', {}, { more: ['s', 'b', 'm', 'v'], initializers: norm(['s', 'b', 'm', 'v']) }),
  one('ReduceMax', { axes: [1] }),
  one('ReduceMax', { axes: [2, 3], keepdims: 0 }, { label: 'without axes' }),
  one('ReduceMean', { axes: [-1, 1] }),
  one('ReduceMean', {}, { label: 'of all' }),
  one('ReduceSum', {}, { more: ['axes'], initializers: [int64s('axes', [0, 2])] }),
  one('ReduceSum', { keepdims: 0 }, { label: 'of all' }),
  between('ReduceMax', { axes: [1] }),
  between('ReduceMean', { axes: [1, 2], keepdims: 0 }),
  between('ReduceSum', {}, { more: ['axes'], initializers: [int64s('axes', [3])] }),
  resize('nearest, twice', nearest, [1, 1, 2, 2]),
  resize('nearest, three by one and a half', nearest, [1, 1, 3, 1.5]),
  resize('nearest of half pixels, down', { nearest_mode: 'round_prefer_floor' }, undefined, [2, 3, 3, 4]),
  resize('linear, twice', linear, [1, 1, 2, 2]),
  resize('linear to sizes', linear, undefined, [2, 3, 13, 7]),
  resize('linear, down', linear, [1, 1, 0.5, 0.7]),
  resize(
    'linear, aligned corners',
    { ...linear, coordinate_transformation_mode: 'align_corners' },
    undefined,
    [2, 3, 9, 9],
  ),
  one('Cast', { to: 1 }),
  one('Reshape', {}, { more: ['to'], initializers: [int64s('to', [0, -1, 6])] }),
  between('Reshape', {}, { more: ['to'], initializers: [int64s('to', [2, -1])] }),
  one('Transpose', { perm: [2, 0, 3, 1] }),
  between('Transpose', { perm: [0, 2, 3, 1] }),
  one('Unsqueeze', {}, { more: ['axes'], initializers: [int64s('axes', [0, -1])], dims: [3, 4] }),
  one('Squeeze', {}, { more: ['axes'], initializers: [int64s('axes', [-1])], dims: [3, 4, 1] }),
  one(
    'Slice',
    {},
    {
      more: ['starts', 'ends', 'axes'],
      initializers: [int64s('starts', [1, -4]), int64s('ends', [3, 1000]), int64s('axes', [1, 3])],
    },
  ),
  between(
    'Slice',
    {},
    {
      more: ['starts', 'ends', 'axes'],
      initializers: [int64s('starts', [1]), int64s('ends', [-1]), int64s('axes', [1])],
    },
  ),
  {
    name: 'Concat of what lies in either layout',
    nodes: [node('Conv', ['x', 'w'], ['c']), node('Concat', ['x', 'c', 'x'], ['y'], { axis: 1 })],
    inputs: { x: images },
    initializers: [weights('w', [2, 3, 1, 1])],
  },
  { name: 'Concat of rows', nodes: [node('Concat', ['x', 'z'], ['y'], { axis: 0 })], inputs: { x: [2, 3], z: [1, 3] } },
  {
    name: 'Shape and Constant: enlarged to the size of another image',
    nodes: [
      node('Shape', ['z'], ['plane'], { start: 2, end: 4 }),
      {
        ...node('Constant', [], ['channels']),
        attribute: [{ name: 'value', type: 4, t: int64s('channels', [2, 3]) }],
      },
      node('Concat', ['channels', 'plane'], ['size'], { axis: 0 }),
      node('Resize', ['x', '', '', 'size'], ['r'], linear),
      node('Add', ['r', 'z'], ['y']),
    ],
    inputs: { x: images, z: [1, 1, 9, 8] },
  },
  one(
    'Pad',
    {},
    { more: ['pads', 'v'], initializers: [int64s('pads', [0, 1, 2, 0, 0, 0, 1, 3]), tensor('v', [], [0.5])] },
  ),
  one(
    'Pad',
    { mode: 'reflect' },
    {
      label: 'reflecting as far as it goes',
      more: ['pads'],
      initializers: [int64s('pads', [0, 0, 4, 1, 0, 0, 3, 5])],
    },
  ),
  between('Pad', { mode: 'reflect' }, { more: ['pads'], initializers: [int64s('pads', [0, 0, 1, 2, 0, 0, 0, 1])] }),
];

function build({ nodes, inputs, initializers = [] }: Case): OnnxModel {
  const free = (name: string, rank: number) =>
    image(
      name,
      Array.from({ length: rank }, (_, i) => `${name}${i}`),
    );
  const entries = Object.entries(inputs).map(([name, dims]) => free(name, dims.length));
  // The rank of the output is for ONNX Runtime to infer.
  return model(entries, nodes, [{ name: 'y', type: { tensorType: { elemType: 1 } } }], initializers);
}

/** Σ output · direction in float64, so that only the network itself is rounded to float32. */
function weigh(output: ArrayLike<number>, direction: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < output.length; i++) sum += output[i] * direction[i];
  return sum;
}

const STEP = 4e-3;
const DIRECTIONS = 4;

/**
 * Largest error of the gradient of Σ y · r along random directions of ±1, relative to the sum of its magnitudes. Central
 * differences of two steps, extrapolated, err by O(step⁴); rounding adds about 1e-7 · Σ|y · r| / step.
 */
function gradientError(graph: TrainableGraph, feeds: Record<string, tf.Tensor>): number {
  const before = graph.run(feeds);
  const r = uniform(random, before.y.shape, -1, 1);
  const magnitude = [...before.y.dataSync()].reduce((sum, y, i) => sum + Math.abs(y * r.data[i]), 0);
  before.y.dispose();
  const value = (changed: Record<string, tf.Tensor>) => {
    const { y } = graph.run(changed);
    const sum = weigh(y.dataSync(), r.data);
    y.dispose();
    return sum;
  };
  /** The value after `write` has put the shifted data in place, along each direction, against the gradient. */
  const check = (data: Float32Array, gradient: ArrayLike<number>, at: (moved: Float32Array) => number): number => {
    let worst = 0;
    const scale = weigh(Array.from(gradient, Math.abs), new Float32Array(gradient.length).fill(1));
    for (let k = 0; k < DIRECTIONS; k++) {
      const direction = Float32Array.from(data, () => (random.chance(0.5) ? 1 : -1));
      const slope = (step: number) => {
        // The difference that float32 really makes of the step.
        const up = data.map((x, i) => x + step * direction[i]);
        const down = data.map((x, i) => x - step * direction[i]);
        return (at(up) - at(down)) / (2 * step);
      };
      const extrapolated = (4 * slope(STEP / 2) - slope(STEP)) / 3;
      worst = Math.max(worst, Math.abs(extrapolated - weigh(gradient, direction)) / (scale + magnitude));
    }
    return worst;
  };

  const names = Object.keys(feeds);
  const loss = (...xs: tf.Tensor[]): tf.Scalar => {
    const { y } = graph.run(Object.fromEntries(names.map((name, i) => [name, xs[i]])));
    return tf.sum(tf.mul(y, tf.tensor(r.data, y.shape)));
  };
  let worst = 0;
  const byInput = tf.grads(loss)(names.map((name) => feeds[name]));
  names.forEach((name, i) => {
    const data = Float32Array.from(feeds[name].dataSync());
    const at = (moved: Float32Array) => tf.tidy(() => value({ ...feeds, [name]: tf.tensor(moved, feeds[name].shape) }));
    worst = Math.max(worst, check(data, byInput[i].dataSync(), at));
  });
  tf.dispose(byInput);
  if (graph.trainable.length === 0) return worst;

  const { grads, value: total } = tf.variableGrads(() => loss(...names.map((name) => feeds[name])), graph.trainable);
  total.dispose();
  for (const variable of graph.trainable) {
    const data = Float32Array.from(variable.dataSync());
    const at = (moved: Float32Array) => {
      tf.tidy(() => variable.assign(tf.tensor(moved, variable.shape)));
      return value(feeds);
    };
    worst = Math.max(worst, check(data, grads[variable.name].dataSync(), at));
    tf.tidy(() => variable.assign(tf.tensor(data, variable.shape)));
  }
  tf.dispose(grads);
  return worst;
}

function feedsOf({ inputs, positive }: Case): Record<string, Numbers> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, dims]) => {
      const values = spread(random, dims, Math.max(1, sizeOf(dims) / 60));
      const shifted = { dims, data: values.data.map((x) => 0.5 + Math.abs(x) + (x > 0 ? 0.02 : 0)) };
      return [name, positive ? shifted : values];
    }),
  );
}

describe.each(cases.map((sample) => [sample.name, sample] as const))('%s', (_, sample) => {
  it('computes what ONNX Runtime does, and its gradient is that of finite differences, without leaving tensors', async () => {
    const bytes = serializeOnnx(build(sample));
    const numbers = feedsOf(sample);
    const expected = await runOnnx(bytes, numbers);
    const tensorsBefore = tf.memory().numTensors;
    const graph = TrainableGraph.load(bytes, 'sample.onnx');
    const feeds = tensors(numbers);

    const { y } = graph.run(feeds);
    expect(y.shape).toEqual(expected.y.dims);
    const range = Math.max(1, ...expected.y.data.map(Math.abs));
    expect(largestDifference(y.dataSync(), expected.y.data) / range).toBeLessThan(3e-6);
    y.dispose();

    expect(gradientError(graph, feeds)).toBeLessThan(1e-4);
    tf.dispose(feeds);
    graph.dispose();
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });
});

describe('the table of operators', () => {
  it('has no operator without a case', () => {
    const tried = new Set(cases.flatMap(({ nodes }) => nodes.map(({ opType }) => opType)));
    expect([...OPERATORS.keys()].filter((operator) => !tried.has(operator))).toEqual([]);
  });

  it('shares the gradient of a maximum among equal values', () => {
    const sample = one('ReduceMax', { axes: [0] }, { dims: [4] });
    const graph = TrainableGraph.load(serializeOnnx(build(sample)), 'sample.onnx');
    tf.tidy(() => {
      const gradient = tf.grad((x: tf.Tensor) => tf.sum(graph.run({ x }).y))(tf.tensor([1, 3, 3, 0]));
      expect([...gradient.dataSync()]).toEqual([0, 0.5, 0.5, 0]);
    });
    graph.dispose();
  });
});
