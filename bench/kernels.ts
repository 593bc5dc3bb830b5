import * as tf from '@tensorflow/tfjs';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { Backend, DeviceRaster } from '../src/compute/backend';
import { createCpuBackend } from '../src/compute/cpu';
import { jndMap } from '../src/compute/jnd';
import { describeAdapter, openDevice } from '../src/compute/device';
import { TEXTURE } from '../src/compute/gpu/flags';
import { paint } from '../src/compute/kernels/present/cpu';
import { C1, C2, TAPS } from '../src/compute/kernels/ssim/constants';
import { largestDifference, noise, noiseImage, noiseLevels, noiseMask, openTestGpu } from '../src/compute/testing';
import { createWebGpuBackend, type WebGpuBackend } from '../src/compute/webgpu';
import { augmentationAffine, invert } from '../src/core/geometry';
import { Random } from '../src/core/random';
import type { Raster } from '../src/core/raster';
import { CONTROL_POINTS, randomWarp, solveTps } from '../src/core/tps';

/**
 * Times every kernel on the GPU, on the CPU and as the same mathematics in TensorFlow.js operations, in one run, taking
 * turns, so that whatever else the machine does falls on all alike. The results are compared too: nothing is timed that
 * computes something else.
 */

export interface KernelTiming {
  readonly name: string;
  /** Milliseconds a call, the best of the rounds; null where it cannot run. */
  readonly gpu: number | null;
  readonly cpu: number;
  readonly tfjs: number | null;
  /** Largest |CPU − tfjs| of the results; null where there is no counterpart. */
  readonly difference: number | null;
}

/** One call, its result released by the timer. */
type OnBackend = (backend: Backend, inputs: readonly DeviceRaster[]) => DeviceRaster;

interface Case {
  readonly name: string;
  readonly inputs: readonly Raster[];
  readonly run: OnBackend;
  /** The same in tfjs, over inputs as [channels, height, width, 1]; the result in the order of a planar raster. */
  readonly tfjs: (inputs: readonly tf.Tensor4D[]) => tf.Tensor;
}

const ROUNDS = 7;
/** Milliseconds a round should last: short calls are made several times between two waits, as a chain of stages does. */
const ROUND_MS = 20;
const MOST_CALLS = 16;
/** Milliseconds after which a contender has had enough rounds. */
const ENOUGH_MS = 2000;

function cases(size: number): Case[] {
  const image = noise(1, size, size, 3);
  const other = noise(2, size, size, 3);
  const edges = noise(3, size, size);
  const donor = noise(4, size, size);
  const mask = noiseMask(5, size, size);
  const square = { width: size, height: size };
  const augmentation = { flipX: true, flipY: false, scale: 1.1, rotation: 0.4, translateX: 0.05, translateY: -0.1 };
  const inverse = invert(augmentationAffine(augmentation, square, square));
  const spline = solveTps(randomWarp(new Random(7)), size, size);
  const large = noise(6, 2 * size, 2 * size, 3);
  return [
    {
      name: 'edit-edges (merge)',
      inputs: [edges, donor, mask],
      run: (b, [p, a, m]) => b.editEdges('merge', p, a, m),
      tfjs: ([p, a, m]) => m.mul(a.add(p).minimum(1)).add(tf.sub(1, m).mul(p)),
    },
    {
      name: 'warp-affine (1 channel)',
      inputs: [edges],
      run: (b, [s]) => b.warpAffine(s, inverse, size, size, 'zero'),
      tfjs: ([s]) => {
        const [a, b, c, d, e, f] = inverse;
        const transform = tf.tensor2d([[a, b, 0.5 * (a + b) + c - 0.5, d, e, 0.5 * (d + e) + f - 0.5, 0, 0]]);
        return tf.image.transform(s, transform, 'bilinear', 'constant', 0);
      },
    },
    {
      name: 'warp-tps (3 channels)',
      inputs: [image],
      run: (b, [s]) => b.warpTps(s, spline, 'reflect'),
      tfjs: ([s]) => tpsInTfjs(s, spline.weights, spline.affine, size),
    },
    {
      name: 'ssim (3 channels)',
      inputs: [image, other],
      run: (b, [x, y]) => b.ssim(x, y),
      tfjs: ([x, y]) => ssimInTfjs(x, y),
    },
    {
      name: 'blend (3 channels)',
      inputs: [image, other, mask],
      run: (b, [u, o, m]) => b.blend(u, o, m),
      tfjs: ([u, o, m]) => u.add(m.mul(o.sub(u))),
    },
    ...[5, 20].map((radius): Case => ({
      name: `dilate (radius ${radius})`,
      inputs: [mask],
      run: (b, [m]) => b.dilate(m, radius),
      tfjs: ([m]) => tf.dilation2d(m, diskFilter(radius), 1, 'same'),
    })),
    {
      name: 'change-mask',
      inputs: [edges, mask],
      run: (b, [s, w]) => b.changeMask(s, w, 0.5),
      tfjs: ([s, w]) => tf.sub(1, s).greater(0.5).logicalAnd(w.greater(0)).cast('float32'),
    },
    {
      name: 'affine-values (3 channels)',
      inputs: [image],
      run: (b, [s]) => b.affineValues(s, 2, -1, -0.9, 0.9),
      tfjs: ([s]) => s.mul(2).sub(1).clipByValue(-0.9, 0.9),
    },
    {
      name: 'resize (halving, antialiased)',
      inputs: [large],
      run: (b, [s]) => b.resize(s, size, size),
      tfjs: ([s]) => halvingInTfjs(s),
    },
    {
      name: 'resize (doubling)',
      inputs: [image],
      run: (b, [s]) => b.resize(s, 2 * size, 2 * size),
      tfjs: ([s]) => tf.image.resizeBilinear(s, [2 * size, 2 * size], false, true),
    },
  ];
}

/** The spline at every pixel, then four gathers: tfjs has no warp by a displacement field. */
function tpsInTfjs(source: tf.Tensor4D, weights: Float32Array, affine: Float32Array, size: number): tf.Tensor {
  const centres = tf.range(0, size).add(0.5).div(size);
  const x = tf.tile(centres.reshape([1, size]), [size, 1]).reshape([-1, 1]);
  const y = tf.tile(centres.reshape([size, 1]), [1, size]).reshape([-1, 1]);
  const pointsX = tf.tensor2d([CONTROL_POINTS.map(([px]) => px)]);
  const pointsY = tf.tensor2d([CONTROL_POINTS.map(([, py]) => py)]);
  const squared = x.sub(pointsX).square().add(y.sub(pointsY).square());
  const kernel = squared.mul(0.5).mul(squared.maximum(1e-30).log());
  const bend = tf.matMul(kernel.as2D(size * size, 9), tf.tensor2d(weights, [2, 9]), false, true);
  const terms = tf.concat([tf.onesLike(x), x, y], 1).as2D(size * size, 3);
  const displacement = bend.add(tf.matMul(terms, tf.tensor2d(affine, [2, 3]), false, true));
  const position = tf.concat([x, y], 1).add(displacement).mul(size).sub(0.5);
  const low = position.floor();
  const share = position.sub(low);
  const mirror = (i: tf.Tensor) => {
    const m = i.sub(
      i
        .div(2 * size)
        .floor()
        .mul(2 * size),
    );
    return tf.where(m.less(size), m, tf.sub(2 * size - 1, m));
  };
  const [x0, y0] = tf.split(mirror(low), 2, 1);
  const [x1, y1] = tf.split(mirror(low.add(1)), 2, 1);
  const [tx, ty] = tf.split(share, 2, 1).map((t) => t.reshape([1, -1]));
  const flat = source.reshape([source.shape[0], -1]);
  const at = (column: tf.Tensor, row: tf.Tensor) =>
    tf.gather(flat, row.mul(size).add(column).reshape<tf.Tensor1D>([-1]).cast('int32'), 1);
  const top = at(x0, y0).mul(tf.sub(1, tx)).add(at(x1, y0).mul(tx));
  const bottom = at(x0, y1).mul(tf.sub(1, tx)).add(at(x1, y1).mul(tx));
  return top.mul(tf.sub(1, ty)).add(bottom.mul(ty));
}

/** Five moments by two depthwise convolutions each, over mirrored borders. */
function ssimInTfjs(x: tf.Tensor4D, y: tf.Tensor4D): tf.Tensor {
  const taps = [...TAPS];
  const filter = (t: tf.Tensor) => {
    const padded = tf.mirrorPad(
      t as tf.Tensor4D,
      [
        [0, 0],
        [5, 5],
        [5, 5],
        [0, 0],
      ],
      'symmetric',
    );
    const across = tf.depthwiseConv2d(padded, tf.tensor4d(taps, [1, 11, 1, 1]), 1, 'valid');
    return tf.depthwiseConv2d(across, tf.tensor4d(taps, [11, 1, 1, 1]), 1, 'valid');
  };
  const [mx, my, xx, yy, xy] = [x, y, x.square(), y.square(), x.mul(y)].map(filter);
  const luminance = mx.mul(my).mul(2).add(C1).div(mx.square().add(my.square()).add(C1));
  const covariance = xy.sub(mx.mul(my));
  const variances = xx.sub(mx.square()).add(yy.sub(my.square()));
  return luminance.mul(covariance.mul(2).add(C2).div(variances.add(C2))).mean(0);
}

function diskFilter(radius: number): tf.Tensor3D {
  const side = 2 * radius + 1;
  const outside = (i: number) => ((i % side) - radius) ** 2 + (Math.floor(i / side) - radius) ** 2 > radius ** 2;
  return tf.tensor3d(
    Array.from({ length: side * side }, (_, i) => (outside(i) ? -1e9 : 0)),
    [side, side, 1],
  );
}

/** tfjs has no antialiased resize. Halving is a stride of 2 with the taps 1 3 3 1, renormalised where one falls outside. */
function halvingInTfjs(source: tf.Tensor4D): tf.Tensor {
  const taps = [1 / 8, 3 / 8, 3 / 8, 1 / 8];
  const size = source.shape[1] / 2;
  const renormalise = Array.from({ length: size }, (_, i) => (i === 0 || i === size - 1 ? 8 / 7 : 1));
  const padded = tf.pad(source, [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ]);
  const across = tf.depthwiseConv2d(padded, tf.tensor4d(taps, [1, 4, 1, 1]), [1, 2], 'valid');
  const down = tf.depthwiseConv2d(across, tf.tensor4d(taps, [4, 1, 1, 1]), [2, 1], 'valid');
  return down.mul(tf.tensor4d(renormalise, [1, 1, size, 1])).mul(tf.tensor4d(renormalise, [1, size, 1, 1]));
}

/** tfjs on our device when there is one, else its CPU backend. */
async function openTfjs(
  gpu: GPU | null,
  device: GPUDevice | null,
  info: GPUAdapterInfo | undefined,
): Promise<{ name: string; wait: () => Promise<void> }> {
  if (gpu && device && info) {
    // tfjs looks for navigator.gpu before it takes a device, and Node has none.
    if (typeof navigator === 'undefined')
      Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
    Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
    try {
      const backend = new WebGPUBackend(device, info);
      if (tf.findBackendFactory('webgpu')) tf.removeBackend('webgpu');
      tf.registerBackend('webgpu', () => backend);
      await tf.setBackend('webgpu');
      await tf.ready();
      return {
        name: 'webgpu, on the same device',
        wait: async () => {
          // Submitting throws when everything has been submitted already, which only this private field tells.
          if ((backend as unknown as { commandEncoder: GPUCommandEncoder | null }).commandEncoder) {
            backend.endComputePassEncoder();
            backend.submitQueue();
          }
          await device.queue.onSubmittedWorkDone();
        },
      };
    } catch (error) {
      process.stderr.write(`tfjs cannot use the device: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  await tf.setBackend('cpu');
  await tf.ready();
  return { name: 'cpu', wait: async () => {} };
}

/**
 * Prints and returns the timings at `size`². Warm: everything ran before the clock starts, and each round waits until
 * the device is idle.
 */
export async function benchKernels({ size = 256 }: { size?: number } = {}): Promise<KernelTiming[]> {
  const gpuEntrance = await openTestGpu();
  const opened = gpuEntrance ? await openDevice({ gpu: gpuEntrance, choice: 'gpu' }) : null;
  const device = opened?.device ?? null;
  const adapter = await gpuEntrance?.requestAdapter();
  const cpu = createCpuBackend();
  const gpu = device && (await createWebGpuBackend(device));
  const tfjs = await openTfjs(gpuEntrance, device, adapter?.info);
  const software = adapter ? describeAdapter(adapter).software : false;

  process.stdout.write(`\nKernels at ${size}×${size}, ms a call (warm, best of up to ${ROUNDS} rounds)\n`);
  process.stdout.write(
    `  GPU: ${opened?.reason ?? 'none'}${software ? ' A software GPU says nothing of a real one.' : ''}\n`,
  );
  process.stdout.write(`  tfjs ${tf.version.tfjs}: ${tfjs.name}\n`);
  process.stdout.write(line('kernel', 'GPU', 'CPU', 'tfjs', 'CPU/GPU', 'tfjs/GPU', 'tfjs/CPU', '|CPU−tfjs|'));

  const timings: KernelTiming[] = [];
  const report = (timing: KernelTiming) => {
    timings.push(timing);
    const ratio = (a: number | null, b: number | null) => (a === null || b === null ? '–' : (a / b).toFixed(2));
    const ms = (value: number | null) => (value === null ? '–' : value.toFixed(3));
    const { name, difference } = timing;
    process.stdout.write(
      line(
        name,
        ms(timing.gpu),
        ms(timing.cpu),
        ms(timing.tfjs),
        ratio(timing.cpu, timing.gpu),
        ratio(timing.tfjs, timing.gpu),
        ratio(timing.tfjs, timing.cpu),
        difference === null ? '–' : difference.toExponential(0),
      ),
    );
  };
  try {
    for (const each of cases(size)) report(await timeCase(each, cpu, gpu, tfjs.wait));
    report(await timeJnd(size, cpu, gpu));
    report(await timeUpload(size, cpu, gpu, tfjs.wait));
    report(await timePresent(size, gpu));
  } finally {
    cpu.dispose();
    gpu?.dispose();
    tf.removeBackend(tf.getBackend());
    device?.destroy();
  }
  return timings;
}

async function timeCase(
  each: Case,
  cpu: Backend,
  gpu: WebGpuBackend | null,
  tfjsWait: () => Promise<void>,
): Promise<KernelTiming> {
  const { name, inputs, run, tfjs } = each;
  const onCpu = inputs.map((raster) => cpu.upload(raster));
  const onGpu = inputs.map((raster) => gpu?.upload(raster)).filter((raster) => raster !== undefined);
  const tensors = inputs.map(({ data, width, height, channels }) => tf.tensor4d(data, [channels, height, width, 1]));
  const [gpuTime, cpuTime, tfjsTime] = await inTurns([
    gpu && { call: () => gpu.release(run(gpu, onGpu)), wait: () => gpu.finish() },
    { call: () => cpu.release(run(cpu, onCpu)) },
    { call: () => tf.tidy(() => void tfjs(tensors)), wait: tfjsWait },
  ]);
  const reference = run(cpu, onCpu);
  const expected = await cpu.download(reference);
  const result = tf.tidy(() => tfjs(tensors));
  const values = (await result.data()) as Float32Array;
  result.dispose();
  tensors.forEach((tensor) => tensor.dispose());
  cpu.release(reference, ...onCpu);
  gpu?.release(...onGpu);
  const difference = largestDifference(expected, { ...expected, data: Float32Array.from(values) });
  return { name, gpu: gpuTime, cpu: cpuTime as number, tfjs: tfjsTime, difference };
}

/** The whole chain of kernels; tfjs has no counterpart that fits into memory. */
async function timeJnd(size: number, cpu: Backend, gpu: WebGpuBackend | null): Promise<KernelTiming> {
  const grey = noiseLevels(8, size, size);
  const onCpu = cpu.upload(grey);
  const onGpu = gpu?.upload(grey);
  const [gpuTime, cpuTime] = await inTurns([
    gpu && onGpu ? { call: () => gpu.release(jndMap(gpu, onGpu)), wait: () => gpu.finish() } : null,
    { call: () => cpu.release(jndMap(cpu, onCpu)) },
  ]);
  cpu.release(onCpu);
  gpu?.release(onGpu);
  return { name: 'JND map', gpu: gpuTime, cpu: cpuTime as number, tfjs: null, difference: null };
}

async function timeUpload(
  size: number,
  cpu: Backend,
  gpu: WebGpuBackend | null,
  tfjsWait: () => Promise<void>,
): Promise<KernelTiming> {
  const image = noiseImage(1, size, size);
  const values = Int32Array.from(image.data);
  const inTfjs = () => {
    const pixels = tf.tensor3d(values, [size, size, 4], 'int32').cast('float32').div(255);
    const alpha = pixels.slice([0, 0, 3], [-1, -1, 1]);
    return pixels.slice([0, 0, 0], [-1, -1, 3]).mul(alpha).add(tf.sub(1, alpha)).transpose([2, 0, 1]);
  };
  const [gpuTime, cpuTime, tfjsTime] = await inTurns([
    gpu && { call: () => gpu.release(gpu.uploadImage(image)), wait: () => gpu.finish() },
    { call: () => cpu.release(cpu.uploadImage(image)) },
    { call: () => tf.tidy(() => void inTfjs()), wait: tfjsWait },
  ]);
  const reference = cpu.uploadImage(image);
  const expected = await cpu.download(reference);
  const result = tf.tidy(inTfjs);
  const difference = largestDifference(expected, { ...expected, data: Float32Array.from(await result.data()) });
  result.dispose();
  cpu.release(reference);
  return { name: 'upload-image', gpu: gpuTime, cpu: cpuTime as number, tfjs: tfjsTime, difference };
}

async function timePresent(size: number, gpu: WebGpuBackend | null): Promise<KernelTiming> {
  const raster = noise(1, size, size, 3);
  const onGpu = gpu?.upload(raster);
  const usage = TEXTURE.RENDER_ATTACHMENT | TEXTURE.COPY_SRC;
  const texture = gpu?.device.createTexture({ size: [size, size], format: 'rgba8unorm', usage });
  const [gpuTime, cpuTime] = await inTurns([
    gpu && onGpu && texture
      ? { call: () => gpu.present(onGpu, { getCurrentTexture: () => texture }), wait: () => gpu.finish() }
      : null,
    { call: () => void paint(raster) },
  ]);
  gpu?.release(onGpu);
  texture?.destroy();
  return { name: 'present (3 channels)', gpu: gpuTime, cpu: cpuTime as number, tfjs: null, difference: null };
}

interface Contender {
  readonly call: () => void;
  /** Until everything called has been computed. */
  readonly wait?: () => Promise<void>;
}

/**
 * Milliseconds a call of each, the best of rounds in which all take turns: what else the machine does can only add.
 */
async function inTurns(contenders: readonly (Contender | null)[]): Promise<(number | null)[]> {
  const timed = async ({ call, wait }: Contender, calls: number): Promise<number> => {
    await wait?.();
    const start = performance.now();
    for (let k = 0; k < calls; k++) call();
    await wait?.();
    return performance.now() - start;
  };
  const entries: { contender: Contender; calls: number; spent: number; best: number }[] = [];
  for (const contender of contenders) {
    if (!contender) continue;
    // Once for what is compiled or allocated on first use, once to see how long it takes.
    await timed(contender, 1);
    const once = await timed(contender, 1);
    const calls = Math.min(MOST_CALLS, Math.max(1, Math.round(ROUND_MS / once)));
    entries.push({ contender, calls, spent: once, best: once > ENOUGH_MS ? once : Infinity });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const entry of entries) {
      if (entry.spent > ENOUGH_MS && entry.best < Infinity) continue;
      const time = await timed(entry.contender, entry.calls);
      entry.spent += time;
      entry.best = Math.min(entry.best, time / entry.calls);
    }
  }
  return contenders.map((contender) => entries.find((entry) => entry.contender === contender)?.best ?? null);
}

function line(name: string, ...columns: string[]): string {
  return `  ${name.padEnd(31)}${columns.map((column) => column.padStart(11)).join('')}\n`;
}
