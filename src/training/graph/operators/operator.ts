import type * as tf from '@tensorflow/tfjs-core';
import type { GraphNode } from '../node';
import type { Layout, Result, Value } from '../value';

/** What a run tells its operators. */
export interface RunMode {
  /** Batch normalisation: statistics of the batch, which also move the running ones; else the running ones. */
  readonly training: boolean;
}

/**
 * A node ready to run. Called in a scope of TensorFlow.js that frees whatever it does not return; the result is a new
 * tensor, never an input.
 */
export type Kernel = (inputs: Inputs, mode: RunMode) => Result;

export interface Operator {
  /** Inputs that must be known as numbers (sizes, axes): initializers read there alone are no variables. */
  readonly numbers?: readonly number[];
  /** Inputs that are statistics kept by the operator, not trained by a gradient. */
  readonly statistics?: readonly number[];
  /**
   * Reads and checks the node's attributes.
   * @throws StudioError `bad-weights` that names operator and node, for what is not supported.
   */
  compile(node: GraphNode): Kernel;
}

/** The inputs of a node in one run. */
export class Inputs {
  constructor(
    readonly node: GraphNode,
    readonly values: readonly (Value | undefined)[],
  ) {}

  /** @throws StudioError `bad-weights` where the node lacks the input. */
  value(index: number): Value {
    const value = this.values[index];
    if (!value) throw this.node.misfit(`lacks its input number ${index + 1}`);
    return value;
  }

  /** A tensor that is no image: weights, or one number for each channel. */
  plain(index: number): tf.Tensor {
    this.#refuseIntegers(index);
    return this.value(index).tensor('plain');
  }

  /** A tensor of rank 4 as [N, H, W, C]. */
  images(index: number): tf.Tensor4D {
    this.#refuseIntegers(index);
    const value = this.value(index);
    if (value.rank !== 4) throw this.node.misfit(`wants images [N, C, H, W], not [${value.shape.join(', ')}]`);
    return value.images();
  }

  in(layout: Layout, index: number): tf.Tensor {
    this.#refuseIntegers(index);
    return this.value(index).tensor(layout);
  }

  /** Numbers known without running the network. */
  numbers(index: number): readonly number[] {
    const { host } = this.value(index);
    if (!host) throw this.node.unsupported(`takes its input number ${index + 1} from values the network computes`);
    return host.data;
  }

  #refuseIntegers(index: number): void {
    if (this.value(index).host?.integer) throw this.node.unsupported('computes with integers');
  }
}

/** A square or oblong window as ONNX describes it: sizes along height and width, pads above, left, below, right. */
export interface Window {
  readonly strides: [number, number];
  readonly pads: readonly [number, number, number, number];
}

/** Reads strides and pads of a convolution or pooling over images. */
export function windowOf(node: GraphNode): Window {
  node.only('auto_pad', 'NOTSET');
  const strides = pair(node, 'strides');
  const pads = node.ints('pads') ?? [0, 0, 0, 0];
  const [top, left, bottom, right] = pads;
  if (pads.length !== 4 || pads.some((pad) => pad < 0)) {
    throw node.unsupported(`has pads = [${pads.join(', ')}]; only padding along height and width is supported`);
  }
  return { strides, pads: [top, left, bottom, right] };
}

/** An attribute of two sizes along height and width, 1 where it is left out. */
export function pair(node: GraphNode, name: string): [number, number] {
  const sizes = node.ints(name) ?? [1, 1];
  const [height, width] = sizes;
  if (sizes.length !== 2) throw node.unsupported(`has ${name} = [${sizes.join(', ')}]; only images are supported`);
  return [height, width];
}
