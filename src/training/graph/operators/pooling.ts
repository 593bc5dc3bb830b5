import * as tf from '@tensorflow/tfjs-core';
import type { GraphNode } from '../node';
import { axesIn } from '../value';
import { padded } from './convolution';
import { windowOf, type Operator, type Window } from './operator';

interface Pool extends Window {
  readonly size: [number, number];
}

function poolOf(node: GraphNode): Pool {
  const window = windowOf(node);
  node.only('ceil_mode', 0);
  const size = node.ints('kernel_shape');
  if (size?.length !== 2) throw node.unsupported('pools over other than images');
  return { ...window, size: [size[0], size[1]] };
}

/** Lower than any finite value of a network, and finite, since a padded infinity times a gradient of 0 is no number. */
const LOWEST = -3.4e38;

const MaxPool: Operator = {
  compile(node) {
    const { size, strides, pads } = poolOf(node);
    node.onlyOnes('dilations');
    node.only('storage_order', 0);
    return (inputs) => {
      const x = inputs.images(0);
      const around = pads.some((pad) => pad > 0) ? padded(x, pads, LOWEST) : x;
      return { tensor: tf.maxPool(around, size, strides, 'valid'), layout: 'channels-last' };
    };
  },
};

const AveragePool: Operator = {
  compile(node) {
    const { size, strides, pads } = poolOf(node);
    const countPadding = node.int('count_include_pad', 0) !== 0;
    return (inputs) => {
      const x = inputs.images(0);
      if (pads.every((pad) => pad === 0)) {
        return { tensor: tf.avgPool(x, size, strides, 'valid'), layout: 'channels-last' };
      }
      const average = tf.avgPool(padded(x, pads), size, strides, 'valid');
      if (countPadding) return { tensor: average, layout: 'channels-last' };
      const [, height, width] = x.shape;
      const inside = tf.avgPool(padded(tf.ones([1, height, width, 1]), pads), size, strides, 'valid');
      return { tensor: tf.div(average, inside), layout: 'channels-last' };
    };
  },
};

const GlobalAveragePool: Operator = {
  compile: () => (inputs) => {
    const { layout, rank } = inputs.value(0);
    return { tensor: tf.mean(inputs.in(layout, 0), axesIn(layout, spatialAxes(rank), rank), true), layout };
  },
};

/** All axes but those of the batch and the channels. */
export function spatialAxes(rank: number): number[] {
  return Array.from({ length: rank - 2 }, (_, i) => 2 + i);
}

export const pooling: Readonly<Record<string, Operator>> = { MaxPool, AveragePool, GlobalAveragePool };
