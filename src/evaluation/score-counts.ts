/**
 * Scores as whole numbers, and a multiset of them that holds half a billion in little memory without losing any: what
 * makes exact curves over all pixels of a test set possible in one pass.
 */

/** A score's key is split into a bucket (its upper 16 bits) and a place in it (the lower 16). */
export const BUCKETS = 0x10000;
const PLACES = 0x10000;
/** A list of places as long as this takes what a count for every place takes. */
const LONGEST_LIST = 2 * PLACES;
const SHORTEST_LIST = 16;

/**
 * Writes the keys of float32 scores: unsigned whole numbers in the scores' order, equal for equal scores (0 and −0 are).
 * @param keys as long as `scores`.
 * @returns the index of the first score that is not finite, or −1 when all are.
 */
export function writeKeys(scores: Float32Array, keys: Uint32Array): number {
  const bits = new Int32Array(scores.buffer, scores.byteOffset, scores.length);
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i];
    if ((b & 0x7f800000) === 0x7f800000) return i;
    // Positive floats order as their bits do, negative ones the other way round and below.
    keys[i] = b === -0x80000000 ? 0x80000000 : b ^ ((b >> 31) | 0x80000000);
  }
  return -1;
}

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** The score of a key. */
export function scoreOfKey(key: number): number {
  floatBits[0] = key & 0x80000000 ? key ^ 0x80000000 : ~key;
  return float[0];
}

/** The largest float32 below a score; below that of the lowest finite one: −Infinity. */
export function floatBelow(score: number): number {
  float[0] = score;
  if (float[0] < score) return float[0];
  if (score === 0) return -(2 ** -149);
  floatBits[0] += score > 0 ? -1 : 1;
  return float[0];
}

/**
 * A multiset of keys, exact. A bucket is a list of places while it is short and a count for every place from then on,
 * so that a key takes at most 3 bytes (2, and the room lists grow by), and a bucket 256 kB however many keys it holds:
 * an octave of scores is 128 buckets.
 */
export class ScoreCounts {
  readonly #lists = new Array<Uint16Array | undefined>(BUCKETS);
  readonly #tables = new Array<Uint32Array | undefined>(BUCKETS);
  readonly #sizes = new Uint32Array(BUCKETS);
  readonly #starts = new Uint32Array(BUCKETS + 1);
  #places = new Uint16Array(0);
  #total = 0;

  /** How many keys there are. */
  get total(): number {
    return this.#total;
  }

  /** @throws RangeError beyond 2³² − 1 keys. */
  add(keys: Uint32Array): void {
    if (this.#total + keys.length > 0xffffffff) throw new RangeError('There are more scores than can be counted.');
    // Grouped by bucket first (a counting sort), so that every list grows once a call, by a block.
    const starts = this.#starts.fill(0);
    for (let i = 0; i < keys.length; i++) starts[(keys[i] >>> 16) + 1]++;
    for (let bucket = 0; bucket < BUCKETS; bucket++) starts[bucket + 1] += starts[bucket];
    if (this.#places.length < keys.length) this.#places = new Uint16Array(keys.length);
    const places = this.#places;
    for (let i = 0; i < keys.length; i++) places[starts[keys[i] >>> 16]++] = keys[i];
    // Each start has moved on to its bucket's end.
    for (let bucket = 0, from = 0; from < keys.length; bucket++) {
      const to = starts[bucket];
      if (to > from) this.#append(bucket, places.subarray(from, to));
      from = to;
    }
    this.#total += keys.length;
  }

  #append(bucket: number, places: Uint16Array): void {
    const before = this.#sizes[bucket];
    const size = (this.#sizes[bucket] += places.length);
    let table = this.#tables[bucket];
    const list = this.#lists[bucket];
    if (!table && size <= LONGEST_LIST) {
      if (list && size <= list.length) {
        list.set(places, before);
      } else {
        const longer = new Uint16Array(Math.min(LONGEST_LIST, Math.max(SHORTEST_LIST, Math.ceil(size * 1.5))));
        if (list) longer.set(list.subarray(0, before));
        longer.set(places, before);
        this.#lists[bucket] = longer;
      }
      return;
    }
    if (!table) {
      table = this.#tables[bucket] = new Uint32Array(PLACES);
      if (list) count(list.subarray(0, before), table);
      this.#lists[bucket] = undefined;
    }
    count(places, table);
  }

  /** How many keys one bucket holds. */
  sizeOf(bucket: number): number {
    return this.#sizes[bucket];
  }

  /**
   * Writes for every place of a bucket how many of its keys lie there or above.
   * @param counts 65,537 long; the last becomes 0.
   */
  writeAtLeast(bucket: number, counts: Uint32Array): void {
    const table = this.#tables[bucket];
    counts.fill(0);
    if (table) counts.set(table);
    else count(this.places(bucket) ?? NONE, counts);
    for (let place = PLACES - 1, sum = 0; place >= 0; place--) counts[place] = sum += counts[place];
  }

  /** The places of a bucket's keys in any order, or null once it is too full to list them. Not a copy. */
  places(bucket: number): Uint16Array | null {
    if (this.#tables[bucket]) return null;
    return this.#lists[bucket]?.subarray(0, this.#sizes[bucket]) ?? NONE;
  }
}

const NONE = new Uint16Array(0);

function count(places: Uint16Array, counts: Uint32Array): void {
  for (let i = 0; i < places.length; i++) counts[places[i]]++;
}
