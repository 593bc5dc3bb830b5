import { afterAll, describe, expect, it } from 'vitest';
import { createRaster, filledRaster, type Raster } from '../../../core/raster';
import { noise, noiseLevels, ODD_SIZES, onBackend, openTestBackends } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

/** One channel from a function of the pixel. */
function drawn(width: number, height: number, value: (x: number, y: number) => number): Raster {
  const raster = createRaster(width, height);
  raster.data.forEach((_, i) => (raster.data[i] = value(i % width, Math.floor(i / width))));
  return raster;
}

describe.each(backends.all)('Canny on $name', (backend) => {
  const run = (source: Raster, threshold = 0.7) => onBackend(backend, [source], (b, s) => b.canny(s, threshold));

  it('draws a step as a line one pixel wide', async () => {
    const { data } = await run(drawn(31, 21, (x) => (x < 15 ? 40 : 200)));
    for (let y = 0; y < 21; y++) {
      const on = Array.from(data.subarray(y * 31, (y + 1) * 31)).flatMap((value, x) => (value === 1 ? [x] : []));
      // Of the two pixels beside the step, always the first.
      expect(on).toEqual([14]);
    }
  });

  it('finds nothing in one colour', async () => {
    for (const level of [0, 128, 255, 0.1]) {
      expect((await run(filledRaster(33, 16, level))).data).toEqual(new Float32Array(33 * 16));
    }
  });

  it('leaves out edges that are weak beside the strongest', async () => {
    const picture = drawn(60, 20, (x) => (x < 20 ? 0 : x < 40 ? 200 : 220));
    const on = (raster: Raster) => Array.from(raster.data.subarray(600, 660)).flatMap((v, x) => (v === 1 ? [x] : []));
    expect(on(await run(picture))).toEqual([19]);
    expect(on(await run(picture, 0.05))).toEqual([19, 39]);
  });

  it('follows a fading edge down to .4 of the threshold, however it winds', async () => {
    // A spiral of contrast that fades from 200 to 90: only its beginning is above 70 % of the largest.
    const size = 128;
    const picture = drawn(size, size, (x, y) => {
      const [dx, dy] = [x - 64, y - 64];
      const radius = Math.hypot(dx, dy);
      const turn = (Math.atan2(dy, dx) / (2 * Math.PI) + 1) % 1;
      const along = Math.floor(radius / 12 - turn);
      const within = radius / 12 - turn - along;
      const run = along + turn;
      return run >= 0 && run < 4 && within < 0.5 ? 200 - 27 * run : 0;
    });
    const followed = (await run(picture)).data.reduce((sum, value) => sum + value, 0);
    const strongOnly = (await run(picture, 1)).data.reduce((sum, value) => sum + value, 0);
    expect(followed).toBeGreaterThan(600);
    expect(strongOnly).toBeLessThan(followed);
  });

  it('refuses thresholds that are no shares', async () => {
    for (const threshold of [0, -1, 1.1, NaN]) {
      await expect(run(filledRaster(4, 4, 1), threshold)).rejects.toThrow(/threshold lies/);
    }
    await expect(run(noise(1, 4, 4, 3))).rejects.toThrow(/one channel/);
  });
});

describe.skipIf(!backends.webgpu)('Canny, GPU against CPU', () => {
  it.each([...ODD_SIZES, [200, 150] as const])('%i×%i decides alike', async (width, height) => {
    for (const threshold of [0.7, 0.3]) {
      const [cpu, gpu] = await Promise.all(
        backends.all.map((backend) =>
          onBackend(backend, [noiseLevels(2, width, height, 20)], (b, s) => b.canny(s, threshold)),
        ),
      );
      let differ = 0;
      gpu.data.forEach((value, i) => {
        expect(value === 0 || value === 1).toBe(true);
        if (value !== cpu.data[i]) differ++;
      });
      // Where a gradient lies at a threshold within single precision.
      expect(differ).toBeLessThanOrEqual(0.001 * width * height);
    }
  });
});
