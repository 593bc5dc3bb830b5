import { resizeRaster, type Raster } from '../../core/raster';
import type { PreparedSource } from '../../synthesis/source';
import type { Normal } from '../../training/generator/pairs';

/** Share of a set that is held out, and how many pictures at most. */
const HELD_OUT_SHARE = 0.1;
const MOST_HELD_OUT = 25;

/**
 * Some pictures for measuring and the rest for training: every tenth or so, at even distances, so that the choice does
 * not change with anything else. A single picture is both.
 */
export function splitHeldOut<T>(pictures: readonly T[]): { training: readonly T[]; heldOut: readonly T[] } {
  if (pictures.length < 2) return { training: pictures, heldOut: pictures };
  const count = Math.min(MOST_HELD_OUT, Math.max(1, Math.round(pictures.length * HELD_OUT_SHARE)));
  const chosen = new Set(Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * pictures.length) / count)));
  const [training, heldOut] = [false, true].map((held) => pictures.filter((_, i) => chosen.has(i) === held));
  return { training, heldOut };
}

/**
 * A photograph at training size as the studio will feed the generator: edges are found at working size and brought to
 * the network's.
 */
export async function normalOf(
  source: PreparedSource,
  name: string,
  size: number,
  signal?: AbortSignal,
): Promise<Normal> {
  const edges = await source.stages.backend.download(await source.edges('e1', signal));
  return { name, image: resizeRaster(source.raster, size, size), edges: inRange(resizeRaster(edges, size, size)) };
}

/** Resampling may leave [0, 1] by a rounding error. */
function inRange(raster: Raster): Raster {
  return { ...raster, data: raster.data.map((value) => Math.min(1, Math.max(0, value))) };
}
