import { existsSync } from 'node:fs';
import { createRaster, type Image8, type Raster } from '../core/raster';
import { Random } from '../core/random';
import type { Backend, DeviceRaster } from './backend';
import { createCpuBackend } from './cpu';
import { openDevice } from './device';
import { openNodeGpu } from './gpu-node';
import { createWebGpuBackend, type WebGpuBackend } from './webgpu';

/**
 * Test helpers: a GPU device in Node through the package `webgpu` (Dawn). Without one, tests of the GPU are skipped and
 * the reason is printed; under REQUIRE_WEBGPU=1 that is a failure.
 */

/** Where Debian's Chromium keeps SwiftShader, a Vulkan device in software. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

let entrance: Promise<GPU | null> | null = null;

/** @throws Error under REQUIRE_WEBGPU=1 when there is none. */
export function openTestGpu(): Promise<GPU | null> {
  entrance ??= loadDawn().catch((error: unknown) => noGpu(error instanceof Error ? error.message : String(error)));
  return entrance;
}

async function loadDawn(): Promise<GPU | null> {
  if (!process.env.VK_ICD_FILENAMES && process.platform === 'linux' && existsSync(SWIFTSHADER)) {
    process.env.VK_ICD_FILENAMES = SWIFTSHADER;
  }
  const gpu = await openNodeGpu();
  return (await gpu.requestAdapter()) ? gpu : noGpu('WebGPU found no adapter');
}

function noGpu(reason: string): null {
  const sentence = `no WebGPU device in Node: ${reason}`;
  if (process.env.REQUIRE_WEBGPU === '1') throw new Error(sentence);
  process.stderr.write(`skipped tests on WebGPU: ${sentence}\n`);
  return null;
}

/** A device of its own for one test file, with all the limits of its adapter; null when tests are to be skipped. */
export async function openTestDevice(): Promise<GPUDevice | null> {
  const gpu = await openTestGpu();
  if (!gpu) return null;
  const { device, reason } = await openDevice({ gpu, choice: 'gpu' });
  return device ?? noGpu(reason);
}

export interface TestBackends {
  readonly cpu: Backend;
  /** Fills outputs with 9s before every kernel. Null when tests on the GPU are to be skipped. */
  readonly webgpu: WebGpuBackend | null;
  /** Those there are, for tests that run on each. */
  readonly all: Backend[];
  dispose(): void;
}

export async function openTestBackends(): Promise<TestBackends> {
  const device = await openTestDevice();
  const cpu = createCpuBackend();
  const webgpu = device && (await createWebGpuBackend(device, { dirty: 9 }));
  return {
    cpu,
    webgpu,
    all: webgpu ? [cpu, webgpu] : [cpu],
    dispose() {
      cpu.dispose();
      webgpu?.dispose();
      device?.destroy();
    },
  };
}

/**
 * Uploads the rasters, runs the calls on the backend, downloads what they return and releases everything; fails if the
 * backend then holds more buffers than before.
 */
export async function onBackend(
  backend: Backend,
  inputs: readonly Raster[],
  calls: (backend: Backend, ...inputs: DeviceRaster[]) => DeviceRaster,
): Promise<Raster> {
  const before = isWebGpu(backend) ? backend.liveBuffers : 0;
  const uploaded = inputs.map((raster) => backend.upload(raster));
  const result = calls(backend, ...uploaded);
  const values = await backend.download(result);
  backend.release(...uploaded, result);
  if (isWebGpu(backend) && backend.liveBuffers !== before) {
    throw new Error(`${backend.liveBuffers - before} buffers were leaked.`);
  }
  return values;
}

function isWebGpu(backend: Backend): backend is WebGpuBackend {
  return backend.name === 'webgpu';
}

/** The largest |a − b|. @throws RangeError if shapes differ or a value is not a number. */
export function largestDifference(a: Raster, b: Raster): number {
  if (a.width !== b.width || a.height !== b.height || a.channels !== b.channels) throw new RangeError('Shapes differ.');
  let largest = 0;
  for (let i = 0; i < a.data.length; i++) {
    const difference = Math.abs(a.data[i] - b.data[i]);
    if (Number.isNaN(difference)) throw new RangeError(`Value ${i} is ${a.data[i]} and ${b.data[i]}.`);
    largest = Math.max(largest, difference);
  }
  return largest;
}

/** Independent uniform values in [0, 1): the roughest picture there is. */
export function noise(seed: number, width: number, height: number, channels = 1): Raster {
  const random = new Random(seed);
  const raster = createRaster(width, height, channels);
  raster.data.forEach((_, i) => (raster.data[i] = random.uniform()));
  return raster;
}

/** Whole grey levels 0–255, one channel: blotches of a few pixels over noise of ±`grain` levels. */
export function noiseLevels(seed: number, width: number, height: number, grain = 12): Raster {
  const random = new Random(seed);
  const raster = createRaster(width, height);
  const across = Math.ceil(width / 7);
  const blotches = Array.from({ length: across * Math.ceil(height / 7) }, () => random.int(20, 235));
  raster.data.forEach((_, i) => {
    const blotch = blotches[Math.floor(Math.floor(i / width) / 7) * across + Math.floor((i % width) / 7)];
    raster.data[i] = blotch + random.int(-grain, grain);
  });
  return raster;
}

/** Zeros, ones and values between, a third each: a mask with hard and soft parts. */
export function noiseMask(seed: number, width: number, height: number): Raster {
  const raster = noise(seed, width, height);
  raster.data.forEach((v, i) => (raster.data[i] = v < 1 / 3 ? 0 : v > 2 / 3 ? 1 : 3 * v - 1));
  return raster;
}

/** Random RGBA, with opaque, transparent and half transparent pixels. */
export function noiseImage(seed: number, width: number, height: number): Image8 {
  const random = new Random(seed);
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < data.length; i++)
    data[i] = i % 4 === 3 ? random.pick([0, 255, random.int(1, 254)]) : random.int(0, 255);
  return { width, height, data };
}

/** One channel from rows of numbers. */
export function rows(...lines: number[][]): Raster {
  const raster = createRaster(lines[0].length, lines.length);
  raster.data.set(lines.flat());
  return raster;
}

/** Sizes that do not fit a workgroup: odd, a single line, a single column, one pixel. */
export const ODD_SIZES: readonly (readonly [width: number, height: number])[] = [
  [17, 23],
  [33, 16],
  [1, 41],
  [50, 1],
  [1, 1],
];
