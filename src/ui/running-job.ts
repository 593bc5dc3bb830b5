import type { Progress } from '../worker/api';

/** A long call of the worker that is shown with its progress and can be cancelled. */
export interface RunningJob {
  readonly job: string;
  readonly progress: Progress | null;
  /** Milliseconds of `performance.now()` at the start, for the time left. */
  readonly startedAt: number;
}
