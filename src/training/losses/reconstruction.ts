import * as tf from '@tensorflow/tfjs-core';
import { absolute, weightedMean } from './elementwise';

/**
 * How far a picture is from its target. Pictures are [N, H, W, C] in [0, 1], masks [N, H, W, 1] of 0 and 1; every loss
 * is a scalar.
 */

/** Mean absolute difference over the pixels that are known. */
export function maskedL1(result: tf.Tensor4D, target: tf.Tensor4D, known: tf.Tensor4D): tf.Scalar {
  return weightedMean(absolute(tf.sub(result, target)), known, 1);
}

/** L1 between averages over cells of `cell` × `cell` px, those that are known all over: colour before detail. */
export function colourLoss(result: tf.Tensor4D, target: tf.Tensor4D, known: tf.Tensor4D, cell = 8): tf.Scalar {
  const average = (x: tf.Tensor4D) => tf.avgPool(x, cell, cell, 'valid');
  return maskedL1(average(result), average(target), allOver(known, cell));
}

/**
 * L1 between the finite differences of result and target at full, half and quarter resolution. Where a pixel is not
 * known nothing is asked, but where `empty` is 1 the differences should vanish: a place without edges is a plain one.
 */
export function gradientLoss(
  result: tf.Tensor4D,
  target: tf.Tensor4D,
  known: tf.Tensor4D,
  empty: tf.Tensor4D,
  scales = 3,
): tf.Scalar {
  const terms: tf.Scalar[] = [];
  for (let scale = 0; scale < scales; scale++) {
    if (scale > 0) {
      [result, target] = [result, target].map((x) => tf.avgPool(x, 2, 2, 'valid'));
      [known, empty] = [known, empty].map((mask) => allOver(mask, 2));
    }
    for (const axis of [1, 2] as const) {
      const knownPairs = tf.mul(...ends(known, axis));
      const emptyPairs = tf.mul(...ends(empty, axis));
      const weight: tf.Tensor4D = tf.minimum(tf.add(knownPairs, emptyPairs), 1);
      const wanted = tf.mul(difference(target, axis), knownPairs);
      const wrong: tf.Tensor4D = tf.sub(difference(result, axis), wanted);
      terms.push(weightedMean(absolute(wrong), weight, 1));
    }
  }
  return tf.div(tf.addN(terms), scales);
}

/** 1 where the mask is 1 over the whole cell. */
function allOver(mask: tf.Tensor4D, cell: number): tf.Tensor4D {
  const missing: tf.Tensor4D = tf.sub(1, mask);
  return tf.sub(1, tf.maxPool(missing, cell, cell, 'valid'));
}

/** Everything but the last sample along the axis, and everything but the first. */
function ends(x: tf.Tensor4D, axis: 1 | 2): [tf.Tensor4D, tf.Tensor4D] {
  const size = x.shape.map((length, i) => (i === axis ? length - 1 : length)) as [number, number, number, number];
  const from = x.shape.map((_, i) => (i === axis ? 1 : 0)) as [number, number, number, number];
  return [tf.slice(x, [0, 0, 0, 0], size), tf.slice(x, from, size)];
}

function difference(x: tf.Tensor4D, axis: 1 | 2): tf.Tensor4D {
  const [before, after] = ends(x, axis);
  return tf.sub(after, before);
}
