import { afterAll, describe, expect, it } from 'vitest';
import type { Raster } from '../../../core/raster';
import { largestDifference, noise, ODD_SIZES, onBackend, openTestBackends, rows } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

describe.each(backends.all)('masking of two effects on $name', (backend) => {
  const run = (a: Raster, b: Raster) => onBackend(backend, [a, b], (on, x, y) => on.addMasking(x, y));

  it('takes .3 of the lesser effect away', async () => {
    const { data } = await run(rows([0, 4, 10, 2]), rows([5, 4, 2, 10]));
    [5, 6.8, 11.4, 11.4].forEach((value, i) => expect(data[i]).toBeCloseTo(value, 5));
  });

  it('refuses other sizes and several channels', async () => {
    await expect(run(noise(1, 3, 4), noise(1, 4, 3))).rejects.toThrow(/size/);
    await expect(run(noise(1, 3, 4, 3), noise(1, 3, 4, 3))).rejects.toThrow(/one channel/);
  });
});

describe.skipIf(!backends.webgpu)('masking of two effects, GPU against CPU', () => {
  it.each(ODD_SIZES)('%i×%i within 1e-6', async (width, height) => {
    const [cpu, gpu] = await Promise.all(
      backends.all.map((backend) =>
        onBackend(backend, [noise(1, width, height), noise(2, width, height)], (b, x, y) => b.addMasking(x, y)),
      ),
    );
    expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-6);
  });
});
