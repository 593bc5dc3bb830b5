import { describe, expect, it } from 'vitest';
import { DerivedCache, MemoryFiles } from './derived';

const bytes = (value: number, length = 36) => new Uint8Array(length).fill(value);
/** An entry of 36 bytes with its hash. */
const ENTRY = 100;

describe('DerivedCache', () => {
  it('gives back what was put, also at the next visit', async () => {
    const files = new MemoryFiles();
    expect(await new DerivedCache(files).get('a')).toBeNull();
    expect(await new DerivedCache(files).put('a', bytes(1))).toBe(true);
    const cache = new DerivedCache(files);
    expect(await cache.get('a')).toEqual(bytes(1));
    await cache.put('a', bytes(2));
    expect(await cache.get('a')).toEqual(bytes(2));
    expect(files.files.size).toBe(1);
  });

  it('never holds more than its limit; the least recently used goes', async () => {
    const files = new MemoryFiles();
    const limit = () => Promise.resolve(3 * ENTRY);
    const cache = new DerivedCache(files, limit);
    for (const key of ['a', 'b', 'c']) await cache.put(key, bytes(1));
    await cache.get('a');
    await cache.put('d', bytes(1));
    expect([...files.files.keys()].sort()).toEqual(['a', 'c', 'd']);
    // Larger than before, in its own place: the oldest other goes.
    await cache.put('d', bytes(1, 136));
    expect([...files.files.keys()].sort()).toEqual(['a', 'd']);
    expect(await cache.put('huge', bytes(1, 1000))).toBe(false);
    expect([...files.files.keys()].sort()).toEqual(['a', 'd']);
    // The order of writing stands in for that of use after a reload.
    const later = new DerivedCache(files, limit);
    await later.put('e', bytes(1));
    expect([...files.files.keys()].sort()).toEqual(['d', 'e']);
  });

  it('keeps the bound when many are put at once', async () => {
    const files = new MemoryFiles();
    const cache = new DerivedCache(files, () => Promise.resolve(5 * ENTRY));
    const kept = await Promise.all(Array.from({ length: 20 }, (_, i) => cache.put(`k${i}`, bytes(i))));
    expect(kept.every(Boolean)).toBe(true);
    expect([...files.files.keys()]).toEqual(['k15', 'k16', 'k17', 'k18', 'k19']);
  });

  it.each([
    ['cut short', (file: Uint8Array) => file.slice(0, 50)],
    ['altered', (file: Uint8Array) => file.map((value, i) => (i === 80 ? value ^ 1 : value))],
    ['empty', () => new Uint8Array(0)],
  ])('takes an entry that is %s for none, and it can be written again', async (_, damage) => {
    const files = new MemoryFiles();
    const cache = new DerivedCache(files);
    await cache.put('a', bytes(1));
    files.files.set('a', Uint8Array.from(damage(files.files.get('a')!)));
    expect(await cache.get('a')).toBeNull();
    expect(files.files.has('a')).toBe(false);
    await cache.put('a', bytes(1));
    expect(await cache.get('a')).toEqual(bytes(1));
  });

  it('makes room in full storage, and goes without where there is none', async () => {
    const files = new MemoryFiles(4 * ENTRY);
    const cache = new DerivedCache(files);
    for (const key of ['a', 'b', 'c', 'd']) await cache.put(key, bytes(1));
    expect(await cache.put('e', bytes(1))).toBe(true);
    expect([...files.files.keys()]).toEqual(['c', 'd', 'e']);
    files.capacity = 10;
    expect(await cache.put('f', bytes(1))).toBe(false);
    const forbidden = new MemoryFiles();
    forbidden.list = () => Promise.reject(new DOMException('no', 'SecurityError'));
    forbidden.read = () => Promise.reject(new DOMException('no', 'SecurityError'));
    const none = new DerivedCache(forbidden);
    expect(await none.put('a', bytes(1))).toBe(false);
    expect(await none.get('a')).toBeNull();
  });
});
