import * as tf from '@tensorflow/tfjs-core';
import { isRank4 } from '../value';
import { pair, windowOf, type Inputs, type Operator, type Window } from './operator';

type Padding = number | 'valid';
type Convolve = (x: tf.Tensor4D, filter: tf.Tensor4D, strides: [number, number], pad: Padding) => tf.Tensor4D;

/** `Conv` over images: input [N, C, H, W], weights [M, C / group, kH, kW], bias [M]. */
export const Conv: Operator = {
  compile(node) {
    const window = windowOf(node);
    const dilations = pair(node, 'dilations');
    const group = node.int('group', 1);
    const kernelShape = node.ints('kernel_shape');
    if (dilations.some((d) => d > 1) && window.strides.some((s) => s > 1)) {
      throw node.unsupported('has both strides and dilations');
    }
    return (inputs) => {
      const x = inputs.images(0);
      const weights = inputs.plain(1);
      check(inputs, x, weights, group, kernelShape);
      const channels = x.shape[3];
      let y: tf.Tensor4D;
      if (group === 1) {
        y = convolve(x, transposed(weights, [2, 3, 1, 0]), window, dilations, plainly);
      } else if (group === channels) {
        // Depthwise: output channel g·multiplier + m comes from input channel g.
        const [outputs, , height, width] = weights.shape;
        const split = tf.reshape(weights, [channels, outputs / channels, height, width]);
        y = convolve(x, transposed(split, [2, 3, 0, 1]), window, dilations, depthwise);
      } else {
        const filters = tf.split<tf.Tensor4D>(transposed(weights, [2, 3, 1, 0]), group, 3);
        const parts = tf.split<tf.Tensor4D>(x, group, 3);
        y = tf.concat(
          parts.map((part, g) => convolve(part, filters[g], window, dilations, plainly)),
          3,
        );
      }
      return { tensor: node.has(2) ? tf.add(y, inputs.plain(2)) : y, layout: 'channels-last' };
    };
  },
};

const plainly: Convolve = (x, filter, strides, pad) => tf.conv2d(x, filter, strides, pad, 'NHWC', 1, rounding(pad));
const depthwise: Convolve = (x, filter, strides, pad) =>
  tf.depthwiseConv2d(x, filter, strides, pad, 'NHWC', 1, rounding(pad));

/** Windows that do not fit as a whole are left out, which TensorFlow.js wants said where padding is a number. */
function rounding(pad: Padding): 'floor' | undefined {
  return pad === 'valid' ? undefined : 'floor';
}

function convolve(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  { strides, pads }: Window,
  dilations: readonly [number, number],
  convolution: Convolve,
): tf.Tensor4D {
  if (dilations.some((d) => d > 1)) return dilated(x, filter, pads, dilations, convolution);
  const [pad] = pads;
  if (pads.every((other) => other === 0)) return convolution(x, filter, strides, 'valid');
  // Given padding as a number, TensorFlow.js reckons the width with the height's filter and stride.
  const square = filter.shape[0] === filter.shape[1] && strides[0] === strides[1];
  if (square && pads.every((other) => other === pad)) return convolution(x, filter, strides, pad);
  return convolution(padded(x, pads), filter, strides, 'valid');
}

/**
 * A dilated convolution as plain ones: pixels whose rows and columns are equal modulo the dilation become an image of
 * their own, and the results are interleaved again. TensorFlow.js has no gradient for dilations, but has one for this.
 */
function dilated(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  [top, left, bottom, right]: Window['pads'],
  dilations: readonly [number, number],
  convolution: Convolve,
): tf.Tensor4D {
  const rest = ([0, 1] as const).map((axis) => {
    const size = x.shape[1 + axis] + (axis === 0 ? top + bottom : left + right);
    return (dilations[axis] - (size % dilations[axis])) % dilations[axis];
  });
  const paddings = [
    [top, bottom + rest[0]],
    [left, right + rest[1]],
  ];
  const phases = tf.spaceToBatchND(x, [...dilations], paddings);
  const convolved = convolution(phases, filter, [1, 1], 'valid');
  return tf.batchToSpaceND(
    convolved,
    [...dilations],
    [
      [0, rest[0]],
      [0, rest[1]],
    ],
  );
}

/** Zeros around images. */
export function padded(x: tf.Tensor4D, [top, left, bottom, right]: Window['pads'], value = 0): tf.Tensor4D {
  return tf.pad(
    x,
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    value,
  );
}

function transposed(weights: tf.Tensor, order: number[]): tf.Tensor4D {
  const result = tf.transpose(weights, order);
  if (!isRank4(result)) throw new RangeError('Weights of a convolution over images have rank 4.');
  return result;
}

function check(
  inputs: Inputs,
  x: tf.Tensor4D,
  weights: tf.Tensor,
  group: number,
  kernelShape: readonly number[] | undefined,
): void {
  const shape = weights.shape;
  if (shape.length !== 4) throw inputs.node.unsupported(`has weights [${shape.join(', ')}]; only images are supported`);
  if (shape[1] * group !== x.shape[3] || shape[0] % group !== 0) {
    const what = `has weights [${shape.join(', ')}] in ${group} groups, which do not suit ${x.shape[3]} channels`;
    throw inputs.node.misfit(what);
  }
  if (kernelShape && kernelShape.some((size, i) => size !== shape[2 + i])) {
    throw inputs.node.misfit(`has kernel_shape [${kernelShape.join(', ')}] and weights [${shape.join(', ')}]`);
  }
}
