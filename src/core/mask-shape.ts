import { apply, augmentationAffine, invert } from './geometry';
import type { Box } from './mask';
import { boundingBox, pixelBox } from './mask';
import { decodeMask } from './mask-codec';
import type { Raster } from './raster';
import { resizeRaster } from './raster';
import type { Augmentation, EncodedMask } from './recipe';

/** Unpacked masks kept, in pixels all together (4 bytes each): unpacking costs more than drawing. */
const KEPT_PIXELS = 8 * 2 ** 20;

/** What picking and framing ask of a mask. */
export interface MaskFacts {
  /** About everything above 0, mask pixels; null for an empty mask. */
  readonly box: Box | null;
  /** The highest level. */
  readonly peak: number;
}

const facts = new WeakMap<EncodedMask, MaskFacts>();
/** Youngest last. */
let kept: { readonly mask: EncodedMask; readonly raster: Raster }[] = [];

/** @throws StudioError `bad-mask` if the mask is damaged. */
export function maskFacts(mask: EncodedMask): MaskFacts {
  let known = facts.get(mask);
  if (!known) {
    const raster = unpackedMask(mask);
    known = { box: boundingBox(raster), peak: raster.data.reduce((most, level) => (level > most ? level : most), 0) };
    facts.set(mask, known);
  }
  return known;
}

/**
 * The mask's levels at its own size, kept for the next call: not to be written to.
 * @throws StudioError `bad-mask` if the mask is damaged.
 */
export function unpackedMask(mask: EncodedMask): Raster {
  return fittedMask(mask, mask.width, mask.height);
}

/** {@link unpackedMask}, resized to width × height. */
export function fittedMask(mask: EncodedMask, width: number, height: number): Raster {
  const found = kept.findIndex(
    (one) => one.mask === mask && one.raster.width === width && one.raster.height === height,
  );
  if (found >= 0) {
    const [one] = kept.splice(found, 1);
    kept.push(one);
    return one.raster;
  }
  const own = mask.width === width && mask.height === height;
  const raster = own ? decodeMask(mask) : resizeRaster(unpackedMask(mask), width, height);
  kept.push({ mask, raster });
  let pixels = 0;
  kept = kept.filter(({ raster: { data } }, i) => {
    pixels = 0;
    for (let k = i; k < kept.length; k++) pixels += kept[k].raster.data.length;
    return pixels <= KEPT_PIXELS || data === raster.data;
  });
  return raster;
}

/** A box about what {@link fittedMask} is above 0 in. */
export function fittedExtent(mask: EncodedMask, width: number, height: number): Box | null {
  const { box } = maskFacts(mask);
  if (!box || (mask.width === width && mask.height === height)) return box;
  const fx = width / mask.width;
  const fy = height / mask.height;
  // The filter of resizeRaster reaches this far, in mask pixels.
  const rx = Math.max(1, 1 / fx);
  const ry = Math.max(1, 1 / fy);
  return pixelBox(
    width,
    height,
    (box.x - rx) * fx,
    (box.y - ry) * fy,
    (box.x + box.width + rx) * fx,
    (box.y + box.height + ry) * fy,
  );
}

/** A box about what the mask covers of a canvas when it is laid by a placement. */
export function placedExtent(mask: EncodedMask, placement: Augmentation, width: number, height: number): Box | null {
  const { box } = maskFacts(mask);
  if (!box) return null;
  const map = augmentationAffine(placement, mask, { width, height });
  // Squashed to less than any pixel can show.
  if (Math.abs(map[0] * map[4] - map[1] * map[3]) < 1e-9) return null;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  // The bilinear surface ends half a pixel beyond the outermost pixels.
  for (const x of [box.x - 0.5, box.x + box.width + 0.5]) {
    for (const y of [box.y - 0.5, box.y + box.height + 0.5]) {
      const [px, py] = apply(map, x, y);
      left = Math.min(left, px);
      right = Math.max(right, px);
      top = Math.min(top, py);
      bottom = Math.max(bottom, py);
    }
  }
  // A pixel more, so that rounding of the corners loses nothing.
  return pixelBox(width, height, left - 1, top - 1, right + 1, bottom + 1);
}

/** The mask laid by a placement, sampled bilinearly at the pixels of `box`, row by row; 0 outside the mask. */
export function placedCoverage(
  mask: EncodedMask,
  placement: Augmentation,
  width: number,
  height: number,
  box: Box,
): Float32Array {
  const sample = sampler(unpackedMask(mask));
  const [a, b, c, d, e, f] = invert(augmentationAffine(placement, mask, { width, height }));
  const coverage = new Float32Array(box.width * box.height);
  for (let j = 0; j < box.height; j++) {
    const y = box.y + j + 0.5;
    for (let i = 0; i < box.width; i++) {
      const x = box.x + i + 0.5;
      coverage[j * box.width + i] = sample(a * x + b * y + c, d * x + e * y + f);
    }
  }
  return coverage;
}

/** Bilinear samples of a one-channel raster, pixel centres at i + ½, 0 outside. */
function sampler({ width, height, data }: Raster): (x: number, y: number) => number {
  return (x, y) => {
    const x0 = Math.floor(x - 0.5);
    const y0 = Math.floor(y - 0.5);
    if (x0 < -1 || y0 < -1 || x0 >= width || y0 >= height) return 0;
    const tx = x - 0.5 - x0;
    const ty = y - 0.5 - y0;
    const at = y0 * width + x0;
    const left = x0 >= 0;
    const right = x0 + 1 < width;
    let value = 0;
    if (y0 >= 0) value += (1 - ty) * ((left ? (1 - tx) * data[at] : 0) + (right ? tx * data[at + 1] : 0));
    if (y0 + 1 < height) {
      value += ty * ((left ? (1 - tx) * data[at + width] : 0) + (right ? tx * data[at + width + 1] : 0));
    }
    return value;
  };
}

/**
 * Whether a mask laid on a canvas has a pixel of at least half its highest level within `reach` px of the point. Without
 * a placement it is laid as it was made, fitted to the canvas.
 */
export function maskContains(
  mask: EncodedMask,
  placement: Augmentation,
  canvas: { readonly width: number; readonly height: number },
  point: { readonly x: number; readonly y: number },
  reach: number,
): boolean {
  const { box, peak } = maskFacts(mask);
  if (!box) return false;
  const map = augmentationAffine(placement, mask, canvas);
  if (Math.abs(map[0] * map[4] - map[1] * map[3]) < 1e-9) return false;
  const inverse = invert(map);
  const [mx, my] = apply(inverse, point.x, point.y);
  // How far `reach` goes along the mask's axes.
  const rx = reach * Math.hypot(inverse[0], inverse[1]);
  const ry = reach * Math.hypot(inverse[3], inverse[4]);
  const { width, data } = unpackedMask(mask);
  const bottom = Math.min(box.y + box.height - 1, Math.floor(my + ry));
  const right = Math.min(box.x + box.width - 1, Math.floor(mx + rx));
  for (let y = Math.max(box.y, Math.floor(my - ry)); y <= bottom; y++) {
    for (let x = Math.max(box.x, Math.floor(mx - rx)); x <= right; x++) {
      if (data[y * width + x] < peak / 2) continue;
      // From the point to the nearest of the pixel, back on the canvas.
      const nx = Math.min(x + 1, Math.max(x, mx));
      const ny = Math.min(y + 1, Math.max(y, my));
      const [px, py] = apply(map, nx, ny);
      if (Math.hypot(px - point.x, py - point.y) <= reach + 1e-9) return true;
    }
  }
  return false;
}
