import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from './elementwise';

/** Losses of edge maps [N, H, W, 1], given as logits: sigmoid makes edge strength of them. Every loss is a scalar. */

/**
 * Mean binary cross-entropy between the edges found in a result and those it was made from.
 * @param border px left out all around: at a crop's border edges differ from the whole image's.
 */
export function edgeLoss(logits: tf.Tensor4D, edges: tf.Tensor4D, border = 0): tf.Scalar {
  const [batch, height, width] = logits.shape;
  const inner = (x: tf.Tensor4D) =>
    tf.slice(x, [0, border, border, 0], [batch, height - 2 * border, width - 2 * border, 1]);
  return tf.mean(crossEntropy(inner(logits), inner(edges)));
}

/** Weight of what is no edge, relative to balance (Liu et al., CVPR 2017; PiDiNet's value). */
const LAMBDA = 1.1;

/**
 * Cross-entropy with soft edge strength in [0, 1], balanced in each picture so that edges weigh as much as all the rest:
 * PiDiNet's weights where every pixel is an edge to some degree, as a mean instead of a sum.
 */
export function balancedEdgeLoss(logits: tf.Tensor4D, edges: tf.Tensor4D): tf.Scalar {
  const share = tf.mean(edges, [1, 2, 3], true);
  const positive = tf.mul(edges, tf.sub(1, share));
  const negative = tf.mul(tf.mul(tf.sub(1, edges), LAMBDA), share);
  const weight = tf.add(positive, negative);
  const total = tf.sum<tf.Scalar>(tf.mul(crossEntropy(logits, edges), weight));
  return tf.div(total, tf.maximum(tf.sum(weight), 1e-6));
}

/** Share of annotators from which a pixel counts as an edge, of 256 (η = .3). */
const CERTAIN = 0.3 * 256;

/**
 * Annotator-robust loss of RCF and PiDiNet (Liu et al., CVPR 2017, eq. 1): cross-entropy summed over maps and pixels,
 * mean over pictures. No mark is negative, a mark below η·256 is left out, the rest is positive; both sides are balanced
 * within each picture.
 * @param logits the network's maps, [N, H, W, 1] each.
 * @param labels 0 to 255: 255 times the share of annotators who marked the pixel.
 */
export function annotatorRobustLoss(logits: readonly tf.Tensor4D[], labels: tf.Tensor4D): tf.Scalar {
  const positive = tf.cast<tf.Tensor4D>(tf.greaterEqual(labels, CERTAIN), 'float32');
  const negative = tf.cast<tf.Tensor4D>(tf.equal(labels, 0), 'float32');
  const [positives, negatives] = [positive, negative].map((side) => tf.sum(side, [1, 2, 3], true));
  const total = tf.maximum(tf.add(positives, negatives), 1);
  const weight = tf.add(
    tf.mul(positive, tf.div(negatives, total)),
    tf.mul(negative, tf.div(tf.mul(positives, LAMBDA), total)),
  );
  const sums = logits.map((map) => tf.sum<tf.Scalar>(tf.mul(crossEntropy(map, positive), weight)));
  return tf.div(tf.addN(sums), labels.shape[0]);
}
