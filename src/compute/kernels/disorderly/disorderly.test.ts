import { afterAll, describe, expect, it } from 'vitest';
import { createRaster, filledRaster, type Raster } from '../../../core/raster';
import {
  largestDifference,
  noise,
  noiseLevels,
  noiseMask,
  ODD_SIZES,
  onBackend,
  openTestBackends,
} from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

describe.each(backends.all)('disorderly content on $name', (backend) => {
  const run = (grey: Raster, orderly: Raster, edges = createRaster(grey.width, grey.height)) =>
    onBackend(backend, [grey, orderly, edges], (b, g, o, e) => b.disorderly(g, o, e));
  const middle = (raster: Raster) => raster.data[15 * 31 + 15];

  it('is the residual, a fifth of it on edges', async () => {
    const [grey, orderly] = [filledRaster(31, 31, 100), filledRaster(31, 31, 94)];
    expect(middle(await run(grey, orderly))).toBeCloseTo(6, 4);
    expect(middle(await run(orderly, grey))).toBeCloseTo(6, 4);
    expect(middle(await run(grey, orderly, filledRaster(31, 31, 1)))).toBeCloseTo(6 * 0.2, 4);
  });

  it('averages a lone residual in a smooth region, and leaves it in a rough one', async () => {
    const smooth = filledRaster(31, 31, 100);
    const orderly = filledRaster(31, 31, 100);
    orderly.data[15 * 31 + 15] = 120;
    // The middle tap of a 7-tap Gaussian, σ 7/3, squared.
    const taps = [-3, -2, -1, 0, 1, 2, 3].map((k) => Math.exp((-k * k) / (2 * (7 / 3) ** 2)));
    const tap = 1 / taps.reduce((sum, value) => sum + value, 0);
    expect(middle(await run(smooth, orderly))).toBeCloseTo(20 * tap * tap, 4);
    const rough = filledRaster(31, 31, 100);
    rough.data.forEach((_, i) => (rough.data[i] = i % 2 ? 80 : 120));
    const roughOrderly = { ...rough, data: rough.data.slice() };
    roughOrderly.data[15 * 31 + 15] += 20;
    expect(middle(await run(rough, roughOrderly))).toBeCloseTo(20, 4);
  });

  it('fades the protection of an edge within two pixels', async () => {
    const [grey, orderly, edges] = [filledRaster(31, 31, 100), filledRaster(31, 31, 90), createRaster(31, 31)];
    for (let y = 0; y < 31; y++) edges.data[y * 31 + 15] = 1;
    const row = Array.from((await run(grey, orderly, edges)).data.subarray(15 * 31, 16 * 31));
    expect(row[12]).toBeCloseTo(10, 4);
    expect(row[13]).toBeLessThan(10);
    expect(row[14]).toBeLessThan(row[13]);
    expect(row[15]).toBeLessThan(row[14]);
  });

  it('refuses other sizes and several channels', async () => {
    const grey = filledRaster(4, 4, 1);
    await expect(run(grey, filledRaster(4, 5, 1))).rejects.toThrow(/size/);
    await expect(run(grey, grey, noise(1, 4, 4, 3))).rejects.toThrow(/one channel/);
  });
});

describe.skipIf(!backends.webgpu)('disorderly content, GPU against CPU', () => {
  it.each(ODD_SIZES)('%i×%i within 1e-3 grey levels', async (width, height) => {
    const inputs = [noiseLevels(1, width, height), noiseLevels(2, width, height), noiseMask(3, width, height)];
    const [cpu, gpu] = await Promise.all(
      backends.all.map((backend) => onBackend(backend, inputs, (b, g, o, e) => b.disorderly(g, o, e))),
    );
    expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-3);
  });
});
