import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { openTestDevice } from '../compute/testing';
import { PhotographPairs } from './generator/pairs';
import { GeneratorTrainer } from './generator/trainer';
import { largestDifference } from './graph/testing';
import { decodeCheckpoint } from './run/checkpoint';
import { generatorConfigSchema } from './run/config';
import { TrainingRun } from './run/run';
import { startTensorFlow } from './tensorflow';
import { tinyNormals } from './testing';
import { tinyEdgeDetector, tinyGenerator } from './tiny-networks';

/** The same steps on WebGPU and on the CPU. The device may be a software one: it proves the path, not its speed. */

const device = await openTestDevice();
afterAll(() => device?.destroy());

const config = generatorConfigSchema.parse({
  what: 'generator',
  init: { id: 'tiny.onnx', sha256: '0'.repeat(64) },
  size: 16,
  batch: 1,
  steps: 4,
  seed: 7,
  rate: 0.02,
  validateEvery: 4,
  layers: 'all',
  mirror: 0.5,
  warp: 0.5,
  adversarialFrom: 0,
});
const init = tinyGenerator();
const normals = tinyNormals(3, 16);

function start(guard?: ConstructorParameters<typeof TrainingRun>[3]): TrainingRun {
  const trainer = new GeneratorTrainer({
    config,
    init,
    edgeDetector: { bytes: tinyEdgeDetector(), name: 'tiny-edges.onnx' },
    pairs: new PhotographPairs(normals.slice(1), config),
    heldOut: normals.slice(0, 1),
    discriminatorWidth: 4,
  });
  return new TrainingRun(config, init, trainer, guard);
}

/** Two steps: the second is judged by the discriminator. */
async function twoSteps(run: TrainingRun) {
  const losses = [(await run.advance()).losses, (await run.advance()).losses];
  const checkpoint = decodeCheckpoint(await run.checkpoint(), 'x');
  run.dispose();
  return { losses, checkpoint };
}

describe.skipIf(!device)('on WebGPU', () => {
  it('trains as on the CPU, shares the device, and frees its memory', { timeout: 170_000 }, async () => {
    await startTensorFlow();
    const cpu = await twoSteps(start());

    const tensorflow = await startTensorFlow({ device: device!, info: device!.adapterInfo });
    expect(tensorflow.backend).toBe('webgpu');
    const before = tf.memory() as tf.MemoryInfo & { numBytesInGPU: number };
    const gpu = await twoSteps(start(tensorflow.guard));
    const after = tf.memory() as typeof before;
    expect([after.numTensors, after.numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers]);

    gpu.losses.forEach((losses, step) => {
      for (const [name, value] of Object.entries(losses)) {
        expect(value, `${name} of step ${step}`).toBeCloseTo(cpu.losses[step][name], 3);
      }
    });
    expect(Object.keys(gpu.losses[1])).toContain('discriminator');
    // Adam's moving average of the gradients: what both backends differentiated, without what the optimiser makes of it.
    for (const part of ['generator', 'discriminator']) {
      const [a, b] = [gpu, cpu].map(({ checkpoint }) => checkpoint.state.get(`${part}.adam.first`)!);
      const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largestDifference(a, b)).toBeLessThan(2e-2 * largest);
    }
    await startTensorFlow();
    expect(tf.getBackend()).toBe('cpu');
  });
});
