import { fileURLToPath } from 'node:url';
import { createCpuBackend } from '../compute/cpu';
import { createNodeRuntime } from '../compute/onnx/runtime-node';
import { createGenerator } from '../models/generator/generator';
import { createEdgeDetector } from '../models/pidinet/pidinet';
import type { GeneratorCard } from '../models/cards';
import { loadOwnEdges, loadShippedEdges, loadShippedGenerator, type LoadedModel } from '../models/weights';
import { folderSource } from '../models/weights-node';
import type { Stages } from '../synthesis/types';
import path from 'node:path';
import { readBytes } from './files';

/** Where shipped networks lie. */
export const MODELS = fileURLToPath(new URL('../../public/models', import.meta.url));

export interface NodeStages {
  readonly stages: Stages;
  readonly generatorCard: GeneratorCard | null;
  /** Every network that may have been used, for manifests. */
  readonly models: readonly LoadedModel[];
}

export interface StagesWanted {
  /** The person's own edge detector, instead of the shipped one. */
  readonly weights?: string;
  /** Whether the generator may be needed: opening it takes most of a short command's time. */
  readonly generator: boolean;
}

/** The studio's stages in Node: native ONNX Runtime where it is installed, else wasm; the CPU kernels. */
export async function openStages({ weights, generator: wanted }: StagesWanted): Promise<NodeStages> {
  const source = folderSource(MODELS);
  const [runtime, edges, generator] = await Promise.all([
    createNodeRuntime(),
    weights === undefined
      ? loadShippedEdges(source)
      : readBytes(weights).then((bytes) => loadOwnEdges(bytes, path.basename(weights), source)),
    wanted ? loadShippedGenerator(source) : null,
  ]);
  const backend = createCpuBackend();
  const detector = createEdgeDetector(await runtime.open(edges.bytes, edges.name), backend);
  const painter = generator && createGenerator(await runtime.open(generator.bytes, generator.name), backend);
  return {
    stages: {
      backend,
      edgeDetector: detector,
      edgeModel: edges.ref,
      generator: painter && { width: generator.card!.size, height: generator.card!.size, run: painter.run },
      generatorModel: generator?.ref ?? null,
    },
    generatorCard: generator?.card ?? null,
    models: generator ? [edges, generator] : [edges],
  };
}
