import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../core/random';
import { standardize } from './graph/operators/normalization';
import type { Judgement } from './losses/adversarial';

/** Width of the first layer; each of the next two has twice as many channels. */
const WIDTH = 32;
const SCALES = 2;
const SLOPE = 0.2;
const EPSILON = 1e-5;
/** Standard deviation of the random weights at the start. */
const SPREAD = 0.02;
/** Edge strength and RGB. */
const INPUTS = 4;

interface Layer {
  /** [4, 4, in, out] */
  readonly weights: tf.Variable<tf.Rank.R4>;
  readonly stride: 1 | 2;
  readonly bias?: tf.Variable;
  /** Instance normalisation's scale and shift. */
  readonly scale?: tf.Variable;
  readonly shift?: tf.Variable;
}

/**
 * Multi-scale patch discriminator of pix2pixHD (Wang et al., CVPR 2018), which judges pairs of edge map and image, one
 * network for each resolution, narrow enough for a browser. A scale is conv4 s2 → conv4 s2 → conv4 s1 → conv4 s1 → 1,
 * LeakyReLU .2, instance norm on the middle two; one score sees 34 pixels of its scale. The published one has a layer
 * more: a discriminator that sees whole objects learns a small set of images by heart (foundry/networks/discriminator.py).
 */
export class Discriminator {
  /** By layer and scale; their order is part of checkpoints. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  readonly scales: number;
  readonly #layers: readonly (readonly Layer[])[];

  constructor(random: Random, { width = WIDTH, scales = SCALES }: { width?: number; scales?: number } = {}) {
    const variables = new Map<string, tf.Variable>();
    const add = <R extends tf.Rank>(name: string, shape: tf.ShapeMap[R], value: () => number) => {
      const count = shape.reduce((product, size) => product * size, 1);
      const values = Float32Array.from({ length: count }, value);
      const variable = tf.tidy(() => tf.variable(tf.tensor<R>(values, shape)));
      variables.set(name, variable);
      return variable;
    };
    const layer = (name: string, inputs: number, outputs: number, stride: 1 | 2, normalised: boolean): Layer => {
      const chance = random.fork(name);
      const weights = add<tf.Rank.R4>(`${name}.weights`, [4, 4, inputs, outputs], () => chance.normal(0, SPREAD));
      if (!normalised) return { weights, stride, bias: add<tf.Rank.R1>(`${name}.bias`, [outputs], () => 0) };
      const scale = add<tf.Rank.R1>(`${name}.scale`, [outputs], () => 1);
      return { weights, stride, scale, shift: add<tf.Rank.R1>(`${name}.shift`, [outputs], () => 0) };
    };
    this.#layers = Array.from({ length: scales }, (_, i) => [
      layer(`${i}.0`, INPUTS, width, 2, false),
      layer(`${i}.1`, width, 2 * width, 2, true),
      layer(`${i}.2`, 2 * width, 4 * width, 1, true),
      layer(`${i}.3`, 4 * width, 1, 1, false),
    ]);
    this.variables = variables;
    this.scales = scales;
  }

  /**
   * The outputs of every layer of one scale, the last of them the scores. The caller decides what a scale sees.
   * @param edges [N, H, W, 1] in [0, 1].
   * @param image [N, H, W, 3] in [0, 1].
   */
  judge(scale: number, edges: tf.Tensor4D, image: tf.Tensor4D): Judgement[number] {
    const pair: tf.Tensor4D = tf.sub(tf.mul(tf.concat([edges, image], 3), 2), 1);
    const layers = this.#layers[scale];
    const outputs: tf.Tensor4D[] = [];
    layers.forEach(({ weights, stride, bias, scale: gain, shift }, i) => {
      const x = outputs.at(-1) ?? pair;
      let y: tf.Tensor4D = tf.conv2d(x, weights, stride, 2, 'NHWC', 1, 'floor');
      if (bias) y = tf.add(y, bias);
      if (gain && shift) y = tf.add(tf.mul(standardize(y, [1, 2], EPSILON), gain), shift);
      outputs.push(i < layers.length - 1 ? tf.leakyRelu(y, SLOPE) : y);
    });
    return outputs;
  }

  dispose(): void {
    for (const variable of this.variables.values()) variable.dispose();
  }
}
