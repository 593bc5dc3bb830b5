import * as tf from '@tensorflow/tfjs-core';

/** |x|, with a gradient of 0 at 0; TensorFlow.js's own is −1 there, which pulls at places that are right already. */
export function absolute<T extends tf.Tensor>(x: T): T {
  return tf.mul(x, tf.sign(x));
}

/** Binary cross-entropy of σ(logits) with labels in [0, 1], each element: softplus(z) − z·y, with the gradient σ(z) − y. */
export function crossEntropy<T extends tf.Tensor>(logits: T, labels: T): T {
  return tf.sub(tf.softplus(logits), tf.mul(logits, labels));
}

/** Σ values·weights / max(floor, Σ weights); the weights are broadcast over the channels, and none is negative. */
export function weightedMean(values: tf.Tensor4D, weights: tf.Tensor4D, floor: number): tf.Scalar {
  const spread = values.shape[3] / weights.shape[3];
  const total = tf.mul(tf.sum(weights), spread);
  return tf.div(tf.sum<tf.Scalar>(tf.mul(values, weights)), tf.maximum(total, floor));
}
