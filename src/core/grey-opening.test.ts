import { describe, expect, it } from 'vitest';
import { openGrey } from './grey-opening';
import { Random } from './random';
import { createRaster, filledRaster, type Raster } from './raster';

function noise(seed: number, width: number, height: number): Raster {
  const random = new Random(seed);
  const raster = createRaster(width, height);
  raster.data.forEach((_, i) => (raster.data[i] = random.uniform(-1, 1)));
  return raster;
}

/** By the definition: a maximum over the square of minima over squares, each cut at the border. */
function byDefinition(raster: Raster, radius: number): Raster {
  const over = ({ width, height, data }: Raster, best: (...values: number[]) => number): Raster => {
    const out = createRaster(width, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const values: number[] = [];
        for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
          for (let u = Math.max(0, x - radius); u <= Math.min(width - 1, x + radius); u++) {
            values.push(data[v * width + u]);
          }
        }
        out.data[y * width + x] = best(...values);
      }
    }
    return out;
  };
  return over(over(raster, Math.min), Math.max);
}

describe('the grey opening', () => {
  it.each([
    [1, 1, 3],
    [7, 1, 2],
    [1, 9, 1],
    [13, 11, 0],
    [13, 11, 2],
    [17, 8, 5],
    [5, 6, 20],
  ])('is what its definition says (%i×%i, radius %i)', (width, height, radius) => {
    const raster = noise(width + radius, width, height);
    expect(openGrey(raster, radius)).toEqual(byDefinition(raster, radius));
  });

  it('takes away lines narrower than its square, and leaves what is broader', () => {
    const raster = filledRaster(32, 24, 0.5);
    for (let y = 0; y < 24; y++) for (let x = 4; x < 8; x++) raster.data[y * 32 + x] = 0.9;
    for (let y = 0; y < 24; y++) for (let x = 16; x < 24; x++) raster.data[y * 32 + x] = 0.9;
    const { data } = openGrey(raster, 3);
    expect(data[10 * 32 + 5]).toBeCloseTo(0.5);
    expect(data[10 * 32 + 20]).toBeCloseTo(0.9);
  });
});
