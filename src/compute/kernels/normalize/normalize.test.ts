import { afterAll, describe, expect, it } from 'vitest';
import { createRaster, filledRaster, type Raster } from '../../../core/raster';
import { largestDifference, noise, ODD_SIZES, onBackend, openTestBackends } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

describe.each(backends.all)('normalisation on $name', (backend) => {
  const run = (source: Raster, border = 0) => onBackend(backend, [source], (b, s) => b.normalize(s, border));

  it('divides by the maximum wherever it lies', async () => {
    for (const at of [0, 299, 300 * 123 + 150, 300 * 201 - 1]) {
      const source = filledRaster(300, 201, 2);
      source.data[at] = 8;
      const { data } = await run(source);
      expect(data[at]).toBe(1);
      expect(data.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1 + 0.25 * (300 * 201 - 1), 0);
    }
  });

  it('does not see what lies on the border, and sets it to 0', async () => {
    const source = filledRaster(9, 8, 2);
    source.data[2 * 9 + 4] = 100;
    source.data[4 * 9 + 5] = 4;
    const { data } = await run(source, 3);
    expect(data.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0)).toBe(3 * 2);
    expect(data[4 * 9 + 5]).toBe(1);
    expect(data[4 * 9 + 4]).toBe(0.5);
  });

  it('is 0 where there is nothing, and where there is nothing but border', async () => {
    expect((await run(createRaster(17, 5))).data).toEqual(new Float32Array(85));
    for (const [width, height] of [
      [6, 40],
      [1, 1],
      [40, 2],
    ]) {
      expect((await run(filledRaster(width, height, 3), 3)).data).toEqual(new Float32Array(width * height));
    }
  });

  it('refuses borders that are not whole, and several channels', async () => {
    for (const border of [-1, 0.5, NaN]) await expect(run(createRaster(4, 4), border)).rejects.toThrow(/border/);
    await expect(run(noise(1, 4, 4, 3))).rejects.toThrow(/one channel/);
  });
});

describe.skipIf(!backends.webgpu)('normalisation, GPU against CPU', () => {
  it.each([...ODD_SIZES, [300, 70] as const])('%i×%i within 1e-6', async (width, height) => {
    for (const border of [0, 3]) {
      const [cpu, gpu] = await Promise.all(
        backends.all.map((backend) => onBackend(backend, [noise(1, width, height)], (b, s) => b.normalize(s, border))),
      );
      expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-6);
    }
  });
});
