import { describe, expect, it } from 'vitest';
import { noise } from '../../compute/testing';
import { Random } from '../../core/random';
import { createRaster, filledRaster, rasterOf, type Raster } from '../../core/raster';
import { applyTps, solveTps } from '../../core/tps';
import { applyGeometry, joinPlanes, mirrorPlanes, randomGeometry, takePlanes } from './geometry';
import { addNoise, applyLight, randomLight } from './light';

const picture = noise(1, 24, 20, 3);

describe('geometry', () => {
  it('is the same for the same seed, and for all planes of a picture', () => {
    const settings = { mirror: 0.5, warp: 0.5 };
    const kinds = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const geometry = randomGeometry(new Random(seed), settings);
      expect(randomGeometry(new Random(seed), settings)).toEqual(geometry);
      kinds.add(`${geometry.mirrored} ${geometry.warp !== null}`);
    }
    // Mirrored or not, bent or not: all four happen.
    expect(kinds.size).toBe(4);

    // An edge map that is the picture's green channel stays it.
    const edges = takePlanes(picture, 1, 1);
    const bent = applyGeometry(joinPlanes(edges, picture), randomGeometry(new Random(3), { mirror: 1, warp: 1 }));
    expect(takePlanes(bent, 0, 1).data).toEqual(takePlanes(bent, 2, 1).data);
    expect(takePlanes(bent, 0, 1).data).not.toEqual(edges.data);
  });

  it('happens never or always where it should', () => {
    for (let seed = 0; seed < 20; seed++) {
      expect(randomGeometry(new Random(seed), { mirror: 0, warp: 0 })).toEqual({ mirrored: false, warp: null });
      expect(randomGeometry(new Random(seed), { mirror: 1, warp: 1 })).toMatchObject({ mirrored: true });
    }
    const none = applyGeometry(picture, { mirrored: false, warp: null });
    expect(none.data).toEqual(picture.data);
  });

  it('mirrors left and right, twice to what was', () => {
    const rows = rasterOf(Float32Array.of(1, 2, 3, 4, 5, 6), 3, 2);
    expect([...mirrorPlanes(rows).data]).toEqual([3, 2, 1, 6, 5, 4]);
    expect(mirrorPlanes(mirrorPlanes(picture)).data).toEqual(picture.data);
  });

  it('bends as the spline of core says', () => {
    const warp = { offsets: Array.from({ length: 18 }, (_, i) => 0.08 * Math.sin(5 * i)) };
    // A picture of its own x coordinate reads where it was sampled.
    const [width, height] = [40, 30];
    const ramp = createRaster(width, height);
    ramp.data.forEach((_, i) => (ramp.data[i] = (i % width) + 0.5));
    const bent = applyGeometry(ramp, { mirrored: false, warp });
    const spline = solveTps(warp, width, height);
    for (const [x, y] of [
      [20, 15],
      [12, 9],
      [28, 22],
    ]) {
      expect(bent.data[y * width + x]).toBeCloseTo(applyTps(spline, x + 0.5, y + 0.5)[0], 4);
    }
  });

  it('refuses planes of different sizes', () => {
    expect(() => joinPlanes(picture, createRaster(3, 3))).toThrow(RangeError);
  });
});

describe('light', () => {
  it('multiplies and lifts within [0, 1], by the seed', () => {
    const grey = filledRaster(2, 1, 0.5, 3);
    const values = [...applyLight(grey, { gains: [1, 2, 3], offset: -0.25 }).data];
    expect(values).toEqual([0.25, 0.25, 0.75, 0.75, 1, 1]);
    expect(applyLight(filledRaster(1, 1, 0, 3), { gains: [1, 1, 1], offset: -0.1 }).data[0]).toBe(0);
    expect(randomLight(new Random(4))).toEqual(randomLight(new Random(4)));
    for (let seed = 0; seed < 50; seed++) {
      const { gains, offset } = randomLight(new Random(seed));
      expect(gains.every((gain) => gain > 0.87 && gain < 1.134)).toBe(true);
      expect(Math.abs(offset)).toBeLessThanOrEqual(0.04);
    }
    expect(() => applyLight(createRaster(2, 2), randomLight(new Random(1)))).toThrow(RangeError);
  });

  it('adds noise of the deviation asked for', () => {
    const grey = filledRaster(64, 64, 0.5, 3);
    const noisy = addNoise(grey, new Random(2), 0.02);
    expect(addNoise(grey, new Random(2), 0.02).data).toEqual(noisy.data);
    expect(deviation(noisy)).toBeCloseTo(0.02, 3);
    expect(grey.data.every((value) => value === 0.5)).toBe(true);
  });
});

function deviation({ data }: Raster): number {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  return Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
}
