import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { Random } from '../../core/random';
import { rasterOf } from '../../core/raster';
import { averagePrecision, thresholdOfBestF1 } from '../../evaluation/labelled-scores';
import { loadOwnDetector } from '../../models/detector/load';
import { imageScore } from '../../models/detector/score';
import { parseOnnx } from '../../models/onnx-file/onnx';
import { TrainableGraph } from '../graph/graph';
import { largestDifference, runOnnx } from '../graph/testing';
import { decodeCheckpoint } from '../run/checkpoint';
import { detectorConfigSchema, type DetectorConfig } from '../run/config';
import { TrainingRun } from '../run/run';
import { tinyNormals, tinySamples } from '../testing';
import { tinyDetector, tinyGenerator } from '../tiny-networks';
import { varied, type HeldOutPicture, type SampleSource } from './samples';
import { DetectorTrainer } from './trainer';

const SIZE = 32;
const init = tinyDetector();
const source = tinySamples(tinyNormals(4, SIZE));

const config = (changes: Partial<DetectorConfig> = {}): DetectorConfig =>
  detectorConfigSchema.parse({
    what: 'detector',
    init: { id: 'tiny.onnx', sha256: '0'.repeat(64) },
    size: SIZE,
    batch: 2,
    steps: 20,
    seed: 5,
    rate: 0.05,
    validateEvery: 12,
    layers: 'all',
    normal: 0.3,
    ...changes,
  });

const figures = { averagePrecision, thresholdOfBestF1 };
const unseen = tinySamples(tinyNormals(2, SIZE, 99));
const heldOut: HeldOutPicture[] = await Promise.all(
  [0, 1, 2, 3].map(async (i) => {
    const random = new Random(i);
    const { shown, mask } = await (i < 2 ? unseen.anomaly(random) : unseen.normal(random));
    return { name: `${i}.png`, shown, mask: i < 2 ? mask : null };
  }),
);

function start(settings = config(), samples: SampleSource = source): TrainingRun {
  const trainer = new DetectorTrainer({ config: settings, init, samples, heldOut, figures });
  return new TrainingRun(settings, init, trainer);
}

describe('a detector', () => {
  it('learns to find what never was normal, and the saved file finds it in ONNX Runtime', async () => {
    const before = tf.memory().numTensors;
    const run = start();
    const losses: number[] = [];
    for await (const event of run.train()) if (event.kind === 'step') losses.push(event.losses.total);
    const mean = (part: readonly number[]) => part.reduce((sum, value) => sum + value, 0) / part.length;
    expect(mean(losses.slice(-5))).toBeLessThan(0.75 * mean(losses.slice(0, 5)));
    const [first, last] = [run.measurements[0], run.measurements.at(-1)!];
    expect(last.values.pixelAp).toBeGreaterThan(first.values.pixelAp + 0.2);
    expect(Object.keys(last.values)).toEqual(['pixelAp', 'imageAp']);

    const [{ pictures }] = await run.samples(1);
    expect(pictures.map(({ title }) => title)).toEqual(['Shown', 'Anomaly', 'Reconstruction', 'Heat map']);
    // As the studio runs it, from what the file says of itself.
    const { bytes } = await run.save('latest');
    const { bytes: prepared, form } = await loadOwnDetector(bytes, 'mine.onnx');
    expect(form).toMatchObject({ size: SIZE, score: { smooth: 5, reduce: 'max' } });
    // The studio puts the normalisation into the graph, before an input of another name.
    const input = parseOnnx(prepared, 'mine.onnx').graph.input[0].name;
    const scores: number[] = [];
    for (const [i, { shown }] of heldOut.entries()) {
      const found = await runOnnx(prepared, { [input]: { dims: [1, 3, SIZE, SIZE], data: shown.data } });
      const map = rasterOf(found.anomaly_map.data, SIZE, SIZE);
      if (i === 0) expect(largestDifference(map.data, pictures[3].raster.data)).toBeLessThan(1e-2);
      scores.push(imageScore(map, form.score));
    }
    // Its threshold parts the held-out pictures.
    expect(scores.map((score) => score > form.threshold.image)).toEqual([true, true, false, false]);
    expect(form.threshold.pixel).toBeGreaterThan(0);
    expect(form.threshold.pixel).toBeLessThan(1);
    run.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('goes on from a checkpoint as if it had not been interrupted, statistics of batches included', async () => {
    const settings = config({ steps: 6, validateEvery: 3 });
    const whole = start(settings);
    for await (const _ of whole.train());
    const first = start(settings);
    for await (const event of first.train()) if (event.kind === 'step' && event.step === 4) break;
    const resumed = start(settings);
    resumed.restore(decodeCheckpoint(await first.checkpoint(), 'x'), 'x');
    for await (const _ of resumed.train());
    expect(resumed.measurements).toEqual(whole.measurements);
    const [a, b] = (await Promise.all([whole, resumed].map((run) => run.save('latest')))).map(({ bytes }) =>
      TrainableGraph.load(bytes, 'x'),
    );
    const untrained = TrainableGraph.load(init, 'x');
    for (const [name, variable] of a.variables) {
      expect(largestDifference(variable.dataSync(), b.variables.get(name)!.dataSync()), name).toBeLessThan(1e-4);
    }
    const moved = (name: string) =>
      largestDifference(a.variables.get(name)!.dataSync(), untrained.variables.get(name)!.dataSync());
    expect(moved('neck.unified.norm.running_mean')).toBeGreaterThan(1e-3);
    for (const each of [a, b, untrained, whole, first, resumed]) each.dispose();
  });

  it('leaves weights and statistics as they were when a step is cancelled or diverges, and frees what it made', async () => {
    const before = tf.memory().numTensors;
    const broken: SampleSource = {
      ...source,
      anomaly: async (random) => {
        const sample = await source.anomaly(random);
        return { ...sample, jnd: { ...sample.jnd, data: sample.jnd.data.map(() => NaN) } };
      },
    };
    const run = start(config({ normal: 0 }), broken);
    const held = tf.memory().numTensors;
    const state = await run.checkpoint();
    await expect(run.advance()).rejects.toMatchObject({
      code: 'model-failed',
      message: /diverged at step 1: the .* loss/,
    });
    const controller = new AbortController();
    const step = run.advance(controller.signal);
    controller.abort();
    await expect(step).rejects.toMatchObject({ code: 'cancelled' });
    expect(await run.checkpoint()).toEqual(state);
    expect(tf.memory().numTensors).toBe(held);
    run.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('trains only the localization when asked to, and refuses what is no detector', async () => {
    const run = start(config({ layers: 'localization' }));
    await run.advance();
    const [one, other] = [await run.save('latest'), { bytes: init }].map(({ bytes }) =>
      TrainableGraph.load(bytes, 'x'),
    );
    for (const [name, variable] of one.variables) {
      const same = largestDifference(variable.dataSync(), other.variables.get(name)!.dataSync()) === 0;
      expect(same, name).toBe(name.startsWith('reconstruction'));
    }
    for (const each of [one, other, run]) each.dispose();
    const wrong = { config: config(), samples: source, heldOut, figures, init: tinyGenerator() };
    expect(() => new DetectorTrainer(wrong)).toThrow(
      /tiny\.onnx is a network, but no detector: it lacks .*anomaly_map/,
    );
    expect(() => new DetectorTrainer({ ...wrong, init, heldOut: heldOut.slice(0, 1) })).toThrow(RangeError);
  });
});

describe('samples', () => {
  it('vary in light alike, shown and normal, and noise is in what is shown alone', async () => {
    const sample = await source.normal(new Random(1));
    let noisy = 0;
    for (let seed = 0; seed < 30; seed++) {
      const made = varied(sample, new Random(seed));
      expect(made.mask).toBe(sample.mask);
      expect(varied(sample, new Random(seed)).shown.data).toEqual(made.shown.data);
      if (largestDifference(made.shown.data, made.image.data) > 0) noisy++;
    }
    expect(noisy).toBeGreaterThan(3);
    expect(noisy).toBeLessThan(16);
  });
});
