import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/**
 * The one source of chance: xoroshiro128+ started from a seed. Always passed in, never global, so that a recipe's seed
 * says everything. {@link fork} gives independent streams, so that one stage drawing more does not shift another.
 */
export class Random {
  readonly #generator: RandomGenerator;

  /** @param seed a whole number; only its low 32 bits count. */
  constructor(readonly seed: number) {
    if (!Number.isInteger(seed)) throw new RangeError(`A seed is a whole number, not ${seed}.`);
    this.#generator = xoroshiro128plus(avalanche(seed));
    // The generator's state starts as the seed, its complement, 0 and −1, whose sum is its first output whatever the
    // seed; it takes some steps to mix.
    for (let i = 0; i < 16; i++) this.#generator.next();
  }

  /** An independent stream that depends on this seed and the label alone, not on what was drawn before. */
  fork(label: string): Random {
    // FNV-1a over the label, started from the seed.
    let hash = (0x811c9dc5 ^ this.seed) >>> 0;
    for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193) >>> 0;
    return new Random(hash | 0);
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * uniformFloat64(this.#generator);
  }

  /** Uniform whole number in [low, high], both included. */
  int(low: number, high: number): number {
    return uniformInt(this.#generator, low, high);
  }

  /** True with probability p. */
  chance(p: number): boolean {
    return this.uniform() < p;
  }

  /** Log-uniform in [low, high). */
  logUniform(low: number, high: number): number {
    return Math.exp(this.uniform(Math.log(low), Math.log(high)));
  }

  /** Normal, by Box and Muller. */
  normal(mean = 0, deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** One of the items. @throws RangeError when there are none. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('Cannot pick from nothing.');
    return items[this.int(0, items.length - 1)];
  }

  /** The items in random order (Fisher and Yates), as a new array. */
  shuffle<T>(items: readonly T[]): T[] {
    const out = items.slice();
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(0, i);
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  }
}

/** Murmur3's finaliser: neighbouring seeds become unrelated ones. */
function avalanche(seed: number): number {
  let h = seed | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
