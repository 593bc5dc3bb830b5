import type { LossCurve } from './training';

/** Points of a curve, about: as many as a chart can show. */
const POINTS = 1000;

/** Writes a run's losses down as it goes: the mean of so many steps is a point, so that long runs stay small. */
export class LossRecorder {
  readonly #width: number;
  readonly #steps: number[];
  readonly #losses: Map<string, (number | null)[]>;
  /** Of the point that is being gathered: sums and counts by name. */
  #open = new Map<string, { sum: number; count: number }>();
  #last = 0;

  /**
   * @param steps of the whole run.
   * @param curve so far; what lies beyond `step` is forgotten, since the run goes on from there.
   */
  constructor(steps: number, curve: LossCurve, step: number) {
    this.#width = Math.max(1, Math.ceil(steps / POINTS));
    const kept = curve.steps.filter((each) => each <= step).length;
    this.#steps = curve.steps.slice(0, kept);
    this.#losses = new Map(Object.entries(curve.losses).map(([name, values]) => [name, values.slice(0, kept)]));
  }

  /** @param step done, from 1. */
  add(step: number, losses: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(losses)) {
      const { sum, count } = this.#open.get(name) ?? { sum: 0, count: 0 };
      this.#open.set(name, { sum: sum + value, count: count + 1 });
    }
    this.#last = step;
    if (step % this.#width === 0) this.#close();
  }

  /** All so far; a point that is not full yet counts as one. */
  get curve(): LossCurve {
    this.#close();
    return { steps: [...this.#steps], losses: Object.fromEntries([...this.#losses].map(([k, v]) => [k, [...v]])) };
  }

  #close(): void {
    if (this.#open.size === 0) return;
    for (const name of this.#open.keys()) {
      if (!this.#losses.has(name)) this.#losses.set(name, Array<null>(this.#steps.length).fill(null));
    }
    for (const [name, values] of this.#losses) {
      const gathered = this.#open.get(name);
      values.push(gathered ? gathered.sum / gathered.count : null);
    }
    this.#steps.push(this.#last);
    this.#open = new Map();
  }
}
