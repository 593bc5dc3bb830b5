import { describe, expect, it } from 'vitest';
import { Random } from '../../core/random';
import { createRaster, filledRaster, rasterOf } from '../../core/raster';
import { boxMean, imageScore } from './score';

const max = (smooth: number) => ({ smooth, reduce: 'max' as const });

describe('the mean filter', () => {
  it('divides by the whole window at borders too, as avg_pool2d does', () => {
    const { data } = boxMean(filledRaster(4, 3, 0.9), 3);
    // Inside 9 of 9, at an edge 6 of 9, in a corner 4 of 9.
    const expected = [0.4, 0.6, 0.6, 0.4, 0.6, 0.9, 0.9, 0.6, 0.4, 0.6, 0.6, 0.4];
    expected.forEach((value, i) => expect(data[i]).toBeCloseTo(value, 6));
  });

  it.each([
    [1, 1, 3],
    [7, 5, 3],
    [9, 4, 21],
    [33, 17, 7],
  ])('is the sum over the window by its definition (%i×%i, side %i)', (width, height, side) => {
    const random = new Random(width);
    const map = rasterOf(
      Float32Array.from({ length: width * height }, () => random.uniform(0, 1)),
      width,
      height,
    );
    const { data } = boxMean(map, side);
    const radius = (side - 1) / 2;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
          for (let u = Math.max(0, x - radius); u <= Math.min(width - 1, x + radius); u++)
            sum += map.data[v * width + u];
        }
        expect(data[y * width + x]).toBeCloseTo(sum / side ** 2, 6);
      }
    }
  });

  it('refuses an even side and several channels', () => {
    expect(() => boxMean(createRaster(4, 4), 2)).toThrow(/odd side/);
    expect(() => boxMean(createRaster(4, 4, 3), 3)).toThrow(/one channel/);
  });
});

describe('the score of an image', () => {
  it('is the greatest mean, so that a single pixel weighs little', () => {
    const speck = createRaster(64, 64);
    speck.data[20 * 64 + 20] = 1;
    expect(imageScore(speck, max(1))).toBe(1);
    expect(imageScore(speck, max(21))).toBeCloseTo(1 / 441, 6);
    const patch = createRaster(64, 64);
    for (let y = 10; y < 31; y++) patch.data.fill(0.5, y * 64 + 10, y * 64 + 31);
    expect(imageScore(patch, max(21))).toBeCloseTo(0.5, 6);
  });
});
