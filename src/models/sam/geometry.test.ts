import { describe, expect, it } from 'vitest';
import { noise } from '../../compute/testing';
import { filledRaster, type Raster } from '../../core/raster';
import { maskFromRle } from '../../core/rle';
import { fitLongestSide, MaskSampler, preprocess } from './geometry';

const SIZES = [
  [64, 64],
  [97, 61],
  [61, 97],
  [300, 200],
  [20, 33],
  [256, 5],
] as const;

describe('fitLongestSide', () => {
  it('rounds half up and leaves no side without a pixel', () => {
    expect(fitLongestSide({ width: 2048, height: 1365 }, 1024)).toEqual({ width: 1024, height: 683 });
    // 1024 · 3/2048 = 1.5
    expect(fitLongestSide({ width: 2048, height: 3 }, 1024)).toEqual({ width: 1024, height: 2 });
    expect(fitLongestSide({ width: 1, height: 5000 }, 1024)).toEqual({ width: 1, height: 1024 });
    expect(fitLongestSide({ width: 100, height: 100 }, 256)).toEqual({ width: 256, height: 256 });
  });
});

describe('preprocess', () => {
  it('scales the longest side, normalises as SAM does and pads with zeros right and below', () => {
    const image = filledRaster(96, 48, 1, 3);
    image.data.fill(0, 96 * 48, 2 * 96 * 48);
    const out = preprocess(image, 64);
    expect(out).toMatchObject({ width: 64, height: 64, channels: 3 });
    const values = [(255 - 123.675) / 58.395, -116.28 / 57.12, (255 - 103.53) / 57.375];
    values.forEach((value, c) => {
      for (const [x, y] of [
        [0, 0],
        [63, 31],
      ]) {
        expect(out.data[(c * 64 + y) * 64 + x]).toBeCloseTo(value, 5);
      }
      expect(out.data[(c * 64 + 32) * 64]).toBe(0);
      expect(out.data[(c * 64 + 63) * 64 + 63]).toBe(0);
    });
    const tall = preprocess(filledRaster(48, 96, 1, 3), 64);
    expect(tall.data[31]).not.toBe(0);
    expect(tall.data[32]).toBe(0);
    expect(tall.data[63 * 64 + 31]).not.toBe(0);
  });
});

/** PyTorch's interpolate(mode='bilinear', align_corners=False), plainly. */
function interpolate(source: Raster, width: number, height: number): Raster {
  const out = { ...source, width, height, data: new Float32Array(width * height) };
  const tap = (i: number, from: number, to: number) => {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.floor(at);
    return [low, Math.min(from - 1, low + 1), at - low];
  };
  for (let y = 0; y < height; y++) {
    const [top, bottom, v] = tap(y, source.height, height);
    for (let x = 0; x < width; x++) {
      const [left, right, u] = tap(x, source.width, width);
      const at = (row: number, column: number) => source.data[row * source.width + column];
      out.data[y * width + x] =
        (1 - v) * ((1 - u) * at(top, left) + u * at(top, right)) +
        v * ((1 - u) * at(bottom, left) + u * at(bottom, right));
    }
  }
  return out;
}

describe('MaskSampler', () => {
  it.each(SIZES)('gives what two interpolations and a crop give, for %i×%i', (width, height) => {
    for (const [side, grid] of [
      [64, 16],
      [128, 64],
    ]) {
      const logits = noise(3, grid, grid);
      logits.data.forEach((value, i) => (logits.data[i] = value - 0.5));
      const fit = fitLongestSide({ width, height }, side);
      const square = interpolate(logits, side, side);
      const crop = {
        width: fit.width,
        height: fit.height,
        channels: 1,
        data: new Float32Array(fit.width * fit.height),
      };
      for (let y = 0; y < fit.height; y++) {
        crop.data.set(square.data.subarray(y * side, y * side + fit.width), y * fit.width);
      }
      const expected = interpolate(crop, width, height);
      const mask = maskFromRle(new MaskSampler({ width, height }, side, grid).mask(logits.data));
      expect(mask).toMatchObject({ width, height });
      let decided = 0;
      expected.data.forEach((value, i) => {
        // Where the logit is 0 but for rounding, either answer is right.
        if (Math.abs(value) < 1e-6) return;
        decided++;
        expect(mask.data[i], `pixel ${i}: ${value}`).toBe(value > 0 ? 1 : 0);
      });
      expect(decided).toBeGreaterThan(0.99 * width * height);
    }
  });

  it('finds a mask in a corner, one everywhere and none', () => {
    const sampler = new MaskSampler({ width: 200, height: 100 }, 64, 16);
    const logits = new Float32Array(256).fill(-1);
    expect(sampler.mask(logits).area).toBe(0);
    expect(sampler.mask(logits.map(() => 1)).area).toBe(200 * 100);
    // The lower right cell of the image, not of the square: half the height is padding.
    logits[7 * 16 + 15] = 1;
    expect(sampler.mask(logits).box).toEqual({ x: 188, y: 88, width: 12, height: 12 });
    // In the padding, beyond what interpolation mixes in.
    expect(sampler.mask(new Float32Array(256).fill(-1).fill(1, 9 * 16)).area).toBe(0);
  });

  it('measures stability over the image alone', () => {
    const sampler = new MaskSampler({ width: 200, height: 100 }, 64, 16);
    const logits = new Float32Array(256).fill(-5);
    // Ten cells for sure, five within a logit of the cut, the padding unsure throughout.
    logits
      .fill(5, 0, 10)
      .fill(0.5, 10, 13)
      .fill(-0.5, 16, 18)
      .fill(0, 8 * 16);
    expect(sampler.stability(logits)).toBeCloseTo(10 / 15, 12);
    expect(sampler.stability(logits, 0.4)).toBeCloseTo(13 / 13, 12);
    expect(sampler.stability(new Float32Array(256).fill(-5))).toBe(0);
  });
});
