import { describe, expect, it } from 'vitest';
import { createCpuBackend } from '../compute/cpu';
import { quickJndMap } from '../compute/jnd';
import { iou, maskArea, rasterFromMask } from '../core/mask';
import { Random } from '../core/random';
import { createRaster, filledRaster, rasterOf, type Raster } from '../core/raster';
import { foregroundFrom } from './foreground';

const backend = createCpuBackend();

/** A plain bright ground with a textured disc of radius 30 in it. */
function disc(): { picture: Raster; inside: Raster } {
  const random = new Random(3);
  const picture = filledRaster(128, 128, 0.8, 3);
  const inside = createRaster(128, 128);
  for (let i = 0; i < 128 * 128; i++) {
    const value = random.uniform(0.1, 0.7);
    if (Math.hypot((i % 128) - 64, Math.floor(i / 128) - 60) >= 30) continue;
    inside.data[i] = 1;
    for (let c = 0; c < 3; c++) picture.data[c * 128 * 128 + i] = value;
  }
  return { picture, inside };
}

async function mapOf(picture: Raster): Promise<Raster> {
  return backend.download(quickJndMap(backend, picture));
}

describe('the foreground of a JND map', () => {
  it('is the textured thing on a plain ground', async () => {
    const { picture, inside } = disc();
    expect(iou(rasterFromMask(foregroundFrom(await mapOf(picture))), inside)).toBeGreaterThan(0.85);
  });

  it('closes gaps, fills holes, drops specks', () => {
    const map = createRaster(128, 128);
    for (let y = 30; y < 90; y++) {
      for (let x = 30; x < 90; x++) {
        const ring = Math.min(x - 30, 89 - x, y - 30, 89 - y) < 4;
        // Broken by a gap of two pixels.
        if (ring && !(y > 50 && y < 53)) map.data[y * 128 + x] = 0.9;
      }
    }
    map.data[5 * 128 + 110] = 1;
    const mask = foregroundFrom(map, 0.5);
    expect(maskArea(mask)).toBeGreaterThan(0.98 * 3600);
    expect(mask.data[5 * 128 + 110]).toBe(0);
  });

  it('does not grow with the threshold, and is empty on an empty map', async () => {
    const map = await mapOf(disc().picture);
    const areas = [0.2, 0.4, 0.6, 0.8, 1].map((threshold) => maskArea(foregroundFrom(map, threshold)));
    expect(areas).toEqual([...areas].sort((a, b) => b - a));
    expect(areas[4]).toBe(0);
    expect(maskArea(foregroundFrom(createRaster(20, 20)))).toBe(0);
    expect(maskArea(foregroundFrom(rasterOf(Float32Array.of(0), 1, 1), 0))).toBe(0);
  });

  it('refuses thresholds outside [0, 1]', () => {
    for (const threshold of [-0.1, 1.1, NaN]) {
      expect(() => foregroundFrom(createRaster(4, 4), threshold)).toThrow(/threshold/);
    }
  });
});
