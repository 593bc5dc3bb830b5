import { describe, expect, it } from 'vitest';
import { Random } from '../core/random';
import { ScoreCounts, scoreOfKey, writeKeys } from './score-counts';

function keysOf(...scores: number[]): Uint32Array {
  const keys = new Uint32Array(scores.length);
  expect(writeKeys(Float32Array.from(scores), keys)).toBe(-1);
  return keys;
}

describe('keys', () => {
  it('order as their scores do, and give them back', () => {
    const random = new Random(1);
    const bits = Uint32Array.from({ length: 20_000 }, () => random.int(0, 0xffffffff));
    const scores = [...new Float32Array(bits.buffer)].filter(Number.isFinite).sort((a, b) => a - b);
    const keys = keysOf(...scores);
    expect([...keys].map(scoreOfKey)).toEqual(scores);
    expect(keys.findIndex((key, i) => i > 0 && key <= keys[i - 1] && scores[i] > scores[i - 1])).toBe(-1);
    expect(keys.length).toBeGreaterThan(19_000);
  });

  it('are the same for 0 and −0, and end at Infinity', () => {
    const [zero, minus, largest] = keysOf(0, -0, 3.4028234663852886e38);
    expect(zero).toBe(minus);
    expect(scoreOfKey(largest + 1)).toBe(Infinity);
  });

  it('say where a score is not finite', () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      expect(writeKeys(Float32Array.of(1, 2, bad, 4), new Uint32Array(4))).toBe(2);
    }
  });
});

describe('counts', () => {
  /** Number of keys of one bucket at each place or above. */
  function expected(keys: readonly number[], bucket: number): Uint32Array {
    const counts = new Uint32Array(65_537);
    for (const key of keys) if (key >>> 16 === bucket) counts[key & 0xffff]++;
    for (let place = 65_535; place >= 0; place--) counts[place] += counts[place + 1];
    return counts;
  }

  it.each([
    ['short lists', 40, 30],
    ['lists that become tables', 6, 60_000],
  ])('%s', (_, calls, most) => {
    const random = new Random(calls);
    const counts = new ScoreCounts();
    const all: number[] = [];
    // Three buckets, two of them the outermost ones.
    const buckets = [0, 0x8042, 0xffff];
    for (let call = 0; call < calls; call++) {
      const keys = Uint32Array.from(
        { length: random.int(0, most) },
        () => random.pick([0, 0x8042, 0x8042, 0xffff]) * 65_536 + Math.floor(65_536 * random.uniform() ** 3),
      );
      counts.add(keys);
      for (const key of keys) all.push(key);
    }
    expect(counts.total).toBe(all.length);
    const table = new Uint32Array(65_537).fill(9);
    for (const bucket of [...buckets, 1]) {
      counts.writeAtLeast(bucket, table);
      expect(Buffer.compare(new Uint8Array(table.buffer), new Uint8Array(expected(all, bucket).buffer))).toBe(0);
      expect(counts.sizeOf(bucket)).toBe(table[0]);
    }
  });

  it('does not keep or change the keys it is given', () => {
    const counts = new ScoreCounts();
    const keys = keysOf(3, 1, 2);
    const before = keys.slice();
    counts.add(keys);
    expect(keys).toEqual(before);
    keys.fill(0);
    expect(counts.sizeOf(0)).toBe(0);
  });
});
