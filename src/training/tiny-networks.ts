import { Random } from '../core/random';
import { image, int64s, model, node, tensor } from '../models/onnx-file/build';
import { serializeOnnx } from '../models/onnx-file/onnx';
import type { OnnxNode, OnnxTensor } from '../models/onnx-file/schema';

/**
 * Networks of a few hundred weights with the shipped ones' inputs, outputs and names, stored as float16 behind Casts as
 * theirs are. Apart from the other test helpers, since tests in the browser take them too, and load no TensorFlow.js.
 */

/** As many as a tensor of these dimensions has, between `low` and `high`. */
export function uniformValues(random: Random, dims: readonly number[], low: number, high: number): Float32Array {
  const count = dims.reduce((product, each) => product * each, 1);
  return Float32Array.from({ length: count }, () => random.uniform(low, high));
}

/** Collects the weights and nodes of a small network. */
class Sketch {
  readonly weights: OnnxTensor[] = [];
  readonly nodes: OnnxNode[] = [];
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  weight(name: string, dims: readonly number[], low: number, high: number): string {
    this.weights.push(tensor(name, dims, uniformValues(this.#random, dims, low, high), true));
    this.nodes.push(node('Cast', [name], [`${name}/f32`], { to: 1 }));
    return `${name}/f32`;
  }

  /** 'Same' 3×3 convolution with a bias. */
  conv(name: string, x: string, inputs: number, outputs: number, stride = 1): string {
    const reach = Math.sqrt(1 / (3 * inputs));
    const w = this.weight(`${name}.weight`, [outputs, inputs, 3, 3], -reach, reach);
    const b = this.weight(`${name}.bias`, [outputs], -0.1, 0.1);
    return this.op('Conv', name, [x, w, b], { pads: [1, 1, 1, 1], strides: [stride, stride] });
  }

  instanceNorm(name: string, x: string, channels: number): string {
    const parameters = [
      this.weight(`${name}.weight`, [channels], 0.9, 1.1),
      this.weight(`${name}.bias`, [channels], 0, 0),
    ];
    return this.op('InstanceNormalization', name, [x, ...parameters]);
  }

  batchNorm(name: string, x: string, channels: number): string {
    const ranges = { weight: [0.9, 1.1], bias: [0, 0], running_mean: [0, 0], running_var: [1, 1] };
    const parameters = Object.entries(ranges).map(([part, [low, high]]) =>
      this.weight(`${name}.${part}`, [channels], low, high),
    );
    return this.op('BatchNormalization', name, [x, ...parameters]);
  }

  op(type: string, name: string, inputs: readonly string[], attributes: Parameters<typeof node>[3] = {}): string {
    this.nodes.push(node(type, inputs, [name], attributes));
    return name;
  }

  relu(x: string): string {
    return this.op('Relu', `${x}/relu`, [x]);
  }

  twice(x: string): string {
    const scales = `${x}/scales`;
    this.weights.push(tensor(scales, [4], [1, 1, 2, 2]));
    return this.op('Resize', `${x}/twice`, [x, '', scales], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
  }

  file(
    input: string,
    channels: number,
    outputs: Readonly<Record<string, number>>,
    metadata: Record<string, string> = {},
  ) {
    const planes = (name: string, count: number) => image(name, ['N', count, 'H', 'W']);
    const made = model(
      [planes(input, channels)],
      this.nodes,
      Object.entries(outputs).map(([name, count]) => planes(name, count)),
      this.weights,
    );
    made.metadataProps = Object.entries(metadata).map(([key, value]) => ({ key, value }));
    return serializeOnnx(made);
  }
}

/** `edges` → `image`, half the size in between. */
export function tinyGenerator(seed = 1): Uint8Array<ArrayBuffer> {
  const net = new Sketch(seed);
  const stem = net.relu(net.instanceNorm('stem.norm', net.conv('stem.conv', 'edges', 1, 6), 6));
  const down = net.relu(net.instanceNorm('down.0.norm', net.conv('down.0.conv', stem, 6, 8, 2), 8));
  const up = net.op('Add', 'skip', [net.conv('up.0.conv', net.twice(down), 8, 6), stem]);
  net.op('Sigmoid', 'image', [net.conv('head', net.relu(up), 6, 3)]);
  return net.file('edges', 1, { image: 3 }, { 'generator.multiple': '2' });
}

/** `image` → `e1` … `e4`, `fused`, after sigmoids. */
export function tinyEdgeDetector(seed = 2): Uint8Array<ArrayBuffer> {
  const net = new Sketch(seed);
  const features = net.relu(net.conv('init_block', 'image', 3, 8));
  const sides = [1, 2, 3, 4].map((scale) => net.conv(`conv_reduces.${scale - 1}.conv`, features, 8, 1));
  sides.forEach((side, i) => net.op('Sigmoid', `e${i + 1}`, [side]));
  net.op('Sigmoid', 'fused', [net.conv('classifier', net.op('Concat', 'sides', sides, { axis: 1 }), 4, 1)]);
  return net.file('image', 3, { e1: 1, e2: 1, e3: 1, e4: 1, fused: 1 });
}

/** `image` → `anomaly_map`, `reconstruction`, `jnd`, `edges`, with batch normalisation in its neck. */
export function tinyDetector(seed = 4): Uint8Array<ArrayBuffer> {
  const net = new Sketch(seed);
  const first = net.conv('reconstruction.encode.0', 'image', 3, 6);
  const features = net.relu(net.instanceNorm('reconstruction.encode.0_norm', first, 6));
  const made = net.op('Sigmoid', 'made', [net.conv('reconstruction.head', features, 6, 5)]);
  const parts = { reconstruction: [0, 3], jnd: [3, 4], edges: [4, 5] };
  net.weights.push(...[0, 3, 4, 5].map((channel) => int64s(`channel${channel}`, [channel])), int64s('axis', [1]));
  for (const [name, [from, to]] of Object.entries(parts)) {
    net.op('Slice', name, [made, `channel${from}`, `channel${to}`, 'axis']);
  }
  const together = net.op('Concat', 'together', ['image', 'reconstruction', 'jnd', 'edges'], { axis: 1 });
  const neck = net.relu(net.batchNorm('neck.unified.norm', net.conv('neck.unified.conv', together, 8, 8), 8));
  net.op('Sigmoid', 'anomaly_map', [net.conv('localization.head', neck, 8, 1)]);
  const outputs = { anomaly_map: 1, reconstruction: 3, jnd: 1, edges: 1 };
  return net.file('image', 3, outputs, {
    'detector.size': '64',
    'detector.multiple': '2',
    'detector.input': JSON.stringify({ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }),
    'detector.score': JSON.stringify({ smooth: 5, reduce: 'max' }),
    'detector.threshold': JSON.stringify({ image: 9, pixel: 9 }),
  });
}
