import { warpTps } from '../../compute/kernels/warp-tps/cpu';
import { createRaster, type Raster } from '../../core/raster';
import type { Random } from '../../core/random';
import type { Warp } from '../../core/recipe';
import { randomWarp, solveTps } from '../../core/tps';

/** How often a picture is mirrored and bent, as probabilities. */
export interface GeometrySettings {
  readonly mirror: number;
  /** By a thin-plate spline (core/tps.ts): nine control points, each moved by U(±0.1) of the size, as in DeepSIM. */
  readonly warp: number;
}

/** One draw: what is done alike to all planes of a picture. */
export interface Geometry {
  readonly mirrored: boolean;
  readonly warp: Warp | null;
}

export function randomGeometry(random: Random, { mirror, warp }: GeometrySettings): Geometry {
  const mirrored = random.fork('mirror').chance(mirror);
  const bent = random.fork('whether to warp').chance(warp);
  return { mirrored, warp: bent ? randomWarp(random.fork('warp')) : null };
}

/**
 * Flip, then warp (DeepSIM's order), bilinear with mirrored borders. Planes that belong together, as an edge map and its
 * image, are joined first ({@link joinPlanes}), so that they are sampled at the same places.
 */
export function applyGeometry(planes: Raster, { mirrored, warp }: Geometry): Raster {
  const flipped = mirrored ? mirrorPlanes(planes) : planes;
  return warp ? warpTps(flipped, solveTps(warp, planes.width, planes.height), 'reflect') : flipped;
}

/** Left becomes right. */
export function mirrorPlanes(planes: Raster): Raster {
  const { width, height, channels, data } = planes;
  const out = createRaster(width, height, channels);
  for (let row = 0; row < data.length; row += width) {
    for (let x = 0; x < width; x++) out.data[row + x] = data[row + width - 1 - x];
  }
  return out;
}

/** The channels of rasters of one size as one raster, in order. */
export function joinPlanes(...rasters: readonly Raster[]): Raster {
  const [{ width, height }] = rasters;
  if (rasters.some((raster) => raster.width !== width || raster.height !== height)) {
    throw new RangeError('Planes that belong together have one size.');
  }
  const channels = rasters.reduce((sum, raster) => sum + raster.channels, 0);
  const out = createRaster(width, height, channels);
  let at = 0;
  for (const { data } of rasters) {
    out.data.set(data, at);
    at += data.length;
  }
  return out;
}

/** Channels [from, from + count) as a raster over the same memory. */
export function takePlanes({ width, height, data }: Raster, from: number, count: number): Raster {
  const plane = width * height;
  return { width, height, channels: count, data: data.subarray(from * plane, (from + count) * plane) };
}
