import * as tf from '@tensorflow/tfjs-core';
import { C1, C2, TAPS } from '../../compute/kernels/ssim/constants';

/**
 * 1 − SSIM (Wang et al. 2004) of [N, H, W, C] in [0, 1]: 11×11 Gaussian window of σ 1.5, mean over the places where the
 * window lies inside as a whole. Scalar in [0, 2].
 * @throws RangeError for pictures smaller than the window.
 */
export function dissimilarity(a: tf.Tensor4D, b: tf.Tensor4D): tf.Scalar {
  const [, height, width, channels] = a.shape;
  if (height < TAPS.length || width < TAPS.length) {
    throw new RangeError(`SSIM looks at ${TAPS.length}×${TAPS.length} pixels; the picture is ${width}×${height}.`);
  }
  const taps = tf.tile(tf.tensor4d([...TAPS], [TAPS.length, 1, 1, 1]), [1, 1, channels, 1]);
  const across = tf.reshape<tf.Rank.R4>(taps, [1, TAPS.length, channels, 1]);
  const blur = (x: tf.Tensor4D) => tf.depthwiseConv2d(tf.depthwiseConv2d(x, across, 1, 'valid'), taps, 1, 'valid');

  const [meanA, meanB] = [blur(a), blur(b)];
  const product = tf.mul(meanA, meanB);
  const squares = tf.add(tf.square(meanA), tf.square(meanB));
  const covariance = tf.sub(blur(tf.mul(a, b)), product);
  // Rounding may leave a plain place with a variance below zero.
  const variance = (x: tf.Tensor4D, mean: tf.Tensor4D) => tf.relu(tf.sub(blur(tf.square(x)), tf.square(mean)));
  const variances = tf.add(variance(a, meanA), variance(b, meanB));

  const above = tf.mul(tf.add(tf.mul(product, 2), C1), tf.add(tf.mul(covariance, 2), C2));
  const below = tf.mul(tf.add(squares, C1), tf.add(variances, C2));
  return tf.sub<tf.Scalar>(1, tf.mean(tf.div(above, below)));
}
