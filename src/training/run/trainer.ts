import type { Raster } from '../../core/raster';
import type { Random } from '../../core/random';
import type { SavedGraph } from '../graph/graph';

/** What a step is told. */
export interface StepContext {
  /** Counted from 0. */
  readonly step: number;
  /** Share of the run that lies behind, [0, 1). */
  readonly progress: number;
  readonly rate: number;
  readonly batch: number;
  /** The step's own source of chance: the same for the same seed and step, whatever came before. */
  readonly random: Random;
  readonly signal?: AbortSignal;
}

/** What measuring on held-out pictures came to. */
export interface Measurement {
  /** By which the best weights are chosen; greater is better. */
  readonly score: number;
  readonly values: Readonly<Record<string, number>>;
  /** What the network's file says of itself with these weights: entries of its metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The values of weights by the names of their initializers. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** Everything that steps change, by name, to go on from later. */
export type TrainerState = ReadonlyMap<string, Float32Array>;

/** A held-out picture and what the network makes of it, to be looked at while it trains. */
export interface TrainingSample {
  readonly name: string;
  readonly pictures: readonly { readonly title: string; readonly raster: Raster }[];
}

/** One task's networks, data and losses: what a {@link TrainingRun} drives. It owns its tensors. */
export interface Trainer {
  /**
   * One step. When it throws, weights and optimiser are as before, so that it can be done again.
   * @returns the losses, unweighted, by name.
   * @throws StudioError `model-failed` when a loss is not finite, `cancelled`.
   */
  step(context: StepContext): Promise<Record<string, number>>;
  /** Measures the weights that would be shipped, on pictures that are not trained on. */
  measure(signal?: AbortSignal): Promise<Measurement>;
  /** What the weights that would be shipped make of the first held-out pictures, `count` at most. */
  samples(count: number, signal?: AbortSignal): Promise<TrainingSample[]>;
  /** The weights that would be shipped now: the moving average. */
  weights(): Promise<Weights>;
  /** The network's file with these weights, and what a measurement says of them. */
  save(weights: Weights, metadata?: Measurement['metadata']): Promise<SavedGraph>;
  state(): Promise<TrainerState>;
  /** @throws RangeError for the state of another network. */
  restore(state: TrainerState): void;
  dispose(): void;
}
