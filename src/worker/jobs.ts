import { StudioError } from '../core/errors';
import type { Job } from './api';

/** The long calls under way, by the name their caller gave them. */
export class Jobs {
  readonly #running = new Map<Job, { controller: AbortController; ended: Promise<unknown> }>();

  /** Runs the work with a signal that {@link cancel} aborts. A name may be used again once its work has ended. */
  async run<T>(job: Job, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#running.has(job)) {
      throw new StudioError('bad-argument', 'compute', `The job “${job}” is running already.`);
    }
    const controller = new AbortController();
    const result = work(controller.signal);
    this.#running.set(job, { controller, ended: result.catch(() => undefined) });
    try {
      return await result;
    } finally {
      this.#running.delete(job);
    }
  }

  /** Stops the job, and resolves once it has stopped. Of a job that has ended already nothing is left to do. */
  async cancel(job: Job): Promise<void> {
    const running = this.#running.get(job);
    if (!running) return;
    running.controller.abort();
    await running.ended;
  }
}

/**
 * Runs one piece of work at a time: the networks and the device have one queue, and overlapping runs would only slow
 * each other down. A rejected piece does not disturb the next.
 */
export class SerialQueue {
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #idle: (() => Promise<void>)[] = [];
  #running = false;

  run<T>(work: () => Promise<T>): Promise<T> {
    return this.#add(this.#waiting, work);
  }

  /** Runs the work when nothing else waits, so that it delays what was asked for later as little as it can. */
  runWhenIdle<T>(work: () => Promise<T>): Promise<T> {
    return this.#add(this.#idle, work);
  }

  #add<T>(line: (() => Promise<void>)[], work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      line.push(() => work().then(resolve, reject));
      // Begun in a moment, not now: whoever asks for several things in one go has asked for all of them by then.
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    await Promise.resolve();
    for (;;) {
      const next = this.#waiting.shift() ?? this.#idle.shift();
      if (!next) break;
      await next();
    }
    this.#running = false;
  }
}

/**
 * Resolves once messages that have arrived by now were taken: long work of plain JavaScript keeps them waiting, a
 * cancellation among them, however often it awaits.
 */
export function afterMessages(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * A serial queue's waiting room for one: a newcomer sends away whoever still waits, so that stale work is never begun.
 */
export class LatestOnly {
  #waiting: (() => void) | null = null;

  /** @param when `idle`: whoever waits lets everyone else go first. */
  constructor(
    private readonly queue: SerialQueue,
    private readonly when: 'in turn' | 'idle' = 'in turn',
  ) {}

  /**
   * @param when instead of the room's own.
   * @throws StudioError `cancelled` if overtaken before it began.
   */
  run<T>(work: () => Promise<T>, when = this.when): Promise<T> {
    this.#waiting?.();
    let overtaken = false;
    const leave = () => {
      overtaken = true;
    };
    this.#waiting = leave;
    const begin = async () => {
      if (overtaken) throw new StudioError('cancelled', 'compute', 'Overtaken by a newer request.');
      if (this.#waiting === leave) this.#waiting = null;
      return work();
    };
    return when === 'idle' ? this.queue.runWhenIdle(begin) : this.queue.run(begin);
  }
}
