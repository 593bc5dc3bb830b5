import type { Raster } from '../../core/raster';
import { bestCandidates, everything } from '../../models/sam/everything';
import type { SegmentedMask, Segmenter } from '../../models/sam/segmenter';
import { refineParts, type Part, type PartSettings } from './refine';

/** Grid points a side where nobody chooses: finds what is large enough to be pointed at. */
export const PARTS_GRID = 16;

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
  for await (const step of everything(segmenter, embedding, { grid }, signal)) masks.push(...step.masks);
  return refineParts(bestCandidates(masks), settings);
}
