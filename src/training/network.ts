import { StudioError } from '../core/errors';
import { metadata, parseOnnx } from '../models/onnx-file/onnx';
import { TrainableGraph } from './graph/graph';

/** What a network must be, to be trained as one of its kind. */
export interface NetworkForm {
  /** As people call it, with its article: `an edge-to-image generator`. */
  readonly title: string;
  readonly input: string;
  readonly outputs: readonly string[];
  /** Outputs that must be sigmoids, since their losses are of logits. */
  readonly sigmoids: readonly string[];
  /** Metadata entry with the number that width and height are multiples of. */
  readonly multiple?: string;
}

export interface NetworkOptions {
  /** Side of the pictures it will be fed, px. */
  readonly size: number;
  /** Initializers to train; all if left out. */
  readonly layers?: (initializer: string) => boolean;
  /** Initializers that keep their values in any case. */
  readonly frozen?: (initializer: string) => boolean;
}

/**
 * Loads a network to train.
 * @param name the file's name, for errors.
 * @throws StudioError `bad-weights` for another kind of network or one that cannot be trained, `bad-argument` where size
 * or layers do not suit it.
 */
export function loadNetwork(
  bytes: Uint8Array,
  name: string,
  form: NetworkForm,
  { size, layers = () => true, frozen = () => false }: NetworkOptions,
): TrainableGraph {
  const graph = TrainableGraph.load(bytes, name, {
    frozen: (initializer) => frozen(initializer) || !layers(initializer),
  });
  try {
    const { input, outputs, sigmoids, title } = form;
    const wrong =
      graph.inputs.length !== 1 || graph.inputs[0] !== input || outputs.some((each) => !graph.outputs.includes(each));
    if (wrong) {
      const what = `it does not turn “${input}” into ${outputs.map((output) => `“${output}”`).join(', ')}`;
      throw failure('bad-weights', name, `is a network, but not ${title}: ${what}. Choose another file`);
    }
    const bare = sigmoids.find((output) => !graph.logits.has(output));
    if (bare)
      throw failure('bad-weights', name, `cannot be trained: its output ${bare} is no sigmoid. Choose another file`);
    const multiple = form.multiple ? Number(metadata(parseOnnx(bytes, name), form.multiple) ?? 1) : 1;
    if (size % multiple !== 0) {
      const below = Math.max(multiple, size - (size % multiple));
      throw failure(
        'bad-argument',
        name,
        `takes pictures whose sides are multiples of ${multiple} px, not ${size}. Choose ${below} or ${below + multiple}`,
      );
    }
    if (graph.trainable.length === 0) {
      throw failure('bad-argument', name, 'has none of the layers that are to be trained. Train all of them');
    }
    return graph;
  } catch (error) {
    graph.dispose();
    throw error;
  }
}

function failure(code: 'bad-weights' | 'bad-argument', file: string, what: string): StudioError {
  return new StudioError(code, 'training', `${file} ${what}.`, { file });
}
