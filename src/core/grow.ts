import { squaredDistance } from './distance';
import type { Box } from './mask';
import { createMask, growBox } from './mask';
import type { Raster } from './raster';

/** Steps into which the levels of a mask are cut: {@link growInto} interpolates between them. */
const STEPS = 4;
/** Less than this is no level but rounding: half of what 8 bits tell apart. */
const FAINT = 1 / 512;

/** How far a mask's value can change when it is grown by `grow` px: what lies farther away has no influence. */
export function growReach(grow: number): number {
  return grow === 0 ? 0 : Math.ceil(Math.abs(grow)) + 1;
}

/**
 * Grows a soft one-channel mask by `grow` px (Euclidean), or shrinks it for `grow` below 0; writes the pixels of `box`
 * alone into `out`. It is the greyscale dilation by a disk, level set by level set: the sets at five levels are grown by
 * distance, with a border that falls from 1 to 0 over one pixel, and between two levels the distance is taken to change
 * evenly. So a smooth outline stays smooth and a soft one soft; a hard mask on whole pixels grown by whole pixels moves
 * exactly along the axes. Nothing falls below what it was or exceeds the highest value near by. Shrinking grows the
 * complement. Nothing grows in from outside the image, so that a full mask stays full.
 *
 * Every value depends on the pixels within {@link growReach} alone: growing piece by piece gives the bits of growing at
 * once.
 */
export function growInto(mask: Raster, out: Raster, grow: number, box: Box): void {
  const { width, height } = mask;
  const reach = growReach(grow);
  const area = growBox(box, reach, width, height);
  if (!area) return;
  if (grow === 0) {
    for (let y = box.y; y < box.y + box.height; y++) {
      const from = y * width + box.x;
      out.data.set(mask.data.subarray(from, from + box.width), from);
    }
    return;
  }
  const shrinks = grow < 0;
  const by = Math.abs(grow);
  // Distance from a pixel to the border of a set (its nearest pixel's centre less half a pixel) by squared distance.
  const most = reach * reach;
  const distances = new Float64Array(most + 1);
  for (let k = 0; k <= most; k++) distances[k] = Math.sqrt(k) - 0.5;

  const values = new Float32Array(area.width * area.height);
  for (let y = 0; y < area.height; y++) {
    const from = (area.y + y) * width + area.x;
    for (let x = 0; x < area.width; x++) {
      const value = mask.data[from + x];
      values[y * area.width + x] = shrinks ? 1 - value : value;
    }
  }
  let empty = true;
  for (const value of values) {
    if (value >= FAINT) {
      empty = false;
      break;
    }
  }
  const sums = new Float64Array(box.width * box.height);
  if (!empty) {
    let lower: Uint32Array | null = null;
    const set = createMask(area.width, area.height);
    for (let step = 0; step <= STEPS; step++) {
      const level = step === 0 ? FAINT : step / STEPS;
      let count = 0;
      for (let i = 0; i < values.length; i++) {
        const inside = values[i] >= level;
        set.data[i] = inside ? 1 : 0;
        if (inside) count++;
      }
      const upper: Uint32Array = count > 0 ? squaredDistance(set) : new Uint32Array(values.length).fill(most);
      if (lower) {
        for (let y = 0; y < box.height; y++) {
          const from = (box.y - area.y + y) * area.width + box.x - area.x;
          for (let x = 0; x < box.width; x++) {
            const near = lower[from + x];
            // The rest is farther still.
            if (near >= most) continue;
            const far = upper[from + x];
            sums[y * box.width + x] += meanRamp(by - distances[near], by - distances[far < most ? far : most]);
          }
        }
      }
      lower = upper;
    }
  }
  const highest = empty ? values : slidingMaximum(values, area.width, area.height, reach);
  for (let y = 0; y < box.height; y++) {
    const to = (box.y + y) * width + box.x;
    const from = (box.y - area.y + y) * area.width + box.x - area.x;
    for (let x = 0; x < box.width; x++) {
      const grown = Math.max(values[from + x], Math.min(highest[from + x], sums[y * box.width + x] / STEPS));
      out.data[to + x] = shrinks ? 1 - grown : grown;
    }
  }
}

/** The maximum over the square of ±`radius` about each pixel, in time that does not depend on the radius. */
function slidingMaximum(values: Float32Array, width: number, height: number, radius: number): Float32Array {
  const across = new Float32Array(values.length);
  for (let y = 0; y < height; y++) maximumAlong(values, across, y * width, 1, width, radius);
  const out = new Float32Array(values.length);
  for (let x = 0; x < width; x++) maximumAlong(across, out, x, width, height, radius);
  return out;
}

/** van Herk (1992): maxima running forwards and backwards within blocks of the window's length meet in every window. */
function maximumAlong(
  values: Float32Array,
  out: Float32Array,
  start: number,
  stride: number,
  count: number,
  radius: number,
): void {
  const window = 2 * radius + 1;
  // Padded with zeros on both sides, so that every window has its full length.
  const padded = count + 2 * radius;
  const at = (i: number) => (i < radius || i >= count + radius ? 0 : values[start + (i - radius) * stride]);
  const forwards = new Float32Array(padded);
  const backwards = new Float32Array(padded);
  for (let i = 0; i < padded; i++) forwards[i] = i % window === 0 ? at(i) : Math.max(forwards[i - 1], at(i));
  for (let i = padded - 1; i >= 0; i--) {
    backwards[i] = i === padded - 1 || (i + 1) % window === 0 ? at(i) : Math.max(backwards[i + 1], at(i));
  }
  for (let i = 0; i < count; i++) out[start + i * stride] = Math.max(backwards[i], forwards[i + window - 1]);
}

/** The mean of clamp(½ + s, 0, 1) for s running evenly from `low` to `high`, whichever is the larger. */
function meanRamp(high: number, low: number): number {
  if (low >= 0.5) return 1;
  if (high <= -0.5) return 0;
  if (high - low < 1e-9) return Math.min(1, Math.max(0, 0.5 + high));
  return (rampIntegral(high) - rampIntegral(low)) / (high - low);
}

/** ∫ clamp(½ + s, 0, 1) ds from −∞ to `to`. */
function rampIntegral(to: number): number {
  if (to <= -0.5) return 0;
  if (to >= 0.5) return to;
  return (to + 0.5) ** 2 / 2;
}
