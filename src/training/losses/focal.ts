import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from './elementwise';

/** Between these shares of the batch, marked and unmarked pixels weigh the same as a whole. */
const [LEAST_SHARE, GREATEST_SHARE] = [0.01, 0.5];

/**
 * Focal loss (Lin et al., ICCV 2017) with γ = 2: (1 − p_t)² · cross-entropy, mean over pixels. Marked and unmarked
 * pixels weigh alike on average over the batch, within bounds, so that small defects count.
 * @param logits [N, H, W, 1].
 * @param mask 0 or 1, same shape.
 */
export function focalLoss(logits: tf.Tensor4D, mask: tf.Tensor4D): tf.Scalar {
  const p = tf.sigmoid(logits);
  const wrong = tf.sub(tf.add(p, mask), tf.mul(tf.mul(p, mask), 2));
  const share = tf.clipByValue(tf.mean(mask), LEAST_SHARE, GREATEST_SHARE);
  const weight = tf.add(tf.div(tf.mul(mask, 0.5), share), tf.div(tf.mul(tf.sub(1, mask), 0.5), tf.sub(1, share)));
  return tf.mean(tf.mul(tf.mul(tf.square(wrong), crossEntropy(logits, mask)), weight));
}
