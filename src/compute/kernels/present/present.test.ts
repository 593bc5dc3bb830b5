import { afterAll, describe, expect, it } from 'vitest';
import { image8FromRaster, type Image8, type Raster } from '../../../core/raster';
import { BUFFER, MAP_READ, TEXTURE } from '../../gpu/flags';
import { filledRaster } from '../../../core/raster';
import { noise, ODD_SIZES, openTestBackends, rows } from '../../testing';
import type { WebGpuBackend } from '../../webgpu';
import type { PresentOptions } from './colour';
import { paint } from './cpu';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

/** Black to half transparent red, with a transparent first colour: 256 entries. */
const RED = Uint8ClampedArray.from({ length: 1024 }, (_, i) => (i % 4 === 0 ? i >> 2 : i % 4 === 3 && i > 3 ? 128 : 0));

describe('painting', () => {
  it('shows grey and colour as they are', () => {
    for (const raster of [noise(1, 17, 23), noise(2, 17, 23, 3)]) {
      expect(paint(raster)).toEqual(image8FromRaster(raster));
    }
  });

  it('stretches low … high to black … white', () => {
    expect(Array.from(paint(rows([-1, 0, 1, 3]), { low: -1, high: 1 }).data)).toEqual([
      0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    ]);
  });

  it('takes colours from the map, the ends beyond the ends', () => {
    const map = new Uint8ClampedArray([1, 2, 3, 0, 4, 5, 6, 128, 7, 8, 9, 255]);
    expect(Array.from(paint(rows([-5, 0.2, 0.5, 2]), { colourMap: map }).data)).toEqual([
      1, 2, 3, 0, 1, 2, 3, 0, 4, 5, 6, 128, 7, 8, 9, 255,
    ]);
  });

  it('refuses what cannot be shown', () => {
    expect(() => paint(noise(1, 2, 2, 2))).toThrow(/1 or 3 channels/);
    expect(() => paint(noise(1, 2, 2, 3), { colourMap: RED })).toThrow(/one channel/);
    expect(() => paint(noise(1, 2, 2), { colourMap: new Uint8ClampedArray(5) })).toThrow(/RGBA/);
    expect(() => paint(noise(1, 2, 2), { low: 1, high: 1 })).toThrow(/cannot be shown/);
  });
});

/** Stands in for a canvas: a texture of its own, which the test reads back. */
function textureTarget(backend: WebGpuBackend, width: number, height: number, format: GPUTextureFormat = 'rgba8unorm') {
  const { device } = backend;
  const texture = device.createTexture({
    size: [width, height],
    format,
    usage: TEXTURE.RENDER_ATTACHMENT | TEXTURE.COPY_SRC,
  });
  return {
    getCurrentTexture: () => texture,
    async read(): Promise<Image8> {
      const bytesPerRow = Math.ceil((width * 4) / 256) * 256;
      const buffer = device.createBuffer({ size: bytesPerRow * height, usage: BUFFER.MAP_READ | BUFFER.COPY_DST });
      const encoder = device.createCommandEncoder();
      encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow }, [width, height]);
      device.queue.submit([encoder.finish()]);
      await buffer.mapAsync(MAP_READ);
      const padded = new Uint8Array(buffer.getMappedRange());
      const data = new Uint8ClampedArray(4 * width * height);
      for (let y = 0; y < height; y++) {
        data.set(padded.subarray(y * bytesPerRow, y * bytesPerRow + 4 * width), y * 4 * width);
      }
      buffer.destroy();
      texture.destroy();
      return { width, height, data };
    },
  };
}

function premultiplied(image: Image8): Uint8ClampedArray {
  return image.data.map((v, i) => (i % 4 === 3 ? v : Math.round((v * image.data[i | 3]) / 255)));
}

describe.skipIf(!backends.webgpu)('present on webgpu', () => {
  const backend = backends.webgpu as WebGpuBackend;

  async function shown(raster: Raster, options?: PresentOptions): Promise<Image8> {
    const target = textureTarget(backend, raster.width, raster.height);
    const on = backend.upload(raster);
    const readbacks = backend.readbacks;
    backend.present(on, target, options);
    backend.release(on);
    expect(backend.readbacks).toBe(readbacks);
    return target.read();
  }

  it.each(ODD_SIZES)('draws grey and colour bit for bit as the reference paints them (%i×%i)', async (w, h) => {
    for (const channels of [1, 3]) {
      const raster = noise(channels, w, h, channels);
      expect((await shown(raster)).data).toEqual(paint(raster).data);
    }
  });

  it.each(ODD_SIZES)('colours with a map, premultiplied, within one level (%i×%i)', async (w, h) => {
    const options = { colourMap: RED, low: -0.2, high: 0.8 };
    const raster = noise(4, w, h);
    const { data } = await shown(raster, options);
    const expected = premultiplied(paint(raster, options));
    data.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(1));
  });

  it('covers the whole of a target of another size', async () => {
    const target = textureTarget(backend, 37, 9);
    const raster = backend.upload(rows([0, 1], [1, 0]));
    backend.present(raster, target);
    backend.release(raster);
    const { data } = await target.read();
    const red = (x: number, y: number) => data[4 * (y * 37 + x)];
    expect([red(0, 0), red(36, 0), red(0, 8), red(36, 8)]).toEqual([0, 255, 255, 0]);
  });

  it.each(['bgra8unorm', 'rgba16float'] as const)('draws to %s too', async (format) => {
    const target = textureTarget(backend, 1, 1, format);
    const raster = backend.upload({ width: 1, height: 1, channels: 3, data: new Float32Array([1, 0, 0]) });
    backend.present(raster, target);
    backend.release(raster);
    await backend.finish();
    if (format === 'bgra8unorm') expect(Array.from((await target.read()).data)).toEqual([0, 0, 255, 255]);
  });

  it('refuses what cannot be shown before it draws', () => {
    const raster = backend.upload(filledRaster(3, 3, 0, 2));
    expect(() => backend.present(raster, textureTarget(backend, 3, 3))).toThrow(/1 or 3 channels/);
    backend.release(raster);
  });
});
