import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { openTensorFlow } from '../src/cli/tensorflow';
import { Random } from '../src/core/random';
import { createRaster, type Raster } from '../src/core/raster';
import type { ModelRef } from '../src/core/recipe';
import { editLikeTheStudio } from '../src/datasets/training/edited-pairs';
import { averagePrecision, thresholdOfBestF1 } from '../src/evaluation/labelled-scores';
import { loadOwnDetector, loadShippedDetector } from '../src/models/detector/load';
import { loadShippedEdges, loadShippedGenerator } from '../src/models/weights';
import { folderSource } from '../src/models/weights-node';
import type { DetectorSample, SampleSource } from '../src/training/detector/samples';
import { DetectorTrainer } from '../src/training/detector/trainer';
import { PhotographPairs } from '../src/training/generator/pairs';
import { GeneratorTrainer } from '../src/training/generator/trainer';
import { TrainableGraph } from '../src/training/graph/graph';
import { Learner } from '../src/training/learning/learner';
import type { Circumstances } from '../src/training/run/defaults';
import { defaultDetectorConfig, defaultGeneratorConfig } from '../src/training/run/defaults';
import type { Trainer } from '../src/training/run/trainer';
import { median } from './report';

const RUNS = Number(process.env.TRAINING_RUNS ?? 5);
const MODELS = folderSource(fileURLToPath(new URL('../public/models', import.meta.url)));
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software/i;

interface Network {
  readonly ref: ModelRef;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Training of generator and detector in TensorFlow.js: a step's time and what it is made of, pictures a second, memory.
 * On a graphics card at 256² with 1, 4 and 8 pictures a step; elsewhere at 64² with two, which says how the parts
 * compare and not how fast it is. TRAINING_SIDE and TRAINING_BATCHES (`1,4`) choose otherwise, DETECTOR names the file of
 * another detector, TRAINING_DEVICE is `auto`, `gpu` or `cpu`, TRAINING_RUNS how often each is timed.
 */
export async function benchTraining(): Promise<void> {
  const device = process.env.TRAINING_DEVICE ?? 'gpu';
  if (device !== 'auto' && device !== 'gpu' && device !== 'cpu') throw new Error(`There is no device “${device}”.`);
  const { tensorflow, reason, close } = await openTensorFlow(device);
  console.log(reason);
  const hardware = tensorflow.backend === 'webgpu' && !SOFTWARE.test(reason);
  const side = Number(process.env.TRAINING_SIDE ?? (hardware ? 256 : 64));
  const batches = (process.env.TRAINING_BATCHES ?? (hardware ? '1,4,8' : '2')).split(',').map(Number);
  const generator = await loadShippedGenerator(MODELS);
  const own = process.env.DETECTOR;
  const detector =
    own === undefined ? await loadShippedDetector(MODELS) : await loadOwnDetector(await fileOf(own), own);
  try {
    for (const batch of batches) {
      if (generator) await benchSteps('generator', generator, side, batch, tensorflow.backend);
      if (detector) await benchSteps('detector', detector, side, batch, tensorflow.backend);
    }
  } finally {
    close();
  }
}

async function fileOf(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(file));
}

async function benchSteps(
  what: 'generator' | 'detector',
  { ref, bytes }: Network,
  side: number,
  batch: number,
  backend: Circumstances['backend'],
): Promise<void> {
  const circumstances = { images: 100, side, multiple: 1, backend, init: ref, seed: 1 };
  const pictures = Array.from({ length: 6 }, (_, i) => noise(new Random(i + 1), side, 3));
  const planes = pictures.map((_, i) => noise(new Random(i + 100), side, 1));
  let trainer: Trainer;
  let draw: (random: Random) => unknown;
  if (what === 'generator') {
    // The discriminator from the start: most of a run has it.
    const config = { ...defaultGeneratorConfig(circumstances), size: side, batch, adversarialFrom: 0 };
    const normals = pictures.map((image, i) => ({ name: `${i}`, image, edges: planes[i] }));
    const pairs = new PhotographPairs(normals, config, editLikeTheStudio);
    draw = (random) => pairs.draw(random);
    const edgeDetector = await loadShippedEdges(MODELS);
    trainer = new GeneratorTrainer({ config, init: bytes, edgeDetector, pairs, heldOut: normals.slice(0, 1) });
  } else {
    const config = { ...defaultDetectorConfig(circumstances), size: side, batch };
    const [shown, other] = pictures;
    const [jnd, edges] = planes;
    const mask = createRaster(side, side);
    mask.data.fill(1, 0, side);
    const sample: DetectorSample = { shown, image: other, jnd, edges, mask };
    const samples: SampleSource = { normal: async () => sample, anomaly: async () => sample };
    draw = () => sample;
    const heldOut = [
      { name: 'abnormal', shown, mask },
      { name: 'normal', shown: other, mask: null },
    ];
    const figures = { averagePrecision, thresholdOfBestF1 };
    trainer = new DetectorTrainer({ config, init: bytes, samples, heldOut, figures });
  }
  const augmentation = await timed((i) => {
    for (let k = 0; k < batch; k++) draw(new Random(i).fork(`${k}`));
  });
  // Every third step of the generator asks PiDiNet: the mean of three is what a step takes.
  const whole =
    (await timed(async (i) => {
      for (let step = 3 * i; step < 3 * i + 3; step++) {
        await trainer.step({ step, progress: 0.5, rate: 1e-4, batch, random: new Random(step) });
      }
    })) / 3;
  const memory = tf.memory() as tf.MemoryInfo & { numBytesAllocatedInGPU?: number };
  trainer.dispose();
  const { forward, both, optimiser, convolutions } = await benchNetwork(bytes, ref.id, side, batch);
  const parts = { augmentation, forward, backward: both - forward, optimiser };
  const rest = whole - augmentation - both - optimiser;
  const held = memory.numBytesAllocatedInGPU ?? memory.numBytes;
  console.log(
    [
      `${what} ${side}², ${batch} a step: ${whole.toFixed(0)} ms, ${((1000 * batch) / whole).toFixed(2)} pictures/s`,
      ...Object.entries(parts).map(([name, ms]) => `${name} ${((100 * ms) / whole).toFixed(0)} %`),
      `losses and what else ${((100 * rest) / whole).toFixed(0)} %`,
      `gradients of convolutions ${convolutions} of forward and backward`,
      `${(held / 2 ** 20).toFixed(0)} MB held`,
      await againstTorch(what, side, batch, both),
    ].join(', '),
  );
}

/** The same forward and backward pass in PyTorch, where it is installed. @param both ours, ms. */
async function againstTorch(what: string, side: number, batch: number, both: number): Promise<string> {
  const command = ['bench/training_torch.py', what, String(side), String(batch)];
  try {
    const cwd = fileURLToPath(new URL('..', import.meta.url));
    const { stdout } = await promisify(execFile)(process.env.PYTHON ?? 'python3', command, { cwd });
    const { milliseconds, device } = JSON.parse(stdout) as { milliseconds: number; device: string };
    const ratio = (both / milliseconds).toFixed(1);
    return `forward and backward ${both.toFixed(0)} ms, in PyTorch on ${device} ${milliseconds.toFixed(0)} ms, ratio ${ratio}`;
  } catch {
    return 'PyTorch is not installed here';
  }
}

/** The network alone, in ms: forward; forward and backward; the optimiser over all its weights. */
async function benchNetwork(bytes: Uint8Array, name: string, side: number, batch: number) {
  const graph = TrainableGraph.load(bytes, name);
  const [input] = graph.inputs;
  const feed = tf.fill([batch, input === 'edges' ? 1 : 3, side, side], 0.5);
  const loss = () => {
    const made = graph.run({ [input]: feed }, { training: true });
    return tf.addN(graph.outputs.map((output) => tf.mean<tf.Scalar>(made[output])));
  };
  const backward = async () => {
    const { value, grads } = tf.variableGrads(loss, graph.trainable);
    // The gradient of the first layer comes last.
    await Promise.all([value.data(), Object.values(grads).at(-1)!.data()]);
    tf.dispose([value, grads]);
  };
  const forward = await timed(async () => {
    const value = tf.tidy(loss);
    await value.data();
    value.dispose();
  });
  const both = await timed(backward);
  const convolutions = await shareOfConvolutions(backward);
  const learner = new Learner(graph, { beta1: 0.9, beta2: 0.99 });
  const gradient = tf.fill([learner.trained.size], 1e-3) as tf.Tensor1D;
  const optimiser = await timed(async (i) => {
    learner.apply(gradient, 1e-4, i);
    await graph.trainable[0].data();
  });
  tf.dispose([gradient, feed]);
  learner.dispose();
  return { forward, both, optimiser, convolutions };
}

/** Share of convolutions' gradients in the time of all kernels of a forward and a backward pass. */
async function shareOfConvolutions(backward: () => Promise<void>): Promise<string> {
  const { kernels } = await tf.profile(async () => {
    await backward();
    return [];
  });
  let [convolutions, all] = [0, 0];
  for (const { name, kernelTimeMs } of kernels) {
    const ms = await kernelTimeMs;
    if (typeof ms !== 'number') return '(not timed here)';
    all += ms;
    if (/^(Conv2DBackprop|DepthwiseConv2dNativeBackprop)/.test(name)) convolutions += ms;
  }
  return all > 0 ? `${((100 * convolutions) / all).toFixed(0)} %` : '(not timed here)';
}

/** Median of several runs after a first one, ms. */
async function timed(work: (run: number) => unknown): Promise<number> {
  await work(0);
  const times: number[] = [];
  for (let run = 1; run <= RUNS; run++) {
    const start = performance.now();
    await work(run);
    times.push(performance.now() - start);
  }
  return median(times);
}

function noise(random: Random, side: number, channels: number): Raster {
  const raster = createRaster(side, side, channels);
  for (let i = 0; i < raster.data.length; i++) raster.data[i] = random.uniform();
  return raster;
}
