import * as tf from '@tensorflow/tfjs-core';

/** ONNX's own order of axes (images as NCHW), or rank 4 as NHWC, in which TensorFlow.js computes. */
export type Layout = 'plain' | 'channels-last';

const TO_CHANNELS_LAST = [0, 2, 3, 1];
const TO_PLAIN = [0, 3, 1, 2];

/** Numbers known without running anything: sizes, axes, small constants. */
export interface HostNumbers {
  readonly integer: boolean;
  readonly data: readonly number[];
}

/** What an operator made: a tensor and how its axes lie, or numbers. */
export type Result =
  | { readonly tensor: tf.Tensor; readonly layout: Layout }
  | { readonly dims: readonly number[]; readonly host: HostNumbers };

/**
 * A value of the graph. It is held in the layout in which it was made; the other one is made when asked for and kept
 * until {@link dispose}, so that many readers share one transposition.
 */
export class Value {
  readonly #tensors: Partial<Record<Layout, tf.Tensor>> = {};

  private constructor(
    /** In ONNX's order of axes, whatever the layout. */
    readonly shape: readonly number[],
    /** Where computing with it costs no transposition. */
    readonly layout: Layout,
    readonly host: HostNumbers | undefined,
    /** The variable whose value this is. Variables outlive the value. */
    readonly variable: tf.Variable | undefined,
  ) {}

  static of(result: Result): Value {
    if ('host' in result) return new Value(result.dims, 'plain', result.host, undefined);
    const { tensor, layout } = result;
    const shape = layout === 'plain' ? tensor.shape : TO_PLAIN.map((axis) => tensor.shape[axis]);
    const value = new Value(shape, layout, undefined, undefined);
    value.#tensors[layout] = tf.keep(tensor);
    return value;
  }

  static ofVariable(variable: tf.Variable): Value {
    return new Value(variable.shape, 'plain', undefined, variable);
  }

  get rank(): number {
    return this.shape.length;
  }

  /**
   * The value as a tensor, owned by the value. Of ranks below 4, channels-last is the value broadcast to rank 4: [C, 1, 1]
   * becomes [1, 1, 1, C].
   */
  tensor(layout: Layout): tf.Tensor {
    if (layout === 'plain' && this.variable) return this.variable;
    return (this.#tensors[layout] ??= tf.keep(tf.tidy(() => this.#make(layout))));
  }

  /** The value as images [N, H, W, C]. */
  images(): tf.Tensor4D {
    const tensor = this.tensor('channels-last');
    if (!isRank4(tensor)) throw new RangeError(`Expected images, not a tensor of shape [${tensor.shape.join(', ')}].`);
    return tensor;
  }

  #make(layout: Layout): tf.Tensor {
    if (layout === 'plain') {
      if (this.host) return tf.tensor([...this.host.data], [...this.shape], 'float32');
      return tf.transpose(this.tensor('channels-last'), TO_PLAIN);
    }
    const plain = this.tensor('plain');
    const missing: number[] = new Array<number>(4 - this.rank).fill(1);
    return tf.transpose(missing.length ? tf.reshape(plain, [...missing, ...this.shape]) : plain, TO_CHANNELS_LAST);
  }

  dispose(): void {
    this.#tensors.plain?.dispose();
    this.#tensors['channels-last']?.dispose();
    delete this.#tensors.plain;
    delete this.#tensors['channels-last'];
  }
}

export function isRank4(tensor: tf.Tensor): tensor is tf.Tensor4D {
  return tensor.rank === 4;
}

/** Axes of ONNX's order, negative ones counted from the end, as axes of a layout. */
export function axesIn(layout: Layout, axes: readonly number[], rank: number): number[] {
  const positive = axes.map((axis) => (axis < 0 ? axis + rank : axis));
  return layout === 'plain' ? positive : positive.map((axis) => TO_CHANNELS_LAST.indexOf(axis));
}

/** The layout for an operator over several values: channels-last where one of them is, and all can be. */
export function commonLayout(values: readonly Value[]): Layout {
  const can = values.every((value) => value.rank <= 4);
  return can && values.some((value) => value.layout === 'channels-last') ? 'channels-last' : 'plain';
}
