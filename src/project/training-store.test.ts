import { describe, expect, it } from 'vitest';
import { encodeCheckpoint, type Checkpoint } from '../training/run/checkpoint';
import { MemoryFiles } from './derived';
import { newTrainingRun, NO_LOSSES, type TrainingRunRecord } from './training';
import { LossRecorder } from './training-curve';
import { TrainingStore } from './training-store';

const config = {
  what: 'generator' as const,
  init: { id: 'generator.onnx', sha256: 'a'.repeat(64) },
  size: 32,
  batch: 1,
  steps: 10,
  seed: 1,
  rate: 1e-3,
  validateEvery: 5,
  layers: 'all' as const,
  mirror: 0,
  warp: 0.5,
  adversarialFrom: 0.4,
};

const run = (id: string, createdAt = 1): TrainingRunRecord => ({
  ...newTrainingRun({ id, name: `Run ${id}`, dataset: 'pins', config, heldOut: 1, images: [] }, createdAt),
  state: 'paused',
  step: 5,
  saved: 5,
  seconds: 2,
});

const checkpoint = (step: number): Checkpoint => ({
  config,
  step,
  batch: 1,
  seconds: 1,
  measurements: [],
  init: Uint8Array.of(1, 2, 3),
  state: new Map([['weights', Float32Array.of(step)]]),
  best: null,
});

describe('stored runs', () => {
  it('are listed youngest first; one that cannot be read is passed over', async () => {
    const files = new MemoryFiles();
    const store = new TrainingStore(files);
    await store.write(run('one', 1));
    await store.write({ ...run('two', 2), problem: { code: 'out-of-memory', stage: 'training', message: 'Full.' } });
    await files.write('three.json', new TextEncoder().encode('{"id":'));
    const found = await store.list();
    expect(found.map(({ id }) => id)).toEqual(['two', 'one']);
    expect(found[0].problem).toMatchObject({ code: 'out-of-memory' });
    await expect(store.read('three')).rejects.toMatchObject({ code: 'file-vanished' });
    await expect(store.read('four')).rejects.toMatchObject({ code: 'file-vanished' });
  });

  it('fall back to the checkpoint before when the last one is damaged', async () => {
    const files = new MemoryFiles();
    const store = new TrainingStore(files);
    const one = run('one');
    expect(await store.readCheckpoint(one)).toBeNull();
    for (const step of [1, 2, 3]) await store.writeCheckpoint(one, encodeCheckpoint(checkpoint(step)));
    expect((await store.readCheckpoint(one))?.step).toBe(3);
    const [latest] = [...(await files.list())].sort((a, b) => b.writtenAt - a.writtenAt);
    // As a crash may leave it, at the place where it was.
    files.files.set(latest.key, files.files.get(latest.key)!.slice(0, 40));
    expect((await store.readCheckpoint(one))?.step).toBe(2);
    await store.writeCheckpoint(one, encodeCheckpoint(checkpoint(4)));
    expect((await store.readCheckpoint(one))?.step).toBe(4);
    for (const { key } of await files.list()) files.files.set(key, Uint8Array.of(1));
    await expect(store.readCheckpoint(one)).rejects.toMatchObject({ code: 'bad-checkpoint' });
  });

  it('keep what they have when storage is full', async () => {
    const files = new MemoryFiles();
    const store = new TrainingStore(files);
    const one = run('one');
    await store.write(one);
    await store.writeCheckpoint(one, encodeCheckpoint(checkpoint(1)));
    files.capacity = 0;
    await expect(store.writeCheckpoint(one, encodeCheckpoint(checkpoint(2)))).rejects.toMatchObject({
      code: 'storage-full',
      message: expect.stringContaining('the checkpoint of “Run one”'),
    });
    await expect(store.write({ ...one, name: 'other' })).rejects.toMatchObject({ code: 'storage-full' });
    expect((await store.readCheckpoint(one))?.step).toBe(1);
    expect((await store.read('one')).name).toBe('Run one');
  });

  it('keep pictures of the first step, the last, and a dozen in all', async () => {
    const store = new TrainingStore(new MemoryFiles());
    let steps: number[] = [];
    for (let step = 0; step <= 200; step += 10) {
      const pictures = [{ title: 'Result', png: Uint8Array.of(step) }];
      steps = await store.writeSamples('one', step, [{ name: 'a.png', pictures }], steps);
    }
    expect(steps).toHaveLength(12);
    expect([steps[0], steps.at(-1)]).toEqual([0, 200]);
    for (const step of steps) {
      expect(await store.readSamples('one', step)).toEqual([
        { name: 'a.png', pictures: [{ title: 'Result', png: Uint8Array.of(step) }] },
      ]);
    }
    const gone = Array.from({ length: 21 }, (_, i) => 10 * i).find((step) => !steps.includes(step))!;
    await expect(store.readSamples('one', gone)).rejects.toMatchObject({ code: 'file-vanished' });
    // Taken up again from an earlier step: what came after it is not part of the run any more.
    const again = await store.writeSamples('one', 55, [], steps);
    expect(again.at(-1)).toBe(55);
    await expect(store.readSamples('one', 200)).rejects.toMatchObject({ code: 'file-vanished' });
  });

  it('are removed with all that belongs to them, and nothing else', async () => {
    const files = new MemoryFiles();
    const store = new TrainingStore(files);
    for (const id of ['one', 'one-more']) {
      await store.write(run(id));
      await store.writeCheckpoint(run(id), encodeCheckpoint(checkpoint(1)));
      await store.writeSamples(id, 1, [], []);
    }
    await store.remove('one');
    expect([...files.files.keys()].sort()).toEqual(['one-more.1.samples', 'one-more.a', 'one-more.json']);
  });
});

describe('a curve', () => {
  it('has a point for every step of a short run, and null where a loss was no part of one', () => {
    const recorder = new LossRecorder(10, NO_LOSSES, 0);
    recorder.add(1, { total: 3 });
    recorder.add(2, { total: 2, edge: 1 });
    recorder.add(3, { total: 1 });
    expect(recorder.curve).toEqual({ steps: [1, 2, 3], losses: { total: [3, 2, 1], edge: [null, 1, null] } });
  });

  it('has means of neighbours in a long one, and goes on from where the run does', () => {
    const recorder = new LossRecorder(4000, NO_LOSSES, 0);
    for (let step = 1; step <= 4000; step++) recorder.add(step, { total: step });
    const { curve } = recorder;
    expect(curve.steps).toHaveLength(1000);
    expect(curve.steps.slice(0, 2)).toEqual([4, 8]);
    expect(curve.losses.total.slice(0, 2)).toEqual([2.5, 6.5]);
    const resumed = new LossRecorder(4000, curve, 2000);
    expect(resumed.curve.steps).toHaveLength(500);
    resumed.add(2001, { total: 7 });
    expect(resumed.curve.steps.at(-1)).toBe(2001);
    expect(resumed.curve.losses.total.at(-1)).toBe(7);
  });
});
