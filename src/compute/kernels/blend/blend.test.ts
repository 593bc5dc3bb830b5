import { afterAll, describe, expect, it } from 'vitest';
import { createRaster, filledRaster, type Raster } from '../../../core/raster';
import { largestDifference, noise, noiseMask, ODD_SIZES, onBackend, openTestBackends, rows } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

/** Every bit of every value, signs of zeros and all. */
const bits = (raster: Raster) =>
  Array.from(new Uint32Array(raster.data.buffer, raster.data.byteOffset, raster.data.length));

describe.each(backends.all)('blend on $name', (backend) => {
  const run = (under: Raster, over: Raster, mask: Raster) =>
    onBackend(backend, [under, over, mask], (b, u, o, m) => b.blend(u, o, m));

  it('computes under + mask·(over − under)', async () => {
    const result = await run(rows([0, 1, 0.5, 0.25]), rows([1, 0, 1, 0.75]), rows([0.25, 0.25, 0.5, 0.5]));
    expect(Array.from(result.data)).toEqual([0.25, 0.75, 0.75, 0.5]);
  });

  it('applies the one mask to every channel', async () => {
    const under = createRaster(2, 1, 3);
    const over = filledRaster(2, 1, 1, 3);
    expect(Array.from((await run(under, over, rows([1, 0.5]))).data)).toEqual([1, 0.5, 1, 0.5, 1, 0.5]);
  });

  it.each(ODD_SIZES)('keeps every bit where the mask is 0, and takes every bit where it is 1 (%i×%i)', async (w, h) => {
    const under = noise(1, w, h, 3);
    const over = noise(2, w, h, 3);
    const mask = noiseMask(3, w, h);
    const result = bits(await run(under, over, mask));
    const [u, o] = [bits(under), bits(over)];
    for (let i = 0; i < result.length; i++) {
      const m = mask.data[i % (w * h)];
      if (m === 0) expect(result[i]).toBe(u[i]);
      if (m === 1) expect(result[i]).toBe(o[i]);
    }
  });

  it('keeps every bit under an empty mask even beside values that are none', async () => {
    const under = rows([-0, 1e-40, 0.1, 1 / 3]);
    const over = rows([NaN, Infinity, -Infinity, NaN]);
    expect(bits(await run(under, over, filledRaster(4, 1, 0)))).toEqual(bits(under));
  });

  it('gives `over` under a full mask', async () => {
    const over = noise(2, 17, 23, 3);
    expect(bits(await run(noise(1, 17, 23, 3), over, filledRaster(17, 23, 1)))).toEqual(bits(over));
  });

  it('refuses a mask of several channels and other shapes', async () => {
    await expect(run(noise(1, 3, 3, 3), noise(1, 3, 3, 3), noise(1, 3, 3, 3))).rejects.toThrow(/one channel/);
    await expect(run(noise(1, 3, 3, 3), noise(1, 3, 3, 1), noise(1, 3, 3))).rejects.toThrow(/channels/);
    await expect(run(noise(1, 3, 3), noise(1, 3, 3), noise(1, 4, 3))).rejects.toThrow(/size/);
  });
});

describe.skipIf(!backends.webgpu)('blend, GPU against CPU', () => {
  it.each(ODD_SIZES)('%i×%i within 1e-4', async (width, height) => {
    const inputs = [noise(1, width, height, 3), noise(2, width, height, 3), noiseMask(3, width, height)];
    const [cpu, gpu] = await Promise.all(
      backends.all.map((backend) => onBackend(backend, inputs, (b, u, o, m) => b.blend(u, o, m))),
    );
    expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-4);
  });
});
