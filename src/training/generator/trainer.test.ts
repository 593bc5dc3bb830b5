import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createRaster } from '../../core/raster';
import { floatInitializers, parseOnnx } from '../../models/onnx-file/onnx';
import { DataType } from '../../models/onnx-file/schema';
import { TrainableGraph } from '../graph/graph';
import { largestDifference, runOnnx } from '../graph/testing';
import { generatorConfigSchema, type GeneratorConfig } from '../run/config';
import { decodeCheckpoint } from '../run/checkpoint';
import { TrainingRun, type StepReport } from '../run/run';
import { tinyNormals } from '../testing';
import { tinyEdgeDetector, tinyGenerator } from '../tiny-networks';
import { PhotographPairs, type Normal } from './pairs';
import { edgeAgreement } from './quality';
import { GeneratorTrainer } from './trainer';

const SIZE = 32;
const init = tinyGenerator();
const normals = tinyNormals(6, SIZE);

const config = (changes: Partial<GeneratorConfig> = {}): GeneratorConfig =>
  generatorConfigSchema.parse({
    what: 'generator',
    init: { id: 'tiny.onnx', sha256: '0'.repeat(64) },
    size: SIZE,
    batch: 1,
    steps: 30,
    seed: 7,
    rate: 0.02,
    validateEvery: 20,
    layers: 'all',
    mirror: 0.5,
    warp: 0.5,
    adversarialFrom: 0,
    ...changes,
  });

function start(settings = config(), photographs: readonly Normal[] = normals): TrainingRun {
  const trainer = new GeneratorTrainer({
    config: settings,
    init,
    edgeDetector: { bytes: tinyEdgeDetector(), name: 'tiny-edges.onnx' },
    pairs: new PhotographPairs(photographs.slice(0, 4), settings),
    heldOut: photographs.slice(4),
    discriminatorWidth: 4,
  });
  return new TrainingRun(settings, init, trainer);
}

async function steps(run: TrainingRun, count: number): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for (let i = 0; i < count; i++) reports.push(await run.advance());
  return reports;
}

describe('a generator', () => {
  it('learns: losses fall, held-out pictures get better, and the saved file computes that in ONNX Runtime', async () => {
    const before = tf.memory().numTensors;
    const run = start();
    const first = await run.measure();
    const reports = await steps(run, 30);
    const mean = (part: readonly StepReport[], name: string) =>
      part.reduce((sum, { losses }) => sum + losses[name], 0) / part.length;
    expect(mean(reports.slice(-8), 'l1')).toBeLessThan(0.7 * mean(reports.slice(0, 8), 'l1'));
    // In the first step the discriminator's share is still 0.
    const all = ['total', 'l1', 'colour', 'gradient', 'edge'];
    expect(Object.keys(reports[0].losses)).toEqual(all);
    expect(Object.keys(reports[3].losses)).toEqual([...all, 'adversarial', 'matching', 'discriminator']);
    // The edge loss costs a network and is taken every third step.
    expect(reports[1].losses).not.toHaveProperty('edge');
    expect(reports[3].losses).toHaveProperty('edge');
    const last = await run.measure();
    expect(last.score).toBeGreaterThan(first.score + 0.1);
    expect(Object.keys(last.values)).toEqual(['l1', 'ssim', 'edgeF1']);
    expect(run.best).toEqual(last);

    const { bytes } = await run.save();
    const saved = floatInitializers(parseOnnx(bytes, 'saved.onnx'));
    expect(saved.get('stem.conv.weight')!.dataType).toBe(DataType.float16);
    const [{ pictures }] = await run.samples(1);
    expect(pictures.map(({ title }) => title)).toEqual(['Photograph', 'Edges', 'Result']);
    const { edges } = normals[4];
    const { image } = await runOnnx(bytes, { edges: { dims: [1, 1, SIZE, SIZE], data: edges.data } });
    expect(largestDifference(image.data, pictures[2].raster.data)).toBeLessThan(4e-3);
    run.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('goes on from a checkpoint as if it had not been interrupted', async () => {
    const before = tf.memory().numTensors;
    const settings = config({ steps: 6, validateEvery: 2, batch: 2 });
    const whole = start(settings);
    const uninterrupted: unknown[] = [];
    for await (const event of whole.train()) if (event.kind === 'measurement') uninterrupted.push(event.values);

    const interrupted = start(settings);
    for await (const event of interrupted.train()) if (event.kind === 'step' && event.step === 3) break;
    const bytes = await interrupted.checkpoint();
    interrupted.dispose();
    const checkpoint = decodeCheckpoint(bytes, 'run.checkpoint');
    expect(checkpoint.config).toEqual(settings);
    expect(checkpoint.init).toEqual(init);
    const resumed = start(settings);
    resumed.restore(checkpoint, 'run.checkpoint');
    expect([resumed.step, resumed.batch, resumed.measurements.length]).toEqual([3, 2, 2]);
    for await (const _ of resumed.train());
    expect(resumed.done).toBe(true);

    expect(resumed.measurements.map(({ values }) => values)).toEqual(uninterrupted);
    const [a, b] = [
      TrainableGraph.load((await whole.save('latest')).bytes, 'a'),
      TrainableGraph.load((await resumed.save('latest')).bytes, 'b'),
    ];
    for (const [name, variable] of a.variables) {
      expect(largestDifference(variable.dataSync(), b.variables.get(name)!.dataSync()), name).toBeLessThan(1e-4);
    }
    for (const each of [a, b, whole, resumed]) each.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('stops within a step when cancelled, leaves the weights as they were, and frees everything', async () => {
    const before = tf.memory().numTensors;
    const run = start();
    await run.advance();
    const held = tf.memory().numTensors;
    const state = await run.checkpoint();
    const controller = new AbortController();
    const step = run.advance(controller.signal);
    controller.abort();
    await expect(step).rejects.toMatchObject({ code: 'cancelled' });
    expect(run.step).toBe(1);
    expect(await run.checkpoint()).toEqual(state);
    expect(tf.memory().numTensors).toBe(held);
    await expect(run.measure(controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
    expect(tf.memory().numTensors).toBe(held);
    run.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('trains only the decoder when asked to', async () => {
    const run = start(config({ layers: 'decoder' }));
    await steps(run, 3);
    const [one, other] = [await run.save('latest'), { bytes: init }].map(({ bytes }) =>
      TrainableGraph.load(bytes, 'x'),
    );
    const moved = [...one.variables].filter(
      ([name, variable]) => largestDifference(variable.dataSync(), other.variables.get(name)!.dataSync()) > 0,
    );
    expect(moved.map(([name]) => name)).toEqual(['up.0.conv.weight', 'up.0.conv.bias', 'head.weight', 'head.bias']);
    for (const each of [one, other, run]) each.dispose();
  });

  it('says when training diverges, and keeps the weights', async () => {
    const run = start();
    await run.advance();
    const state = await run.checkpoint();
    const held = tf.memory().numTensors;
    const broken = createRaster(SIZE, SIZE, 3);
    broken.data.fill(NaN);
    const diverging = start(
      config(),
      normals.map((normal) => ({ ...normal, image: broken })),
    );
    diverging.restore(decodeCheckpoint(state, 'state'), 'state');
    const before = await diverging.checkpoint();
    await expect(diverging.advance()).rejects.toMatchObject({
      code: 'model-failed',
      stage: 'training',
      message: expect.stringMatching(/diverged at step 2: .*learning rate below/),
    });
    expect(await diverging.checkpoint()).toEqual(before);
    diverging.dispose();
    expect(tf.memory().numTensors).toBe(held);
    run.dispose();
  });

  it('refuses files that are no generators, sizes that do not fit, and checkpoints of other networks', async () => {
    const before = tf.memory().numTensors;
    const make =
      (bytes: Uint8Array, changes: Partial<GeneratorConfig> = {}) =>
      () =>
        new GeneratorTrainer({
          config: config(changes),
          init: bytes,
          edgeDetector: null,
          pairs: new PhotographPairs(normals, { mirror: 0, warp: 0 }),
          heldOut: normals,
        });
    expect(make(tinyEdgeDetector())).toThrow(
      expect.objectContaining({
        code: 'bad-weights',
        message:
          'tiny.onnx is a network, but not an edge-to-image generator: it does not turn “edges” into “image”. Choose another file.',
      }),
    );
    expect(make(new Uint8Array(8))).toThrow(expect.objectContaining({ code: 'bad-weights' }));
    expect(make(init, { size: 33 })).toThrow(/multiples of 2 px, not 33\. Choose 32 or 34/);
    expect(tf.memory().numTensors).toBe(before);

    const run = start();
    const checkpoint = decodeCheckpoint(await run.checkpoint(), 'a');
    const state = new Map(checkpoint.state).set('generator.weights', new Float32Array(3));
    expect(() => run.restore({ ...checkpoint, state }, 'other.checkpoint')).toThrow(
      expect.objectContaining({ code: 'bad-checkpoint', file: 'other.checkpoint' }),
    );
    run.dispose();
  });
});

describe('edge agreement', () => {
  const line = (x: number) => {
    const map = createRaster(12, 12);
    for (let y = 0; y < 12; y++) if (x >= 0) map.data[y * 12 + x] = 0.9;
    return map;
  };

  it('matches what lies within two pixels', () => {
    expect(edgeAgreement(line(4), line(4))).toBe(1);
    expect(edgeAgreement(line(4), line(6))).toBe(1);
    expect(edgeAgreement(line(4), line(7))).toBe(0);
    expect(edgeAgreement(line(-1), line(-1))).toBe(1);
    expect(edgeAgreement(line(-1), line(4))).toBe(0);
    // Half of what was found is not wanted: precision ½, recall 1.
    const two = line(1);
    line(9).data.forEach((value, i) => (two.data[i] = Math.max(two.data[i], value)));
    expect(edgeAgreement(two, line(1))).toBeCloseTo(2 / 3, 9);
  });
});
