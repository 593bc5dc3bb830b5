import * as tf from '@tensorflow/tfjs-core';
import type { TrainerState } from '../run/trainer';
import { Adam, type AdamSettings } from './adam';
import { Parameters } from './parameters';

/** Variables and their optimiser, with a state that can be stored. The variables' owner is the caller. */
export class Optimized {
  /** All variables, those included that gradients do not train. */
  readonly all: Parameters;
  /** Those that gradients train. */
  readonly trained: Parameters;
  readonly #adam: Adam;

  constructor(variables: ReadonlyMap<string, tf.Variable>, settings: AdamSettings) {
    this.all = new Parameters(variables);
    this.trained = new Parameters(new Map([...variables].filter(([, { trainable }]) => trainable)));
    this.#adam = new Adam(this.trained, settings);
  }

  /** @param gradient of the trained parameters; only read. */
  apply(gradient: tf.Tensor1D, rate: number): void {
    this.#adam.apply(gradient, rate);
  }

  async state(): Promise<TrainerState> {
    const weights = this.all.flatten();
    try {
      const { steps, first, second } = await this.#adam.state();
      return new Map([
        ['weights', Float32Array.from(await weights.data())],
        ['adam.steps', Float32Array.of(steps)],
        ['adam.first', first],
        ['adam.second', second],
      ]);
    } finally {
      weights.dispose();
    }
  }

  /** @throws RangeError for the state of other variables; then nothing is changed. */
  restore(state: TrainerState): void {
    const weights = valuesOf(state, 'weights', this.all.size);
    const [steps] = valuesOf(state, 'adam.steps', 1);
    this.#adam.restore({ steps, first: valuesOf(state, 'adam.first'), second: valuesOf(state, 'adam.second') });
    tf.tidy(() => this.all.assign(tf.tensor1d(weights)));
  }

  dispose(): void {
    this.#adam.dispose();
  }
}

/** @throws RangeError if there are none, or not as many as there should be. */
export function valuesOf(state: TrainerState, name: string, count?: number): Float32Array {
  const values = state.get(name);
  if (!values) throw new RangeError(`The state lacks ${name}.`);
  if (count !== undefined && values.length !== count) {
    throw new RangeError(`The state has ${values.length} values for ${name}, not ${count}.`);
  }
  return values;
}

/** States of several parts as one, and back. */
export function joinStates(states: Readonly<Record<string, TrainerState>>): TrainerState {
  const joined = new Map<string, Float32Array>();
  for (const [part, state] of Object.entries(states)) {
    for (const [name, values] of state) joined.set(`${part}.${name}`, values);
  }
  return joined;
}

export function partOfState(state: TrainerState, part: string): TrainerState {
  const prefix = `${part}.`;
  const found = new Map<string, Float32Array>();
  for (const [name, values] of state) if (name.startsWith(prefix)) found.set(name.slice(prefix.length), values);
  return found;
}
