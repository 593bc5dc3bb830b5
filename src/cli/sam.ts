import path from 'node:path';
import { createNodeRuntime } from '../compute/onnx/runtime-node';
import type { Raster } from '../core/raster';
import type { ModelRef } from '../core/recipe';
import { loadOwnSam, loadShippedSam, type SamModel } from '../models/sam/load';
import { Segmenter } from '../models/sam/segmenter';
import { folderSource } from '../models/weights-node';
import { findParts } from '../synthesis/parts/find';
import { DEFAULT_PART_SETTINGS, type Part, type PartSettings } from '../synthesis/parts/refine';
import { readBytes } from './files';
import { MODELS } from './stages';

/** Files of the person's own SAM; both or none. */
export interface SamFiles {
  readonly encoder?: string;
  readonly decoder?: string;
}

export interface NodeSam {
  readonly segmenter: Segmenter;
  readonly ref: ModelRef;
  readonly licence: string;
  /** With the thresholds that were measured for this network. */
  readonly settings: PartSettings;
}

/** @throws StudioError `missing-weights` where none is shipped and none given, `bad-weights`, `file-vanished`. */
export async function openSam({ encoder, decoder }: SamFiles = {}): Promise<NodeSam> {
  const own = [encoder, decoder].filter((file) => file !== undefined);
  const model: SamModel =
    own.length === 0
      ? await loadShippedSam(folderSource(MODELS))
      : await loadOwnSam(
          await Promise.all(own.map(async (file) => ({ name: path.basename(file), bytes: await readBytes(file) }))),
        );
  const runtime = await createNodeRuntime();
  const segmenter = new Segmenter(
    await runtime.open(model.encoder.bytes, model.encoder.name),
    await runtime.open(model.decoder.bytes, model.decoder.name),
    { boxLabels: model.boxLabels },
  );
  const { ref, licence, card } = model;
  return { segmenter, ref, licence, settings: { ...DEFAULT_PART_SETTINGS, ...card?.everything } };
}

/** The parts of an image: everything mode on a grid, then LogicAL's refinement. */
export function partsOf({ segmenter, settings }: NodeSam, image: Raster, grid: number): Promise<Part[]> {
  return findParts(segmenter, settings, image, grid);
}
