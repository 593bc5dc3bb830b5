import * as tf from '@tensorflow/tfjs-core';
import { commonLayout } from '../value';
import type { Operator } from './operator';

/** Operators on each element alone, in whatever layout the values lie. */

function binary(compute: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Operator {
  return {
    compile: () => (inputs) => {
      const layout = commonLayout([inputs.value(0), inputs.value(1)]);
      return { tensor: compute(inputs.in(layout, 0), inputs.in(layout, 1)), layout };
    },
  };
}

function unary(compute: (x: tf.Tensor) => tf.Tensor): Operator {
  return {
    compile: () => (inputs) => {
      const { layout } = inputs.value(0);
      return { tensor: compute(inputs.in(layout, 0)), layout };
    },
  };
}

export const elementwise: Readonly<Record<string, Operator>> = {
  Add: binary((a, b) => tf.add(a, b)),
  Sub: binary((a, b) => tf.sub(a, b)),
  Mul: binary((a, b) => tf.mul(a, b)),
  Div: binary((a, b) => tf.div(a, b)),
  Exp: unary((x) => tf.exp(x)),
  Identity: unary((x) => tf.clone(x)),
  Log: unary((x) => tf.log(x)),
  Neg: unary((x) => tf.neg(x)),
  Relu: unary((x) => tf.relu(x)),
  Sigmoid: unary((x) => tf.sigmoid(x)),
  Sqrt: unary((x) => tf.sqrt(x)),
  Tanh: unary((x) => tf.tanh(x)),
  LeakyRelu: {
    compile(node) {
      const slope = node.float('alpha', 0.01);
      return (inputs) => {
        const { layout } = inputs.value(0);
        return { tensor: tf.leakyRelu(inputs.in(layout, 0), slope), layout };
      };
    },
  },
};
