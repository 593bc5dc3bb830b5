import { StudioError, throwIfCancelled } from '../../core/errors';
import { Random } from '../../core/random';
import type { SavedGraph } from '../graph/graph';
import { learningRate } from '../learning/schedule';
import type { TensorFlow } from '../tensorflow';
import { encodeCheckpoint, type Checkpoint, type MeasuredAt } from './checkpoint';
import type { TrainingConfig } from './config';
import { isOutOfMemory } from './memory';
import { badCheckpoint } from './safetensors';
import type { Trainer, TrainingSample, Weights } from './trainer';

/** A step that was done. */
export interface StepReport {
  /** Steps done by now. */
  readonly step: number;
  /** Unweighted, by name. */
  readonly losses: Readonly<Record<string, number>>;
  readonly rate: number;
  readonly batch: number;
  readonly seconds: number;
}

export type TrainingEvent =
  | ({ readonly kind: 'step' } & StepReport)
  | ({
      readonly kind: 'measurement';
      /** Whether these are the best weights so far. */
      readonly best: boolean;
      /** How many measurements have brought nothing better: from {@link PATIENCE} on, stopping is a good idea. */
      readonly since: number;
    } & MeasuredAt);

/** Measurements without a better one after which a run may as well be stopped. */
export const PATIENCE = 6;
/** A score is better if it is by more than this. */
const MARGIN = 1e-4;

/**
 * One training run, step by step: it keeps count, sets the learning rate, measures, keeps the best weights, and can be
 * stored and taken up again between any two steps, after which it goes on as if it had not been interrupted. It owns the
 * trainer.
 */
export class TrainingRun {
  readonly config: TrainingConfig;
  readonly #init: Uint8Array;
  readonly #trainer: Trainer;
  readonly #guard: TensorFlow['guard'];
  #step = 0;
  #batch: number;
  #seconds = 0;
  #measurements: MeasuredAt[] = [];
  #best: Weights | null = null;

  /**
   * @param init the .onnx file that `trainer` trains.
   * @param guard through which steps run: that of the TensorFlow.js they compute in.
   */
  constructor(
    config: TrainingConfig,
    init: Uint8Array,
    trainer: Trainer,
    guard: TensorFlow['guard'] = (work) => work(),
  ) {
    this.config = config;
    this.#init = init;
    this.#trainer = trainer;
    this.#guard = guard;
    this.#batch = config.batch;
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  /** Pictures in a step now; fewer than configured once memory did not suffice. */
  get batch(): number {
    return this.#batch;
  }

  /** Seconds that the steps took so far. */
  get seconds(): number {
    return this.#seconds;
  }

  get done(): boolean {
    return this.#step >= this.config.steps;
  }

  /** In order; the first is of the network as it was. */
  get measurements(): readonly MeasuredAt[] {
    return this.#measurements;
  }

  /** The measurement of the best weights, as {@link save} writes them. */
  get best(): MeasuredAt | null {
    return this.#measurements[bestOf(this.#measurements)] ?? null;
  }

  /**
   * Trains to the end, measuring at the start, every `validateEvery` steps and at the end. Stop iterating, or abort, to
   * pause; iterate again to go on. The consumer may store the run whenever it holds an event.
   * @throws StudioError `cancelled` once the signal is aborted, and what {@link advance} throws.
   */
  async *train(signal?: AbortSignal): AsyncGenerator<TrainingEvent> {
    for (;;) {
      const due = this.#step % this.config.validateEvery === 0 || this.done;
      if (due && this.#measurements.at(-1)?.step !== this.#step) yield this.#event(await this.measure(signal));
      if (this.done) return;
      yield { kind: 'step', ...(await this.advance(signal)) };
    }
  }

  /**
   * One step. Where memory does not suffice the batch is halved, for good, and the step done again.
   * @throws StudioError `cancelled`, `model-failed` when training diverged, `out-of-memory` when even one picture is too
   * many; weights and count are then as before the step.
   */
  async advance(signal?: AbortSignal): Promise<StepReport> {
    const { seed, rate: peak, steps } = this.config;
    if (this.done) throw new RangeError('The run is done.');
    const start = performance.now();
    const step = this.#step;
    const rate = learningRate(peak, step, steps);
    for (;;) {
      throwIfCancelled(signal, 'training');
      const batch = this.#batch;
      try {
        const random = new Random(seed).fork(`step ${step}`);
        const context = { step, progress: step / steps, rate, batch, random, signal };
        const losses = await this.#guard(() => this.#trainer.step(context));
        const seconds = (performance.now() - start) / 1000;
        this.#step++;
        this.#seconds += seconds;
        return { step: this.#step, losses, rate, batch, seconds };
      } catch (error) {
        if (!isOutOfMemory(error)) throw error;
        if (batch === 1) {
          const { size } = this.config;
          const message = `Memory does not suffice to train at ${size}×${size} pixels, even with one picture in a step. Choose a smaller size, or close other programs.`;
          throw new StudioError('out-of-memory', 'training', message, { cause: error });
        }
        this.#batch = Math.floor(batch / 2);
      }
    }
  }

  /** Measures the present weights, and keeps them if they are the best. */
  async measure(signal?: AbortSignal): Promise<MeasuredAt> {
    throwIfCancelled(signal, 'training');
    const measured: MeasuredAt = { step: this.#step, ...(await this.#trainer.measure(signal)) };
    const best = this.best;
    if (!best || measured.score > best.score + MARGIN) this.#best = await this.#trainer.weights();
    this.#measurements = [...this.#measurements, measured];
    return measured;
  }

  /** What the network as it is now makes of the first held-out pictures, `count` at most. */
  samples(count: number, signal?: AbortSignal): Promise<TrainingSample[]> {
    return this.#trainer.samples(count, signal);
  }

  /** The trained network: the best weights measured, or the moving average as it is now. */
  async save(which: 'best' | 'latest' = 'best'): Promise<SavedGraph> {
    const best = which === 'best' ? this.#best : null;
    const measured = best ? this.best : this.#measurements.at(-1);
    return this.#trainer.save(best ?? (await this.#trainer.weights()), measured?.metadata);
  }

  /** All that is needed to go on elsewhere or later. Not while a step is under way. */
  async checkpoint(): Promise<Uint8Array<ArrayBuffer>> {
    return encodeCheckpoint({
      config: this.config,
      step: this.#step,
      batch: this.#batch,
      seconds: this.#seconds,
      measurements: this.#measurements,
      init: this.#init,
      state: await this.#trainer.state(),
      best: this.#best,
    });
  }

  /**
   * Goes on from a checkpoint of a run over the same network.
   * @param name the checkpoint's, for errors.
   * @throws StudioError `bad-checkpoint` if it is of another network.
   */
  restore(checkpoint: Checkpoint, name: string): void {
    try {
      this.#trainer.restore(checkpoint.state);
    } catch (cause) {
      throw badCheckpoint(name, cause);
    }
    this.#step = checkpoint.step;
    this.#batch = checkpoint.batch;
    this.#seconds = checkpoint.seconds;
    this.#measurements = checkpoint.measurements;
    this.#best = checkpoint.best;
  }

  /** Frees every tensor. */
  dispose(): void {
    this.#trainer.dispose();
  }

  #event(measured: MeasuredAt): TrainingEvent {
    const at = bestOf(this.#measurements);
    const since = this.#measurements.length - 1 - at;
    return { kind: 'measurement', ...measured, best: since === 0, since };
  }
}

/** Index of the first measurement that no later one is better than by the margin; −1 if there is none. */
function bestOf(measurements: readonly MeasuredAt[]): number {
  let best = -1;
  measurements.forEach(({ score }, i) => {
    if (best < 0 || score > measurements[best].score + MARGIN) best = i;
  });
  return best;
}
