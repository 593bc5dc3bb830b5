import { describe, expect, it } from 'vitest';
import { LatestWins } from './latest';

function setUp() {
  const started: string[] = [];
  const log: string[] = [];
  const settle = new Map<string, { resolve(value: string): void; reject(error: unknown): void }>();
  const latest = new LatestWins<string, string>(
    (request) => {
      started.push(request);
      return new Promise((resolve, reject) => settle.set(request, { resolve, reject }));
    },
    {
      busy: (busy) => log.push(busy ? 'busy' : 'idle'),
      result: (result, _, stale) => log.push(`${result}${stale ? ' (stale)' : ''}`),
      error: (error, request) => log.push(`${request} failed: ${String(error)}`),
      dropped: (result) => log.push(`${result} dropped`),
    },
  );
  const finish = async (request: string, error?: string) => {
    const { resolve, reject } = settle.get(request)!;
    if (error) reject(error);
    else resolve(request.toUpperCase());
    // Two turns: one for the run's promise, one for the loop that awaits it.
    await Promise.resolve();
    await Promise.resolve();
  };
  return { latest, started, log, finish };
}

describe('LatestWins', () => {
  it('skips everything between the one under way and the newest', async () => {
    const { latest, started, log, finish } = setUp();
    for (const request of ['a', 'b', 'c', 'd']) latest.request(request);
    expect(started).toEqual(['a']);
    await finish('a');
    expect(started).toEqual(['a', 'd']);
    await finish('d');
    expect(started).toEqual(['a', 'd']);
    expect(log).toEqual(['busy', 'A (stale)', 'D', 'idle']);
  });

  it('goes on after a failure', async () => {
    const { latest, log, finish } = setUp();
    latest.request('a');
    latest.request('b');
    await finish('a', 'broken');
    await finish('b');
    expect(log).toEqual(['busy', 'a failed: broken', 'B', 'idle']);
  });

  it('drops what was under way when cleared, and serves what comes after', async () => {
    const { latest, log, finish } = setUp();
    latest.request('a');
    latest.request('b');
    latest.clear();
    latest.request('c');
    await finish('a');
    await finish('c');
    expect(log).toEqual(['busy', 'A dropped', 'C', 'idle']);
  });
});
