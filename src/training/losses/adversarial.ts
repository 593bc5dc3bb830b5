import * as tf from '@tensorflow/tfjs-core';
import { absolute } from './elementwise';

/** What a discriminator of several scales says: the outputs of every layer of a scale, the last of them the scores. */
export type Judgement = readonly (readonly tf.Tensor4D[])[];

/** LSGAN (Mao et al., ICCV 2017): mean squared difference of the scores from 1 (real) or 0, summed over the scales. */
export function adversarialLoss(judgement: Judgement, real: boolean): tf.Scalar {
  const goal = real ? 1 : 0;
  return tf.addN(judgement.map((layers) => tf.mean<tf.Scalar>(tf.square(tf.sub(layers[layers.length - 1], goal)))));
}

/**
 * Feature matching of pix2pixHD (Wang et al., CVPR 2018, eq. 4): L1 between the inner layers' outputs for fake and real
 * pair, averaged over layers and scales.
 */
export function matchingLoss(fake: Judgement, real: Judgement): tf.Scalar {
  const terms = fake.flatMap((layers, scale) =>
    layers.slice(0, -1).map((layer, i) => tf.mean<tf.Scalar>(absolute(tf.sub(layer, real[scale][i])))),
  );
  return tf.div(tf.addN(terms), terms.length);
}
