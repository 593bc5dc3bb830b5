import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from './parameters';

export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon?: number;
  /** L2: this times the weights is added to their gradient. */
  readonly weightDecay?: number;
  /** The gradient's norm over all parameters is cut to this. */
  readonly clip?: number;
  /** How much faster than the rest the variable of this name learns. */
  readonly factor?: (name: string) => number;
}

/** What an {@link Adam} has learnt, besides the parameters. */
export interface AdamState {
  readonly steps: number;
  /** Moving averages of the gradient and of its square, as many values as there are parameters. */
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/**
 * Adam (Kingma and Ba, ICLR 2015) as PyTorch computes it, over all variables as one vector, with a state that can be
 * stored: an optimiser that was restored goes on exactly as the first would have.
 */
export class Adam {
  readonly #parameters: Parameters;
  readonly #settings: Required<Omit<AdamSettings, 'factor' | 'clip'>> & Pick<AdamSettings, 'clip'>;
  readonly #factors: tf.Tensor1D | null;
  #steps = 0;
  #first: tf.Tensor1D;
  #second: tf.Tensor1D;

  constructor(parameters: Parameters, { factor, ...settings }: AdamSettings) {
    this.#parameters = parameters;
    this.#settings = { epsilon: 1e-8, weightDecay: 0, ...settings };
    const { size } = parameters;
    // Tensors that are kept: this may be called within a tidy.
    this.#first = tf.keep(tf.zeros<tf.Rank.R1>([size]));
    this.#second = tf.keep(tf.zeros<tf.Rank.R1>([size]));
    this.#factors = factor ? tf.keep(tf.tensor1d(parameters.expand(factor))) : null;
  }

  /**
   * One step.
   * @param vector the gradient, [size]; only read.
   * @param rate the learning rate.
   */
  apply(vector: tf.Tensor1D, rate: number): void {
    const { beta1, beta2, epsilon, weightDecay, clip } = this.#settings;
    const steps = this.#steps + 1;
    const [first, second] = tf.tidy(() => {
      const weights = this.#parameters.flatten();
      let gradient = vector;
      if (clip !== undefined) {
        const norm = tf.sqrt(tf.sum(tf.square(gradient)));
        gradient = tf.mul(gradient, tf.minimum(1, tf.div(clip, tf.add(norm, 1e-6))));
      }
      if (weightDecay > 0) gradient = tf.add(gradient, tf.mul(weights, weightDecay));
      const first: tf.Tensor1D = tf.add(tf.mul(this.#first, beta1), tf.mul(gradient, 1 - beta1));
      const second: tf.Tensor1D = tf.add(tf.mul(this.#second, beta2), tf.mul(tf.square(gradient), 1 - beta2));
      const scale = tf.add(tf.mul(tf.sqrt(second), 1 / Math.sqrt(1 - beta2 ** steps)), epsilon);
      const step = tf.mul(tf.div(first, scale), rate / (1 - beta1 ** steps));
      this.#parameters.assign(tf.sub(weights, this.#factors ? tf.mul(step, this.#factors) : step));
      return [first, second];
    });
    this.#first.dispose();
    this.#second.dispose();
    this.#first = tf.keep(first);
    this.#second = tf.keep(second);
    this.#steps = steps;
  }

  async state(): Promise<AdamState> {
    const [first, second] = await Promise.all(
      [this.#first, this.#second].map(async (each) => Float32Array.from(await each.data())),
    );
    return { steps: this.#steps, first, second };
  }

  /** @throws RangeError for the state of an optimiser over other parameters. */
  restore({ steps, first, second }: AdamState): void {
    const { size } = this.#parameters;
    if (first.length !== size || second.length !== size) {
      throw new RangeError(`The optimiser has ${size} parameters, not ${first.length}.`);
    }
    this.#first.dispose();
    this.#second.dispose();
    this.#first = tf.keep(tf.tensor1d(first));
    this.#second = tf.keep(tf.tensor1d(second));
    this.#steps = steps;
  }

  dispose(): void {
    tf.dispose([this.#first, this.#second]);
    this.#factors?.dispose();
  }
}
