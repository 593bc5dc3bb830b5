import type { ErrorReport } from '../core/errors';
import type { TrainingRunRecord, TrainingTask } from '../project/training';
import type { TrainingConfig } from '../training/run/config';
import type { StepReport } from '../training/run/run';
import type { Progress, SamplePictures, TrainingPlan } from '../worker/api';

/**
 * Which photographs of a dataset are trained on: normal ones of the training split, all normal ones but those to test
 * with, all normal ones, or one alone.
 */
export const PHOTOGRAPH_CHOICES = ['train', 'spare', 'normal', 'one'] as const;
export type PhotographChoice = (typeof PHOTOGRAPH_CHOICES)[number];

/** What may be set of a run, whatever it trains. */
export type TrainingSettings = Partial<
  Omit<Extract<TrainingConfig, { what: 'generator' }>, 'what' | 'layers'> &
    Omit<Extract<TrainingConfig, { what: 'detector' }>, 'what' | 'layers'> & { layers: TrainingConfig['layers'] }
>;

/** What the next run is to be. */
export interface TrainingSetup {
  readonly task: TrainingTask;
  /** Null: the one that is open elsewhere in the studio. */
  readonly datasetId: string | null;
  /** Null: the first that has any. */
  readonly which: PhotographChoice | null;
  /** The photograph that is trained on alone; null: the first. */
  readonly imageId: string | null;
  readonly name: string;
  /** Null while it is made, or cannot be. */
  readonly plan: TrainingPlan | null;
  readonly planError: ErrorReport | null;
  /** Where they differ from the plan's. */
  readonly changes: TrainingSettings;
  /** Seconds that a step of one picture takes, for each of its pixels; null while it is not known. */
  readonly pace: number | null;
  readonly timing: boolean;
}

/** A run that computes in this page. */
export interface TrainingUnderWay {
  readonly job: string;
  readonly id: string;
  readonly name: string;
  readonly task: TrainingTask;
  /** Of the whole run. */
  readonly steps: number;
  /** Before the first step; null from then on. */
  readonly preparing: Progress | null;
  /** Since the record was last told, ascending. */
  readonly since: readonly StepReport[];
  /** The last step there was. */
  readonly step: StepReport | null;
  readonly secondsLeft: number | null;
  /** Pictures trained on in a second, over the last few steps; null before the first. */
  readonly picturesPerSecond: number | null;
  /** It was told to pause, and does so within a step. */
  readonly pausing: boolean;
}

/** What the person looks at on the page Train. */
export interface TrainingView {
  readonly setup: TrainingSetup;
  /** Youngest first; null until they were asked for. */
  readonly runs: readonly TrainingRunRecord[] | null;
  readonly underWay: TrainingUnderWay | null;
  /** Why the last run did not begin, or the runs could not be listed. */
  readonly error: ErrorReport | null;
  /** Runs beside each other; fewer than two: one is shown. */
  readonly compared: readonly string[];
  /** The step whose samples are shown; null: the latest there are. */
  readonly shownStep: number | null;
  /** By `samplesKey`: pictures, or why they cannot be shown. */
  readonly samples: ReadonlyMap<string, readonly SamplePictures[] | ErrorReport>;
  /** What is asked of a run just now, so that it is not asked twice. */
  readonly busy: { readonly id: string; readonly what: 'use' | 'download' | 'remove' } | null;
}

export function samplesKey(id: string, step: number): string {
  return `${id}/${step}`;
}

/** How the charts of a run are drawn. */
export interface TrainingCharts {
  readonly logarithmic: boolean;
  /** Weight of what was before in the running mean, [0, 1). */
  readonly smoothing: number;
  /** Whether samples show beside them what the network made at the start. */
  readonly withStart: boolean;
}

export const DEFAULT_TRAINING_CHARTS: TrainingCharts = { logarithmic: true, smoothing: 0.6, withStart: true };

export const NO_TRAINING: TrainingView = {
  setup: {
    task: 'generator',
    datasetId: null,
    which: null,
    imageId: null,
    name: '',
    plan: null,
    planError: null,
    changes: {},
    pace: null,
    timing: false,
  },
  runs: null,
  underWay: null,
  error: null,
  compared: [],
  shownStep: null,
  samples: new Map(),
  busy: null,
};
