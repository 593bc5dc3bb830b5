import { describe, expect, it } from 'vitest';
import { StudioError } from '../../core/errors';
import { Random } from '../../core/random';
import { decodeCheckpoint } from './checkpoint';
import { trainingConfigSchema, type TrainingConfig } from './config';
import { isOutOfMemory } from './memory';
import { PATIENCE, TrainingRun, type TrainingEvent } from './run';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from './safetensors';
import type { Measurement, StepContext, Trainer, TrainerState, Weights } from './trainer';

const init = Uint8Array.of(1, 2, 3);

const configOf = (changes: object = {}): TrainingConfig =>
  trainingConfigSchema.parse({
    what: 'edges',
    init: { id: 'net.onnx', sha256: 'a'.repeat(64) },
    size: 32,
    batch: 8,
    steps: 10,
    seed: 1,
    rate: 0.1,
    validateEvery: 4,
    layers: 'all',
    ...changes,
  });

/** A trainer of one number, which each step adds a random one to. */
class Counter implements Trainer {
  value = 0;
  readonly seen: StepContext[] = [];
  disposed = false;

  constructor(
    private readonly scores: (measured: number) => number = (measured) => measured,
    private readonly before: (context: StepContext) => void = () => undefined,
  ) {}

  #measured = 0;

  async step(context: StepContext): Promise<Record<string, number>> {
    this.before(context);
    this.seen.push(context);
    this.value += context.random.uniform();
    return { total: this.value };
  }

  async measure(): Promise<Measurement> {
    const score = this.scores(this.#measured++);
    return { score, values: { score } };
  }

  samples = async () => [];

  async weights(): Promise<Weights> {
    return new Map([['w', Float32Array.of(this.value)]]);
  }

  async save(weights: Weights) {
    return { bytes: new Uint8Array(weights.get('w')!.slice().buffer), notes: [] };
  }

  async state(): Promise<TrainerState> {
    return new Map([['value', Float32Array.of(this.value)]]);
  }

  restore(state: TrainerState): void {
    const value = state.get('value');
    if (!value) throw new RangeError('No value.');
    this.value = value[0];
  }

  dispose(): void {
    this.disposed = true;
  }
}

async function all(run: TrainingRun): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of run.train()) events.push(event);
  return events;
}

describe('a run', () => {
  it('measures at the start, every few steps and at the end, and tells each step where it is', async () => {
    const trainer = new Counter();
    const run = new TrainingRun(configOf(), init, trainer);
    const events = await all(run);
    expect(events.map(({ kind, step }) => `${kind} ${step}`)).toEqual([
      'measurement 0',
      ...[1, 2, 3, 4].map((step) => `step ${step}`),
      'measurement 4',
      ...[5, 6, 7, 8].map((step) => `step ${step}`),
      'measurement 8',
      'step 9',
      'step 10',
      'measurement 10',
    ]);
    expect(run.done).toBe(true);
    expect(trainer.seen.map(({ step }) => step)).toEqual([...Array(10).keys()]);
    expect(trainer.seen[5].progress).toBe(0.5);
    expect(trainer.seen[0].rate).toBeCloseTo(0.005, 9);
    // Chance follows from seed and step alone.
    expect(trainer.seen[6].random.seed).toBe(new Random(1).fork('step 6').seed);
    await expect(run.advance()).rejects.toThrow(RangeError);
    expect(await all(run)).toEqual([]);
    run.dispose();
    expect(trainer.disposed).toBe(true);
  });

  it('can be stored at any step, and goes on as if it had not been', async () => {
    const whole = new Counter();
    const wholeRun = new TrainingRun(configOf(), init, whole);
    await all(wholeRun);
    for (const stop of [0, 3, 4, 9]) {
      const first = new TrainingRun(configOf(), init, new Counter());
      for await (const event of first.train()) if (event.kind === 'step' && event.step >= stop) break;
      const stored = decodeCheckpoint(await first.checkpoint(), 'run.safetensors');
      const second = new Counter((measured) => measured + stored.measurements.length);
      const run = new TrainingRun(stored.config, stored.init, second);
      run.restore(stored, 'run.safetensors');
      await all(run);
      // The state is stored as float32.
      expect(second.value).toBeCloseTo(whole.value, 5);
      expect(run.measurements).toEqual(wholeRun.measurements);
    }
  });

  it('keeps the best weights, and counts how long nothing has got better', async () => {
    const scores = [0.1, 0.5, 0.50005, 0.4, 0.3, 0.2, 0.5, 0.1, 0.1];
    const trainer = new Counter((measured) => scores[measured]);
    const run = new TrainingRun(configOf({ steps: 8, validateEvery: 1 }), init, trainer);
    const measured = (await all(run)).filter((event) => event.kind === 'measurement');
    expect(measured.map(({ best }) => best)).toEqual([true, true, ...Array(7).fill(false)]);
    expect(measured.map(({ since }) => since)).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 7]);
    expect(measured.findIndex(({ since }) => since >= PATIENCE)).toBe(7);
    expect(run.best).toMatchObject({ step: 1, score: 0.5 });
    const [best, latest] = [await run.save(), await run.save('latest')].map(
      ({ bytes }) => new Float32Array(bytes.buffer)[0],
    );
    expect(best).toBeCloseTo(new Random(1).fork('step 0').uniform(), 6);
    expect(latest).toBeCloseTo(trainer.value, 5);
    // Also after a restart.
    const again = new TrainingRun(run.config, init, new Counter());
    again.restore(decodeCheckpoint(await run.checkpoint(), 'x'), 'x');
    expect(new Float32Array((await again.save()).bytes.buffer)[0]).toBe(best);
  });

  it('halves the batch where memory does not suffice, goes on, and keeps it halved', async () => {
    const shortage = (context: StepContext) => {
      if (context.step >= 2 && context.batch > 2) throw new RangeError('Array buffer allocation failed');
    };
    const trainer = new Counter(undefined, shortage);
    const run = new TrainingRun(configOf(), init, trainer);
    const batches = (await all(run)).flatMap((event) => (event.kind === 'step' ? [event.batch] : []));
    expect(batches).toEqual([8, 8, 2, 2, 2, 2, 2, 2, 2, 2]);
    const same = new Counter();
    const unhindered = new TrainingRun(configOf(), init, same);
    await all(unhindered);
    expect(trainer.value).toBe(same.value);
    expect(decodeCheckpoint(await run.checkpoint(), 'x')).toMatchObject({ batch: 2, config: { batch: 8 } });
  });

  it('says so when not even one picture fits, and can go on from where it was', async () => {
    let room = false;
    const trainer = new Counter(undefined, () => {
      if (!room) throw new StudioError('out-of-memory', 'compute', 'No memory.');
    });
    const run = new TrainingRun(configOf(), init, trainer);
    await expect(run.advance()).rejects.toMatchObject({
      code: 'out-of-memory',
      stage: 'training',
      message: expect.stringMatching(/32×32 pixels.*smaller size/),
    });
    expect([run.step, trainer.value]).toEqual([0, 0]);
    room = true;
    expect(await run.advance()).toMatchObject({ step: 1, batch: 1 });
  });

  it('ends at once when cancelled, and passes other errors on as they are', async () => {
    const controller = new AbortController();
    const run = new TrainingRun(configOf(), init, new Counter());
    await expect(
      (async () => {
        for await (const { kind, step } of run.train(controller.signal)) {
          if (kind === 'step' && step === 2) controller.abort();
        }
      })(),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(run.step).toBe(2);
    const failing = new TrainingRun(
      configOf(),
      init,
      new Counter(undefined, () => {
        throw new TypeError('bug');
      }),
    );
    await expect(failing.advance()).rejects.toThrow('bug');
  });

  it('runs its steps through the guard it is given', async () => {
    const guarded: string[] = [];
    const run = new TrainingRun(configOf(), init, new Counter(), (work) => {
      guarded.push('step');
      return work();
    });
    await run.advance();
    expect(guarded).toEqual(['step']);
  });
});

it('knows the words for want of memory', () => {
  const named = Object.assign(new Error('x'), { name: 'GPUOutOfMemoryError' });
  const yes = [
    new RangeError('Array buffer allocation failed'),
    new RangeError('Invalid typed array length: 9'),
    named,
  ];
  expect(yes.every(isOutOfMemory)).toBe(true);
  const no = [new RangeError('Not a whole number'), new StudioError('model-failed', 'training', 'out of memory'), 'x'];
  expect(no.some(isOutOfMemory)).toBe(false);
});

describe('checkpoints', () => {
  const stored = async () => {
    const run = new TrainingRun(configOf(), init, new Counter());
    await run.measure();
    await run.advance();
    return run.checkpoint();
  };

  it('hold configuration, progress, network and weights', async () => {
    expect(decodeCheckpoint(await stored(), 'x')).toMatchObject({
      config: configOf(),
      step: 1,
      batch: 8,
      measurements: [{ step: 0, score: 0 }],
      init,
      best: new Map([['w', Float32Array.of(0)]]),
    });
  });

  it('that are cut off, altered or something else are refused by name', async () => {
    const whole = await stored();
    const other = encodeSafetensors({ tensors: new Map(), metadata: { run: '{}' } });
    const bad = [
      new Uint8Array(),
      whole.subarray(0, 5),
      whole.subarray(0, 200),
      whole.subarray(0, whole.length - 1),
      new TextEncoder().encode('<!doctype html><html></html>'),
      new Uint8Array(64).fill(255),
      other,
    ];
    for (const bytes of bad) {
      expect(() => decodeCheckpoint(bytes, 'my.checkpoint')).toThrow(
        expect.objectContaining({ code: 'bad-checkpoint', file: 'my.checkpoint' }),
      );
    }
    const run = new TrainingRun(configOf(), init, new Counter());
    const checkpoint = { ...decodeCheckpoint(whole, 'x'), state: new Map() };
    expect(() => run.restore(checkpoint, 'my.checkpoint')).toThrow(/my\.checkpoint is no complete training checkpoint/);
  });
});

describe('safetensors', () => {
  it('come back bit for bit, whatever the mix, and at odd places of a larger buffer', () => {
    const tensors = new Map<string, StoredTensor>([
      ['bytes', { type: 'U8', shape: [3], data: Uint8Array.of(7, 8, 9) }],
      ['größe', { type: 'F32', shape: [2, 2], data: Float32Array.of(1.5, -0, Infinity, 1e-40) }],
      ['none', { type: 'F32', shape: [0], data: new Float32Array() }],
    ]);
    const bytes = encodeSafetensors({ tensors, metadata: { a: 'b' } });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const found = decodeSafetensors(shifted.subarray(3), 'x');
    expect(Object.fromEntries(found.tensors)).toEqual(Object.fromEntries(tensors));
    expect(found.metadata).toEqual({ a: 'b' });
    // The values begin at a multiple of eight.
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
    const wrong: StoredTensor = { type: 'F32', shape: [3], data: new Float32Array(2) };
    expect(() => encodeSafetensors({ tensors: new Map([['w', wrong]]), metadata: {} })).toThrow(RangeError);
  });
});
