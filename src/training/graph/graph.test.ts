import * as tf from '@tensorflow/tfjs-core';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Random } from '../../core/random';
import { image, int64s, model, node, tensor } from '../../models/onnx-file/build';
import { floatInitializers, parseOnnx, readFloats, serializeOnnx, writeFloats } from '../../models/onnx-file/onnx';
import { DataType, type OnnxModel } from '../../models/onnx-file/schema';
import { TrainableGraph } from './graph';
import { largestDifference, runOnnx, sizeOf, tensors, uniform } from './testing';

const free = (name: string) => image(name, ['N', 'C', 'H', 'W']);

/** Two convolutions with batch normalisation, the weights stored as float16 behind Casts, as shipped networks are. */
function small(): OnnxModel {
  const random = new Random(3);
  const half = (name: string, dims: readonly number[], low: number, high: number) =>
    tensor(name, dims, uniform(random, dims, low, high).data, true);
  const weights = [
    half('first', [4, 3, 3, 3], -0.4, 0.4),
    half('scale', [4], 0.8, 1.2),
    half('shift', [4], -0.1, 0.1),
    half('mean', [4], -0.1, 0.1),
    half('variance', [4], 0.5, 1),
    half('last', [1, 4, 1, 1], -0.5, 0.5),
  ];
  const result = model(
    [free('x')],
    [
      ...weights.map(({ name = '' }) => node('Cast', [name], [`${name}/f32`], { to: 1 })),
      node('Conv', ['x', 'first/f32'], ['c'], { pads: [1, 1, 1, 1] }),
      node('BatchNormalization', ['c', 'scale/f32', 'shift/f32', 'mean/f32', 'variance/f32'], ['n']),
      node('Relu', ['n'], ['r']),
      node('Conv', ['r', 'last/f32'], ['logits']),
      node('Sigmoid', ['logits'], ['y']),
    ],
    [free('y')],
    weights,
  );
  result.metadataProps.push({ key: 'detector.multiple', value: '8' });
  return result;
}

function load(source: OnnxModel, options?: Parameters<typeof TrainableGraph.load>[2]): TrainableGraph {
  return TrainableGraph.load(serializeOnnx(source), 'net.onnx', options);
}

const refusal = (...parts: string[]) =>
  expect.objectContaining({
    code: 'bad-weights',
    stage: 'training',
    file: 'net.onnx',
    message: expect.stringMatching(new RegExp(parts.join('.*'))),
  });

describe('what cannot be trained', () => {
  const refuse = (opType: string, attributes: Parameters<typeof node>[3], inputs = ['x']) => {
    const source = model(
      [free('x')],
      [node(opType, inputs, ['y'], attributes)],
      [free('y')],
      [tensor('w', [2, 3, 3, 3], new Float32Array(54))],
    );
    return () => load(source);
  };

  it.each([
    ['an unknown operator', refuse('Softmax', {}), ['Softmax', 'node y']],
    ['an attribute', refuse('Relu', { slope: 1 }), ['Relu', 'node y', 'slope']],
    ['automatic padding', refuse('Conv', { auto_pad: 'SAME_UPPER' }, ['x', 'w']), ['Conv', 'node y', 'auto_pad']],
    [
      'strides with dilations',
      refuse('Conv', { strides: [2, 2], dilations: [2, 2] }, ['x', 'w']),
      ['Conv', 'strides and dil'],
    ],
    ['cubic enlargement', refuse('Resize', { mode: 'cubic' }), ['Resize', 'node y', 'cubic']],
    ['rounding up', refuse('MaxPool', { kernel_shape: [2, 2], ceil_mode: 1 }), ['MaxPool', 'node y', 'ceil_mode']],
    ['edges repeated', refuse('Pad', { mode: 'edge' }), ['Pad', 'node y', 'edge']],
  ])('refuses %s and names operator and node', (_, attempt, parts) => {
    const before = tf.memory().numTensors;
    expect(attempt).toThrow(refusal(...parts));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses other opsets and files that are no networks', () => {
    const source = small();
    source.opsetImport[0].version = 9;
    expect(() => load(source)).toThrow(refusal('opset 9'));
    expect(() => TrainableGraph.load(new Uint8Array(9), 'net.onnx')).toThrow(
      expect.objectContaining({ code: 'bad-weights', file: 'net.onnx' }),
    );
  });

  it('refuses feeds and outputs it does not know, shapes that do not fit and sizes that it would have to compute', () => {
    const graph = load(small());
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.zeros([1, 3, 4, 4]);
      expect(() => graph.run({})).toThrow(/net\.onnx needs its input x/);
      expect(() => graph.run({ x, z: x })).toThrow(/no input z; feed x/);
      expect(() => graph.run({ x }, { outputs: ['q'] })).toThrow(/no output q; ask for y/);
      expect(() => graph.run({ x: tf.zeros([1, 3, 4, 4], 'int32') })).toThrow(/float32 .* x, not int32/);
      expect(() => graph.run({ x: tf.zeros([1, 2, 4, 4]) })).toThrow(refusal('Conv', 'node c', '2 channels'));
      expect(() => graph.run({ x: tf.zeros([3, 4, 4]) })).toThrow(refusal('Conv', 'node c', '3, 4, 4'));
    });
    graph.dispose();
    const computed = load(model([free('x'), free('z')], [node('Reshape', ['x', 'z'], ['y'])], [free('y')]));
    tf.tidy(() => {
      const x = tf.zeros([1]);
      expect(() => computed.run({ x, z: x })).toThrow(refusal('Reshape', 'node y', 'input number 2'));
    });
    // What remains less is the six variables of the graph that was disposed of.
    expect(tf.memory().numTensors).toBe(before - 6);
  });
});

describe('a graph', () => {
  it('computes only what the wanted outputs need', () => {
    const graph = load(
      model([free('x'), free('z')], [node('Relu', ['x'], ['a']), node('Exp', ['z'], ['b'])], [free('a'), free('b')]),
    );
    tf.tidy(() => {
      const { a } = graph.run({ x: tf.tensor1d([-1, 2]) }, { outputs: ['a'] });
      expect([...a.dataSync()]).toEqual([0, 2]);
    });
  });

  it('gives what outputs are the sigmoid of, also of a part of it', async () => {
    const parts = model(
      [free('x')],
      [
        node('Conv', ['x', 'w'], ['both']),
        node('Sigmoid', ['both'], ['made']),
        node('Slice', ['made', 'from', 'to', 'channels'], ['second']),
        node('Sigmoid', ['x'], ['plain']),
        node('Relu', ['x'], ['none']),
      ],
      [free('second'), free('plain'), free('none')],
      [tensor('w', [2, 1, 1, 1], [3, -2]), int64s('from', [1]), int64s('to', [2]), int64s('channels', [1])],
    );
    const graph = load(parts);
    expect([...graph.logits.keys()]).toEqual(['second', 'plain']);
    tf.tidy(() => {
      const x = tf.tensor4d([40, -40, 1], [1, 1, 1, 3]);
      const asked = [...graph.logits.values(), 'second'];
      const found = graph.run({ x }, { outputs: asked });
      expect(Object.keys(found)).toEqual(asked);
      expect(found[graph.logits.get('second')!].shape).toEqual([1, 1, 1, 3]);
      expect([...found[graph.logits.get('second')!].dataSync()]).toEqual([-80, 80, -2]);
      expect([...found[graph.logits.get('plain')!].dataSync()]).toEqual([40, -40, 1]);
      expect(found.second.dataSync()[2]).toBeCloseTo(1 / (1 + Math.exp(2)), 6);
    });
    expect(
      (await runOnnx((await graph.save()).bytes, { x: { dims: [1, 1, 1, 1], data: Float32Array.of(1) } })).second
        .data[0],
    ).toBeCloseTo(0.1192, 4);
    graph.dispose();
  });

  it('trains everything but statistics and what is frozen', () => {
    const graph = load(small(), { frozen: (name) => name === 'last' });
    const named = [...graph.variables].filter(([, variable]) => variable.trainable).map(([name]) => name);
    expect(named).toEqual(['first', 'scale', 'shift']);
    expect(graph.trainable).toHaveLength(3);
    graph.dispose();
  });

  it('normalises by the batch in training, and moves the running statistics by a tenth', () => {
    const before = tf.memory().numTensors;
    const source = model(
      [free('x')],
      [node('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'])],
      [free('y')],
      [tensor('s', [1], [2]), tensor('b', [1], [1]), tensor('m', [1], [10]), tensor('v', [1], [4])],
    );
    const graph = load(source);
    const x = tf.tensor4d([1, 3, 5, 7], [2, 1, 1, 2]);
    const { y } = graph.run({ x }, { training: true });
    // Mean 4, variance 5 of the population.
    expect(
      largestDifference(
        y.dataSync(),
        [-3, -1, 1, 3].map((d) => (2 * d) / Math.sqrt(5) + 1),
      ),
    ).toBeLessThan(1e-5);
    expect(graph.variables.get('m')!.dataSync()[0]).toBeCloseTo(0.9 * 10 + 0.1 * 4, 5);
    expect(graph.variables.get('v')!.dataSync()[0]).toBeCloseTo(0.9 * 4 + 0.1 * 5, 5);
    const { y: after } = graph.run({ x });
    expect(after.dataSync()[0]).toBeCloseTo((2 * (1 - 9.4)) / Math.sqrt(4.1 + 1e-5) + 1, 4);
    graph.dispose();
    tf.dispose([x, y, after]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('training', () => {
  it('lowers the loss, leaves no tensors, and ONNX Runtime computes the same from the saved file', async () => {
    const before = tf.memory().numTensors;
    const random = new Random(5);
    const graph = load(small());
    const numbers = { x: uniform(random, [2, 3, 8, 8], 0, 1) };
    const feeds = tensors(numbers);
    // Bright where the first channel is: within reach of the network.
    const target = tf.tidy(() => tf.cast(tf.greater(tf.slice(feeds.x, [0, 0, 0, 0], [2, 1, 8, 8]), 0.5), 'float32'));
    const optimizer = tf.train.adam(0.02);
    const step = () => {
      const loss = (): tf.Scalar => tf.losses.meanSquaredError(target, graph.run(feeds, { training: true }).y);
      const { value, grads } = tf.variableGrads(loss, graph.trainable);
      optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
      const now = value.dataSync()[0];
      tf.dispose([value, ...Object.values(grads)]);
      return now;
    };
    const first = step();
    const held = tf.memory().numTensors;
    let last = first;
    for (let i = 0; i < 40; i++) last = step();
    expect(tf.memory().numTensors).toBe(held);
    expect(last).toBeLessThan(0.6 * first);

    const { bytes, notes } = await graph.save();
    expect(notes).toEqual([]);
    const saved = parseOnnx(bytes, 'saved.onnx');
    expect(saved.metadataProps).toMatchObject([{ key: 'detector.multiple', value: '8' }]);
    expect(saved.graph.initializer.every(({ dataType }) => dataType === DataType.float16)).toBe(true);
    const { y: expected } = await runOnnx(bytes, numbers);
    const again = TrainableGraph.load(bytes, 'saved.onnx');
    const reloaded = again.run(feeds);
    const trained = graph.run(feeds);
    expect(largestDifference(reloaded.y.dataSync(), expected.data)).toBeLessThan(1e-6);
    // float16 keeps 11 bits of the trained weights.
    expect(largestDifference(trained.y.dataSync(), expected.data)).toBeLessThan(4e-3);
    optimizer.dispose();
    graph.dispose();
    again.dispose();
    tf.dispose([target, feeds, reloaded, trained]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('saving', () => {
  it('gives back the file byte for byte when nothing was trained', async () => {
    const bytes = serializeOnnx(small());
    const graph = TrainableGraph.load(bytes, 'net.onnx');
    expect((await graph.save()).bytes).toEqual(bytes);
    graph.dispose();
  });

  it('cuts what float16 cannot hold and says so, and refuses what is no number', async () => {
    const graph = load(small());
    const shift = graph.variables.get('shift')!;
    tf.tidy(() => shift.assign(tf.tensor1d([1e6, -70000, 1e-9, 0.5])));
    const { bytes, notes } = await graph.save();
    expect(notes).toEqual([expect.stringMatching(/^shift .*of its 4 values 2 beyond ±65504 .*1 too small/)]);
    const written = floatInitializers(parseOnnx(bytes, 'saved')).get('shift')!;
    expect([...readFloats(written, 'saved').data]).toEqual([65504, -65504, 0, 0.5]);
    tf.tidy(() => shift.assign(tf.tensor1d([NaN, 1, Infinity, 0])));
    await expect(graph.save()).rejects.toMatchObject({
      code: 'model-failed',
      message: expect.stringMatching(/net\.onnx .*2 of 4 weights in shift.*learning rate/),
    });
    // Other values can be written in a variable's place.
    const average = new Map([['shift', Float32Array.of(1, 2, 3, 4)]]);
    const instead = await load(small()).save({ values: average, metadata: { 'detector.size': '64' } });
    const averaged = floatInitializers(parseOnnx(instead.bytes, 'saved')).get('shift')!;
    expect([...readFloats(averaged, 'saved').data]).toEqual([1, 2, 3, 4]);
    expect(parseOnnx(instead.bytes, 'saved').metadataProps.map(({ key }) => key)).toEqual([
      'detector.multiple',
      'detector.size',
    ]);
    graph.dispose();
  });
});

const folder = fileURLToPath(new URL('../../../public/models/', import.meta.url));
/** SAM is not trained here: its operators are those of a transformer. */
const networks = readdirSync(folder).filter((name) => name.endsWith('.onnx') && !name.startsWith('sam-'));

describe.each(networks)('%s', (name) => {
  it('computes what ONNX Runtime does, before and after saving, and its weights have gradients', async () => {
    const bytes = filled(new Uint8Array(readFileSync(`${folder}${name}`)), name);
    const before = tf.memory().numTensors;
    const graph = TrainableGraph.load(bytes, name);
    const channels = name.startsWith('generator') ? 1 : 3;
    const [height, width] = name.startsWith('detector') ? [64, 128] : [32, 48];
    const numbers = { [graph.inputs[0]]: uniform(new Random(7), [1, channels, height, width], 0, 1) };
    const feeds = tensors(numbers);
    const expected = await runOnnx(bytes, numbers);
    const found = graph.run(feeds);
    for (const output of graph.outputs) {
      expect(found[output].shape).toEqual(expected[output].dims);
      expect(largestDifference(found[output].dataSync(), expected[output].data), output).toBeLessThan(1e-3);
    }
    const { bytes: saved } = await graph.save();
    expect(await runOnnx(saved, numbers)).toEqual(expected);

    const loss = (): tf.Scalar => {
      const made = graph.run(feeds);
      return tf.addN(graph.outputs.map((output) => tf.sum<tf.Scalar>(made[output])));
    };
    const { value, grads } = tf.variableGrads(loss, graph.trainable);
    expect(Object.keys(grads)).toHaveLength(graph.trainable.length);
    for (const gradient of Object.values(grads)) expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
    tf.dispose([value, grads, found, feeds]);
    graph.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

/** Templates have no weights: random ones of the size that keeps variances are put in. */
function filled(bytes: Uint8Array, name: string): Uint8Array {
  if (!name.includes('template')) return bytes;
  const source = parseOnnx(bytes, name);
  const random = new Random(9);
  for (const weights of floatInitializers(source).values()) {
    const dims = weights.dims.map(Number);
    const reach = Math.sqrt(3 / Math.max(1, sizeOf(dims.slice(1))));
    writeFloats(weights, uniform(random, dims, -reach, reach).data, 'float32');
  }
  return serializeOnnx(source);
}
