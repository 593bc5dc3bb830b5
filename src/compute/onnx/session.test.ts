import { describe, expect, it } from 'vitest';
import { filledRaster, rasterOf } from '../../core/raster';
import { image, int64s, model, node, tensor, value } from '../../models/onnx-file/build';
import { serializeOnnx } from '../../models/onnx-file/onnx';
import { DataType } from '../../models/onnx-file/schema';
import type { DeviceRaster } from '../backend';
import { createNodeRuntime } from './runtime-node';
import { wasmThreads } from './runtime-wasm';
import { checkFeeds, resolveShape, type OnnxRuntime, type OnnxSession } from './session';

const rgb = ['N', 3, 'H', 'W'] as const;

/** grey = ½ red + ¼ green + 2 blue, and the input itself. */
const grey = serializeOnnx(
  model(
    [image('image', rgb)],
    [node('Conv', ['image', 'w'], ['grey']), node('Identity', ['image'], ['same'])],
    [image('grey', ['N', 1, 'H', 'W']), image('same', rgb)],
    [tensor('w', [1, 3, 1, 1], [0.5, 0.25, 2])],
  ),
);

/** Fails while it runs unless the image has exactly 6 pixels: the shape it asks for is a constant. */
const sixPixels = serializeOnnx(
  model(
    [image('image', ['N', 1, 'H', 'W'])],
    [node('Reshape', ['image', 'shape'], ['out'])],
    [image('out', [1, 1, 'A', 'B'])],
    [int64s('shape', [1, 1, 2, 3])],
  ),
);

/** Picks columns by their numbers, as an image and as a row: what no raster can say. */
const weighted = serializeOnnx(
  model(
    [image('image', [1, 1, 1, 'W']), value('which', ['K'], DataType.int64)],
    [node('Gather', ['image', 'which'], ['picked'], { axis: 3 }), node('Reshape', ['picked', 'flat'], ['row'])],
    [image('picked', [1, 1, 1, 'K']), image('row', ['K'])],
    [int64s('flat', [-1])],
  ),
);

function cpu(width: number, height: number, channels: number, value?: number): DeviceRaster {
  const raster = filledRaster(width, height, value ?? 0, channels);
  if (value === undefined) raster.data.forEach((_, i) => (raster.data[i] = i / raster.data.length));
  return { ...raster, device: 'cpu' };
}

function data(raster: DeviceRaster): Float32Array {
  if (raster.device !== 'cpu') throw new Error('not on the CPU');
  return raster.data;
}

async function withSession<T>(
  build: 'wasm' | 'native',
  bytes: Uint8Array,
  use: (session: OnnxSession, runtime: OnnxRuntime) => Promise<T>,
): Promise<T | void> {
  let runtime: OnnxRuntime;
  try {
    runtime = await createNodeRuntime({ build, threads: 2 });
  } catch (error) {
    if (build === 'wasm') throw error;
    console.log(`skipped: onnxruntime-node is not installed (${String(error)})`);
    return;
  }
  const session = await runtime.open(bytes, 'test.onnx');
  try {
    return await use(session, runtime);
  } finally {
    await session.release();
  }
}

describe.each(['wasm', 'native'] as const)('OnnxSession in Node, %s', (build) => {
  it('says what goes in and out', () =>
    withSession(build, grey, async (session, runtime) => {
      expect(runtime.name).toBe(build === 'wasm' ? 'wasm' : 'node');
      expect(session.device).toBe('cpu');
      expect(session.inputs).toEqual([{ name: 'image', type: 'float32', shape: [...rgb] }]);
      expect(session.outputs).toEqual([
        { name: 'grey', type: 'float32', shape: ['N', 1, 'H', 'W'] },
        { name: 'same', type: 'float32', shape: [...rgb] },
      ]);
    }));

  it('computes rasters from rasters, at any size, and leaves the feed alone', () =>
    withSession(build, grey, async (session) => {
      for (const [width, height] of [
        [1, 1],
        [5, 3],
        [64, 31],
      ]) {
        const feed = cpu(width, height, 3);
        const before = data(feed).slice();
        const { grey: out, same } = await session.run({ image: feed });
        const plane = width * height;
        const expected = Float32Array.from(
          { length: plane },
          (_, i) => 0.5 * before[i] + 0.25 * before[i + plane] + 2 * before[i + 2 * plane],
        );
        expect(out).toMatchObject({ width, height, channels: 1, device: 'cpu' });
        data(out).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
        expect(same).toMatchObject({ width, height, channels: 3 });
        expect(data(same)).toEqual(before);
        expect(data(same)).not.toBe(data(feed));
        expect(data(feed)).toEqual(before);
      }
    }));

  it('computes only the outputs asked for', () =>
    withSession(build, grey, async (session) => {
      expect(Object.keys(await session.run({ image: cpu(4, 4, 3) }, ['same']))).toEqual(['same']);
    }));

  it('queues runs that are asked for at once', () =>
    withSession(build, grey, async (session) => {
      const runs = Array.from({ length: 8 }, (_, i) => session.run({ image: cpu(16, 16, 3, i) }, ['grey']));
      const results = await Promise.all(runs);
      results.forEach(({ grey: out }, i) => expect(data(out)[7]).toBeCloseTo(2.75 * i, 5));
    }));

  it('queues runs of several sessions, and their opening and release', () =>
    withSession(build, grey, async (first, runtime) => {
      const opening = runtime.open(sixPixels, 'six.onnx');
      const running = first.run({ image: cpu(3, 2, 3, 1) }, ['grey']);
      const second = await opening;
      const [a, b] = await Promise.all([
        first.run({ image: cpu(3, 2, 3, 2) }, ['grey']),
        second.run({ image: cpu(2, 3, 1, 9) }),
      ]);
      await second.release();
      expect(data((await running).grey)[0]).toBeCloseTo(2.75, 5);
      expect(data(a.grey)[0]).toBeCloseTo(5.5, 5);
      expect(b.out).toMatchObject({ width: 3, height: 2 });
    }));

  it('survives a run that fails', () =>
    withSession(build, sixPixels, async (session) => {
      const good = () => session.run({ image: cpu(6, 1, 1, 4) });
      const [before, failed, after] = await Promise.allSettled([good(), session.run({ image: cpu(5, 1, 1) }), good()]);
      expect(before.status).toBe('fulfilled');
      expect(failed).toMatchObject({ status: 'rejected', reason: { code: 'model-failed', stage: 'model' } });
      expect((failed as PromiseRejectedResult).reason.message).toContain('test.onnx');
      expect(after.status).toBe('fulfilled');
      expect([...data((await good()).out)]).toEqual([4, 4, 4, 4, 4, 4]);
    }));

  it('refuses feeds and outputs that do not fit, with a sentence', () =>
    withSession(build, grey, async (session) => {
      const wrong: [Record<string, DeviceRaster>, RegExp, string[]?][] = [
        [{}, /needs the input image/],
        [{ image: cpu(4, 4, 1) }, /float32 \[N, 3, H, W\], not float32 \[1, 1, 4, 4\]/],
        [{ image: cpu(4, 4, 3), other: cpu(1, 1, 1) }, /has no input other/],
        [{ image: cpu(4, 4, 3) }, /has no output depth/, ['depth']],
        [{ image: { device: 'webgpu', width: 4, height: 4, channels: 3 } as DeviceRaster }, /on the CPU/],
      ];
      for (const [feeds, message, outputs] of wrong) {
        await expect(session.run(feeds, outputs)).rejects.toMatchObject({
          code: 'bad-argument',
          message: expect.stringMatching(message),
        });
      }
      await session.run({ image: cpu(4, 4, 3) });
    }));

  it('computes tensors of any shape beside rasters, and reads them back', () =>
    withSession(build, weighted, async (session) => {
      const feeds = (which: readonly number[]) => ({
        image: { type: 'float32' as const, dims: [1, 1, 1, 3], data: Float32Array.of(2, 3, 4) },
        which: { type: 'int64' as const, dims: [which.length], data: BigInt64Array.from(which, BigInt) },
      });
      expect(await session.compute(feeds([2, 0]))).toEqual({
        picked: { dims: [1, 1, 1, 2], data: Float32Array.of(4, 2) },
        row: { dims: [2], data: Float32Array.of(4, 2) },
      });
      const raster = { ...feeds([1]), image: cpu(3, 1, 1, 7) };
      expect(await session.compute(raster, ['row'])).toEqual({ row: { dims: [1], data: Float32Array.of(7) } });
      await expect(session.compute({ ...feeds([0]), which: feeds([0]).image })).rejects.toMatchObject({
        code: 'bad-argument',
        message: expect.stringMatching(/takes which as int64 \[K\], not float32 \[1, 1, 1, 3\]/),
      });
      // An index beyond the last fails while it runs; the next run is none the worse.
      await expect(session.compute(feeds([9]))).rejects.toMatchObject({ code: 'model-failed' });
      expect((await session.compute(feeds([1]), ['row'])).row.data).toEqual(Float32Array.of(3));
    }));

  it('does not begin a run that was cancelled in the queue', () =>
    withSession(build, grey, async (session) => {
      const abort = new AbortController();
      const first = session.run({ image: cpu(8, 8, 3) }, ['grey']);
      const second = session.run({ image: cpu(8, 8, 3) }, ['grey'], abort.signal);
      abort.abort();
      await first;
      await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    }));

  it('is released once its runs are done, and then refuses', () =>
    withSession(build, grey, async (session) => {
      const last = session.run({ image: cpu(2, 2, 3, 1) }, ['grey']);
      const gone = session.release();
      const late = session.run({ image: cpu(2, 2, 3) });
      expect(data((await last).grey)[0]).toBeCloseTo(2.75, 5);
      await gone;
      await expect(late).rejects.toThrow(/released/);
      await session.release();
    }));

  it.each([
    ['no bytes', new Uint8Array()],
    ['text', new TextEncoder().encode('not a network')],
    ['a file cut in half', grey.subarray(0, grey.length / 2)],
  ])('refuses %s as a network and goes on', (_, bytes) =>
    withSession(build, grey, async (session, runtime) => {
      await expect(runtime.open(bytes, 'broken.onnx')).rejects.toMatchObject({
        code: 'bad-weights',
        file: 'broken.onnx',
        message: expect.stringMatching(/broken\.onnx.*Choose another weight file/),
      });
      await session.run({ image: cpu(4, 4, 3) });
    }),
  );

  it('refuses an output that is no image', () =>
    withSession(
      build,
      serializeOnnx(model([image('x', [1, 1, 'H', 'W'])], [node('Flatten', ['x'], ['y'])], [image('y', ['A', 'B'])])),
      async (session) => {
        await expect(session.run({ x: cpu(2, 3, 1) })).rejects.toMatchObject({
          code: 'model-failed',
          message: expect.stringContaining('float32 [1, 6]'),
        });
      },
    ));

  it('refuses an output of another size than the network promises', () =>
    withSession(
      build,
      serializeOnnx(
        model(
          [image('x', [1, 1, 'H', 'W'])],
          [
            node('MaxPool', ['x'], ['half'], { kernel_shape: [2, 2], strides: [2, 2] }),
            node('Resize', ['half', '', 'two'], ['y']),
          ],
          [image('y', [1, 1, 'H', 'W'])],
          [tensor('two', [4], [1, 1, 2, 2])],
        ),
      ),
      async (session) => {
        expect((await session.run({ x: cpu(4, 6, 1) })).y).toMatchObject({ width: 4, height: 6 });
        await expect(session.run({ x: cpu(5, 6, 1) })).rejects.toMatchObject({
          code: 'model-failed',
          message: expect.stringContaining('[1, 1, 6, 4] and promises [1, 1, 6, 5]'),
        });
      },
    ));

  it('computes with float16 weights as with their float32 values', () => {
    const weights = [0.1, 65504, -(2 ** -24)];
    const graph = model(
      [image('image', rgb)],
      [node('Cast', ['w'], ['w/f32'], { to: 1 }), node('Conv', ['image', 'w/f32'], ['y'])],
      [image('y', ['N', 1, 'H', 'W'])],
      [tensor('w', [1, 3, 1, 1], weights, true)],
    );
    return withSession(build, serializeOnnx(graph), async (session) => {
      const pick = (channel: number) =>
        rasterOf(
          Float32Array.from({ length: 3 }, (_, i) => (i === channel ? 1 : 0)),
          1,
          1,
          3,
        );
      const out: number[] = [];
      for (const channel of [0, 1, 2])
        out.push(data((await session.run({ image: { ...pick(channel), device: 'cpu' } })).y)[0]);
      expect(out).toEqual([0.0999755859375, 65504, -(2 ** -24)]);
    });
  });
});

describe('createNodeRuntime', () => {
  it('takes the native build if it can and wasm when told to', async () => {
    expect((await createNodeRuntime({ build: 'wasm', threads: 1 })).name).toBe('wasm');
    expect(['node', 'wasm']).toContain((await createNodeRuntime()).name);
  });
});

describe('wasmThreads', () => {
  it.each([
    [{ crossOriginIsolated: false, hardwareConcurrency: 16 }, 1],
    [{ crossOriginIsolated: true, hardwareConcurrency: 1 }, 1],
    [{ crossOriginIsolated: true, hardwareConcurrency: 2 }, 2],
    [{ crossOriginIsolated: true, hardwareConcurrency: 4 }, 4],
    [{ crossOriginIsolated: true, hardwareConcurrency: 6 }, 4],
    [{ crossOriginIsolated: true, hardwareConcurrency: 12 }, 6],
    [{ crossOriginIsolated: true, hardwareConcurrency: 64 }, 8],
    [{ crossOriginIsolated: true }, 1],
    [{}, 1],
  ])('%o → %i', (environment, threads) => expect(wasmThreads(environment)).toBe(threads));
});

describe('shapes', () => {
  const inputs = [
    { name: 'a', type: 'float32', shape: [1, 1, 'H', 'W'] },
    { name: 'b', type: 'float32', shape: [1, 3, 'H', 'W'] },
  ];

  it('binds the names of free axes and holds all inputs to them', () => {
    const sizes = checkFeeds('net', inputs, { a: cpu(4, 3, 1), b: cpu(4, 3, 3) });
    expect(Object.fromEntries(sizes)).toEqual({ H: 3, W: 4 });
    expect(() => checkFeeds('net', inputs, { a: cpu(4, 3, 1), b: cpu(5, 3, 3) })).toThrow(
      /b as .* not .*\[1, 3, 3, 5\]/,
    );
  });

  it('refuses inputs that no raster can be', () => {
    const odd = [{ name: 'points', type: 'int64', shape: [1, 'P', 2] }];
    expect(() => checkFeeds('net', odd, { points: cpu(2, 2, 1) })).toThrow(/int64 \[1, P, 2\]/);
  });

  it('fills in what is known of an output', () => {
    const sizes = new Map([
      ['H', 3],
      ['W', 4],
    ]);
    expect(resolveShape([1, 1, 'H', 'W'], sizes)).toEqual([1, 1, 3, 4]);
    expect(resolveShape([1, 1, 'H', 'V'], sizes)).toBeNull();
    expect(resolveShape([1, 1, -1, 'W'], sizes)).toBeNull();
  });
});
