import { throwIfCancelled } from '../../core/errors';
import type { Raster } from '../../core/raster';
import { bestCandidates, everything } from '../../models/sam/everything';
import type { SegmentedMask, Segmenter } from '../../models/sam/segmenter';
import { refineParts, type Part, type PartSettings } from './refine';

/**
 * The parts of an image: everything mode on a grid, then LogicAL's refinement.
 * @param image RGB. @param grid points a side.
 */
export async function findParts(
  segmenter: Segmenter,
  settings: PartSettings,
  image: Raster,
  grid: number,
  signal?: AbortSignal,
): Promise<Part[]> {
  const embedding = await segmenter.encode(image);
  const masks: SegmentedMask[] = [];
  for await (const step of everything(segmenter, embedding, { grid })) {
    throwIfCancelled(signal, 'model');
    masks.push(...step.masks);
  }
  return refineParts(bestCandidates(masks), settings);
}
