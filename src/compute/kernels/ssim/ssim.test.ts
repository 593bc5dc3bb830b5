import { afterAll, describe, expect, it } from 'vitest';
import { createRaster, filledRaster, type Raster } from '../../../core/raster';
import { largestDifference, noise, ODD_SIZES, onBackend, openTestBackends, rows } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

/** Two 3×17×23 patterns made of whole numbers, so that any program can make them again. */
function patterns(): [Raster, Raster] {
  const a = createRaster(23, 17, 3);
  const b = createRaster(23, 17, 3);
  for (let i = 0; i < a.data.length; i++) {
    const v = ((i * 37) % 101) / 100;
    a.data[i] = v;
    b.data[i] = Math.min(1, Math.max(0, v + (((i * 53 + 11) % 97) / 96 - 0.5) * 0.4));
  }
  return [a, b];
}

describe.each(backends.all)('SSIM on $name', (backend) => {
  const compare = (a: Raster, b: Raster) => onBackend(backend, [a, b], (on, x, y) => on.ssim(x, y));
  const tolerance = backend.name === 'cpu' ? 1e-6 : 1e-3;

  it('agrees with scikit-image', async () => {
    // structural_similarity(gaussian_weights, sigma 1.5, use_sample_covariance False, data_range 1), mean over channels.
    const map = await compare(...patterns());
    const expected = [
      [0, 0, 0.940995],
      [22, 0, 0.942299],
      [3, 5, 0.927652],
      [11, 8, 0.932787],
      [22, 16, 0.946471],
      [0, 9, 0.924957],
    ];
    for (const [x, y, value] of expected) {
      expect(Math.abs(map.data[y * 23 + x] - value)).toBeLessThanOrEqual(Math.max(tolerance, 1e-6));
    }
    const mean = map.data.reduce((sum, value) => sum + value, 0) / map.data.length;
    expect(Math.abs(mean - 0.931957)).toBeLessThanOrEqual(Math.max(tolerance, 1e-6));
  });

  it.each(ODD_SIZES)('is 1 between a picture and itself (%i×%i)', async (width, height) => {
    const same = await compare(noise(1, width, height, 3), noise(1, width, height, 3));
    for (const value of same.data) expect(Math.abs(value - 1)).toBeLessThanOrEqual(tolerance);
  });

  it('compares flat pictures by luminance alone: (2·μₐ·μ_b + C1) / (μₐ² + μ_b² + C1)', async () => {
    const map = await compare(filledRaster(17, 23, 0.9, 3), filledRaster(17, 23, 0.3, 3));
    const expected = (2 * 0.9 * 0.3 + 1e-4) / (0.81 + 0.09 + 1e-4);
    for (const value of map.data) expect(Math.abs(value - expected)).toBeLessThanOrEqual(tolerance);
  });

  it('keeps its digits on faint texture over a bright ground', async () => {
    // ±0.002 about 0.95 and its negative: without care float32 loses such a variance (4e-6) beside 0.9.
    const a = createRaster(40, 40);
    const b = createRaster(40, 40);
    a.data.forEach((_, i) => {
      const sign = ((i % 40) + Math.floor(i / 40)) % 2 === 0 ? 1 : -1;
      a.data[i] = 0.95 + 0.002 * sign;
      b.data[i] = 0.95 - 0.002 * sign;
    });
    const expected = (2 * -4e-6 + 9e-4) / (2 * 4e-6 + 9e-4);
    const map = await compare(a, b);
    expect(Math.abs(map.data[20 * 40 + 20] - expected)).toBeLessThanOrEqual(2e-5);
  });

  it('lies in [−1, 1] and is symmetric', async () => {
    const a = noise(1, 33, 18);
    const b = { ...a, data: a.data.map((v) => 1 - v) };
    const map = await compare(a, b);
    for (const value of map.data) expect(value).toBeGreaterThanOrEqual(-1);
    expect(Math.min(...map.data)).toBeLessThan(-0.5);
    expect(largestDifference(map, await compare(b, a))).toBeLessThanOrEqual(1e-6);
  });

  it('changes only where the window reaches', async () => {
    const a = filledRaster(41, 1, 0.5);
    const b = filledRaster(41, 1, 0.5);
    b.data[20] = 1;
    const changed = Array.from((await compare(a, b)).data, (value) => value < 0.9999);
    expect(changed.indexOf(true)).toBe(15);
    expect(changed.lastIndexOf(true)).toBe(25);
  });

  it('refuses other shapes', async () => {
    await expect(compare(rows([1, 2]), rows([1], [2]))).rejects.toThrow(/differ in size/);
    await expect(compare(noise(1, 3, 3, 3), noise(1, 3, 3))).rejects.toThrow(/differ in channels/);
  });
});

describe.skipIf(!backends.webgpu)('SSIM, GPU against CPU', () => {
  it.each([...ODD_SIZES, [130, 70] as const])('%i×%i within 1e-3', async (width, height) => {
    const [cpu, gpu] = await Promise.all(
      backends.all.map((backend) =>
        onBackend(backend, [noise(1, width, height, 3), noise(2, width, height, 3)], (b, x, y) => b.ssim(x, y)),
      ),
    );
    expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-3);
  });
});
