import { describe, expect, it } from 'vitest';
import { chooseBackground } from './background';
import type { DirectEdit } from './direct';
import { renderDirect } from './direct';
import { createMask, thresholdMask } from '../core/mask';
import { Random } from '../core/random';
import type { Raster } from '../core/raster';
import { createRaster, filledRaster } from '../core/raster';
import { rasterizeRegion } from '../core/rasterize';
import type { RegionShape } from '../core/recipe';

function picture(width: number, height: number, value: (x: number, y: number, c: number) => number): Raster {
  const raster = createRaster(width, height, 3);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) raster.data[(c * height + y) * width + x] = value(x, y, c);
    }
  }
  return raster;
}

/** Even grain of ± `amount` about 0.5, different for every pixel, alike everywhere. */
function grain(width: number, height: number, amount: number, seed = 1): Raster {
  const random = new Random(seed);
  const raster = createRaster(width, height, 3);
  for (let i = 0; i < raster.data.length; i++) raster.data[i] = 0.5 + random.uniform(-amount, amount);
  return raster;
}

const ellipse = (cx: number, cy: number, rx: number, ry = rx): RegionShape => ({
  kind: 'ellipse',
  combine: 'add',
  cx,
  cy,
  rx,
  ry,
  rotation: 0,
});

const region = (width: number, height: number, feather: number, ...shapes: RegionShape[]): Raster =>
  rasterizeRegion(shapes, width, height, feather);

function edit(change: Partial<DirectEdit> & Pick<DirectEdit, 'photo' | 'mask'>): Raster {
  return renderDirect({ operation: 'replace', donor: null, gradients: 'normal', ...change });
}

function worst(a: Raster, b: Raster, where: (i: number) => boolean = () => true): number {
  const plane = a.width * a.height;
  let most = 0;
  for (let i = 0; i < a.data.length; i++) if (where(i % plane)) most = Math.max(most, Math.abs(a.data[i] - b.data[i]));
  return most;
}

function deviation(raster: Raster, mask: Raster): number {
  const plane = raster.width * raster.height;
  let sum = 0;
  let squares = 0;
  let count = 0;
  for (let i = 0; i < plane; i++) {
    if (mask.data[i] < 1) continue;
    sum += raster.data[i];
    squares += raster.data[i] ** 2;
    count++;
  }
  return Math.sqrt(squares / count - (sum / count) ** 2);
}

describe('every operation', () => {
  it.each(['remove', 'replace', 'merge'] as const)('%s leaves the pixels outside the mask bit for bit', (operation) => {
    const photo = grain(70, 50, 0.3);
    const donor = grain(70, 50, 0.5, 2);
    const mask = region(70, 50, 1.2, ellipse(30, 25, 14, 9), ellipse(60, 45, 14), ellipse(5, 8, 0.7));
    const result = edit({ operation, photo, donor, mask, gradients: operation === 'merge' ? 'mixed' : 'normal' });
    expect(worst(result, photo, (i) => mask.data[i] === 0)).toBe(0);
    expect(worst(result, photo, (i) => mask.data[i] > 0)).toBeGreaterThan(0.05);
    expect(Math.min(...result.data)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...result.data)).toBeLessThanOrEqual(1);
    // The photograph itself is not touched.
    expect(worst(photo, grain(70, 50, 0.3))).toBe(0);
  });

  it.each(['remove', 'replace', 'merge'] as const)('%s gives the photograph for an empty mask', (operation) => {
    const photo = grain(33, 21, 0.3);
    const result = edit({ operation, photo, donor: filledRaster(33, 21, 0.1, 3), mask: createRaster(33, 21) });
    expect(worst(result, photo)).toBe(0);
  });

  it('handles one pixel, a border pixel, and a 1×1 picture', () => {
    const photo = grain(9, 9, 0.2);
    const donor = filledRaster(9, 9, 0.5, 3);
    for (const at of [40, 0, 8, 80]) {
      const mask = createRaster(9, 9);
      mask.data[at] = 1;
      const neighbours = [at - 1, at + 1, at - 9, at + 9].filter(
        (q) => q >= 0 && q < 81 && Math.abs((q % 9) - (at % 9)) <= 1,
      );
      const mean = neighbours.reduce((sum, q) => sum + photo.data[q], 0) / neighbours.length;
      expect(edit({ photo, donor, mask }).data[at]).toBeCloseTo(mean, 5);
    }
    const one = filledRaster(1, 1, 0.3, 3);
    const all = filledRaster(1, 1, 1);
    expect(edit({ photo: one, donor: filledRaster(1, 1, 0.8, 3), mask: all }).data[0]).toBeCloseTo(0.8, 6);
    expect(edit({ operation: 'remove', photo: one, mask: all }).data[0]).toBeCloseTo(0.3, 6);
  });

  it('says what does not fit', () => {
    const photo = grain(8, 8, 0.1);
    const mask = createRaster(8, 8);
    expect(() => edit({ photo, mask })).toThrow(/replace needs a donor/);
    expect(() => edit({ photo, mask, donor: grain(8, 9, 0.1) })).toThrow(/differ in shape/);
    expect(() => edit({ photo, mask: createRaster(9, 8), donor: photo })).toThrow(/differ in shape/);
    expect(() => edit({ photo: createRaster(8, 8), mask, donor: photo })).toThrow(/three channels/);
    expect(() => edit({ photo, mask: createRaster(8, 8, 3), donor: photo })).toThrow(/one channel/);
  });
});

describe('replace', () => {
  it('takes out a constant offset between donor and photograph', () => {
    const photo = picture(64, 48, (x, y, c) => 0.4 + 0.2 * Math.sin(x / 5 + c) * Math.cos(y / 6));
    const donor = picture(64, 48, (x, y, c) => photo.data[(c * 48 + y) * 64 + x] - 0.1 * (c + 1));
    const result = edit({ photo, donor, mask: region(64, 48, 0, ellipse(30, 24, 18)) });
    expect(worst(result, photo)).toBeLessThan(1e-4);
  });

  it('carries the donor’s texture over a linear change of light', () => {
    const texture = (x: number, y: number) => 0.05 * Math.sin(1.3 * x + 0.7 * y);
    const photo = picture(64, 64, (x) => 0.2 + 0.006 * x);
    const donor = picture(64, 64, (x, y) => 0.5 + texture(x, y));
    const mask = region(64, 64, 0, {
      kind: 'rectangle',
      combine: 'add',
      x: 16,
      y: 16,
      width: 32,
      height: 32,
      rotation: 0,
    });
    const result = edit({ photo, donor, mask });
    const wanted = picture(64, 64, (x, y) => 0.2 + 0.006 * x + texture(x, y));
    // Texture at the rim bends the level a little way in; in the middle the two add up.
    expect(worst(result, wanted, (i) => Math.hypot((i % 64) - 32, Math.floor(i / 64) - 32) < 8)).toBeLessThan(0.02);
  });

  it('is the donor where the whole picture is the region', () => {
    const donor = grain(40, 30, 0.4, 5);
    expect(worst(edit({ photo: grain(40, 30, 0.1), donor, mask: filledRaster(40, 30, 1) }), donor)).toBeLessThan(1e-4);
  });

  it('runs to the image border without known values beyond it', () => {
    // Photograph constant, donor constant of another level: the border must not pull the result away.
    const photo = filledRaster(50, 40, 0.7, 3);
    const donor = filledRaster(50, 40, 0.2, 3);
    const mask = region(50, 40, 0, ellipse(0, 0, 25), ellipse(50, 20, 12));
    expect(worst(edit({ photo, donor, mask }), photo)).toBeLessThan(1e-4);
  });

  it('fades with a soft mask', () => {
    const photo = filledRaster(40, 40, 0.5, 3);
    const donor = picture(40, 40, (x) => 0.5 + 0.2 * (x % 2));
    const contrast = (strength: number): number => {
      const mask = region(40, 40, 0, ellipse(20, 20, 15));
      mask.data.forEach((m, i) => (mask.data[i] = m * strength));
      const result = edit({ photo, donor, mask });
      return Math.abs(result.data[20 * 40 + 20] - result.data[20 * 40 + 21]);
    };
    expect(contrast(1)).toBeCloseTo(0.2, 2);
    expect(contrast(0.5)).toBeCloseTo(0.1, 2);
    expect(contrast(0.25)).toBeCloseTo(0.05, 2);
  });
});

describe('merge', () => {
  it('keeps the stronger of two crossing edges', () => {
    // The photograph steps by 0.5 across x = 32, the donor by 0.2 across y = 32.
    const photo = picture(64, 64, (x) => (x < 32 ? 0.2 : 0.7));
    const donor = picture(64, 64, (_, y) => (y < 32 ? 0.4 : 0.6));
    const mask = region(64, 64, 0, {
      kind: 'rectangle',
      combine: 'add',
      x: 8,
      y: 8,
      width: 48,
      height: 48,
      rotation: 0,
    });
    const step = (result: Raster, p: number, q: number) => result.data[p] - result.data[q];
    const merged = edit({ operation: 'merge', photo, donor, mask, gradients: 'mixed' });
    expect(step(merged, 20 * 64 + 32, 20 * 64 + 31)).toBeCloseTo(0.5, 1);
    expect(Math.abs(step(merged, 32 * 64 + 20, 31 * 64 + 20))).toBeGreaterThan(0.1);
    const replaced = edit({ photo, donor, mask });
    expect(Math.abs(step(replaced, 20 * 64 + 32, 20 * 64 + 31))).toBeLessThan(0.1);
  });

  it('ignores a flat donor and shows through a flat photograph', () => {
    const photo = grain(48, 48, 0.2);
    const mask = region(48, 48, 0, ellipse(24, 24, 16));
    const onFlat = edit({ operation: 'merge', photo, donor: filledRaster(48, 48, 0.9, 3), mask, gradients: 'mixed' });
    expect(worst(onFlat, photo)).toBeLessThan(1e-4);
    const flat = filledRaster(48, 48, 0.5, 3);
    const merged = edit({ operation: 'merge', photo: flat, donor: photo, mask, gradients: 'mixed' });
    expect(worst(merged, edit({ photo: flat, donor: photo, mask }))).toBeLessThan(1e-4);
  });

  it('chooses for all channels at once', () => {
    // Donor stronger in red, photograph stronger in green and overall: nothing of the donor's red may appear.
    const photo = picture(40, 40, (x, _, c) => (c === 1 ? 0.3 + 0.3 * (x % 2) : 0.5));
    const donor = picture(40, 40, (x, _, c) => (c === 0 ? 0.4 + 0.2 * (x % 2) : 0.5));
    const mask = region(40, 40, 0, ellipse(20, 20, 12));
    const result = edit({ operation: 'merge', photo, donor, mask, gradients: 'mixed' });
    // Across columns the photograph is stronger; along them both are flat.
    expect(worst(result, photo)).toBeLessThan(1e-3);
  });
});

describe('remove', () => {
  it('makes an object vanish into plain background, and keeps the light', () => {
    const background = picture(96, 96, (x, y, c) => 0.5 + 0.002 * x - 0.001 * y + 0.02 * c);
    const photo = picture(96, 96, (x, y, c) =>
      Math.hypot(x - 50, y - 44) < 14 ? 0.1 * c : background.data[(c * 96 + y) * 96 + x],
    );
    const result = edit({ operation: 'remove', photo, mask: region(96, 96, 1, ellipse(50, 44, 19)) });
    expect(worst(result, background)).toBeLessThan(0.02);
  });

  it('puts texture where there is texture around', () => {
    const amount = 0.1;
    const photo = grain(96, 96, amount);
    for (let y = 36; y < 60; y++) photo.data.fill(0.95, y * 96 + 36, y * 96 + 60);
    const mask = region(96, 96, 0, ellipse(48, 48, 20));
    const result = edit({ operation: 'remove', photo, mask });
    // A uniform distribution of ± amount deviates by amount / √3; a membrane would by almost nothing.
    const wanted = amount / Math.sqrt(3);
    expect(deviation(result, mask) / wanted).toBeGreaterThan(0.8);
    expect(deviation(result, mask) / wanted).toBeLessThan(1.25);
  });

  it('continues lines that cross the region', () => {
    const stripes = picture(128, 128, (x) => (x % 16 < 8 ? 0.3 : 0.6));
    const photo = picture(128, 128, (x, y, c) =>
      Math.hypot(x - 60, y - 70) < 10 ? 0.9 : stripes.data[(c * 128 + y) * 128 + x],
    );
    const result = edit({ operation: 'remove', photo, mask: region(128, 128, 0, ellipse(60, 70, 13)) });
    expect(worst(result, stripes)).toBeLessThan(0.02);
  });

  it('does not put a twin of the object in its place', () => {
    // Nine equal dots on plain ground; every surrounding of a dot resembles that of the one to be removed.
    const photo = picture(120, 120, (x, y) => (Math.hypot((x % 40) - 20, (y % 40) - 20) < 9 ? 0.1 : 0.6));
    const result = edit({ operation: 'remove', photo, mask: region(120, 120, 1, ellipse(60, 60, 13)) });
    for (let y = 46; y < 74; y++) {
      for (let x = 46; x < 74; x++) expect(result.data[y * 120 + x]).toBeCloseTo(0.6, 1);
    }
  });

  it('has only smoothness left where the region leaves nothing to copy from', () => {
    const photo = picture(40, 40, (x) => (x === 0 ? 0.3 : x === 39 ? 0.7 : (x * 37) % 2));
    const mask = createRaster(40, 40);
    mask.data.fill(1);
    for (let y = 0; y < 40; y++) mask.data[y * 40] = mask.data[y * 40 + 39] = 0;
    const result = edit({ operation: 'remove', photo, mask });
    const ramp = picture(40, 40, (x) => 0.3 + (0.4 * x) / 39);
    expect(worst(result, ramp)).toBeLessThan(1e-3);
    // Nothing at all is left here: the mean colour.
    const all = edit({ operation: 'remove', photo: ramp, mask: filledRaster(40, 40, 1) });
    expect(worst(all, filledRaster(40, 40, 0.5, 3))).toBeLessThan(1e-3);
  });

  it('copies only from given pixels inside the picture', () => {
    const photo = grain(90, 70, 0.2, 9);
    const mask = region(90, 70, 0, ellipse(20, 20, 15), ellipse(60, 40, 18), ellipse(85, 69, 9));
    const inside = thresholdMask(mask, 0);
    const { dx, dy } = chooseBackground(photo, inside);
    let sourced = 0;
    for (let i = 0; i < inside.data.length; i++) {
      if (dx[i] === 0 && dy[i] === 0) continue;
      expect(inside.data[i]).toBe(1);
      const x = (i % 90) + dx[i];
      const y = Math.floor(i / 90) + dy[i];
      expect(x >= 0 && x < 90 && y >= 0 && y < 70 && inside.data[y * 90 + x] === 0).toBe(true);
      sourced++;
    }
    expect(sourced).toBe(inside.data.reduce((sum, v) => sum + v, 0));
    expect(chooseBackground(photo, createMask(90, 70)).dx.every((v) => v === 0)).toBe(true);
  });

  it('gives the same bits every time', () => {
    const photo = grain(64, 64, 0.3);
    const mask = region(64, 64, 1, ellipse(30, 30, 12));
    const once = edit({ operation: 'remove', photo, mask });
    expect(worst(once, edit({ operation: 'remove', photo, mask }))).toBe(0);
  });
});
