import { describe, expect, it } from 'vitest';
import { Random } from './random';

const SEEDS = Array.from({ length: 2000 }, (_, seed) => seed);

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  const dot = (p: readonly number[], mp: number, q: readonly number[], mq: number) =>
    p.reduce((sum, value, i) => sum + (value - mp) * (q[i] - mq), 0);
  return dot(a, ma, b, mb) / Math.sqrt(dot(a, ma, a, ma) * dot(b, mb, b, mb));
}

describe('Random', () => {
  it('repeats itself from the same seed and differs from another', () => {
    const draw = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 20 }, () => random.uniform());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('is uniform over neighbouring seeds in each of its first draws', () => {
    const draws = SEEDS.map((seed) => {
      const random = new Random(seed);
      return Array.from({ length: 4 }, () => random.uniform());
    });
    for (let k = 0; k < 4; k++) {
      const bins = new Array<number>(10).fill(0);
      for (const draw of draws) bins[Math.floor(draw[k] * 10)]++;
      // 200 expected a bin, standard deviation 13.4: five of those.
      for (const count of bins) expect(Math.abs(count - 200)).toBeLessThan(67);
    }
    const first = draws.map((draw) => draw[0]);
    const next = [...first.slice(1), first[0]];
    // Standard deviation 1/√2000 = 0.022.
    expect(Math.abs(correlation(first, next))).toBeLessThan(0.11);
    expect(
      Math.abs(
        correlation(
          first,
          draws.map((draw) => draw[1]),
        ),
      ),
    ).toBeLessThan(0.11);
  });

  it('forks into streams unrelated to their parent, to each other and to those of the next seed', () => {
    const of = (label: string) => SEEDS.map((seed) => new Random(seed).fork(label).uniform());
    const parent = SEEDS.map((seed) => new Random(seed).uniform());
    const donor = of('donor');
    const region = of('region');
    for (const [a, b] of [
      [parent, donor],
      [donor, region],
      [donor, [...donor.slice(1), donor[0]]],
    ]) {
      expect(Math.abs(correlation(a, b))).toBeLessThan(0.11);
    }
    expect(new Set(donor).size).toBeGreaterThan(1990);
  });

  it('forks alike however much was drawn before', () => {
    const random = new Random(5);
    const early = random.fork('x').uniform();
    random.uniform();
    expect(random.fork('x').uniform()).toBe(early);
  });

  it('keeps whole numbers and picks inside their bounds and reaches both', () => {
    const random = new Random(3);
    const seen = new Set(Array.from({ length: 200 }, () => random.int(-1, 2)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
    expect(() => random.pick([])).toThrow(RangeError);
    expect(() => new Random(0.5)).toThrow(RangeError);
  });

  it('shuffles into a permutation', () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    const shuffled = new Random(11).shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.slice().sort()).toEqual(items);
  });
});
