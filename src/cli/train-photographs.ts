import path from 'node:path';
import { reportOf, StudioError, throwIfCancelled } from '../core/errors';
import { resizeRaster } from '../core/raster';
import { WORKING_SIDE } from '../core/size';
import type { AnomalyNormal } from '../datasets/training/anomalies';
import { normalOf } from '../datasets/training/normals';
import { PreparedSource } from '../synthesis/source';
import type { Stages } from '../synthesis/types';
import type { Normal } from '../training/generator/pairs';
import type { TrainingConfig } from '../training/run/config';
import { requireEnough, requireSameSize } from '../training/run/plan';
import { listImages, readPhotograph, type Photograph } from './files';

/** Photographs to train on: names and what they have in common. */
export interface PhotographSet {
  readonly folder: string;
  readonly names: readonly string[];
  readonly width: number;
  readonly height: number;
}

/**
 * Looks through a folder: bad and doubled pictures are reported and passed over.
 * @throws StudioError `no-images` when too few are left, `bad-layout` when they differ in size.
 */
export async function surveyPhotographs(
  folder: string,
  what: TrainingConfig['what'],
  warn: (line: string) => void,
  signal?: AbortSignal,
): Promise<PhotographSet> {
  const seen = new Map<string, string>();
  let first: Photograph['ref'] | null = null;
  for (const name of await listImages(folder)) {
    throwIfCancelled(signal, 'cli');
    const photograph = await read(folder, name, warn);
    if (!photograph) continue;
    const twin = seen.get(photograph.id);
    if (twin !== undefined) {
      warn(`${name} is the same picture as ${twin}, so it was left out. Remove the copy if you like.`);
      continue;
    }
    const { ref } = photograph;
    first ??= ref;
    requireSameSize(first, ref);
    seen.set(photograph.id, name);
  }
  const names = [...seen.values()];
  requireEnough(what, names.length, folder);
  const { width, height } = first!;
  return { folder, names, width, height };
}

async function read(folder: string, name: string, warn: (line: string) => void): Promise<Photograph | null> {
  try {
    return await readPhotograph(path.join(folder, name), name, WORKING_SIDE);
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    warn(`${reportOf(error, 'cli').message} It was left out.`);
    return null;
  }
}

/** The photographs as the generator's trainer takes them. One is in memory at its own size at a time. */
export async function readNormals(
  { folder, names }: PhotographSet,
  size: number,
  stages: Stages,
  progress: (done: number) => void,
  signal?: AbortSignal,
): Promise<Normal[]> {
  const normals: Normal[] = [];
  for (const name of names) {
    throwIfCancelled(signal, 'cli');
    const { raster } = await readPhotograph(path.join(folder, name), name, WORKING_SIDE);
    const source = new PreparedSource(raster, stages);
    try {
      normals.push(await normalOf(source, name, size, signal));
    } finally {
      source.dispose();
    }
    progress(normals.length);
  }
  return normals;
}

/** The photographs at training size, to draw anomalies on. */
export async function readAnomalyNormals(
  { folder, names }: PhotographSet,
  size: number,
  stages: Stages,
  signal?: AbortSignal,
): Promise<AnomalyNormal[]> {
  const normals: AnomalyNormal[] = [];
  for (const name of names) {
    throwIfCancelled(signal, 'cli');
    const { raster } = await readPhotograph(path.join(folder, name), name, WORKING_SIDE);
    normals.push({ name, source: new PreparedSource(resizeRaster(raster, size, size), stages) });
  }
  return normals;
}
