import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../../core/random';
import { createRaster, type Raster } from '../../../core/raster';
import { randomWarp, solveTps } from '../../../core/tps';
import { largestDifference, noise, ODD_SIZES, onBackend, openTestBackends } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

const still = { offsets: new Array<number>(18).fill(0) };
const warp = randomWarp(new Random(21));

/** Two channels that hold each pixel's own x and y: warped, they tell where every output pixel was read. */
function coordinates(width: number, height: number): Raster {
  const raster = createRaster(width, height, 2);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      raster.data[y * width + x] = x + 0.5;
      raster.data[(height + y) * width + x] = y + 0.5;
    }
  }
  return raster;
}

describe.each(backends.all)('thin-plate-spline warp on $name', (backend) => {
  it.each(ODD_SIZES)('changes nothing by offsets of zero (%i×%i)', async (width, height) => {
    const source = noise(1, width, height, 3);
    const same = await onBackend(backend, [source], (b, s) => b.warpTps(s, solveTps(still, width, height), 'reflect'));
    expect(same.data).toEqual(source.data);
  });

  it('passes through its control points', async () => {
    // Odd sizes: the inner control points and the middles of the sides lie at or between pixel centres.
    const [width, height] = [65, 49];
    const spline = solveTps(warp, width, height);
    const read = await onBackend(backend, [coordinates(width, height)], (b, s) => b.warpTps(s, spline, 'reflect'));
    // The centre of the grid is the centre of pixel (32, 24).
    const at = 24 * width + 32;
    expect(read.data[at]).toBeCloseTo(32.5 + warp.offsets[8] * width, 3);
    expect(read.data[at + width * height]).toBeCloseTo(24.5 + warp.offsets[9] * height, 3);
    // Four control points on an even grid lie between pixel centres; the middle of the upper side moves down here.
    const shifted = solveTps({ offsets: still.offsets.map((_, k) => (k === 3 ? 0.1 : 0)) }, 64, 64);
    const above = await onBackend(backend, [coordinates(64, 64)], (b, s) => b.warpTps(s, shifted, 'reflect'));
    const mean = (above.data[64 * 64 + 31] + above.data[64 * 64 + 32]) / 2;
    // Half a pixel below the point, so half a pixel further on, give or take the curvature.
    expect(Math.abs(mean - (0.5 + 6.4))).toBeLessThan(0.1);
  });

  it('moves an edge map and its image together', async () => {
    const [width, height] = [40, 30];
    const image = noise(4, width, height, 3);
    const edges = { ...createRaster(width, height), data: image.data.slice(width * height, 2 * width * height) };
    const spline = solveTps(warp, width, height);
    const movedImage = await onBackend(backend, [image], (b, s) => b.warpTps(s, spline, 'reflect'));
    const movedEdges = await onBackend(backend, [edges], (b, s) => b.warpTps(s, spline, 'reflect'));
    expect(movedEdges.data).toEqual(movedImage.data.slice(width * height, 2 * width * height));
    expect(largestDifference(movedEdges, edges)).toBeGreaterThan(0.2);
  });

  it('warps a source of another size than the spline into the size of the spline', async () => {
    const out = await onBackend(backend, [noise(1, 8, 8)], (b, s) => b.warpTps(s, solveTps(still, 12, 6), 'zero'));
    expect([out.width, out.height]).toEqual([12, 6]);
    // Columns 8 to 11 lie outside the source.
    expect(Array.from(out.data.slice(8, 12))).toEqual([0, 0, 0, 0]);
  });
});

describe.skipIf(!backends.webgpu)('thin-plate-spline warp, GPU against CPU', () => {
  const cases = [...ODD_SIZES, [256, 256] as const].flatMap(([width, height]) =>
    (['zero', 'reflect'] as const).map((border) => [width, height, border] as const),
  );
  it.each(cases)('%i×%i, border %s, within 1e-4', async (width, height, border) => {
    const [cpu, gpu] = await Promise.all(
      backends.all.map((backend) =>
        onBackend(backend, [noise(2, width, height, 3)], (b, s) => b.warpTps(s, solveTps(warp, width, height), border)),
      ),
    );
    expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-4);
  });
});
