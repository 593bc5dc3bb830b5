import * as tf from '@tensorflow/tfjs-core';
import { spatialAxes } from './pooling';
import type { Inputs, Operator } from './operator';
import { axesIn, type Layout } from '../value';

/**
 * (x − mean) / √(variance + ε) over `axes`, the variance being that of the population. Its gradient keeps the result
 * alone: dx = (dy − mean(dy) − y·mean(dy·y)) / √(variance + ε).
 * @param observe is shown mean and variance, with their axes kept; it owns neither.
 */
export function standardize(
  x: tf.Tensor,
  axes: number[],
  epsilon: number,
  observe?: (mean: tf.Tensor, variance: tf.Tensor) => void,
): tf.Tensor {
  const compute = tf.customGrad((x, save) => {
    // `customGrad` leaves the kinds of its arguments open.
    if (!(x instanceof tf.Tensor) || typeof save !== 'function') throw new TypeError('Expected a tensor to normalise.');
    const { mean, variance } = tf.moments(x, axes, true);
    observe?.(mean, variance);
    const scale = tf.rsqrt(tf.add(variance, epsilon));
    const y = tf.mul(tf.sub(x, mean), scale);
    save([y, scale]);
    return {
      value: y,
      gradFunc(dy: tf.Tensor, [y, scale]: tf.Tensor[]) {
        const along = tf.mul(y, tf.mean(tf.mul(dy, y), axes, true));
        return tf.mul(scale, tf.sub(tf.sub(dy, tf.mean(dy, axes, true)), along));
      },
    };
  });
  return compute(x);
}

/** One number for each channel, shaped to be broadcast in a layout. */
function perChannel(inputs: Inputs, index: number, layout: Layout, rank: number): tf.Tensor {
  const values = inputs.plain(index);
  return layout === 'plain' ? tf.reshape(values, [-1, ...spatialAxes(rank).map(() => 1)]) : values;
}

const InstanceNormalization: Operator = {
  compile(node) {
    const epsilon = node.float('epsilon', 1e-5);
    return (inputs) => {
      const { layout, rank } = inputs.value(0);
      const y = standardize(inputs.in(layout, 0), axesIn(layout, spatialAxes(rank), rank), epsilon);
      const scaled = tf.mul(y, perChannel(inputs, 1, layout, rank));
      return { tensor: tf.add(scaled, perChannel(inputs, 2, layout, rank)), layout };
    };
  },
};

/**
 * In a training run the statistics are those of the batch, and the running ones move towards them as ONNX defines it:
 * running · momentum + batch · (1 − momentum), the variance being that of the population. The file's own
 * `training_mode` is not asked: the run says what it is.
 */
const BatchNormalization: Operator = {
  statistics: [3, 4],
  compile(node) {
    const epsilon = node.float('epsilon', 1e-5);
    const momentum = node.float('momentum', 0.9);
    node.only('training_mode', 0);
    return (inputs, { training }) => {
      const { layout, rank } = inputs.value(0);
      const x = inputs.in(layout, 0);
      const [scale, bias, mean, variance] = [1, 2, 3, 4].map((index) => perChannel(inputs, index, layout, rank));
      if (!training) {
        const gain = tf.mul(scale, tf.rsqrt(tf.add(variance, epsilon)));
        return { tensor: tf.add(tf.mul(x, gain), tf.sub(bias, tf.mul(mean, gain))), layout };
      }
      const axes = axesIn(layout, [0, ...spatialAxes(rank)], rank);
      const y = standardize(x, axes, epsilon, (batchMean, batchVariance) => {
        move(inputs, 3, batchMean, momentum);
        move(inputs, 4, batchVariance, momentum);
      });
      return { tensor: tf.add(tf.mul(y, scale), bias), layout };
    };
  },
};

function move(inputs: Inputs, index: number, batch: tf.Tensor, momentum: number): void {
  const running = inputs.value(index).variable;
  if (!running) throw inputs.node.unsupported('has statistics that are not stored in the file');
  const towards = tf.mul(tf.reshape(batch, running.shape), 1 - momentum);
  running.assign(tf.add(tf.mul(running, momentum), towards));
}

export const normalization: Readonly<Record<string, Operator>> = { InstanceNormalization, BatchNormalization };
