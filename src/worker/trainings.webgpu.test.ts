import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GpuContext, openDevice, type GpuResources } from '../compute/device';
import { openTestGpu } from '../compute/testing';
import { createWebGpuBackend } from '../compute/webgpu';
import { sha256 } from '../core/hash';
import { MemoryFiles } from '../project/derived';
import { TrainingStore } from '../project/training-store';
import { stagesOn } from '../synthesis/testing';
import type { Stages } from '../synthesis/types';
import { startTensorFlow } from '../training/tensorflow';
import { tinyNormals } from '../training/testing';
import { tinyEdgeDetector, tinyGenerator } from '../training/tiny-networks';
import type { TrainingConfig } from '../training/run/config';
import type { TrainingNews, TrainingRequest } from './api';
import type { OpenNetworks } from './engine';
import { SerialQueue } from './jobs';
import { recordsOf } from './training-testing';
import { Trainings } from './trainings';

/** Training on a device that kernels share. The device may be a software one: it proves the path, not its speed. */

const SIDE = 16;
const gpu = await openTestGpu();
const pictures = tinyNormals(5, SIDE);
const images = recordsOf(pictures);
const files = { generator: tinyGenerator(), detector: tinyGenerator(), edges: tinyEdgeDetector() };

/** Buffers of every device that was opened. */
const buffers = new Set<GPUBuffer>();
let context: GpuContext<GpuResources & { readonly stages: Stages }>;
let device: GPUDevice;
const queue = new SerialQueue();

async function open() {
  const opened = await openDevice({ gpu: gpu!, choice: 'gpu' });
  device = opened.device!;
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    buffers.add(buffer);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      buffers.delete(buffer);
      return destroy();
    };
    return buffer;
  };
  return opened;
}

if (gpu) {
  const build = async (on: GPUDevice) => {
    const backend = await createWebGpuBackend(on);
    return { stages: stagesOn(backend, null), dispose: () => backend.dispose() };
  };
  ({ context } = (await GpuContext.open({ open, build })) as { context: typeof context });
}
afterAll(() => (gpu ? context.dispose() : undefined));
beforeEach(async () => {
  vi.stubGlobal('createImageBitmap', async () => ({}));
  await startTensorFlow();
});
afterEach(() => vi.unstubAllGlobals());

function trainings(): Trainings {
  return new Trainings(
    {
      idle: (work) =>
        queue.runWhenIdle(() =>
          context.run(({ stages }, on) => work(stages, {} as OpenNetworks, { device: on, info: on.adapterInfo })),
        ),
      network: async (task) => {
        const bytes = files[task];
        return { ref: { id: `${task}.onnx`, sha256: await sha256(bytes) }, title: task, bytes };
      },
      raster: async ({ name }) => pictures.find((picture) => picture.name === name)!.image,
      webGl: () => null,
      rendererOf: async () => 'direct',
      hasParts: async () => false,
      partsOf: async () => [],
      use: () => Promise.reject(new Error('Nothing is used here.')),
    },
    new TrainingStore(new MemoryFiles()),
  );
}

describe.skipIf(!gpu)('on WebGPU', () => {
  const never = new AbortController().signal;

  async function request(all: Trainings, id = 'run'): Promise<TrainingRequest> {
    const { config } = await all.plan('generator', images, 1);
    // Without the discriminator: it is wide, and a processor imitates the device.
    const small = { steps: 5, validateEvery: 2, batch: 1, adversarialFrom: 1, rate: 0.01 };
    return { id, name: 'Run', dataset: 'Boxes', config: { ...config, ...small } as TrainingConfig, images };
  }

  it('a pause frees every tensor and every buffer, and the run goes on', { timeout: 170_000 }, async () => {
    const all = trainings();
    expect(await all.plan('generator', images, 1)).toMatchObject({ backend: 'webgpu' });
    const whole = await all.begin(await request(all, 'whole'), never, () => undefined);
    expect(whole).toMatchObject({ state: 'done', backend: 'webgpu' });
    const [tensors, before] = [tf.memory().numTensors, buffers.size];
    const controller = new AbortController();
    let most = 0;
    const onNews = ({ kind }: TrainingNews) => {
      most = Math.max(most, buffers.size);
      if (kind === 'step') controller.abort();
    };
    const paused = await all.begin(await request(all), controller.signal, onNews);
    expect(paused).toMatchObject({ state: 'paused', problem: null });
    expect(paused.step).toBeLessThan(5);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(most).toBeGreaterThan(before + 10);
    expect(buffers.size).toBe(before);
    const done = await all.resume('run', null, never, () => undefined);
    expect(done.state).toBe('done');
    whole.curve.losses.total.forEach((loss, i) => expect(done.curve.losses.total[i]).toBeCloseTo(loss!, 3));
    expect(tf.memory().numTensors).toBe(tensors);
    expect(buffers.size).toBe(before);
  });

  it('a lost device pauses the run at its last checkpoint, from where it goes on', { timeout: 170_000 }, async () => {
    const all = trainings();
    const tensors = tf.memory().numTensors;
    const lost = device;
    const paused = await all.begin(await request(all), never, (news) => {
      if (news.kind === 'record' && news.record.saved === 2) lost.destroy();
    });
    expect(paused).toMatchObject({ state: 'paused', step: 2, saved: 2, problem: { code: 'device-lost' } });
    expect(tf.memory().numTensors).toBe(tensors);
    const done = await all.resume('run', null, never, () => undefined);
    expect(done).toMatchObject({ state: 'done', problem: null, step: 5 });
  });
});
