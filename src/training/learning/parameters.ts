import * as tf from '@tensorflow/tfjs-core';

/**
 * Variables seen as one vector, in a fixed order. Optimisers and averages work on the vector: a few operations over all
 * weights instead of a few for each of hundreds of variables, which on a GPU is what their time goes into.
 */
export class Parameters {
  readonly names: readonly string[];
  /** Elements of all variables together. */
  readonly size: number;
  readonly #variables: readonly tf.Variable[];

  /** @param variables owned by the caller. */
  constructor(variables: ReadonlyMap<string, tf.Variable>) {
    this.names = [...variables.keys()];
    this.#variables = [...variables.values()];
    this.size = this.#variables.reduce((sum, variable) => sum + variable.size, 0);
  }

  get variables(): readonly tf.Variable[] {
    return this.#variables;
  }

  /** Their present values, [size]; the caller's to dispose of. */
  flatten(): tf.Tensor1D {
    return this.#joined(this.#variables);
  }

  /**
   * Gradients as `tf.variableGrads` returns them, by the variables' own names, as a vector [size]: 0 for a variable that
   * the loss did not depend on.
   */
  flattenGradients(gradients: tf.NamedTensorMap): tf.Tensor1D {
    return tf.tidy(() =>
      this.#joined(this.#variables.map((variable) => gradients[variable.name] ?? tf.zerosLike(variable))),
    );
  }

  /** Gives the variables the vector's values. */
  assign(vector: tf.Tensor1D): void {
    tf.tidy(() => {
      let at = 0;
      for (const variable of this.#variables) {
        variable.assign(tf.reshape(tf.slice(vector, at, variable.size), variable.shape));
        at += variable.size;
      }
    });
  }

  /** Runs something with the vector's values in the variables, and puts the present ones back. */
  async during<T>(vector: tf.Tensor1D, work: () => Promise<T>): Promise<T> {
    const present = this.flatten();
    try {
      this.assign(vector);
      return await work();
    } finally {
      this.assign(present);
      present.dispose();
    }
  }

  /** A value for each element: that of its variable. */
  expand(valueOf: (name: string) => number): Float32Array {
    const out = new Float32Array(this.size);
    let at = 0;
    this.#variables.forEach((variable, i) => {
      out.fill(valueOf(this.names[i]), at, at + variable.size);
      at += variable.size;
    });
    return out;
  }

  /** A vector's values by the variables' names. */
  split(vector: Float32Array): Map<string, Float32Array> {
    let at = 0;
    return new Map(
      this.#variables.map((variable, i) => [this.names[i], vector.slice(at, (at += variable.size))] as const),
    );
  }

  /** The inverse of {@link split}. @throws RangeError if a variable has no values, or not as many as it takes. */
  join(values: ReadonlyMap<string, Float32Array>): Float32Array {
    const out = new Float32Array(this.size);
    let at = 0;
    this.#variables.forEach(({ size }, i) => {
      const own = values.get(this.names[i]);
      if (own?.length !== size)
        throw new RangeError(`${this.names[i]} takes ${size} values, not ${own?.length ?? 'none'}.`);
      out.set(own, at);
      at += size;
    });
    return out;
  }

  #joined(tensors: readonly tf.Tensor[]): tf.Tensor1D {
    return tf.tidy(() => {
      const flat = tensors.map((tensor) => tf.reshape<tf.Rank.R1>(tensor, [-1]));
      return flat.length === 1 ? tf.clone(flat[0]) : tf.concat(flat);
    });
  }
}
