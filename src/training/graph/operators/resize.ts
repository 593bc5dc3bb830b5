import * as tf from '@tensorflow/tfjs-core';
import type { GraphNode } from '../node';
import type { Inputs, Operator } from './operator';

/** Position of an output sample in the input, in samples, before it is clamped to the input. */
type Coordinate = (index: number, scale: number, from: number, to: number) => number;

const COORDINATES: Readonly<Record<string, Coordinate>> = {
  half_pixel: (i, scale) => (i + 0.5) / scale - 0.5,
  pytorch_half_pixel: (i, scale, _, to) => (to > 1 ? (i + 0.5) / scale - 0.5 : 0),
  asymmetric: (i, scale) => i / scale,
  align_corners: (i, _, from, to) => (to > 1 ? (i * (from - 1)) / (to - 1) : 0),
};

const ROUNDINGS: Readonly<Record<string, (position: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (position) => Math.ceil(position - 0.5),
  round_prefer_ceil: (position) => Math.floor(position + 0.5),
};

/** Input samples and their weights for one output sample. */
type Sample = readonly (readonly [index: number, weight: number])[];

/** `Resize` of images along height and width, nearest or linear. */
export const Resize: Operator = {
  numbers: [1, 2, 3],
  compile(node) {
    const linear = modeOf(node) === 'linear';
    const coordinate = choose(node, 'coordinate_transformation_mode', 'half_pixel', COORDINATES);
    const round = choose(node, 'nearest_mode', 'round_prefer_floor', ROUNDINGS);
    node.only('exclude_outside', 0);
    // Of meaning in modes alone that are refused above.
    node.float('cubic_coeff_a', -0.75);
    node.float('extrapolation_value', 0);

    const sample = (i: number, scale: number, from: number, to: number): Sample => {
      const position = Math.min(Math.max(coordinate(i, scale, from, to), 0), from - 1);
      if (!linear) return [[Math.min(Math.max(round(position), 0), from - 1), 1]];
      const low = Math.floor(position);
      return [
        [low, 1 - (position - low)],
        [Math.min(low + 1, from - 1), position - low],
      ];
    };
    return (inputs) => {
      const x = inputs.images(0);
      const { sizes, scales } = targetOf(inputs);
      const samples = sizes.map((to, axis) =>
        Array.from({ length: to }, (_, i) => sample(i, scales[axis], x.shape[1 + axis], to)),
      );
      const [down, across] = samples.map((along, axis) => repeats(along, x.shape[1 + axis]));
      if (down && across) return { tensor: repeatPixels(x, [down, across]), layout: 'channels-last' };
      const [rows, columns] = samples.map((along, axis) => interpolation(along, x.shape[1 + axis]));
      return { tensor: interpolate(x, rows, columns), layout: 'channels-last' };
    };
  },
};

function modeOf(node: GraphNode): string {
  const mode = node.text('mode', 'nearest');
  if (mode !== 'nearest' && mode !== 'linear') throw node.unsupported(`has mode = ${mode}`);
  return mode;
}

function choose<T>(node: GraphNode, name: string, fallback: string, table: Readonly<Record<string, T>>): T {
  const chosen = node.text(name, fallback);
  if (!Object.hasOwn(table, chosen)) throw node.unsupported(`has ${name} = ${chosen}, which is not supported`);
  return table[chosen];
}

/** Output height and width, and the scales that positions are computed with. */
function targetOf(inputs: Inputs): { sizes: [number, number]; scales: [number, number] } {
  const { node } = inputs;
  const { shape } = inputs.value(0);
  const byScales = node.has(2) && inputs.numbers(2).length > 0;
  if (!byScales && !node.has(3)) throw node.misfit('has neither scales nor sizes');
  const given = byScales ? inputs.numbers(2) : inputs.numbers(3);
  if (given.length !== 4) throw node.misfit(`has ${given.length} ${byScales ? 'scales' : 'sizes'} for 4 axes`);
  const scales = given.map((value, axis) => (byScales ? value : value / shape[axis]));
  const sizes = given.map((value, axis) => (byScales ? Math.floor(shape[axis] * value) : value));
  if (scales[0] !== 1 || scales[1] !== 1) throw node.unsupported('changes more than height and width');
  if (sizes.some((size) => !(size >= 1))) throw node.misfit(`would make an image of [${sizes.join(', ')}]`);
  return { sizes: [sizes[2], sizes[3]], scales: [scales[2], scales[3]] };
}

/** The whole factor by which each input sample is repeated in order, if that is all that happens along an axis. */
function repeats(samples: readonly Sample[], from: number): number | undefined {
  const factor = samples.length / from;
  if (!Number.isInteger(factor)) return undefined;
  const exact = samples.every(
    ([first, second], i) => first[0] === Math.floor(i / factor) && (!second || second[1] === 0),
  );
  return exact ? factor : undefined;
}

/** Every pixel becomes a block of equal ones. The gradient of a pixel is the sum over its block. */
function repeatPixels(x: tf.Tensor4D, [down, across]: [number, number]): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const compute = tf.customGrad((x) => {
    if (!(x instanceof tf.Tensor)) throw new TypeError('Expected images to enlarge.');
    const rows = tf.reshape(x, [batch * height, 1, width, channels]);
    const wider = tf.reshape(tf.tile(tf.reshape(rows, [-1, 1, channels]), [1, across, 1]), [batch * height, 1, -1]);
    return {
      value: tf.reshape<tf.Rank.R4>(tf.tile(wider, [1, down, 1]), [batch, height * down, width * across, channels]),
      gradFunc(dy: tf.Tensor4D) {
        return tf.mul(tf.avgPool(dy, [down, across], [down, across], 'valid'), down * across);
      },
    };
  });
  return compute(x);
}

/** Samples as a matrix [output, input]. */
function interpolation(samples: readonly Sample[], from: number): tf.Tensor2D {
  const matrix = new Float32Array(samples.length * from);
  samples.forEach((sample, i) => sample.forEach(([index, weight]) => (matrix[i * from + index] += weight)));
  return tf.tensor2d(matrix, [samples.length, from]);
}

/**
 * rows · x · columnsᵀ for each channel. As a product of matrices it has the right gradient whatever the positions;
 * TensorFlow.js's own gradient of a bilinear resize knows no half pixels.
 */
function interpolate(x: tf.Tensor4D, rows: tf.Tensor2D, columns: tf.Tensor2D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const [tall, wide] = [rows.shape[0], columns.shape[0]];
  // Along the height with channels and columns beside it, then along the width with the channels beside it.
  const down = tf.matMul(rows, tf.reshape(tf.transpose(x, [1, 0, 2, 3]), [height, batch * width * channels]));
  const across = tf.transpose(tf.reshape(down, [tall, batch, width, channels]), [2, 1, 0, 3]);
  const both = tf.matMul(columns, tf.reshape(across, [width, batch * tall * channels]));
  return tf.transpose(tf.reshape(both, [wide, batch, tall, channels]), [1, 2, 0, 3]);
}
