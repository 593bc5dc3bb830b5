import { belongsToTrainedSet, reconstructionFit, type ReconstructionFit } from '../models/generator/fit';
import type { PreparedSource } from './source';

/**
 * Whether the generator of the source's stages was trained on pictures like this one: it remakes the photograph from its
 * edges within these limits.
 * @param limits of the generator; null where it has none, and then no picture suits it.
 */
export async function suitsGenerator(source: PreparedSource, limits: ReconstructionFit | null): Promise<boolean> {
  if (!limits) return false;
  const { stages, photo } = source;
  return belongsToTrainedSet(
    await reconstructionFit(stages.backend, photo, await source.generatedNormal('e1')),
    limits,
  );
}
