import type * as tf from '@tensorflow/tfjs-core';
import type { SavedGraph, TrainableGraph } from '../graph/graph';
import type { TrainerState, Weights } from '../run/trainer';
import type { AdamSettings } from './adam';
import { MovingAverage } from './average';
import { Optimized, valuesOf } from './optimized';
import { Parameters } from './parameters';

/** A network under training: its graph, its optimiser and the moving average of its weights. It owns all three. */
export class Learner {
  readonly graph: TrainableGraph;
  /** What no gradient trains but a forward pass may move: statistics of normalisations. */
  readonly #statistics: Parameters | null;
  readonly #optimized: Optimized;
  readonly #average: MovingAverage;

  constructor(graph: TrainableGraph, settings: AdamSettings) {
    this.graph = graph;
    const others = new Map([...graph.variables].filter(([, { trainable }]) => !trainable));
    this.#statistics = others.size > 0 ? new Parameters(others) : null;
    this.#optimized = new Optimized(graph.variables, settings);
    this.#average = new MovingAverage(this.#optimized.all);
  }

  /** What gradients train. */
  get trained(): Parameters {
    return this.#optimized.trained;
  }

  /** Moves weights along the gradient and takes them into the average. */
  apply(gradient: tf.Tensor1D, rate: number, step: number): void {
    this.#optimized.apply(gradient, rate);
    this.#average.update(step);
  }

  /** Runs what moves statistics on its way; if it fails they are put back. */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#statistics) return work();
    const before = this.#statistics.flatten();
    try {
      return await work();
    } catch (error) {
      this.#statistics.assign(before);
      throw error;
    } finally {
      before.dispose();
    }
  }

  /** Runs something with the average weights in the network. */
  withAverage<T>(work: () => Promise<T>): Promise<T> {
    return this.#average.during(work);
  }

  /** The average weights. */
  async weights(): Promise<Weights> {
    return this.#optimized.all.split(await this.#average.values());
  }

  save(weights: Weights, metadata: Readonly<Record<string, string>> = {}): Promise<SavedGraph> {
    return this.graph.save({ values: weights, metadata });
  }

  async state(): Promise<TrainerState> {
    return new Map([...(await this.#optimized.state()), ['average', await this.#average.values()]]);
  }

  /** @throws RangeError for the state of another network; then nothing is changed. */
  restore(state: TrainerState): void {
    const average = valuesOf(state, 'average', this.#optimized.all.size);
    this.#optimized.restore(state);
    this.#average.restore(average);
  }

  dispose(): void {
    this.#optimized.dispose();
    this.#average.dispose();
    this.graph.dispose();
  }
}
