import * as tf from '@tensorflow/tfjs-core';
import { axesIn } from '../value';
import type { Operator } from './operator';

type Reduce = (x: tf.Tensor, axes: number[]) => tf.Tensor;

/** Reductions that keep their axes; ONNX's `keepdims` = 0 drops them afterwards. */
function reduction(reduce: Reduce, axesFrom: 'attribute' | 'input'): Operator {
  return {
    numbers: axesFrom === 'input' ? [1] : [],
    compile(node) {
      const keep = node.int('keepdims', 1) !== 0;
      const fixed = axesFrom === 'attribute' ? node.ints('axes') : undefined;
      if (axesFrom === 'input') node.only('noop_with_empty_axes', 0);
      return (inputs) => {
        const { shape, rank, layout: home } = inputs.value(0);
        const given = fixed ?? (node.has(1) ? inputs.numbers(1) : []);
        const axes = (given.length ? given : shape.map((_, i) => i)).map((axis) => (axis < 0 ? axis + rank : axis));
        const layout = keep ? home : 'plain';
        const reduced = reduce(inputs.in(layout, 0), axesIn(layout, axes, rank));
        const left = shape.filter((_, axis) => !axes.includes(axis));
        return { tensor: keep ? reduced : tf.reshape(reduced, left), layout };
      };
    },
  };
}

/** The greatest values; where several are equal each gets its share of the gradient, which TensorFlow.js's would not. */
const greatest: Reduce = (x, axes) => {
  const compute = tf.customGrad((x, save) => {
    if (!(x instanceof tf.Tensor) || typeof save !== 'function') throw new TypeError('Expected a tensor to reduce.');
    const most = tf.max(x, axes, true);
    save([x, most]);
    return {
      value: most,
      gradFunc(dy: tf.Tensor, [x, most]: tf.Tensor[]) {
        const where = tf.cast(tf.equal(x, most), 'float32');
        return tf.mul(where, tf.div(dy, tf.sum(where, axes, true)));
      },
    };
  });
  return compute(x);
};

export const reductions: Readonly<Record<string, Operator>> = {
  ReduceMax: reduction(greatest, 'attribute'),
  ReduceMean: reduction((x, axes) => tf.mean(x, axes, true), 'attribute'),
  ReduceSum: reduction((x, axes) => tf.sum(x, axes, true), 'input'),
};
