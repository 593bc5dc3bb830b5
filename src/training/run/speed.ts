import * as tf from '@tensorflow/tfjs-core';
import { metadata, parseOnnx } from '../../models/onnx-file/onnx';
import { TrainableGraph } from '../graph/graph';
import type { TrainingConfig } from './config';

/** Side of the picture that is timed, px, and how much more a whole step is than the network alone. */
const PROBE_SIDE = 64;
const OVERHEAD: Readonly<Record<TrainingConfig['what'], number>> = {
  // Discriminator (twice over a crop, twice over a half), PiDiNet in every third step, losses.
  generator: 2,
  // Losses.
  detector: 1.2,
  edges: 1.1,
};

/**
 * About how long a step will take: forward and backward pass of the network over a small picture, timed, times pixels
 * and what else a step does. Within a factor of two, which is enough to know minutes from days.
 * @returns seconds.
 */
export async function expectedStepSeconds(
  init: Uint8Array,
  { what, size, batch, init: { id } }: Pick<TrainingConfig, 'what' | 'size' | 'batch' | 'init'>,
): Promise<number> {
  const multiple = Number(metadata(parseOnnx(init, id), `${what}.multiple`) ?? 1);
  const side = Math.max(multiple, Math.min(size, Math.ceil(PROBE_SIDE / multiple) * multiple));
  const graph = TrainableGraph.load(init, id);
  const [input] = graph.inputs;
  const channels = what === 'generator' ? 1 : 3;
  const pass = async () => {
    const start = performance.now();
    const { value, grads } = tf.variableGrads(() => {
      const made = graph.run({ [input]: tf.fill([1, channels, side, side], 0.5) }, { training: true });
      return tf.addN(graph.outputs.map((output) => tf.mean<tf.Scalar>(made[output])));
    }, graph.trainable);
    // The gradient of the first layer comes last.
    const [last] = Object.values(grads);
    await Promise.all([value.data(), last.data()]);
    tf.dispose([value, grads]);
    return (performance.now() - start) / 1000;
  };
  try {
    // The first pass compiles.
    await pass();
    return ((await pass()) * OVERHEAD[what] * batch * size * size) / (side * side);
  } finally {
    graph.dispose();
  }
}
