import { BUCKETS, type ScoreCounts } from './score-counts';

/** The scores of some pixels that all weigh the same: those of a region, or of a defect up to its saturation. */
export interface WeightedKeys {
  /** Ascending. */
  readonly keys: Uint32Array;
  /** Above 0. */
  readonly weight: number;
}

/** One curve to draw: what is to be found, against what is not to be. */
export interface SweepTask {
  /** Defect-free pixels, in one or several multisets. */
  readonly negatives: readonly ScoreCounts[];
  readonly positives: readonly WeightedKeys[];
  /**
   * Called for every score that a positive has, in descending order.
   * @param key of the score.
   * @param above negatives with a higher score.
   * @param atLeast negatives with this score or a higher one.
   * @param weight of all positives with exactly this score.
   */
  step(key: number, above: number, atLeast: number, weight: number): void;
}

const PLACES = 0x10000;

/**
 * Goes through all scores in descending order, for several curves at once: bucket by bucket, and within a bucket by
 * counting. Linear in the number of scores, but for the tables of full buckets
 * (65,536 sums each).
 */
export function sweep(tasks: readonly SweepTask[]): void {
  const axes = [...new Set(tasks.flatMap(({ negatives }) => negatives))].map((counts) => new Axis(counts));
  const runs = tasks.map((task) => ({
    task,
    axes: axes.filter(({ counts }) => task.negatives.includes(counts)),
    positives: new Queue(task.positives),
  }));
  const weights = new Float64Array(PLACES);
  for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
    for (const { task, axes: own, positives } of runs) {
      const places = positives.take(bucket, weights);
      if (places.length === 0) continue;
      for (const axis of own) axis.open(bucket);
      for (let i = places.length - 1; i >= 0; i--) {
        const place = places[i];
        let above = 0;
        let atLeast = 0;
        for (const axis of own) {
          above += axis.atLeast(place + 1);
          atLeast += axis.atLeast(place);
        }
        task.step(bucket * PLACES + place, above, atLeast, weights[place]);
        weights[place] = 0;
      }
    }
    for (const axis of axes) axis.above += axis.counts.sizeOf(bucket);
  }
}

/** A bucket this full is counted into a table; the keys of an emptier one are sorted. */
const SORTED = 1024;

/** One multiset of negatives on the way down. */
class Axis {
  /** Scores in the buckets above. */
  above = 0;
  #open = -1;
  /** The places of the bucket that is open, ascending; null when they are in the table. */
  #sorted: Uint16Array | null = null;
  readonly #table = new Uint32Array(PLACES + 1);

  constructor(readonly counts: ScoreCounts) {}

  open(bucket: number): void {
    if (this.#open === bucket) return;
    this.#open = bucket;
    const places = this.counts.places(bucket);
    this.#sorted = places && places.length < SORTED ? places.slice().sort() : null;
    if (!this.#sorted) this.counts.writeAtLeast(bucket, this.#table);
  }

  /** How many scores lie in the buckets above, or in the open one at `place` (up to 65,536) or above. */
  atLeast(place: number): number {
    if (!this.#sorted) return this.above + this.#table[place];
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle] < place) low = middle + 1;
      else high = middle;
    }
    return this.above + this.#sorted.length - low;
  }
}

const NONE = new Uint16Array(0);

/** Many lists of keys, read from their ends, each waiting in the bucket its next key lies in. */
class Queue {
  readonly #lists: readonly WeightedKeys[];
  /** How many keys of each list are left. */
  readonly #left: Uint32Array;
  /** First list of each bucket, and the one after each list; −1 for none. */
  readonly #first = new Int32Array(BUCKETS).fill(-1);
  readonly #next: Int32Array;
  readonly #places = new Uint16Array(PLACES);

  constructor(lists: readonly WeightedKeys[]) {
    this.#lists = lists;
    this.#left = Uint32Array.from(lists, ({ keys }) => keys.length);
    this.#next = new Int32Array(lists.length);
    for (let list = 0; list < lists.length; list++) this.#wait(list);
  }

  #wait(list: number): void {
    const left = this.#left[list];
    if (left === 0) return;
    const bucket = this.#lists[list].keys[left - 1] >>> 16;
    this.#next[list] = this.#first[bucket];
    this.#first[bucket] = list;
  }

  /**
   * Adds up the weights of one bucket's keys in `weights`, which holds zeros; the bucket is not asked for again.
   * @returns the places that got one, ascending; valid until the next call.
   */
  take(bucket: number, weights: Float64Array): Uint16Array {
    // Most buckets are empty, and a view costs more than looking.
    if (this.#first[bucket] < 0) return NONE;
    let count = 0;
    for (let list = this.#first[bucket]; list >= 0;) {
      const { keys, weight } = this.#lists[list];
      let left = this.#left[list];
      for (; left > 0 && keys[left - 1] >>> 16 === bucket; left--) {
        const place = keys[left - 1] & 0xffff;
        if (weights[place] === 0) this.#places[count++] = place;
        weights[place] += weight;
      }
      this.#left[list] = left;
      const following = this.#next[list];
      this.#wait(list);
      list = following;
    }
    return this.#places.subarray(0, count).sort();
  }
}
