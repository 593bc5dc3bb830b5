import type { MeasuredAt } from '../training/run/checkpoint';
import type { TrainingConfig } from '../training/run/config';
import type { ErrorReport } from '../core/errors';
import type { ImageRecord } from './document';

/** What can be trained. */
export type TrainingTask = TrainingConfig['what'];

/** Losses by the step they were read at, thinned where there are many: every list is as long as `steps`. */
export interface LossCurve {
  /** Steps done, ascending. */
  readonly steps: readonly number[];
  /** Unweighted; means over what was thinned out. */
  readonly losses: Readonly<Record<string, readonly number[]>>;
}

/**
 * A training run as it is kept: what was asked, how far it has come, and how it went. The checkpoint and the sample
 * pictures lie beside it.
 */
export interface TrainingRunRecord {
  readonly id: string;
  /** For people; may be changed. */
  readonly name: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly config: TrainingConfig;
  /** The dataset that the photographs come from, for people. */
  readonly dataset: string;
  /** What is trained on and measured with, in the order that decides which are held out. */
  readonly images: readonly ImageRecord[];
  /** How many of them are held out. */
  readonly heldOut: number;
  /** `running` while it is under way in some open page; otherwise it can be gone on with, unless it is done. */
  readonly state: 'running' | 'paused' | 'done';
  /** Why it stopped on its own; null if it was paused, or is done. */
  readonly problem: ErrorReport | null;
  /** Steps done, of `config.steps`. */
  readonly step: number;
  /** The step that the checkpoint holds, which is where it would go on; null before the first checkpoint. */
  readonly saved: number | null;
  /** Pictures in a step now; fewer than configured once memory did not suffice. */
  readonly batch: number;
  /** Seconds that the steps took. */
  readonly seconds: number;
  readonly curve: LossCurve;
  /** In order; the first is of the network as it came. */
  readonly measurements: readonly MeasuredAt[];
  /** The measurement of the best weights; null before the first. */
  readonly best: MeasuredAt | null;
  /** Measurements since the best one; from `PATIENCE` on stopping is a good idea. */
  readonly since: number;
  /** Steps of which sample pictures are kept, ascending. */
  readonly samples: readonly number[];
  /** What computed last. */
  readonly backend: 'webgpu' | 'cpu';
  /** What the network is called where it is used; null until it was. */
  readonly usedAs: string | null;
}
