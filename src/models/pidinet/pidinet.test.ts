import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Backend, DeviceRaster } from '../../compute/backend';
import { createCpuBackend } from '../../compute/cpu';
import { createNodeRuntime } from '../../compute/onnx/runtime-node';
import type { OnnxRuntime } from '../../compute/onnx/session';
import { rgbFromImage8, type Raster } from '../../core/raster';
import { image, model, node, tensor } from '../onnx-file/build';
import { serializeOnnx } from '../onnx-file/onnx';
import { onnxFromPth } from './load';
import { createEdgeDetector, EDGE_OUTPUTS } from './pidinet';

const MODELS = new URL('../../../public/models/', import.meta.url).pathname;
const OFFICIAL = new URL('../../../../shared/data/pidinet-official/', import.meta.url).pathname;

async function readImage(path: string): Promise<Raster> {
  const { data, info } = await sharp(path).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return rgbFromImage8({ width: info.width, height: info.height, data: new Uint8ClampedArray(data) });
}

/** A little-endian float32 .npy file: its shape and values (NumPy's format 1.0). */
async function readNpy(path: string): Promise<{ shape: number[]; data: Float32Array }> {
  const bytes = await readFile(path);
  const headerLength = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + headerLength);
  expect(header).toContain("'descr': '<f4', 'fortran_order': False");
  const shape = /'shape': \(([^)]*)\)/.exec(header)![1].split(',').filter(Boolean).map(Number);
  const start = 10 + headerLength;
  return {
    shape,
    data: new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length)),
  };
}

/** The greatest absolute difference; NaN counts as infinite. */
function greatestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  let greatest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    greatest = Number.isNaN(difference) ? Infinity : Math.max(greatest, difference);
  }
  return greatest;
}

const golden = existsSync(join(OFFICIAL, 'golden'));
if (!golden) console.log('skipped: official PiDiNet checkpoints, for want of ../shared/data/pidinet-official');

describe.skipIf(!golden).each(['wasm', 'native'] as const)(
  'official PiDiNet checkpoints in %s',
  { timeout: 120_000 },
  (build) => {
    // The reference maps were computed by the authors' program, in difference form, from the same checkpoints.
    it.each(['table5_pidinet', 'table5_pidinet-tiny'])(
      '%s: every map within 1e-3 of the reference',
      async (network) => {
        const runtime = await runtimeOf(build);
        if (!runtime) return;
        const detector = await openOfficial(runtime, network);
        for (const picture of ['100007', '101027']) {
          const photo = await readImage(join(OFFICIAL, 'golden', `${picture}.png`));
          const expected = await readNpy(join(OFFICIAL, 'golden', `${picture}.${network}.npy`));
          expect(expected.shape).toEqual([5, photo.height, photo.width]);
          const maps = await detector.run({ ...photo, device: 'cpu' });
          const plane = photo.width * photo.height;
          EDGE_OUTPUTS.forEach((output, k) => {
            const difference = greatestDifference(
              values(maps[output]),
              expected.data.subarray(k * plane, (k + 1) * plane),
            );
            expect(difference, `${output} of ${picture}`).toBeLessThan(1e-3);
          });
        }
        await detector.release();
      },
    );

    // No reference maps exist for small; its graph is the one of the other two, so it has to find what full finds.
    it('table5_pidinet-small: agrees with full on what is an edge', async () => {
      const runtime = await runtimeOf(build);
      if (!runtime) return;
      const detector = await openOfficial(runtime, 'table5_pidinet-small');
      const photo = await readImage(join(OFFICIAL, 'golden', '100007.png'));
      const full = await readNpy(join(OFFICIAL, 'golden', '100007.table5_pidinet.npy'));
      const { fused } = await detector.run({ ...photo, device: 'cpu' }, ['fused']);
      const plane = photo.width * photo.height;
      expect(correlation(values(fused), full.data.subarray(4 * plane))).toBeGreaterThan(0.9);
      await detector.release();
    });
  },
);

describe('createEdgeDetector', () => {
  const size = ['N', 3, 'H', 'W'];
  const out = ['N', 1, 'H', 'W'];
  /** A stand-in of PiDiNet's form: each output is one colour, e1 and fused red, so that maps can be told apart. */
  const colours: Record<string, number[]> = {
    e1: [1, 0, 0],
    e2: [0, 1, 0],
    e3: [0, 0, 1],
    e4: [0, 1, 0],
    fused: [1, 0, 0],
  };
  const standIn = serializeOnnx(
    model(
      [image('image', size)],
      EDGE_OUTPUTS.map((name) => node('Conv', ['image', `${name}.weight`], [name])),
      EDGE_OUTPUTS.map((name) => image(name, out)),
      EDGE_OUTPUTS.map((name) => tensor(`${name}.weight`, [1, 3, 1, 1], colours[name])),
    ),
  );
  const photo = (width: number, height: number): DeviceRaster => ({
    device: 'cpu',
    width,
    height,
    channels: 3,
    data: Float32Array.from({ length: 3 * width * height }, (_, i) => Math.floor(i / (width * height)) / 4 + 0.25),
  });

  it('returns the maps asked for, at sizes even and odd', async () => {
    const runtime = await createNodeRuntime({ build: 'wasm' });
    const detector = createEdgeDetector(await runtime.open(standIn, 'stand-in.onnx'), createCpuBackend());
    for (const [width, height] of [
      [16, 16],
      [17, 31],
      [64, 16],
    ]) {
      const maps = await detector.run(photo(width, height), ['e3', 'e1']);
      expect(Object.keys(maps)).toEqual(['e3', 'e1']);
      expect(maps.e1).toMatchObject({ width, height, channels: 1, device: 'cpu' });
      expect(new Set(values(maps.e1))).toEqual(new Set([0.25]));
      expect(new Set(values(maps.e3))).toEqual(new Set([0.75]));
    }
    expect(Object.keys(await detector.run(photo(16, 16)))).toEqual([...EDGE_OUTPUTS]);
    await detector.release();
  });

  it('takes rasters of a GPU backend to a network in wasm and back', async () => {
    const runtime = await createNodeRuntime({ build: 'wasm' });
    const cpu = createCpuBackend();
    const moved: string[] = [];
    const opaque = { device: 'webgpu', width: 16, height: 16, channels: 3 } as DeviceRaster;
    const backend = {
      ...cpu,
      name: 'webgpu',
      download: (raster: DeviceRaster) => {
        moved.push('down');
        expect(raster).toBe(opaque);
        return Promise.resolve(photo(16, 16) as Raster);
      },
      upload: (raster: Raster) => {
        moved.push('up');
        return {
          device: 'webgpu',
          width: raster.width,
          height: raster.height,
          channels: raster.channels,
        } as DeviceRaster;
      },
    } as Backend;
    const detector = createEdgeDetector(await runtime.open(standIn, 'stand-in.onnx'), backend);
    const { e1 } = await detector.run(opaque, ['e1']);
    expect(e1).toMatchObject({ device: 'webgpu', width: 16, height: 16, channels: 1 });
    expect(moved).toEqual(['down', 'up']);
    await detector.release();
  });

  it('refuses images that are too small or not RGB', async () => {
    const runtime = await createNodeRuntime({ build: 'wasm' });
    const detector = createEdgeDetector(await runtime.open(standIn, 'stand-in.onnx'), createCpuBackend());
    await expect(detector.run(photo(15, 40))).rejects.toMatchObject({ code: 'image-too-small' });
    await expect(detector.run({ ...photo(16, 16), channels: 1 } as DeviceRaster)).rejects.toThrow(/RGB/);
    await detector.release();
  });

  it('refuses another network', async () => {
    const runtime = await createNodeRuntime({ build: 'wasm' });
    const other = serializeOnnx(model([image('image', size)], [node('Relu', ['image'], ['e1'])], [image('e1', size)]));
    const session = await runtime.open(other, 'other.onnx');
    expect(() => createEdgeDetector(session, createCpuBackend())).toThrow(
      expect.objectContaining({ code: 'bad-weights', message: expect.stringMatching(/other\.onnx.*e2/) }),
    );
    await session.release();
  });
});

async function runtimeOf(build: 'wasm' | 'native'): Promise<OnnxRuntime | null> {
  try {
    // One thread: other tests run beside this one, and threads that wait for each other's turn are slower than none.
    return await createNodeRuntime({ build, threads: 1 });
  } catch (error) {
    console.log(`skipped: onnxruntime-node is not installed (${String(error)})`);
    return null;
  }
}

async function openOfficial(runtime: OnnxRuntime, network: string) {
  const file = `${network}.pth`;
  const { model } = await onnxFromPth(await readFile(join(OFFICIAL, file)), file, (name) =>
    readFile(join(MODELS, name)),
  );
  return createEdgeDetector(await runtime.open(model, file), createCpuBackend());
}

function values(raster: DeviceRaster): Float32Array {
  if (raster.device !== 'cpu') throw new Error('not on the CPU');
  return raster.data;
}

/** Pearson's correlation. */
function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (v: Float32Array) => v.reduce((sum, x) => sum + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}
