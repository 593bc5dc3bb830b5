import { afterAll, describe, expect, it } from 'vitest';
import { filledRaster, type Raster } from '../../../core/raster';
import { noise, noiseMask, ODD_SIZES, onBackend, openTestBackends, rows } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

describe.each(backends.all)('change mask on $name', (backend) => {
  const run = (ssim: Raster, within: Raster, threshold: number) =>
    onBackend(backend, [ssim, within], (b, s, w) => b.changeMask(s, w, threshold));

  it('is 1 where 1 − ssim exceeds the threshold, strictly, and only within', async () => {
    const ssim = rows([1, 0.75, 0.5, 0.25, -1, 0.25, 0.25]);
    const within = rows([1, 1, 1, 1, 1, 0, 0.001]);
    expect(Array.from((await run(ssim, within, 0.5)).data)).toEqual([0, 0, 0, 1, 1, 0, 1]);
  });

  it('is empty where nothing may change or nothing did', async () => {
    const empty = new Float32Array(17 * 23);
    expect((await run(noise(1, 17, 23), filledRaster(17, 23, 0), 0.5)).data).toEqual(empty);
    expect((await run(filledRaster(17, 23, 1), filledRaster(17, 23, 1), 0)).data).toEqual(empty);
  });

  it('is full where everything did', async () => {
    const full = new Float32Array(17 * 23).fill(1);
    expect((await run(filledRaster(17, 23, -1), filledRaster(17, 23, 1), 1.9)).data).toEqual(full);
  });

  it('refuses other sizes', async () => {
    await expect(run(noise(1, 3, 4), noise(1, 4, 3), 0.5)).rejects.toThrow(/size/);
  });
});

describe.skipIf(!backends.webgpu)('change mask, GPU against CPU', () => {
  it.each(ODD_SIZES)('%i×%i decides every pixel alike', async (width, height) => {
    const ssim = noise(1, width, height);
    // The threshold is met exactly by the first pixel, where rounding would decide.
    const threshold = 1 - ssim.data[0];
    const [cpu, gpu] = await Promise.all(
      backends.all.map((backend) =>
        onBackend(backend, [ssim, noiseMask(2, width, height)], (b, s, w) => b.changeMask(s, w, threshold)),
      ),
    );
    expect(gpu.data).toEqual(cpu.data);
  });
});
