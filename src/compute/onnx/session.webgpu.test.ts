import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rasterOf } from '../../core/raster';
import { image, int64s, model, node, tensor } from '../../models/onnx-file/build';
import { serializeOnnx } from '../../models/onnx-file/onnx';
import { noise, openTestDevice, openTestGpu } from '../testing';
import { createWebGpuBackend, type WebGpuBackend } from '../webgpu';
import { createWebGpuRuntime } from './runtime-webgpu';
import type { OnnxRuntime } from './session';

/**
 * onnxruntime-web's WebGPU build in Node, on Dawn. It was made for browsers, where navigator.gpu exists, writeBuffer
 * takes shared memory and the event loop turns by itself while the device works; in Node the test sees to all three.
 */

const rgb = ['N', 3, 'H', 'W'] as const;
const device = await openTestDevice();

describe.skipIf(!device)('OnnxSession on WebGPU', { timeout: 240_000 }, () => {
  let backend: WebGpuBackend;
  let runtime: OnnxRuntime;
  let stop: () => void;

  beforeAll(async () => {
    stop = standInForTheBrowser((await openTestGpu())!);
    backend = await createWebGpuBackend(device!, { dirty: 9 });
    runtime = await createWebGpuRuntime(backend);
  }, 240_000);

  afterAll(() => {
    backend.dispose();
    device!.destroy();
    stop();
  });

  it('computes on the device from kernel to network to kernel, without a readback', async () => {
    const grey = model(
      [image('image', rgb)],
      [node('Conv', ['image', 'w'], ['conv']), node('Relu', ['conv'], ['grey'])],
      [image('grey', ['N', 1, 'H', 'W'])],
      [tensor('w', [1, 3, 1, 1], [0.5, 0.25, -0.5])],
    );
    const session = await runtime.open(serializeOnnx(grey), 'grey.onnx');
    expect(session.device).toBe('webgpu');
    for (const [width, height] of [
      [16, 16],
      [17, 5], // 85 values: no whole number of vectors
    ]) {
      const source = noise(width, width, height, 3);
      const before = { buffers: backend.liveBuffers, readbacks: backend.readbacks };
      const photo = backend.upload(source);
      const halved = backend.affineValues(photo, 0.5, 0, 0, 1);
      const { grey: out } = await session.run({ image: halved });
      const doubled = backend.affineValues(out, 2, 0, 0, 9);
      expect(backend.readbacks).toBe(before.readbacks);
      expect(out).toMatchObject({ device: 'webgpu', width, height, channels: 1 });

      const result = await backend.download(doubled);
      const plane = width * height;
      for (let i = 0; i < plane; i++) {
        const [r, g, b] = [0, 1, 2].map((c) => source.data[i + c * plane]);
        expect(result.data[i]).toBeCloseTo(Math.max(0, 0.5 * r + 0.25 * g - 0.5 * b), 5);
      }
      backend.release(photo, halved, out, doubled);
      expect(backend.liveBuffers).toBe(before.buffers);
    }
    await session.release();
  });

  it('takes outputs whose size only the run reveals', async () => {
    const half = model(
      [image('x', [1, 1, 'H', 'W'])],
      [node('MaxPool', ['x'], ['y'], { kernel_shape: [2, 2], strides: [2, 2] })],
      [image('y', [1, 1, 'A', 'B'])],
    );
    const session = await runtime.open(serializeOnnx(half), 'half.onnx');
    const before = backend.liveBuffers;
    const x = backend.upload(rasterOf(Float32Array.of(1, 2, 5, 6, 3, 4, 7, 8), 4, 2));
    const { y } = await session.run({ x });
    expect(y).toMatchObject({ width: 2, height: 1, channels: 1 });
    expect([...(await backend.download(y)).data]).toEqual([4, 8]);
    backend.release(x, y);
    expect(backend.liveBuffers).toBe(before);
    await session.release();
  });

  it('survives a run that fails: the next one computes from its own feed', async () => {
    const sixPixels = model(
      [image('x', [1, 1, 'H', 'W'])],
      [node('Relu', ['x'], ['r']), node('Reshape', ['r', 'shape'], ['out'])],
      [image('out', [1, 1, 'A', 'B'])],
      [int64s('shape', [1, 1, 2, 3])],
    );
    const session = await runtime.open(serializeOnnx(sixPixels), 'six.onnx');
    const before = backend.liveBuffers;
    const good = backend.upload(rasterOf(new Float32Array(6).fill(4), 6, 1));
    const other = backend.upload(rasterOf(new Float32Array(6).fill(5), 3, 2));
    const bad = backend.upload(rasterOf(new Float32Array(5), 5, 1));
    const [first, failed, second] = await Promise.allSettled([
      session.run({ x: good }),
      session.run({ x: bad }),
      session.run({ x: other }),
    ]);
    expect(failed).toMatchObject({ status: 'rejected', reason: { code: 'model-failed' } });
    const out: number[][] = [];
    for (const outcome of [first, second]) {
      if (outcome.status === 'rejected') throw outcome.reason;
      out.push([...(await backend.download(outcome.value.out)).data]);
      backend.release(outcome.value.out);
    }
    expect(out).toEqual([new Array(6).fill(4), new Array(6).fill(5)]);
    backend.release(good, other, bad);
    expect(backend.liveBuffers).toBe(before);
    await session.release();
  });

  it('refuses rasters of the CPU and broken networks', async () => {
    const same = serializeOnnx(model([image('x', rgb)], [node('Relu', ['x'], ['y'])], [image('y', rgb)]));
    const session = await runtime.open(same, 'same.onnx');
    await expect(session.run({ x: { ...noise(1, 4, 4, 3), device: 'cpu' } })).rejects.toThrow(/on the GPU/);
    await expect(runtime.open(same.subarray(0, 20), 'cut.onnx')).rejects.toMatchObject({ code: 'bad-weights' });
    await session.release();
  });

  it('goes on with a new device after its own was lost in the middle of a run', async () => {
    const grey = serializeOnnx(
      model(
        [image('image', rgb)],
        [node('Conv', ['image', 'w'], ['grey'])],
        [image('grey', ['N', 1, 'H', 'W'])],
        [tensor('w', [1, 3, 1, 1], [1, 2, 4])],
      ),
    );
    const doomed = (await openTestDevice())!;
    const first = await createWebGpuBackend(doomed);
    const session = await (await createWebGpuRuntime(first)).open(grey, 'grey.onnx');
    const running = session.run({ image: first.upload(noise(1, 32, 32, 3)) });
    doomed.destroy();
    await Promise.allSettled([running]);
    // A loss may reach us after a run that was already through; the next one cannot be.
    await doomed.lost;
    first.dispose();

    const fresh = (await openTestDevice())!;
    const second = await createWebGpuBackend(fresh);
    const again = await (await createWebGpuRuntime(second)).open(grey, 'grey.onnx');
    const { grey: out } = await again.run({ image: second.upload(rasterOf(Float32Array.of(1, 2, 3), 1, 1, 3)) });
    expect([...(await second.download(out)).data]).toEqual([17]);
    await again.release();
    second.dispose();
    fresh.destroy();
  });
});

/** Returns how to end it. */
function standInForTheBrowser(gpu: GPU): () => void {
  const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, hardwareConcurrency: 1 }, configurable: true });
  const prototype = GPUQueue.prototype;
  const { writeBuffer } = prototype;
  prototype.writeBuffer = function (this: GPUQueue, buffer, offset, data, ...range) {
    const shared = ArrayBuffer.isView(data) && data.buffer instanceof SharedArrayBuffer;
    return writeBuffer.call(this, buffer, offset, shared ? unshared(data) : (data as BufferSource), ...range);
  };
  let turning = true;
  const turn = () => {
    if (turning) setImmediate(turn);
  };
  turn();
  return () => {
    turning = false;
    prototype.writeBuffer = writeBuffer;
    if (navigator) Object.defineProperty(globalThis, 'navigator', navigator);
    else Reflect.deleteProperty(globalThis, 'navigator');
  };
}

function unshared(view: ArrayBufferView): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(view.byteLength);
  copy.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return copy;
}
