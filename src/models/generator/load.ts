import { z } from 'zod';
import { StudioError } from '../../core/errors';
import { sha256 } from '../../core/hash';
import type { GeneratorCard } from '../cards';
import { metadata, parseOnnx } from '../onnx-file/onnx';
import { loadShippedGenerator, parseOwnOnnx, type LoadedModel, type WeightSource } from '../weights';
import { GENERATOR_FIT, type ReconstructionFit } from './fit';

/** Side of the pictures that generators are made for, px, where their files do not say it. */
const USUAL_SIZE = 256;

export interface GeneratorModel extends LoadedModel<GeneratorCard> {
  /** Side of the square pictures it was trained on, px. */
  readonly size: number;
  /** Within which a picture counts as one of its product; null where nothing says it. */
  readonly limits: ReconstructionFit | null;
}

/** The shipped generator, or null where none is shipped. @throws StudioError `altered-weights`, `bad-weights`. */
export async function loadGenerator(source: WeightSource): Promise<GeneratorModel | null> {
  const shipped = await loadShippedGenerator(source);
  return shipped && { ...shipped, size: shipped.card!.size, limits: shipped.card!.fit?.limits ?? null };
}

const limitsSchema = z.object({ ssim: z.number(), l1: z.number() });

/**
 * A generator that the person brings or has trained.
 * @throws StudioError `bad-weights` naming the file.
 */
export async function loadOwnGenerator(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<GeneratorModel> {
  const model = parseOwnOnnx(bytes, file);
  const { input, output } = model.graph;
  if (!input.some(({ name }) => name === 'edges') || output[0]?.name !== 'image') {
    const message = `${file} is a network, but no edge-to-image generator: it does not turn “edges” into “image”. Choose another file.`;
    throw new StudioError('bad-weights', 'model', message, { file });
  }
  const size = Number(metadata(model, 'generator.size') ?? USUAL_SIZE);
  if (!Number.isInteger(size) || size < 1) {
    const message = `${file} says that its pictures have a side of ${size} px. Choose another file.`;
    throw new StudioError('bad-weights', 'model', message, { file });
  }
  return {
    ref: { id: file, sha256: await sha256(bytes) },
    name: file,
    licence: 'as its owner states',
    title: file,
    bytes,
    card: null,
    size,
    limits: limitsOf(metadata(model, GENERATOR_FIT)),
  };
}

/** Whether a file means to be a generator, however badly. */
export function looksLikeGenerator(bytes: Uint8Array): boolean {
  try {
    const { graph, metadataProps } = parseOnnx(bytes, '');
    return (
      (graph.input.some(({ name }) => name === 'edges') && graph.output[0]?.name === 'image') ||
      metadataProps.some(({ key }) => key?.startsWith('generator.'))
    );
  } catch {
    return false;
  }
}

/** Limits that cannot be read are none: then a person chooses the renderer. */
function limitsOf(entry: string | undefined): ReconstructionFit | null {
  try {
    return entry === undefined ? null : limitsSchema.parse(JSON.parse(entry));
  } catch {
    return null;
  }
}
