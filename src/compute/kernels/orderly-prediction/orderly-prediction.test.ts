import { afterAll, describe, expect, it } from 'vitest';
import { createRaster, filledRaster, type Raster } from '../../../core/raster';
import { mirror } from '../../shape';
import { noise, noiseLevels, ODD_SIZES, onBackend, openTestBackends } from '../../testing';
import { SEARCH_RADIUS, TIE } from './search';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

/** The definition, word for word: every patch summed anew. */
function byDefinition(grey: Raster, adaptation: Raster): Raster {
  const { width, height } = grey;
  const out = createRaster(width, height);
  const at = (x: number, y: number) => grey.data[mirror(y, height) * width + mirror(x, width)];
  const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height;
  const patch = [-3, -2, -1, 0, 1, 2, 3].flatMap((dy) => [-3, -2, -1, 0, 1, 2, 3].map((dx) => [dx, dy]));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const values = patch.map(([dx, dy]) => (inside(x + dx, y + dy) ? at(x + dx, y + dy) : 0));
      const mean = values.reduce((sum, v) => sum + v, 0) / 49;
      const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 49);
      const sigma = Math.max(adaptation.data[y * width + x], 8);
      const variance = deviation > sigma ? sigma ** 3 / deviation : sigma ** 2;
      const shifts: { exponent: number; value: number }[] = [];
      for (let v = -SEARCH_RADIUS; v <= SEARCH_RADIUS; v++) {
        for (let u = -SEARCH_RADIUS; u <= SEARCH_RADIUS; u++) {
          if (u === 0 && v === 0) continue;
          const d =
            patch.reduce((sum, [dx, dy]) => sum + (at(x + dx, y + dy) - at(x + u + dx, y + v + dy)) ** 2, 0) / 49;
          shifts.push({ exponent: d / variance, value: at(x + u, y + v) });
        }
      }
      // A common factor of all weights, the largest's among them, cancels; without it they may all underflow.
      const least = Math.min(...shifts.map(({ exponent }) => exponent));
      const weights = shifts.map(({ exponent }) => Math.exp(least - exponent));
      const weighted = shifts.reduce((sum, { value }, i) => sum + weights[i] * value, 0);
      const predicted = (weighted + at(x, y)) / (weights.reduce((sum, weight) => sum + weight, 0) + 1);
      out.data[y * width + x] = Math.floor(predicted + 0.5 + TIE);
    }
  }
  return out;
}

/** How many pixels differ at all, and by how much. */
function compare(a: Raster, b: Raster): { pixels: number; most: number } {
  const differences = Array.from(a.data, (value, i) => Math.abs(value - b.data[i]));
  return { pixels: differences.filter((d) => !(d === 0)).length, most: Math.max(...differences) };
}

describe.each(backends.all)('orderly prediction on $name', (backend) => {
  const run = (grey: Raster, adaptation = filledRaster(grey.width, grey.height, 9)) =>
    onBackend(backend, [grey, adaptation], (b, g, a) => b.orderlyPrediction(g, a));

  it.each([
    [13, 11],
    // Taller than what is summed at a time.
    [3, 37],
    [5, 4],
    [1, 1],
  ])('is its definition (%i×%i)', async (width, height) => {
    const grey = noiseLevels(3, width, height, 4);
    const adaptation = noise(4, width, height);
    adaptation.data.forEach((v, i) => (adaptation.data[i] = 3 + 17 * v));
    const { pixels, most } = compare(await run(grey, adaptation), byDefinition(grey, adaptation));
    // Single precision may round the other way where the mean lies halfway between two levels.
    expect(pixels).toBeLessThanOrEqual(backend.name === 'cpu' ? 0 : 0.005 * width * height);
    expect(most).toBeLessThanOrEqual(1);
  });

  it('leaves one colour as it is', async () => {
    const grey = filledRaster(40, 30, 77);
    expect((await run(grey)).data).toEqual(grey.data);
  });

  it('takes noise and a lone spot from a flat ground: they are disorder', async () => {
    const grey = noise(5, 48, 48);
    grey.data.forEach((v, i) => (grey.data[i] = 120 + Math.round(4 * v)));
    grey.data[24 * 48 + 24] = 255;
    const { data } = await run(grey);
    const flat = Array.from(data.subarray(0, 48));
    expect(Math.max(...flat) - Math.min(...flat)).toBeLessThanOrEqual(2);
    expect(data[24 * 48 + 24]).toBeLessThan(130);
  });

  it('is a number in levels where every weight underflows single precision', async () => {
    const grey = noise(6, 30, 30);
    grey.data.forEach((v, i) => (grey.data[i] = v < 0.5 ? 0 : 255));
    for (const value of (await run(grey)).data) expect(value >= 0 && value <= 255).toBe(true);
  });

  it('refuses an adaptation of another size', async () => {
    await expect(run(filledRaster(4, 4, 1), filledRaster(3, 4, 9))).rejects.toThrow(/size/);
  });
});

describe.skipIf(!backends.webgpu)('orderly prediction, GPU against CPU', () => {
  it.each([...ODD_SIZES, [67, 35] as const])('%i×%i alike, but for a level where rounding ties', async (w, h) => {
    const [cpu, gpu] = await Promise.all(
      backends.all.map((backend) =>
        onBackend(backend, [noiseLevels(1, w, h), filledRaster(w, h, 9)], (b, g, a) => b.orderlyPrediction(g, a)),
      ),
    );
    const { pixels, most } = compare(cpu, gpu);
    expect(most).toBeLessThanOrEqual(1);
    expect(pixels).toBeLessThanOrEqual(0.002 * w * h);
  });
});
