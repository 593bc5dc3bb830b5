import { describe, expect, it } from 'vitest';
import { StudioError } from './errors';
import { createMask } from './mask';
import { decodeMask, decodeRle, encodeMask, encodeRle, quantizeMask } from './mask-codec';
import { Random } from './random';
import { createRaster, filledRaster, rasterOf } from './raster';
import { encodedMaskSchema } from './recipe';

function softNoise(seed: number, width: number, height: number) {
  const random = new Random(seed);
  const mask = createRaster(width, height);
  for (let i = 0; i < mask.data.length; i++) mask.data[i] = random.uniform();
  return mask;
}

describe('stored masks', () => {
  it('come back in their 256 levels', () => {
    for (const [width, height] of [
      [1, 1],
      [7, 5],
      [64, 33],
    ]) {
      const mask = softNoise(width, width, height);
      const stored = encodeMask(mask);
      expect(encodedMaskSchema.parse(stored)).toEqual(stored);
      expect(decodeMask(stored)).toEqual(quantizeMask(mask));
      // Storing what was brought back changes nothing.
      expect(encodeMask(decodeMask(stored))).toEqual(stored);
    }
  });

  it('are the same text every time, and small when they are plain', () => {
    const mask = softNoise(1, 40, 40);
    expect(encodeMask(mask).data).toBe(encodeMask(mask).data);
    expect(encodeMask(filledRaster(1024, 1024, 1)).data.length).toBeLessThan(2000);
    // Pinned, so that a new version of the library that packs differently is noticed.
    expect(encodeMask(rasterOf(Float32Array.of(0, 0.5, 1, 1), 2, 2)).data).toBe('Y2j4/x8A');
  });

  it('are refused when damaged, too short or too long', () => {
    const stored = encodeMask(softNoise(2, 16, 16));
    const cases = [
      { ...stored, data: stored.data.slice(0, 40) },
      { ...stored, width: 15 },
      { ...stored, width: 17 },
      { ...stored, data: 'AAAA' },
      { ...stored, data: 'not base 64' },
      { ...stored, width: 1, height: 1 },
    ];
    for (const damaged of cases) {
      expect(() => decodeMask(damaged)).toThrow(StudioError);
      expect(() => decodeMask(damaged)).toThrow(/stored mask/);
    }
  });
});

describe('COCO run lengths', () => {
  it('run down the columns and start with zeros', () => {
    // 0 1 1
    // 1 1 0
    const mask = { width: 3, height: 2, data: Uint8Array.of(0, 1, 1, 1, 1, 0) };
    expect(encodeRle(mask)).toEqual({ size: [2, 3], counts: [1, 4, 1] });
    const full = { width: 2, height: 2, data: Uint8Array.of(1, 1, 1, 1) };
    expect(encodeRle(full)).toEqual({ size: [2, 2], counts: [0, 4] });
    expect(encodeRle(createMask(2, 2))).toEqual({ size: [2, 2], counts: [4] });
  });

  it('come back as they were', () => {
    const random = new Random(4);
    for (let n = 0; n < 20; n++) {
      const mask = createMask(random.int(1, 20), random.int(1, 20));
      for (let i = 0; i < mask.data.length; i++) mask.data[i] = random.int(0, 1);
      expect(decodeRle(encodeRle(mask))).toEqual(mask);
    }
  });

  it('are refused when they do not add up', () => {
    expect(() => decodeRle({ size: [2, 2], counts: [1, 2] })).toThrow(/add up to 3 pixels/);
    expect(() => decodeRle({ size: [2, 2], counts: [5, -1] })).toThrow(StudioError);
  });
});
