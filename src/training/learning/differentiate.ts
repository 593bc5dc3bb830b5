import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from './parameters';

/** A loss as a sum of weighted terms; `values` are shown, unweighted, and need not be terms. */
export interface Loss {
  readonly total: tf.Scalar;
  readonly values: Readonly<Record<string, tf.Scalar>>;
}

/** A loss's gradient and values; the owner disposes of it. */
export interface Gradient {
  /** By the parameters' elements, [size]. */
  readonly vector: tf.Tensor1D;
  /** Its Euclidean norm. */
  readonly norm: tf.Scalar;
  readonly total: tf.Scalar;
  readonly values: Readonly<Record<string, tf.Scalar>>;
  dispose(): void;
}

/** The loss's gradient by the parameters, all of which can be trained. What else `loss` makes is freed. */
export function differentiate(parameters: Parameters, loss: () => Loss): Gradient {
  const kept: Record<string, tf.Scalar> = {};
  try {
    const { value, grads } = tf.variableGrads(() => {
      const { total, values } = loss();
      for (const [name, scalar] of Object.entries(values)) kept[name] = tf.keep(tf.clone(scalar));
      return total;
    }, [...parameters.variables]);
    const vector = flatten(parameters, grads);
    const norm = tf.tidy(() => tf.sqrt<tf.Scalar>(tf.sum(tf.square(vector))));
    const all = { vector, norm, total: value, values: kept };
    return { ...all, dispose: () => tf.dispose(all) };
  } catch (error) {
    tf.dispose(kept);
    freeTape();
    throw error;
  }
}

function flatten(parameters: Parameters, gradients: tf.NamedTensorMap): tf.Tensor1D {
  try {
    return parameters.flattenGradients(gradients);
  } finally {
    tf.dispose(gradients);
  }
}

/** What operations saved for their gradients: TensorFlow.js frees it after a backward pass, not after a failure. */
function freeTape(): void {
  const { state } = tf.engine();
  for (const { saved } of state.activeTape ?? []) tf.dispose(saved);
  state.activeTape = [];
}
