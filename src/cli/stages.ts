import { fileURLToPath } from 'node:url';
import { createCpuBackend } from '../compute/cpu';
import { createNodeRuntime } from '../compute/onnx/runtime-node';
import { createGenerator } from '../models/generator/generator';
import { loadGenerator, loadOwnGenerator, type GeneratorModel } from '../models/generator/load';
import { createEdgeDetector } from '../models/pidinet/pidinet';
import { loadOwnEdges, loadShippedEdges, type LoadedModel, type WeightSource } from '../models/weights';
import { folderSource } from '../models/weights-node';
import type { Stages } from '../synthesis/types';
import path from 'node:path';
import { readBytes } from './files';

/** Where shipped networks lie. */
export const MODELS = fileURLToPath(new URL('../../public/models', import.meta.url));

export interface NodeStages {
  readonly stages: Stages;
  readonly generator: GeneratorModel | null;
  /** Every network that may have been used, for manifests. */
  readonly models: readonly LoadedModel[];
}

export interface StagesWanted {
  /** The person's own edge detector, instead of the shipped one. */
  readonly weights?: string;
  /**
   * Whether the generator may be needed: opening it takes most of a short command's time. A path: the person's own,
   * instead of the shipped one.
   */
  readonly generator: boolean | string;
}

/** The studio's stages in Node: native ONNX Runtime where it is installed, else wasm; the CPU kernels. */
export async function openStages({ weights, generator: wanted }: StagesWanted): Promise<NodeStages> {
  const source = folderSource(MODELS);
  const [runtime, edges, generator] = await Promise.all([
    createNodeRuntime(),
    weights === undefined
      ? loadShippedEdges(source)
      : readBytes(weights).then((bytes) => loadOwnEdges(bytes, path.basename(weights), source)),
    wanted === false ? null : openGenerator(wanted, source),
  ]);
  const backend = createCpuBackend();
  const detector = createEdgeDetector(await runtime.open(edges.bytes, edges.name), backend);
  const painter = generator && createGenerator(await runtime.open(generator.bytes, generator.name), backend);
  return {
    stages: {
      backend,
      edgeDetector: detector,
      edgeModel: edges.ref,
      generator: painter && { width: generator.size, height: generator.size, run: painter.run },
      generatorModel: generator?.ref ?? null,
    },
    generator,
    models: generator ? [edges, generator] : [edges],
  };
}

async function openGenerator(wanted: true | string, source: WeightSource): Promise<GeneratorModel | null> {
  if (wanted !== true) return loadOwnGenerator(await readBytes(wanted), path.basename(wanted));
  return loadGenerator(source);
}
