/**
 * Runs requests so that the newest wins: at most one is under way and at most one waits; a request that arrives while
 * one waits takes its place. Nothing stale is ever queued.
 */
export class LatestWins<Request, Result> {
  #running = false;
  #waiting: { request: Request } | null = null;
  #generation = 0;

  constructor(
    private readonly run: (request: Request) => Promise<Result>,
    private readonly on: {
      /** True from the first request until nothing is left to do. */
      busy(busy: boolean): void;
      /** `stale` when a newer request waits already: the result may still be shown meanwhile. */
      result(result: Result, request: Request, stale: boolean): void;
      error(error: unknown, request: Request): void;
      /** A result nobody wants any more, e.g. because the image was left: to be disposed of. */
      dropped(result: Result): void;
    },
  ) {}

  request(request: Request): void {
    this.#waiting = { request };
    if (!this.#running) void this.#work();
  }

  /** Forgets what waits, and drops the result of what is under way. */
  clear(): void {
    this.#waiting = null;
    this.#generation++;
  }

  async #work(): Promise<void> {
    this.#running = true;
    this.on.busy(true);
    while (this.#waiting) {
      const { request } = this.#waiting;
      const generation = this.#generation;
      this.#waiting = null;
      try {
        const result = await this.run(request);
        if (generation === this.#generation) this.on.result(result, request, this.#waiting !== null);
        else this.on.dropped(result);
      } catch (error) {
        if (generation === this.#generation) this.on.error(error, request);
      }
    }
    this.#running = false;
    this.on.busy(false);
  }
}
