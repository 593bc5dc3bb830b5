import { afterAll, describe, expect, it } from 'vitest';
import { filledRaster, type Raster } from '../../../core/raster';
import { largestDifference, noise, noiseLevels, ODD_SIZES, onBackend, openTestBackends } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

describe.each(backends.all)('luminance adaptation on $name', (backend) => {
  const run = (grey: Raster) => onBackend(backend, [grey], (b, g) => b.luminanceAdaptation(g));
  const centre = async (level: number) => (await run(filledRaster(9, 9, level))).data[4 * 9 + 4];

  it('follows the curve of the background', async () => {
    expect(await centre(255)).toBeCloseTo(6, 5);
    expect(await centre(128)).toBeCloseTo(3 + 3 / 128, 5);
    // 127 stays 127 when lifted, 0 becomes 32.
    expect(await centre(127)).toBeCloseTo(3, 5);
    expect(await centre(0)).toBeCloseTo(17 * (1 - Math.sqrt(32 / 127)) + 3, 5);
  });

  it('weighs the inner ring 2, the outer 1, the centre 0, and rounds down', async () => {
    const one = (x: number, y: number, level: number) => {
      const grey = filledRaster(9, 9, 128);
      grey.data[y * 9 + x] = level;
      return run(grey).then(({ data }) => data[4 * 9 + 4]);
    };
    const of = (background: number) => Math.fround((3 / 128) * (background - 127) + 3);
    expect(await one(4, 4, 255)).toBeCloseTo(of(128), 5);
    expect(await one(5, 4, 128 + 32)).toBeCloseTo(of(130), 5);
    expect(await one(6, 2, 128 + 32)).toBeCloseTo(of(129), 5);
    expect(await one(6, 2, 128 + 31)).toBeCloseTo(of(128), 5);
    expect(await one(7, 4, 255)).toBeCloseTo(of(128), 5);
  });

  it('refuses several channels', async () => {
    await expect(run(noise(1, 4, 4, 3))).rejects.toThrow(/one channel/);
  });
});

describe.skipIf(!backends.webgpu)('luminance adaptation, GPU against CPU', () => {
  it.each(ODD_SIZES)('%i×%i within 1e-4 grey levels', async (width, height) => {
    const [cpu, gpu] = await Promise.all(
      backends.all.map((backend) =>
        onBackend(backend, [noiseLevels(1, width, height)], (b, g) => b.luminanceAdaptation(g)),
      ),
    );
    expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-4);
  });
});
