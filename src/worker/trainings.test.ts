import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCpuBackend } from '../compute/cpu';
import { withMark } from '../core/edge-marks';
import { StudioError } from '../core/errors';
import { sha256 } from '../core/hash';
import { createRaster } from '../core/raster';
import { metadata, parseOnnx } from '../models/onnx-file/onnx';
import { MemoryFiles } from '../project/derived';
import type { Correction, ImageRecord } from '../project/document';
import { TrainingStore } from '../project/training-store';
import type { TrainingTask } from '../project/training';
import { countingBackend, stagesOn } from '../synthesis/testing';
import { startTensorFlow } from '../training/tensorflow';
import { tinyNormals } from '../training/testing';
import { tinyDetector, tinyEdgeDetector, tinyGenerator } from '../training/tiny-networks';
import type { TrainingConfig } from '../training/run/config';
import type { TrainingNews, TrainingRequest } from './api';
import { SerialQueue } from './jobs';
import { recordsOf } from './training-testing';
import { Trainings, type TrainingHost } from './trainings';

const SIZE = 32;
const pictures = tinyNormals(6, SIZE);
const images = recordsOf(pictures);

const FILES: Readonly<Record<TrainingTask, Uint8Array<ArrayBuffer>>> = {
  generator: tinyGenerator(),
  detector: tinyDetector(),
  edges: tinyEdgeDetector(),
};

class Host implements TrainingHost {
  readonly queue = new SerialQueue();
  readonly backend = countingBackend(createCpuBackend());
  stages = stagesOn(this.backend, { width: SIZE, height: SIZE });
  readonly used: { task: TrainingTask; bytes: Uint8Array }[] = [];
  files = FILES;
  /** Called before each turn. */
  before: () => void | Promise<void> = () => undefined;

  idle: TrainingHost['idle'] = (work) =>
    this.queue.runWhenIdle(async () => {
      await this.before();
      return work(this.stages, { segmenter: unavailable, detector: unavailable }, null);
    });
  network = async (task: TrainingTask) => {
    const bytes = this.files[task];
    return { ref: { id: `${task}.onnx`, sha256: await sha256(bytes) }, title: task, bytes };
  };
  raster = async ({ name }: ImageRecord) => pictures.find((picture) => picture.name === name)!.image;
  card: ReturnType<TrainingHost['webGl']> = null;
  webGl = () => this.card;
  rendererOf = async () => 'generator' as const;
  hasParts = async () => false;
  partsOf = async () => [];
  use: TrainingHost['use'] = async (task, { name, bytes }) => {
    this.used.push({ task, bytes });
    const common = { id: name, title: name, licence: 'own', bytes: bytes.length, state: 'cached' } as const;
    return { ...common, task, sha256: await sha256(bytes) };
  };
}

function unavailable(): never {
  throw new Error('There is none.');
}

beforeEach(async () => {
  vi.stubGlobal('createImageBitmap', async (blob: Blob) => ({ blob, close: () => undefined }));
  vi.stubGlobal('navigator', {});
  await startTensorFlow();
});
afterEach(() => vi.unstubAllGlobals());

interface Studio {
  readonly host: Host;
  readonly files: MemoryFiles;
  readonly trainings: Trainings;
}

function open(files = new MemoryFiles(), host = new Host()): Studio {
  return { host, files, trainings: new Trainings(host, new TrainingStore(files)) };
}

async function request(
  { trainings }: Studio,
  what: TrainingTask,
  changes: Partial<TrainingConfig> = {},
): Promise<TrainingRequest> {
  const { config } = await trainings.plan(what, images, 5);
  const small = { ...config, steps: 8, validateEvery: 4, batch: 1, rate: 0.01, ...changes } as TrainingConfig;
  const corrections = what === 'edges' ? images.map(({ id }) => corrected(id)) : [];
  return { id: 'run-1', name: 'Boxes, first try', dataset: 'boxes', config: small, images, corrections };
}

/** An edge across the picture, and a corner without. */
function corrected(imageId: string): Correction {
  const region = createRaster(SIZE, SIZE);
  const edge = withMark(null, { ...region, data: region.data.map((_, i) => (i >> 6 === 6 ? 1 : 0)) }, 'edge');
  const marks = withMark(edge, { ...region, data: region.data.map((_, i) => (i > 700 ? 1 : 0)) }, 'plain');
  return { imageId, marks: marks! };
}

/** A picture that the network makes, by what it does. */
const MADE = { generator: 'Result', detector: 'Heat map', edges: 'Edges' } as const;

/** News, with something to do at each. */
function listener(at: (news: TrainingNews) => void = () => undefined) {
  const news: TrainingNews[] = [];
  return { news, on: (each: TrainingNews) => (news.push(each), at(each)) };
}

const steps = (news: readonly TrainingNews[]) => news.flatMap((each) => (each.kind === 'step' ? [each.step] : []));
/** Whether the checkpoint of the step was just stored. Steps are not all told. */
const isStored = (news: TrainingNews, step: number) => news.kind === 'record' && news.record.saved === step;
const never = () => new AbortController().signal;

describe('a plan', () => {
  it('has settings that suit the photographs, and says what computes', async () => {
    const { host, trainings } = open();
    const plan = await trainings.plan('generator', images, 5);
    expect(plan).toMatchObject({ multiple: 2, backend: 'cpu', training: 5, heldOut: 1 });
    expect(plan.config).toMatchObject({ what: 'generator', size: SIZE, seed: 5, init: { id: 'generator.onnx' } });
    expect(plan.device).toMatch(/processor/);
    expect(await trainings.expectedStepSeconds(plan.config, never())).toBeGreaterThan(0);
    expect(await trainings.plan('generator', images.slice(0, 1), 5)).toMatchObject({ training: 1, heldOut: 1 });
    host.card = { name: 'GeForce', software: false };
    expect(await trainings.plan('generator', images, 5)).toMatchObject({
      backend: 'webgl',
      device: expect.stringMatching(/no WebGPU here, so training runs on GeForce through WebGL/),
    });
  });

  it('says what is wrong with photographs', async () => {
    const { trainings } = open();
    const plan = (chosen: readonly ImageRecord[], what: TrainingTask = 'generator') => trainings.plan(what, chosen, 1);
    await expect(plan(images.slice(0, 3))).rejects.toMatchObject({ code: 'no-images' });
    await expect(plan(images.slice(0, 1), 'detector')).rejects.toMatchObject({ code: 'no-images' });
    const wide = { ...images[1], name: 'wide.png', width: 64 };
    await expect(plan([...images, wide])).rejects.toMatchObject({ code: 'bad-layout', file: 'wide.png' });
    const copy = { ...images[2], id: 'copy', name: 'copy.png' };
    await expect(plan([...images, copy])).rejects.toMatchObject({ code: 'duplicate-image', file: 'copy.png' });
    await expect(plan([], 'edges')).rejects.toMatchObject({ code: 'no-images' });
    // Corrections may be of one picture, or of several sizes.
    expect(await plan([images[0], wide], 'edges')).toMatchObject({
      training: 2,
      heldOut: 0,
      config: { what: 'edges' },
    });
  });
});

describe.each(['generator', 'detector', 'edges'] as const)('a run of a %s', (what) => {
  it('tells how it goes, is kept, and frees what it held', { timeout: 120_000 }, async () => {
    const studio = open();
    const { trainings, host } = studio;
    const { numTensors } = tf.memory();
    const { news, on } = listener();
    const record = await trainings.begin(await request(studio, what), never(), on);
    expect(record).toMatchObject({ state: 'done', step: 8, saved: 8, problem: null, backend: 'cpu' });
    expect(record.heldOut).toBe(what === 'edges' ? 0 : 1);
    expect(news[0]).toMatchObject({ kind: 'preparing' });
    expect(steps(news).at(-1)).toBe(8);
    expect(record.curve.steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(record.measurements.map(({ step }) => step)).toEqual([0, 4, 8]);
    expect(record.samples).toEqual([0, 4, 8]);
    const [sample] = await trainings.samples('run-1', 8);
    expect(sample.pictures.map(({ title }) => title)).toContain(MADE[what]);
    expect(await trainings.list()).toEqual([record]);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(host.backend.live).toBe(0);
  });

  it('goes on after a pause and a reload as if nothing had been', { timeout: 120_000 }, async () => {
    const whole = open();
    const wanted = await whole.trainings.begin(await request(whole, what), never(), listener().on);

    const before = open();
    const { numTensors } = tf.memory();
    const pause = new AbortController();
    const begun = await before.trainings.begin(
      await request(before, what),
      pause.signal,
      listener((each) => each.kind === 'record' && each.record.measurements.length === 2 && pause.abort()).on,
    );
    expect(begun).toMatchObject({ state: 'paused', problem: null });
    expect(begun.step).toBeGreaterThanOrEqual(4);
    expect(begun.step).toBeLessThan(8);
    expect(begun.saved).toBe(begun.step);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(before.host.backend.live).toBe(0);

    const after = open(before.files);
    expect(await after.trainings.list()).toEqual([begun]);
    const { news, on } = listener();
    const ended = await after.trainings.resume('run-1', null, never(), on);
    expect(steps(news)[0]).toBe(begun.step + 1);
    expect(ended).toMatchObject({ state: 'done', step: 8, images: wanted.images, name: wanted.name });
    expect(ended.curve.steps).toEqual(wanted.curve.steps);
    ended.curve.losses.total.forEach((loss, i) => expect(loss).toBeCloseTo(wanted.curve.losses.total[i]!, 4));
    ended.measurements.forEach(({ score }, i) => expect(score).toBeCloseTo(wanted.measurements[i].score, 4));
  });

  it('is used with its best weights, in a file that says what it must', { timeout: 120_000 }, async () => {
    const studio = open();
    const { trainings, host } = studio;
    const { best } = await trainings.begin(await request(studio, what), never(), listener().on);
    const info = await trainings.use('run-1');
    expect(info).toMatchObject({ title: 'Boxes-first-try.onnx', task: what });
    expect((await trainings.list())[0].usedAs).toBe(info.title);
    const [{ task, bytes }] = host.used;
    expect(task).toBe(what);
    expect(bytes).toEqual((await trainings.network('run-1')).bytes);
    const file = parseOnnx(bytes, 'x');
    if (what !== 'edges') expect(metadata(file, `${what}.size`)).toBe(String(SIZE));
    if (what === 'generator') {
      const limits = JSON.parse(metadata(file, 'generator.fit')!);
      expect(limits.ssim).toBeLessThan(best!.values.ssim);
      expect(limits.l1).toBeGreaterThan(best!.values.l1);
    } else if (what === 'detector') {
      expect(JSON.parse(metadata(file, 'detector.threshold')!).image).toBeLessThan(1);
    }
    expect(Buffer.compare(bytes, FILES[what])).not.toBe(0);
  });
});

describe('runs', () => {
  it('need a correction in every picture that edges are taught on', { timeout: 60_000 }, async () => {
    const studio = open();
    const asked = await request(studio, 'edges');
    const corrections = asked.corrections!.slice(1);
    const run = studio.trainings.begin({ ...asked, corrections }, never(), listener().on);
    await expect(run).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringMatching(new RegExp(`In ${images[0].name} nothing is corrected`)),
    });
    expect(await studio.trainings.list()).toEqual([]);
    expect(studio.host.backend.live).toBe(0);
  });

  it('let everything else go first', { timeout: 60_000 }, async () => {
    const studio = open();
    const waits: number[] = [];
    let last = 0;
    const { on } = listener((each) => {
      if (each.kind !== 'step') return;
      last = each.step;
      const asked = each.step;
      void studio.host.queue.run(async () => void waits.push(last - asked));
    });
    await studio.trainings.begin(await request(studio, 'generator', { validateEvery: 100 }), never(), on);
    expect(waits.length).toBeGreaterThan(0);
    // What was asked for at a step came before the next one.
    expect(Math.max(...waits)).toBe(0);
  });

  it('are one at a time; the one under way cannot be deleted', { timeout: 60_000 }, async () => {
    const studio = open();
    const { trainings } = studio;
    const asked = await request(studio, 'generator');
    const pause = new AbortController();
    let tries: Promise<PromiseSettledResult<unknown>[]> = Promise.resolve([]);
    let renamed: Promise<unknown> = Promise.resolve();
    const { on } = listener((each) => {
      if (each.kind !== 'step' || each.step !== 1) return;
      const begun = trainings.begin({ ...asked, id: 'other' }, never(), () => undefined);
      tries = Promise.allSettled([begun, trainings.remove('run-1')]);
      renamed = trainings.rename('run-1', 'While it trains');
      pause.abort();
    });
    expect((await trainings.begin(asked, pause.signal, on)).name).toBe('While it trains');
    await renamed;
    expect((await trainings.list())[0].name).toBe('While it trains');
    const refused = (await tries).map((result) => result.status === 'rejected' && result.reason.message);
    expect(refused).toEqual([expect.stringMatching(/Another run is under way/), expect.stringMatching(/under way/)]);
    expect((await trainings.rename('run-1', '  Second try ')).name).toBe('Second try');
    await expect(trainings.rename('run-1', ' ')).rejects.toMatchObject({ code: 'bad-argument' });
    await trainings.remove('run-1');
    expect(await trainings.list()).toEqual([]);
    expect(studio.files.files.size).toBe(0);
  });

  it('that were cancelled before their first step leave nothing', async () => {
    const studio = open();
    const asked = await request(studio, 'generator');
    const pause = new AbortController();
    const { on } = listener((each) => each.kind === 'preparing' && pause.abort());
    await expect(studio.trainings.begin(asked, pause.signal, on)).rejects.toMatchObject({ code: 'cancelled' });
    expect(studio.files.files.size).toBe(0);
    expect(studio.host.backend.live).toBe(0);
  });

  it('that cannot even be stored do not begin, and leave nothing', async () => {
    const studio = open();
    const asked = await request(studio, 'generator');
    studio.files.capacity = 100;
    await expect(studio.trainings.begin(asked, never(), () => undefined)).rejects.toMatchObject({
      code: 'storage-full',
    });
    expect(studio.files.files.size).toBe(0);
    expect(studio.host.backend.live).toBe(0);
  });

  it('are known as what they are used as, also when that paused them', { timeout: 60_000 }, async () => {
    const studio = open();
    const { trainings, host } = studio;
    const take = host.use;
    // As the worker does it: what is on the device is about to go.
    host.use = (...given) =>
      host.queue.run(async () => {
        await trainings.suspend('Another network was taken.');
        return take(...given);
      });
    const used: Promise<unknown>[] = [];
    const { on } = listener((each) => isStored(each, 4) && used.length === 0 && used.push(trainings.use('run-1')));
    const paused = await trainings.begin(await request(studio, 'generator'), never(), on);
    expect(paused).toMatchObject({ state: 'paused', saved: 4 });
    await Promise.all(used);
    expect((await trainings.list())[0]).toMatchObject({ state: 'paused', usedAs: 'Boxes-first-try.onnx' });
  });

  it('refuse to start from another network than was planned with', async () => {
    const studio = open();
    const asked = await request(studio, 'generator');
    studio.host.files = { ...FILES, generator: tinyGenerator(9) };
    await expect(studio.trainings.begin(asked, never(), () => undefined)).rejects.toThrow(/was exchanged/);
  });

  it('go on where they were when the device is lost under them', { timeout: 60_000 }, async () => {
    const studio = open();
    const { trainings, host } = studio;
    const { on } = listener((each) => {
      if (isStored(each, 4) && turns === Infinity) turns = 3;
    });
    let turns = Infinity;
    host.before = () => {
      // Another generation of stages: what lay on the device is gone.
      if (--turns === 0) host.stages = stagesOn(host.backend, { width: SIZE, height: SIZE });
    };
    const lost = await trainings.begin(await request(studio, 'generator'), never(), on);
    expect(lost).toMatchObject({ state: 'paused', saved: 4, step: 4, problem: { code: 'device-lost' } });
    expect(lost.curve.steps.at(-1)).toBe(6);
    const ended = await trainings.resume('run-1', null, never(), () => undefined);
    expect(ended).toMatchObject({ state: 'done', step: 8, problem: null });
    expect(ended.curve.steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('are stored and freed before the device is taken away from them', { timeout: 60_000 }, async () => {
    const studio = open();
    const { trainings, host } = studio;
    const { numTensors } = tf.memory();
    const suspended: Promise<void>[] = [];
    const { on } = listener((each) => {
      if (isStored(each, 4) && suspended.length === 0) {
        suspended.push(host.queue.run(() => trainings.suspend('Another network was taken.')));
      }
    });
    const paused = await trainings.begin(await request(studio, 'generator'), never(), on);
    await Promise.all(suspended);
    expect(paused).toMatchObject({ state: 'paused', saved: 4, problem: { message: 'Another network was taken.' } });
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(await trainings.resume('run-1', null, never(), () => undefined)).toMatchObject({ state: 'done' });
  });

  it('go on where storage is full, and say so', { timeout: 60_000 }, async () => {
    const studio = open();
    const { trainings, files } = studio;
    const { on } = listener((each) => {
      if (isStored(each, 4)) files.capacity = 0;
    });
    const done = await trainings.begin(await request(studio, 'generator'), never(), on);
    expect(done).toMatchObject({ state: 'done', saved: 4, problem: { code: 'storage-full' } });
    const stored = await trainings.list();
    expect(stored[0]).toMatchObject({ id: 'run-1', saved: 4, state: 'paused' });
    files.capacity = Infinity;
    expect(await trainings.resume('run-1', null, never(), () => undefined)).toMatchObject({ state: 'done', saved: 8 });
  });

  it('are made longer, and not shorter than they are', { timeout: 60_000 }, async () => {
    const studio = open();
    const { trainings } = studio;
    await trainings.begin(await request(studio, 'generator', { steps: 2 }), never(), () => undefined);
    await expect(trainings.resume('run-1', 2, never(), () => undefined)).rejects.toBeInstanceOf(StudioError);
    const longer = await trainings.resume('run-1', 4, never(), () => undefined);
    expect(longer).toMatchObject({ state: 'done', step: 4, config: { steps: 4 } });
    await expect(trainings.resume('gone', null, never(), () => undefined)).rejects.toMatchObject({
      code: 'file-vanished',
    });
  });
});
