import { decode, encode } from 'fast-png';
import { createMask } from '../core/mask';
import { rasterOf, resizeRaster, type Raster } from '../core/raster';
import { fitInside } from '../core/size';
import { encodeGreyPng } from '../datasets/codec';
import type { Defect } from '../evaluation/evaluator';

/** Anomaly maps and ground truth in the small, to be looked at again; figures come from the full ones. */

/** Longest side of a kept map, px; of the ground truth. */
export const MAP_SIDE = 384;
const TRUTH_SIDE = 768;
const LEVELS = 65_535;

export interface MapImage {
  /** 16-bit grey. */
  readonly png: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  /** Scores of the levels 0 and 65,535; different ones. */
  readonly low: number;
  readonly high: number;
}

/** @param map one channel of finite scores; one of up to {@link MAP_SIDE} px a side is kept to 1/65,535 of its range. */
export function encodeMap(map: Raster): MapImage {
  const { width, height } = fitInside(map.width, map.height, MAP_SIDE);
  const { data } = resizeRaster(map, width, height);
  let [low, high] = [Infinity, -Infinity];
  for (const score of data) {
    if (score < low) low = score;
    if (score > high) high = score;
  }
  // Scores that are all the same are all at the lower end.
  if (high === low) high = low + Math.max(1, Math.abs(low));
  const levels = new Uint16Array(data.length);
  for (let i = 0; i < data.length; i++) levels[i] = Math.round(((data[i] - low) / (high - low)) * LEVELS);
  const png = Uint8Array.from(encode({ width, height, data: levels, channels: 1, depth: 16 }));
  return { png, width, height, low, high };
}

/** @param range of the map, as {@link encodeMap} gave it. */
export function decodeMap(png: Uint8Array, { low, high }: Pick<MapImage, 'low' | 'high'>): Raster {
  const { width, height, data } = decode(png);
  const scores = new Float32Array(width * height);
  for (let i = 0; i < scores.length; i++) scores[i] = low + (data[i] / LEVELS) * (high - low);
  return rasterOf(scores, width, height);
}

/**
 * Ground truth as an 8-bit grey PNG: 1 + the index of the defect that covers a pixel (of several, the first; of more than
 * 255, the last), 0 where there is none. A defect stays to be seen however much smaller the picture is.
 * @param defects at least one.
 */
export function encodeTruth(defects: readonly Defect[]): Uint8Array<ArrayBuffer> {
  const [{ mask: first }] = defects;
  const { width, height } = fitInside(first.width, first.height, TRUTH_SIDE);
  const labels = createMask(width, height).data;
  for (let k = defects.length - 1; k >= 0; k--) {
    const { mask } = defects[k];
    const label = Math.min(255, k + 1);
    for (let y = 0, i = 0; y < mask.height; y++) {
      const row = Math.floor((y * height) / mask.height) * width;
      for (let x = 0; x < mask.width; x++, i++) {
        if (mask.data[i] !== 0) labels[row + Math.floor((x * width) / mask.width)] = label;
      }
    }
  }
  return encodeGreyPng(labels, width, height);
}

/** @returns the labels of {@link encodeTruth}, row by row. */
export function decodeTruth(png: Uint8Array): { width: number; height: number; labels: Uint8Array } {
  const { width, height, data } = decode(png);
  return { width, height, labels: Uint8Array.from(data) };
}
