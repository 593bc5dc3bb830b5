import { throwIfCancelled } from '../../core/errors';

/**
 * Runs jobs one after the other, in the order they were added. A rejected job rejects its own promise alone; the next
 * one runs all the same.
 */
export class JobQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Jobs that were added and have not ended. */
  get length(): number {
    return this.#waiting;
  }

  /**
   * The job's own result.
   * @throws StudioError `cancelled` if the signal is aborted before the job's turn; a job that has begun is not stopped.
   */
  add<T>(job: () => Promise<T> | T, signal?: AbortSignal): Promise<T> {
    this.#waiting++;
    const result = this.#last.then(async () => {
      try {
        throwIfCancelled(signal, 'compute');
        return await job();
      } finally {
        this.#waiting--;
      }
    });
    // The chain goes on from a settled job whatever became of it; its failure belongs to whoever holds `result`.
    this.#last = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  /** Resolves when everything added so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
