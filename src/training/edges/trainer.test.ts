import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { Random } from '../../core/random';
import { createRaster, filledRaster } from '../../core/raster';
import { TrainableGraph } from '../graph/graph';
import { largestDifference, runOnnx } from '../graph/testing';
import { decodeCheckpoint } from '../run/checkpoint';
import { edgesConfigSchema, type EdgesConfig } from '../run/config';
import { TrainingRun } from '../run/run';
import { tinyNormals } from '../testing';
import { tinyEdgeDetector, tinyGenerator } from '../tiny-networks';
import { correctedLabels, drawCorrection, middleOf, type CorrectedEdges } from './corrections';
import { EdgesTrainer } from './trainer';

const SIZE = 32;
const init = tinyEdgeDetector();
const corrections: CorrectedEdges[] = tinyNormals(3, 40).map(({ name, image, edges }) => ({
  name,
  image,
  labels: { ...edges, data: edges.data.map((value) => 255 * value) },
}));

const config = (changes: Partial<EdgesConfig> = {}): EdgesConfig =>
  edgesConfigSchema.parse({
    what: 'edges',
    init: { id: 'tiny.onnx', sha256: '0'.repeat(64) },
    size: SIZE,
    batch: 1,
    steps: 60,
    seed: 5,
    rate: 0.02,
    validateEvery: 20,
    layers: 'all',
    ...changes,
  });

const start = (settings = config()) =>
  new TrainingRun(settings, init, new EdgesTrainer({ config: settings, init, corrections }));

describe('an edge detector', () => {
  it('learns what was painted, as ONNX Runtime sees in the saved file, and frees everything', async () => {
    const before = tf.memory().numTensors;
    const run = start();
    for await (const _ of run.train());
    const [first, last] = [run.measurements[0], run.measurements.at(-1)!];
    expect(last.values.loss).toBeLessThan(0.7 * first.values.loss);
    const { image, labels } = corrections[0];
    const feed = { image: { dims: [1, 3, 40, 40], data: image.data } };
    const [found, untrained] = [await runOnnx((await run.save()).bytes, feed), await runOnnx(init, feed)];
    const contrast = ({ fused: { data } }: typeof found) => {
      const mean = (wanted: number) => {
        const values = [...data].filter((_, i) => labels.data[i] === wanted);
        return values.reduce((sum, value) => sum + value, 0) / values.length;
      };
      return mean(255) - mean(0);
    };
    expect(contrast(found)).toBeGreaterThan(contrast(untrained) + 0.2);
    const [{ pictures }] = await run.samples(1);
    expect(largestDifference(pictures[2].raster.data, found.e1.data)).toBeLessThan(2e-2);
    run.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('goes on from a checkpoint as if it had not been interrupted, and trains only its outputs when asked to', async () => {
    const settings = config({ steps: 6, validateEvery: 3, layers: 'outputs' });
    const whole = start(settings);
    for await (const _ of whole.train());
    const first = start(settings);
    for (let i = 0; i < 2; i++) await first.advance();
    const resumed = start(settings);
    resumed.restore(decodeCheckpoint(await first.checkpoint(), 'x'), 'x');
    for await (const _ of resumed.train());
    const [a, b] = (await Promise.all([whole, resumed].map((run) => run.save('latest')))).map(({ bytes }) =>
      TrainableGraph.load(bytes, 'x'),
    );
    const untrained = TrainableGraph.load(init, 'x');
    for (const [name, variable] of a.variables) {
      expect(largestDifference(variable.dataSync(), b.variables.get(name)!.dataSync()), name).toBeLessThan(1e-4);
      const moved = largestDifference(variable.dataSync(), untrained.variables.get(name)!.dataSync()) > 0;
      expect(moved, name).toBe(!name.startsWith('init_block'));
    }
    for (const each of [a, b, untrained, whole, first, resumed]) each.dispose();
  });

  it('refuses pictures that are too small and what is no PiDiNet', () => {
    const make =
      (changes: Partial<EdgesConfig>, bytes = init) =>
      () =>
        new EdgesTrainer({ config: config(changes), init: bytes, corrections });
    expect(make({ size: 48 })).toThrow(/normal-0\.png is 40×40 pixels, and 48×48 are trained on/);
    expect(make({}, tinyGenerator())).toThrow(/not a PiDiNet/);
  });
});

describe('corrections', () => {
  it('are what was painted, else what the network is sure of', () => {
    const row = (...values: number[]) => ({
      width: values.length,
      height: 1,
      channels: 1,
      data: Float32Array.from(values),
    });
    const labels = correctedLabels(row(0.9, 0.9, 0.05, 0.05, 0.3, 0.3, 0.3), {
      edge: row(0, 0, 0, 1, 0, 1, 1),
      plain: row(0, 1, 0, 0, 0, 0, 1),
    });
    expect([...labels.data]).toEqual([255, 0, 0, 255, 38, 255, 0]);
  });

  it('are drawn by the seed alone, picture and labels at the same place', () => {
    const image = createRaster(20, 20, 3);
    const labels = createRaster(20, 20);
    for (let i = 0; i < 400; i++) {
      labels.data[i] = i % 7 === 0 ? 255 : 0;
      for (let c = 0; c < 3; c++) image.data[c * 400 + i] = labels.data[i] / 510 + 0.2;
    }
    for (let seed = 0; seed < 12; seed++) {
      const drawn = drawCorrection({ name: 'x', image, labels }, 16, new Random(seed));
      expect(drawCorrection({ name: 'x', image, labels }, 16, new Random(seed)).labels.data).toEqual(drawn.labels.data);
      // Brighter exactly where there is more of an edge, whatever the light.
      const order = [...drawn.labels.data.keys()].sort((a, b) => drawn.labels.data[a] - drawn.labels.data[b]);
      for (let i = 1; i < order.length; i++) {
        expect(drawn.image.data[order[i]]).toBeGreaterThanOrEqual(drawn.image.data[order[i - 1]] - 1e-5);
      }
    }
    const { image: middle } = middleOf({ name: 'x', image: filledRaster(9, 7, 0.5, 3), labels: createRaster(9, 7) }, 5);
    expect([middle.width, middle.height, middle.channels]).toEqual([5, 5, 3]);
  });
});
