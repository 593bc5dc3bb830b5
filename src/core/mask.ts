import { squaredDistance } from './distance';
import type { Raster } from './raster';
import { createRaster } from './raster';

/** A yes-or-no mask, row by row: 1 inside, 0 outside. Soft masks are one-channel rasters in [0, 1]. */
export interface BinaryMask {
  readonly width: number;
  readonly height: number;
  /** Length width · height. */
  readonly data: Uint8Array;
}

/** A box of whole pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function createMask(width: number, height: number): BinaryMask {
  return { width, height, data: new Uint8Array(width * height) };
}

/** 1 where the one-channel raster exceeds `threshold`. */
export function thresholdMask(raster: Raster, threshold = 0.5): BinaryMask {
  if (raster.channels !== 1) throw new RangeError(`A mask has one channel, not ${raster.channels}.`);
  const mask = createMask(raster.width, raster.height);
  for (let i = 0; i < mask.data.length; i++) mask.data[i] = raster.data[i] > threshold ? 1 : 0;
  return mask;
}

/** The mask as a one-channel raster of 0 and 1. */
export function rasterFromMask(mask: BinaryMask): Raster {
  const raster = createRaster(mask.width, mask.height);
  raster.data.set(mask.data);
  return raster;
}

/** Area in pixels; a soft mask counts each pixel by its value. */
export function maskArea(mask: BinaryMask | Raster): number {
  let area = 0;
  for (let i = 0; i < mask.data.length; i++) area += mask.data[i];
  return area;
}

/** The smallest box around everything above 0; null for an empty mask. */
export function boundingBox(mask: BinaryMask | Raster): Box | null {
  const { width, height, data } = mask;
  let left = width;
  let right = -1;
  let top = height;
  let bottom = -1;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let first = 0;
    while (first < width && !(data[row + first] > 0)) first++;
    if (first === width) continue;
    let last = width - 1;
    while (!(data[row + last] > 0)) last--;
    if (first < left) left = first;
    if (last > right) right = last;
    if (top === height) top = y;
    bottom = y;
  }
  return bottom < 0 ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** Intersection over union, Σmin / Σmax for soft masks; two empty masks agree: 1. */
export function iou(a: BinaryMask | Raster, b: BinaryMask | Raster): number {
  assertSameSize(a, b);
  let intersection = 0;
  let union = 0;
  for (let i = 0; i < a.data.length; i++) {
    const p = a.data[i];
    const q = b.data[i];
    intersection += p < q ? p : q;
    union += p < q ? q : p;
  }
  return union === 0 ? 1 : intersection / union;
}

export interface Components {
  /** One label per pixel: 0 outside, 1 … count inside, numbered in reading order of their first pixels. */
  readonly labels: Int32Array;
  readonly count: number;
  /** areas[label] in pixels; areas[0] is the background's. */
  readonly areas: Int32Array;
}

/**
 * Connected components by two scans with union–find (path halving, the smaller root wins, which keeps the labels in
 * reading order). Linear in the number of pixels.
 */
export function labelComponents(mask: BinaryMask, connectivity: 4 | 8 = 8): Components {
  const { width, height, data } = mask;
  const labels = new Int32Array(width * height);
  // A new provisional label needs a pixel whose left neighbour is outside: at most every other pixel of a row.
  const parent = new Int32Array(Math.ceil(width / 2) * height + 1);
  let provisional = 0;
  const root = (label: number): number => {
    while (parent[label] !== label) {
      parent[label] = parent[parent[label]];
      label = parent[label];
    }
    return label;
  };
  const join = (a: number, b: number): number => {
    const p = root(a);
    const q = root(b);
    if (p < q) return (parent[q] = p);
    return (parent[p] = q);
  };
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      const i = row + x;
      if (data[i] === 0) continue;
      const left = x > 0 ? labels[i - 1] : 0;
      const up = y > 0 ? labels[i - width] : 0;
      let label: number;
      if (connectivity === 4) {
        label = up && left ? join(up, left) : up || left;
      } else if (up) {
        // Everything else already touches the pixel above.
        label = up;
      } else {
        const upRight = y > 0 && x + 1 < width ? labels[i - width + 1] : 0;
        const upLeft = y > 0 && x > 0 ? labels[i - width - 1] : 0;
        const before = left || upLeft;
        label = before && upRight ? join(before, upRight) : before || upRight;
      }
      if (label === 0) {
        label = ++provisional;
        parent[label] = label;
      }
      labels[i] = label;
    }
  }
  const final = new Int32Array(provisional + 1);
  let count = 0;
  for (let label = 1; label <= provisional; label++) {
    const of = root(label);
    final[label] = of === label ? ++count : final[of];
  }
  const areas = new Int32Array(count + 1);
  for (let i = 0; i < labels.length; i++) {
    labels[i] = final[labels[i]];
    areas[labels[i]]++;
  }
  return { labels, count, areas };
}

/** Without the 8-connected components smaller than `minArea` pixels. */
export function removeSpecks(mask: BinaryMask, minArea: number): BinaryMask {
  const { labels, areas } = labelComponents(mask, 8);
  const out = createMask(mask.width, mask.height);
  for (let i = 0; i < labels.length; i++) out.data[i] = labels[i] > 0 && areas[labels[i]] >= minArea ? 1 : 0;
  return out;
}

/** With the holes filled whose area is at most `maxArea`: 4-connected background that does not reach the border. */
export function fillHoles(mask: BinaryMask, maxArea = Infinity): BinaryMask {
  const { width, height } = mask;
  const background = createMask(width, height);
  for (let i = 0; i < mask.data.length; i++) background.data[i] = mask.data[i] === 0 ? 1 : 0;
  const { labels, areas, count } = labelComponents(background, 4);
  const open = new Uint8Array(count + 1);
  for (let x = 0; x < width; x++) {
    open[labels[x]] = 1;
    open[labels[(height - 1) * width + x]] = 1;
  }
  for (let y = 0; y < height; y++) {
    open[labels[y * width]] = 1;
    open[labels[y * width + width - 1]] = 1;
  }
  const out = createMask(width, height);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    out.data[i] = label === 0 || (open[label] === 0 && areas[label] <= maxArea) ? 1 : 0;
  }
  return out;
}

/** Dilation by the disk x² + y² ≤ radius². */
export function dilateMask(mask: BinaryMask, radius: number): BinaryMask {
  return withinDistance(mask, radius);
}

/** Erosion by the disk x² + y² ≤ radius²; what lies outside the image counts as inside, so a full mask stays full. */
export function erodeMask(mask: BinaryMask, radius: number): BinaryMask {
  const { width, height } = mask;
  const outside = createMask(width, height);
  for (let i = 0; i < mask.data.length; i++) outside.data[i] = mask.data[i] === 0 ? 1 : 0;
  const grown = withinDistance(outside, radius);
  for (let i = 0; i < grown.data.length; i++) grown.data[i] = grown.data[i] === 0 ? 1 : 0;
  return grown;
}

function withinDistance(mask: BinaryMask, radius: number): BinaryMask {
  const distance = squaredDistance(mask);
  const limit = radius * radius;
  const out = createMask(mask.width, mask.height);
  for (let i = 0; i < out.data.length; i++) out.data[i] = distance[i] <= limit ? 1 : 0;
  return out;
}

/** The normalised taps of a Gaussian cut off at 3σ, from −radius to radius; σ 0 is the single tap 1. */
export function gaussianTaps(sigma: number): Float64Array {
  const radius = Math.ceil(3 * sigma);
  const taps = new Float64Array(2 * radius + 1);
  let total = 0;
  for (let k = -radius; k <= radius; k++) {
    taps[k + radius] = sigma === 0 ? 1 : Math.exp(-(k * k) / (2 * sigma * sigma));
    total += taps[k + radius];
  }
  for (let k = 0; k < taps.length; k++) taps[k] /= total;
  return taps;
}

/**
 * Softens a one-channel mask by a Gaussian (σ in pixels, cut off at 3σ). At the image border the weights that remain
 * are renormalised, so a mask that runs off the image does not fade there.
 */
export function featherMask(mask: Raster, sigma: number): Raster {
  const out = createRaster(mask.width, mask.height);
  featherInto(mask, out, sigma, { x: 0, y: 0, width: mask.width, height: mask.height });
  return out;
}

/**
 * {@link featherMask} for the pixels of `box` alone, written into `out`. Each pixel is summed in the same order
 * whatever the box, so that feathering piece by piece gives the bits of feathering at once.
 */
export function featherInto(mask: Raster, out: Raster, sigma: number, box: Box): void {
  if (mask.channels !== 1) throw new RangeError(`A mask has one channel, not ${mask.channels}.`);
  assertSameSize(mask, out);
  const { width, height } = mask;
  const right = box.x + box.width;
  const bottom = box.y + box.height;
  if (sigma === 0) {
    for (let y = box.y; y < bottom; y++) {
      out.data.set(mask.data.subarray(y * width + box.x, y * width + right), y * width + box.x);
    }
    return;
  }
  const taps = gaussianTaps(sigma);
  const radius = (taps.length - 1) / 2;
  const top = Math.max(0, box.y - radius);
  const rows = Math.min(height, bottom + radius) - top;
  // Rows first, into a strip as wide as the box; a row without anything set near the box stays 0.
  const strip = new Float64Array(box.width * rows);
  const filled = new Uint8Array(rows);
  const weights = new Float64Array(box.width);
  for (let x = box.x; x < right; x++) {
    for (let k = Math.max(-radius, -x); k <= Math.min(radius, width - 1 - x); k++)
      weights[x - box.x] += taps[k + radius];
  }
  const from = Math.max(0, box.x - radius);
  const to = Math.min(width, right + radius);
  for (let r = 0; r < rows; r++) {
    const row = (top + r) * width;
    for (let x = from; x < to; x++) {
      if (mask.data[row + x] !== 0) {
        filled[r] = 1;
        break;
      }
    }
    if (filled[r] === 0) continue;
    for (let x = box.x; x < right; x++) {
      const low = Math.max(-radius, -x);
      const high = Math.min(radius, width - 1 - x);
      let sum = 0;
      for (let k = low; k <= high; k++) sum += taps[k + radius] * mask.data[row + x + k];
      strip[r * box.width + x - box.x] = sum / weights[x - box.x];
    }
  }
  const sums = new Float64Array(box.width);
  for (let y = box.y; y < bottom; y++) {
    const low = Math.max(-radius, -y);
    const high = Math.min(radius, height - 1 - y);
    sums.fill(0);
    let weight = 0;
    for (let k = low; k <= high; k++) {
      const tap = taps[k + radius];
      weight += tap;
      const r = y + k - top;
      if (filled[r] === 0) continue;
      const row = r * box.width;
      for (let x = 0; x < box.width; x++) sums[x] += tap * strip[row + x];
    }
    for (let x = 0; x < box.width; x++) out.data[y * width + box.x + x] = Math.min(1, sums[x] / weight);
  }
}

/** The box that holds both; null is no box. */
export function joinBoxes(a: Box | null, b: Box | null): Box | null {
  if (!a || !b) return a ?? b;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

/** The pixels of a width × height image that a box of real coordinates touches; null when there are none. */
export function pixelBox(
  width: number,
  height: number,
  left: number,
  top: number,
  right: number,
  bottom: number,
): Box | null {
  const x = Math.max(0, Math.floor(left));
  const y = Math.max(0, Math.floor(top));
  const across = Math.min(width, Math.ceil(right)) - x;
  const down = Math.min(height, Math.ceil(bottom)) - y;
  return across > 0 && down > 0 ? { x, y, width: across, height: down } : null;
}

/** What two boxes share; null when that is nothing. */
export function commonBox(a: Box, b: Box): Box | null {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const right = Math.min(a.x + a.width, b.x + b.width);
  const bottom = Math.min(a.y + a.height, b.y + b.height);
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : null;
}

/** `box` with a margin, cut to an image of this size; null when nothing is left. */
export function growBox(box: Box, margin: number, width: number, height: number): Box | null {
  const x = Math.max(0, box.x - margin);
  const y = Math.max(0, box.y - margin);
  const right = Math.min(width, box.x + box.width + margin);
  const bottom = Math.min(height, box.y + box.height + margin);
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : null;
}

function assertSameSize(a: { width: number; height: number }, b: { width: number; height: number }): void {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(`Masks differ in size: ${a.width}×${a.height} and ${b.width}×${b.height}.`);
  }
}
