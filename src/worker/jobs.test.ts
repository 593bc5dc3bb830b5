import { describe, expect, it } from 'vitest';
import { throwIfCancelled } from '../core/errors';
import { Jobs, LatestOnly, SerialQueue } from './jobs';

const gate = () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
};

describe('Jobs', () => {
  it('cancels the named job and waits until it has stopped', async () => {
    const jobs = new Jobs();
    const step = gate();
    let stopped = false;
    const result = jobs.run('a', async (signal) => {
      await step.opened;
      stopped = true;
      throwIfCancelled(signal, 'export');
    });
    const cancelled = jobs.cancel('a');
    step.open();
    await cancelled;
    expect(stopped).toBe(true);
    await expect(result).rejects.toMatchObject({ code: 'cancelled' });
    await expect(jobs.run('a', async () => 7)).resolves.toBe(7);
  });

  it('refuses a second job of the same name, and cancelling none is no error', async () => {
    const jobs = new Jobs();
    const step = gate();
    const first = jobs.run('a', () => step.opened);
    await expect(jobs.run('a', async () => 1)).rejects.toMatchObject({ code: 'bad-argument' });
    step.open();
    await first;
    await jobs.cancel('a');
  });
});

describe('SerialQueue', () => {
  it('runs one at a time and survives a rejected piece', async () => {
    const queue = new SerialQueue();
    const log: string[] = [];
    const step = gate();
    const first = queue.run(async () => {
      log.push('first begins');
      await step.opened;
      throw new Error('first fails');
    });
    const second = queue.run(async () => log.push('second'));
    step.open();
    await expect(first).rejects.toThrow('first fails');
    await second;
    expect(log).toEqual(['first begins', 'second']);
  });
});

describe('LatestOnly', () => {
  it('that runs when idle lets go first whatever comes while it waits, and is dropped for a newer one', async () => {
    const queue = new SerialQueue();
    const hovers = new LatestOnly(queue, 'idle');
    const previews = new LatestOnly(queue);
    const log: string[] = [];
    const step = gate();
    const say = (text: string) => async () => {
      log.push(text);
    };
    const begun = gate();
    const preview = previews.run(async () => {
      log.push('preview');
      begun.open();
      await step.opened;
    });
    await begun.opened;
    const hover = hovers.run(say('first hover'));
    const click = queue.run(say('click'));
    const last = hovers.run(say('last hover'));
    const next = previews.run(say('next preview'));
    const outcomes = Promise.allSettled([preview, hover, click, last, next]);
    step.open();
    expect((await outcomes).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    expect(log).toEqual(['preview', 'click', 'next preview', 'last hover']);
  });

  it('lets a single piece wait for idleness, and drops it for a newer one all the same', async () => {
    const queue = new SerialQueue();
    const detections = new LatestOnly(queue);
    const log: string[] = [];
    const say = (text: string) => async () => void log.push(text);
    const slow = detections.run(say('slow'), 'idle');
    const preview = queue.run(say('preview'));
    await Promise.all([slow, preview]);
    expect(log).toEqual(['preview', 'slow']);
    const outcomes = await Promise.allSettled([detections.run(say('old'), 'idle'), detections.run(say('new'))]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(log).toEqual(['preview', 'slow', 'new']);
  });

  it('begins the running and the newest, never those in between', async () => {
    const latest = new LatestOnly(new SerialQueue());
    const begun: number[] = [];
    const step = gate();
    const results = [0, 1, 2, 3].map((i) =>
      latest.run(async () => {
        begun.push(i);
        await step.opened;
        return i;
      }),
    );
    const outcomes = Promise.allSettled(results);
    step.open();
    expect((await outcomes).map((outcome) => outcome.status)).toEqual([
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(begun).toEqual([3]);
    await expect(latest.run(async () => 4)).resolves.toBe(4);
  });
});
