import { afterAll, describe, expect, it } from 'vitest';
import type { Raster } from '../../../core/raster';
import { largestDifference, noise, ODD_SIZES, onBackend, openTestBackends, rows } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

describe.each(backends.all)('affine values on $name', (backend) => {
  const run = (source: Raster, scale: number, offset: number, low: number, high: number) =>
    onBackend(backend, [source], (b, s) => b.affineValues(s, scale, offset, low, high));

  it('maps a network range to an image range and clamps', async () => {
    const result = await run(rows([-1, -0.5, 0, 1, 1.5, -3]), 0.5, 0.5, 0, 1);
    expect(Array.from(result.data)).toEqual([0, 0.25, 0.5, 1, 1, 0]);
  });

  it('maps back without bounds', async () => {
    const result = await run(rows([0, 0.25, 1, 2]), 2, -1, -Infinity, Infinity);
    expect(Array.from(result.data)).toEqual([-1, -0.5, 1, 3]);
  });

  it('refuses bounds the wrong way round', async () => {
    await expect(run(rows([1]), 1, 0, 1, 0)).rejects.toThrow(/\[1, 0\]/);
    await expect(run(rows([1]), NaN, 0, 0, 1)).rejects.toThrow(/NaN/);
  });
});

describe.skipIf(!backends.webgpu)('affine values, GPU against CPU', () => {
  it.each(ODD_SIZES)('%i×%i, three channels, within 1e-4', async (width, height) => {
    const [cpu, gpu] = await Promise.all(
      backends.all.map((backend) =>
        onBackend(backend, [noise(1, width, height, 3)], (b, s) => b.affineValues(s, 2.7, -0.9, -0.5, 0.9)),
      ),
    );
    expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-4);
  });
});
