import { afterAll, describe, expect, it } from 'vitest';
import { createRaster, filledRaster, type Raster } from '../../../core/raster';
import { noise, ODD_SIZES, onBackend, openTestBackends, rows } from '../../testing';
import { diskRows } from './disk';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

/** The definition, pixel by pixel. */
function byDefinition(mask: Raster, radius: number): Float32Array {
  const { width, height, data } = mask;
  return data.map((_, i) => {
    let largest = -Infinity;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if ((x - (i % width)) ** 2 + (y - Math.floor(i / width)) ** 2 <= radius * radius) {
          largest = Math.max(largest, data[y * width + x]);
        }
      }
    }
    return largest;
  });
}

describe('rows of a disk', () => {
  it('follow dx² + dy² ≤ r²', () => {
    expect(Array.from(diskRows(0))).toEqual([0]);
    expect(Array.from(diskRows(1))).toEqual([1, 0]);
    expect(Array.from(diskRows(1.5))).toEqual([1, 1]);
    expect(Array.from(diskRows(5))).toEqual([5, 4, 4, 4, 3, 0]);
    expect(Array.from(diskRows(0.99))).toEqual([0]);
  });
});

describe.each(backends.all)('dilation on $name', (backend) => {
  const dilate = (mask: Raster, radius: number) => onBackend(backend, [mask], (b, m) => b.dilate(m, radius));

  it('grows a point into a disk', async () => {
    const point = createRaster(5, 5);
    point.data[12] = 0.5;
    const disk = await dilate(point, 2);
    expect(Array.from(disk.data, (v) => 2 * v)).toEqual(
      [
        [0, 0, 1, 0, 0],
        [0, 1, 1, 1, 0],
        [1, 1, 1, 1, 1],
        [0, 1, 1, 1, 0],
        [0, 0, 1, 0, 0],
      ].flat(),
    );
  });

  it('takes the larger grey value', async () => {
    expect(Array.from((await dilate(rows([0.25, 0, 0, 0.75, 0]), 1)).data)).toEqual([0.25, 0.25, 0.75, 0.75, 0.75]);
  });

  it('changes nothing with radius 0, nor an empty or a full mask', async () => {
    const mask = noise(1, 17, 23);
    expect((await dilate(mask, 0)).data).toEqual(mask.data);
    expect((await dilate(createRaster(17, 23), 5)).data).toEqual(new Float32Array(17 * 23));
    expect((await dilate(filledRaster(17, 23, 1), 5)).data).toEqual(new Float32Array(17 * 23).fill(1));
  });

  it.each(ODD_SIZES.flatMap(([w, h]) => [0.5, 1, 2.5, 3, 5, 11.3, 60].map((radius) => [w, h, radius] as const)))(
    'is the maximum over the disk (%i×%i, radius %d)',
    async (width, height, radius) => {
      const mask = noise(7, width, height);
      expect((await dilate(mask, radius)).data).toEqual(byDefinition(mask, radius));
    },
  );

  it('fills the image from one point with a radius beyond any image', async () => {
    const point = createRaster(17, 23);
    point.data[0] = 1;
    expect((await dilate(point, 1e9)).data).toEqual(new Float32Array(17 * 23).fill(1));
  });

  it('refuses a radius that is none, and several channels', async () => {
    await expect(dilate(createRaster(3, 3), -1)).rejects.toThrow(/radius/);
    await expect(dilate(createRaster(3, 3), NaN)).rejects.toThrow(/radius/);
    await expect(dilate(createRaster(3, 3, 3), 1)).rejects.toThrow(/one channel/);
  });
});
