import { Random } from '../../core/random';
import { image, model, node, tensor } from '../onnx-file/build';
import { serializeOnnx } from '../onnx-file/onnx';
import type { OnnxModel } from '../onnx-file/schema';

/**
 * Test helpers: a detector with the true names and metadata whose outputs are foretellable. Its anomaly map is the mean
 * of the three channels it is given, its reconstruction their negative, its JND the middle channel; its edges are what
 * random weights make of the picture.
 */
export interface DetectorFixtureOptions {
  /** Side of its pictures, px. */
  readonly size?: number;
  /** H and W in the input's shape; free if left out. */
  readonly fixed?: number;
  readonly smooth?: number;
  readonly threshold?: { readonly image: number; readonly pixel: number };
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Metadata instead of these; undefined leaves an entry out. */
  readonly metadata?: Readonly<Record<string, string | undefined>>;
  /** Outputs left out. */
  readonly without?: readonly string[];
}

export function detectorFixture(options: DetectorFixtureOptions = {}): Uint8Array<ArrayBuffer> {
  return serializeOnnx(detectorGraph(options));
}

/** The same before it is written, to be spoilt by a test. */
export function detectorGraph({
  size = 64,
  fixed,
  smooth = 3,
  threshold = { image: 0.5, pixel: 0.5 },
  mean = [0, 0, 0],
  std = [1, 1, 1],
  metadata = {},
  without = [],
}: DetectorFixtureOptions = {}): OnnxModel {
  const random = new Random(11);
  const plane = (name: string, channels: number) => image(name, ['N', channels, fixed ?? 'H', fixed ?? 'W']);
  const outputs = [plane('anomaly_map', 1), plane('reconstruction', 3), plane('jnd', 1), plane('edges', 1)];
  const graph = model(
    [plane('image', 3)],
    [
      node('ReduceMean', ['image'], ['anomaly_map'], { axes: [1], keepdims: 1 }),
      node('Sub', ['one', 'image'], ['reconstruction']),
      node('Conv', ['image', 'middle'], ['jnd'], { kernel_shape: [1, 1] }),
      node('Conv', ['image', 'weights'], ['edges/logits'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('Sigmoid', ['edges/logits'], ['edges']),
    ],
    outputs.filter(({ name }) => !without.includes(name!)),
    [
      tensor('one', [1, 1, 1, 1], [1]),
      tensor('middle', [1, 3, 1, 1], [0, 1, 0]),
      tensor(
        'weights',
        [1, 3, 3, 3],
        Array.from({ length: 27 }, () => random.uniform(-1, 1)),
      ),
    ],
  );
  const entries: Record<string, string | undefined> = {
    'detector.size': String(size),
    'detector.multiple': '64',
    'detector.input': JSON.stringify({ mean, std }),
    'detector.score': JSON.stringify({ smooth, reduce: 'max' }),
    'detector.threshold': JSON.stringify(threshold),
    ...metadata,
  };
  graph.metadataProps = Object.entries(entries).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value }],
  );
  return graph;
}
