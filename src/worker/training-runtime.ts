import { TrainableGraph, type SavedGraph } from '../training/graph/graph';
import type { Weights } from '../training/run/trainer';

/**
 * What training takes besides the rest of the worker, TensorFlow.js among it: a chunk of its own, loaded when something is
 * first trained.
 */
export { correctedEdges } from '../datasets/training/corrected';
export { detectorTrainer, generatorTrainer } from '../datasets/training/trainers';
export { EdgesTrainer } from '../training/edges/trainer';
export { TrainingRun } from '../training/run/run';
export { expectedStepSeconds } from '../training/run/speed';
export { startTensorFlow } from '../training/tensorflow';

/**
 * A network's file with other weights.
 * @param name the file's, for errors.
 */
export async function withWeights(
  bytes: Uint8Array,
  name: string,
  weights: Weights,
  metadata: Readonly<Record<string, string>>,
): Promise<SavedGraph> {
  const graph = TrainableGraph.load(bytes, name);
  try {
    return await graph.save({ values: weights, metadata });
  } finally {
    graph.dispose();
  }
}
