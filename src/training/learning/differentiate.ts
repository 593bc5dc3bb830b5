import * as tf from '@tensorflow/tfjs-core';

/** A loss as a sum of weighted terms; `values` are shown, unweighted, and need not be terms. */
export interface Loss {
  readonly total: tf.Scalar;
  readonly values: Readonly<Record<string, tf.Scalar>>;
}

/** Gradients of a loss and its values; the owner disposes of it. */
export interface Gradients {
  /** By the variables' own names. */
  readonly gradients: tf.NamedTensorMap;
  readonly total: tf.Scalar;
  readonly values: Readonly<Record<string, tf.Scalar>>;
  dispose(): void;
}

/** The loss's gradient by the variables that can be trained. What else `loss` makes is freed. */
export function differentiate(variables: readonly tf.Variable[], loss: () => Loss): Gradients {
  const kept: Record<string, tf.Scalar> = {};
  try {
    const { value, grads } = tf.variableGrads(
      () => {
        const { total, values } = loss();
        for (const [name, scalar] of Object.entries(values)) kept[name] = tf.keep(tf.clone(scalar));
        return total;
      },
      variables.filter(({ trainable }) => trainable),
    );
    const all = { gradients: grads, total: value, values: kept };
    return { ...all, dispose: () => tf.dispose(all) };
  } catch (error) {
    tf.dispose(kept);
    freeTape();
    throw error;
  }
}

/** What operations saved for their gradients: TensorFlow.js frees it after a backward pass, not after a failure. */
function freeTape(): void {
  const { state } = tf.engine();
  for (const { saved } of state.activeTape ?? []) tf.dispose(saved);
  state.activeTape = [];
}
