import { describe, expect, it } from 'vitest';
import { createCpuBackend } from '../compute/cpu';
import { quickJndMap } from '../compute/jnd';
import { iou, maskArea, rasterFromMask, thresholdMask } from '../core/mask';
import { Random } from '../core/random';
import { createRaster, filledRaster, rasterOf, type Raster } from '../core/raster';
import { Foreground } from './foreground';

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
    expect(iou(rasterFromMask(new Foreground(await mapOf(picture)).above()), inside)).toBeGreaterThan(0.85);
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
    const mask = new Foreground(map).above(0.5);
    expect(maskArea(mask)).toBeGreaterThan(0.98 * 3600);
    expect(mask.data[5 * 128 + 110]).toBe(0);
  });

  it('does not grow with the threshold, and is empty on an empty map', async () => {
    const foreground = new Foreground(await mapOf(disc().picture));
    const areas = [0.2, 0.4, 0.6, 0.8, 1].map((threshold) => maskArea(foreground.above(threshold)));
    expect(areas).toEqual([...areas].sort((a, b) => b - a));
    expect(areas[4]).toBe(0);
    expect(maskArea(new Foreground(createRaster(20, 20)).above())).toBe(0);
    expect(maskArea(new Foreground(rasterOf(Float32Array.of(0), 1, 1)).above(0))).toBe(0);
  });

  it('refuses thresholds outside [0, 1]', () => {
    for (const threshold of [-0.1, 1.1, NaN]) {
      expect(() => new Foreground(createRaster(4, 4)).above(threshold)).toThrow(/threshold/);
    }
  });
});

/** A map of 128 × 128 px with these values over a level of .06. */
function drawn(...parts: ((x: number, y: number) => number)[]): Raster {
  const map = filledRaster(128, 128, 0.06);
  for (let i = 0; i < map.data.length; i++) {
    for (const part of parts) map.data[i] = Math.max(map.data[i], part(i % 128, Math.floor(i / 128)));
  }
  return map;
}

/** How far outside a rectangle from (30, 20) to (98, 110) a place is; negative inside. */
const outside = (x: number, y: number) => Math.max(30 - x, x - 98, 20 - y, y - 110);
const body = () =>
  rasterOf(Float32Array.from(drawn((x, y) => (outside(x, y) <= 0 ? 1 : 0)).data, Math.floor), 128, 128);
/** Its outline, 3 px wide: by .03 above what it runs between, well below the threshold. */
const outline = (x: number, y: number) => (Math.abs(outside(x, y)) <= 1 ? 0.09 : 0);
const label = (x: number, y: number) => (x >= 50 && x < 75 && y >= 60 && y < 75 ? 0.5 : 0);

describe('a plain body', () => {
  const shareOf = (map: Raster, threshold?: number) =>
    iou(rasterFromMask(new Foreground(map).above(threshold)), body());

  it('counts by its outline when something on it lies above the threshold', () => {
    expect(shareOf(drawn(outline, label))).toBeGreaterThan(0.95);
  });

  it('counts where its outline has gaps that are closed', () => {
    const broken = (x: number, y: number) => (x % 20 < 4 && y % 20 < 4 ? 0 : outline(x, y));
    expect(shareOf(drawn(broken, label))).toBeGreaterThan(0.93);
  });

  it.each<[string, Raster]>([
    ['is open', drawn((x, y) => (y > 100 ? 0 : outline(x, y)), label)],
    ['is too faint', drawn((x, y) => 0.7 * outline(x, y), label)],
    ['is missing', drawn(label)],
  ])('does not count where its outline %s', (_, map) => {
    const foreground = new Foreground(map).above();
    expect(iou(rasterFromMask(foreground), rasterFromMask(thresholdMask(map, 0.12)))).toBeGreaterThan(0.95);
  });

  it('does not count with nothing, or next to nothing, on it', () => {
    expect(maskArea(new Foreground(drawn(outline)).above())).toBe(0);
    const small = (x: number, y: number) => (x >= 60 && x < 68 && y >= 60 && y < 68 ? 0.5 : 0);
    expect(maskArea(new Foreground(drawn(outline, small)).above())).toBeLessThan(100);
    // What it holds falls below a higher threshold, and it with that.
    expect(maskArea(new Foreground(drawn(outline, label)).above(0.6))).toBe(0);
  });

  it('ends where lines that cross the ground begin', () => {
    const horizon = (_: number, y: number) => (y >= 88 && y < 91 ? 0.09 : 0);
    expect(shareOf(drawn(outline, label, horizon))).toBeGreaterThan(0.9);
  });

  it('is told from grain, which is everywhere', () => {
    const random = new Random(5);
    const grain = Float32Array.from({ length: 128 * 128 }, () => random.uniform(0, 0.03));
    const map = drawn((x, y) => 2 * outline(x, y), label);
    map.data.forEach((value, i) => (map.data[i] = value + grain[i]));
    // Specks beside the outline are closed with it.
    expect(shareOf(map, 0.25)).toBeGreaterThan(0.8);
    const plain = drawn();
    plain.data.forEach((value, i) => (plain.data[i] = value + grain[i]));
    expect(maskArea(new Foreground(plain).above(0.25))).toBe(0);
  });

  it('is found in a picture: a plain box with a dark outline and a label', async () => {
    const picture = filledRaster(128, 128, 0.6, 3);
    for (let i = 0; i < picture.data.length; i++) {
      const [x, y] = [i % 128, Math.floor((i % (128 * 128)) / 128)];
      if (outside(x, y) <= 0) picture.data[i] = 0.7;
      if (Math.abs(outside(x, y)) <= 1) picture.data[i] = 0.3;
      if (label(x, y) > 0) picture.data[i] = (x + y) % 6 < 3 ? 0.2 : 0.9;
    }
    expect(shareOf(await mapOf(picture))).toBeGreaterThan(0.9);
  });
});
