import { afterAll, describe, expect, it } from 'vitest';
import { filledRaster, type Raster } from '../../../core/raster';
import { largestDifference, noise, ODD_SIZES, onBackend, openTestBackends, rows } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

describe.each(backends.all)('resize on $name', (backend) => {
  const resize = (source: Raster, width: number, height: number) =>
    onBackend(backend, [source], (b, s) => b.resize(s, width, height));

  it('enlarges bilinearly between pixel centres', async () => {
    expect(Array.from((await resize(rows([0, 1]), 4, 1)).data)).toEqual([0, 0.25, 0.75, 1]);
    expect(Array.from((await resize(rows([0], [1]), 1, 4)).data)).toEqual([0, 0.25, 0.75, 1]);
  });

  it('reduces with a triangle twice as wide as the reduction', async () => {
    // Half size: weights 1, 3, 3, 1 over eight; at the border 3, 3, 1 over seven.
    const { data } = await resize(rows([7, 7, 0, 0, 0, 0]), 3, 1);
    expect(data[0]).toBeCloseTo(6, 5);
    expect(data[1]).toBeCloseTo(7 / 8, 5);
    expect(data[2]).toBe(0);
  });

  it('copies at the same size and keeps a flat picture flat', async () => {
    const source = noise(1, 17, 23, 3);
    expect((await resize(source, 17, 23)).data).toEqual(source.data);
    const flat = await resize(filledRaster(17, 23, 0.5, 3), 5, 61);
    for (const value of flat.data) expect(value).toBeCloseTo(0.5, 6);
  });

  it('refuses sizes that are none', async () => {
    await expect(resize(rows([1]), 2.5, 1)).rejects.toThrow(/whole/);
  });
});

describe.skipIf(!backends.webgpu)('resize, GPU against CPU', () => {
  const sizes = [...ODD_SIZES, [64, 48] as const];
  const cases = sizes.flatMap(([w, h]) => sizes.map(([u, v]) => [w, h, u, v] as const));
  it.each([...cases, [3000, 2, 7, 2] as const, [3, 1, 2999, 1] as const])(
    '%i×%i to %i×%i within 1e-4',
    async (width, height, toWidth, toHeight) => {
      const [cpu, gpu] = await Promise.all(
        backends.all.map((backend) =>
          onBackend(backend, [noise(1, width, height, 3)], (b, s) => b.resize(s, toWidth, toHeight)),
        ),
      );
      expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-4);
    },
  );
});
