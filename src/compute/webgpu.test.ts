import { afterAll, describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors';
import { IDENTITY_AFFINE } from '../core/geometry';
import { filledRaster } from '../core/raster';
import type { DeviceRaster } from './backend';
import { BufferPool } from './gpu/buffer-pool';
import { BUFFER } from './gpu/flags';
import { compileShader, shaderErrorText } from './gpu/shader';
import { noise, noiseImage, noiseMask, openTestBackends, openTestDevice, rows } from './testing';
import { createWebGpuBackend, type WebGpuBackend } from './webgpu';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

describe.each(backends.all)('rasters of the $name backend', (backend) => {
  it('come back as they went, and do not follow later changes of their source', async () => {
    const source = noise(1, 7, 5, 3);
    const sent = source.data.slice();
    const raster = backend.upload(source);
    source.data.fill(0);
    const back = await backend.download(raster);
    expect(back).toEqual({ width: 7, height: 5, channels: 3, data: sent });
    back.data.fill(0);
    expect((await backend.download(raster)).data).toEqual(sent);
    backend.release(raster);
  });

  it('cannot be used after their release', async () => {
    const raster = backend.upload(noise(1, 3, 3));
    backend.release(raster, null, undefined);
    expect(() => backend.dilate(raster, 1)).toThrow(/released/);
    expect(() => backend.release(raster)).toThrow(/released/);
    await expect(backend.download(raster)).rejects.toThrow(/released/);
  });

  it('are uploaded from part of a larger block', async () => {
    const block = new Float32Array([9, 9, 1, 2, 9]);
    const raster = backend.upload({ width: 2, height: 1, channels: 1, data: block.subarray(2, 4) });
    expect(Array.from((await backend.download(raster)).data)).toEqual([1, 2]);
    backend.release(raster);
  });

  it('are refused by the other backend', () => {
    const foreign = { device: backend.name === 'cpu' ? 'webgpu' : 'cpu', width: 1, height: 1, channels: 1 };
    expect(() => backend.dilate(foreign as DeviceRaster, 1)).toThrow(/was given to the/);
  });

  it('may be one and the same twice', async () => {
    const raster = backend.upload(rows([0.5, 0.25]));
    const merged = backend.editEdges('merge', raster, raster, raster);
    // M = A = P: P·min(1, 2P) + (1−P)·P.
    expect(Array.from((await backend.download(merged)).data)).toEqual([0.75, 0.3125]);
    backend.release(raster, merged);
  });
});

describe.skipIf(!backends.webgpu)('the WebGPU backend', () => {
  const gpu = backends.webgpu as WebGpuBackend;

  it('reads nothing back between upload and what is shown', async () => {
    const texture = gpu.device.createTexture({ size: [32, 24], format: 'rgba8unorm', usage: 0x10 });
    const before = gpu.readbacks;
    const image = gpu.uploadImage(noiseImage(1, 32, 24));
    const mask = gpu.upload(noiseMask(2, 32, 24));
    const edges = gpu.upload(noise(3, 32, 24));
    const donor = gpu.warpAffine(edges, IDENTITY_AFFINE, 32, 24, 'zero');
    const edited = gpu.editEdges('merge', edges, donor, mask);
    const darker = gpu.affineValues(image, 0.5, 0, 0, 1);
    const similarity = gpu.ssim(image, darker);
    const near = gpu.dilate(mask, 3);
    const changed = gpu.changeMask(similarity, near, 0.5);
    const blended = gpu.blend(image, darker, changed);
    gpu.present(blended, { getCurrentTexture: () => texture });
    gpu.present(changed, { getCurrentTexture: () => texture });
    await gpu.finish();
    expect(gpu.readbacks).toBe(before);
    await gpu.download(blended);
    expect(gpu.readbacks).toBe(before + 1);
    gpu.release(image, mask, edges, donor, edited, darker, similarity, near, changed, blended);
    texture.destroy();
  });

  it('counts living buffers', () => {
    const before = gpu.liveBuffers;
    const a = gpu.upload(noise(1, 4, 4));
    const b = gpu.dilate(a, 2);
    expect(gpu.liveBuffers).toBe(before + 2);
    gpu.release(a, b);
    expect(gpu.liveBuffers).toBe(before);
  });

  it('leaks nothing when a call is refused', () => {
    const before = gpu.liveBuffers;
    const a = gpu.upload(noise(1, 4, 4, 2));
    expect(() => gpu.present(a, { getCurrentTexture: () => expect.unreachable() })).toThrow(/channels/);
    expect(() => gpu.resize(a, 40_000, 4)).toThrow(/32,767/);
    gpu.release(a);
    expect(gpu.liveBuffers).toBe(before);
  });

  it('keeps the parameters of many calls in flight apart', async () => {
    // More calls than the ring of uniform blocks is long, none awaited; each adds its own number.
    const zero = gpu.upload(filledRaster(3, 2, 0));
    const results = Array.from({ length: 700 }, (_, i) => gpu.affineValues(zero, 1, i, -Infinity, Infinity));
    for (const i of [0, 1, 255, 256, 257, 511, 512, 699]) {
      expect(Array.from((await gpu.download(results[i])).data)).toEqual(new Array(6).fill(i));
    }
    gpu.release(zero, ...results);
  });

  it('hands buffers on while commands that read them are in flight', async () => {
    const results: DeviceRaster[] = [];
    for (let i = 0; i < 50; i++) {
      const source = gpu.upload(filledRaster(9, 9, i));
      results.push(gpu.dilate(source, 4));
      gpu.release(source);
    }
    for (const [i, result] of results.entries()) {
      expect(Array.from((await gpu.download(result)).data)).toEqual(new Array(81).fill(i));
    }
    gpu.release(...results);
  });

  it('adopts a buffer of someone else and tells when it lets go', async () => {
    const buffer = gpu.device.createBuffer({ size: 32, usage: BUFFER.STORAGE | BUFFER.COPY_SRC | BUFFER.COPY_DST });
    gpu.device.queue.writeBuffer(buffer, 0, new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]));
    let released = 0;
    const raster = gpu.adopt(buffer, { width: 3, height: 2, channels: 1 }, () => released++);
    const half = gpu.affineValues(raster, 0.5, 0, 0, 9);
    expect(Array.from((await gpu.download(half)).data)).toEqual([0.5, 1, 1.5, 2, 2.5, 3]);
    gpu.release(raster, half);
    expect(released).toBe(1);
    expect(() => gpu.adopt(buffer, { width: 3, height: 3, channels: 1 })).toThrow(/32 bytes cannot hold 1×3×3/);
    buffer.destroy();
  });

  it('surfaces an error that nobody caught at the next wait, once', async () => {
    gpu.device.createBuffer({ size: 4, usage: 0 });
    await expect(gpu.finish()).rejects.toMatchObject({ code: 'internal', stage: 'compute' });
    await gpu.finish();
  });

  it('refuses a raster larger than the device can bind, in a sentence', () => {
    const { limits } = gpu.device;
    const side = Math.ceil(Math.sqrt(Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize) / 4)) + 1;
    const small = gpu.upload(noise(1, 2, 2));
    const error = thrownBy(() => gpu.resize(small, side, side));
    expect(error).toBeInstanceOf(StudioError);
    expect(error).toMatchObject({ code: 'image-too-large' });
    expect((error as Error).message).toMatch(/Choose a smaller working size/);
    gpu.release(small);
  });

  it('gives its buffers back and leaves the device when disposed of', async () => {
    const second = await createWebGpuBackend(gpu.device);
    second.upload(noise(1, 5, 5));
    let released = 0;
    const buffer = gpu.device.createBuffer({ size: 16, usage: BUFFER.STORAGE });
    second.adopt(buffer, { width: 2, height: 2, channels: 1 }, () => released++);
    second.dispose();
    expect(second.liveBuffers).toBe(0);
    expect(released).toBe(1);
    buffer.destroy();
    const raster = gpu.upload(rows([1, 2]));
    expect(Array.from((await gpu.download(raster)).data)).toEqual([1, 2]);
    gpu.release(raster);
  });

  it('reports a lost device as such', async () => {
    const device = (await openTestDevice()) as GPUDevice;
    const doomed = await createWebGpuBackend(device);
    const raster = doomed.upload(noise(1, 8, 8));
    const reading = doomed.download(raster);
    device.destroy();
    await expect(reading).rejects.toMatchObject({ code: 'device-lost' });
    await expect(doomed.download(raster)).rejects.toMatchObject({ code: 'device-lost' });
    await expect(doomed.finish()).rejects.toMatchObject({ code: 'device-lost' });
    doomed.dispose();
  });

  it('says where a shader is wrong', async () => {
    const code = 'fn f() -> f32 {\n  return 1.0 + true;\n}';
    await expect(compileShader(gpu.device, 'sample', code)).rejects.toThrow(
      /sample:2:\d+: [^]*2 \| {3}return 1\.0 \+ true;\n {6,}\^/,
    );
    // The error was the caller's to see; nothing is left behind.
    await gpu.finish();
  });
});

describe('shader errors', () => {
  it('point at the place', () => {
    const text = shaderErrorText('k', 'a\nbc d', [
      { lineNum: 2, linePos: 4, message: 'unknown d' },
      { lineNum: 0, linePos: 0, message: 'no entry point' },
    ]);
    expect(text).toBe('The shader k does not compile.\nk:2:4: unknown d\n2 | bc d\n       ^\nk:0:0: no entry point');
  });
});

describe('the buffer pool', () => {
  /** Just enough of a device to count what is made and destroyed. */
  function countingDevice() {
    const log = { created: 0, destroyed: 0 };
    const device = {
      limits: { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 2 ** 30 },
      createBuffer: ({ size }: { size: number }) => {
        log.created++;
        return { size, destroy: () => log.destroyed++ };
      },
    } as unknown as GPUDevice;
    return { device, log };
  }

  it('reuses sizes, keeps a bounded rest and destroys all at the end', () => {
    const { device, log } = countingDevice();
    const pool = new BufferPool(device);
    const a = pool.acquire(100);
    pool.giveBack(a);
    expect(pool.acquire(99)).toBe(a);
    expect(pool.inUse).toBe(1);
    expect(() => pool.giveBack(pool.acquire(5) && ({} as GPUBuffer))).toThrow(/does not belong/);
    // 5 × 40 MB exceed what is kept.
    const large = Array.from({ length: 5 }, () => pool.acquire(10_000_000));
    large.forEach((buffer) => pool.giveBack(buffer));
    expect(log.destroyed).toBe(2);
    pool.dispose();
    expect(log.destroyed).toBe(log.created);
    expect(pool.inUse).toBe(0);
  });

  it('refuses to take a buffer back twice', () => {
    const pool = new BufferPool(countingDevice().device);
    const buffer = pool.acquire(1);
    pool.giveBack(buffer);
    expect(() => pool.giveBack(buffer)).toThrow(/not any more/);
  });
});

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
