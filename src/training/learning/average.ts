import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from './parameters';

const DECAY = 0.995;

/**
 * Exponential moving average of parameters, which is what gets shipped: single steps pull to and fro. Quick at first, so
 * that the start is soon forgotten.
 */
export class MovingAverage {
  readonly #parameters: Parameters;
  #vector: tf.Tensor1D;

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
    this.#vector = tf.keep(parameters.flatten());
  }

  /** Takes in the parameters as they are after step number `step`, counted from 0. */
  update(step: number): void {
    const decay = Math.min(DECAY, (1 + step) / (10 + step));
    const moved = tf.tidy(() =>
      tf.add<tf.Tensor1D>(this.#vector, tf.mul(tf.sub(this.#parameters.flatten(), this.#vector), 1 - decay)),
    );
    this.#vector.dispose();
    this.#vector = tf.keep(moved);
  }

  /** Runs something with the averages in the parameters' place. */
  during<T>(work: () => Promise<T>): Promise<T> {
    return this.#parameters.during(this.#vector, work);
  }

  async values(): Promise<Float32Array> {
    return Float32Array.from(await this.#vector.data());
  }

  /** @throws RangeError for the averages of other parameters. */
  restore(values: Float32Array): void {
    if (values.length !== this.#parameters.size) {
      throw new RangeError(`There are ${this.#parameters.size} parameters, not ${values.length}.`);
    }
    this.#vector.dispose();
    this.#vector = tf.keep(tf.tensor1d(values));
  }

  dispose(): void {
    this.#vector.dispose();
  }
}
