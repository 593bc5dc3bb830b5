import { describe, expect, it } from 'vitest';
import { JobQueue } from './queue';

/** A promise and the handles that settle it. */
function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe('JobQueue', () => {
  it('runs jobs in order and never two at once', async () => {
    const queue = new JobQueue();
    const gates = [deferred<void>(), deferred<void>(), deferred<void>()];
    const log: string[] = [];
    const jobs = gates.map((gate, i) =>
      queue.add(async () => {
        log.push(`begin ${i}`);
        await gate.promise;
        log.push(`end ${i}`);
        return i;
      }),
    );
    // Opened in the reverse order: a queue that starts a job early would let it end early.
    gates[2].resolve();
    gates[1].resolve();
    gates[0].resolve();
    expect(await Promise.all(jobs)).toEqual([0, 1, 2]);
    expect(log).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1', 'begin 2', 'end 2']);
  });

  it('survives a rejected and a throwing job', async () => {
    const queue = new JobQueue();
    const rejected = queue.add(() => Promise.reject(new Error('no')));
    const thrown = queue.add(() => {
      throw new Error('never');
    });
    const after = queue.add(() => 7);
    await expect(rejected).rejects.toThrow('no');
    await expect(thrown).rejects.toThrow('never');
    expect(await after).toBe(7);
    expect(queue.length).toBe(0);
  });

  it('does not begin a job that was cancelled while it waited, and goes on', async () => {
    const queue = new JobQueue();
    const gate = deferred<void>();
    const first = queue.add(() => gate.promise);
    const abort = new AbortController();
    let began = false;
    const second = queue.add(() => {
      began = true;
    }, abort.signal);
    const third = queue.add(() => 'third');
    abort.abort();
    gate.resolve();
    await first;
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    expect(await third).toBe('third');
    expect(began).toBe(false);
  });

  it('idle waits for what was added, failures included', async () => {
    const queue = new JobQueue();
    const gate = deferred<void>();
    let ended = false;
    const job = queue.add(async () => {
      await gate.promise;
      ended = true;
      throw new Error('late');
    });
    const idle = queue.idle();
    gate.resolve();
    await idle;
    expect(ended).toBe(true);
    await expect(job).rejects.toThrow('late');
  });
});
