import { afterAll, describe, expect, it } from 'vitest';
import { createRaster, filledRaster, type Raster } from '../../../core/raster';
import { largestDifference, noise, noiseLevels, ODD_SIZES, onBackend, openTestBackends } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

describe.each(backends.all)('contrast masking on $name', (backend) => {
  const run = (grey: Raster) => onBackend(backend, [grey], (b, g) => b.contrastMasking(g));

  it('is |½ − .01·B| without a gradient', async () => {
    const { data } = await run(filledRaster(11, 11, 200));
    expect(data[5 * 11 + 5]).toBeCloseTo(1.5, 5);
  });

  it.each(['vertical', 'horizontal', 'falling', 'rising'] as const)('sees a %s edge in full', async (kind) => {
    const grey = createRaster(21, 21);
    grey.data.forEach((_, i) => {
      const [x, y] = [(i % 21) - 10, Math.floor(i / 21) - 10];
      const side = { vertical: x, horizontal: y, falling: x - y, rising: x + y }[kind];
      grey.data[i] = side < 0 ? 100 : side > 0 ? 180 : 140;
    });
    // All 16 weights of one side at 180 and of the other at 100; for diagonals too, whose taps all lie off the edge.
    const gradient = 80;
    const masked = 80 * (Math.log(1 + gradient / 80) / Math.log(4));
    expect((await run(grey)).data[10 * 21 + 10]).toBeCloseTo(masked * (0.0001 * 140 + 0.115) + 0.5 - 1.4, 4);
  });

  it('refuses several channels', async () => {
    await expect(run(noise(1, 4, 4, 3))).rejects.toThrow(/one channel/);
  });
});

describe.skipIf(!backends.webgpu)('contrast masking, GPU against CPU', () => {
  it.each(ODD_SIZES)('%i×%i within 1e-4 grey levels', async (width, height) => {
    const [cpu, gpu] = await Promise.all(
      backends.all.map((backend) =>
        onBackend(backend, [noiseLevels(1, width, height)], (b, g) => b.contrastMasking(g)),
      ),
    );
    expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-4);
  });
});
