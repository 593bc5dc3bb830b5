import * as tf from '@tensorflow/tfjs-core';
import { dimsOf, readFloats, toNumber } from '../../../models/onnx-file/onnx';
import { DataType, type OnnxTensor } from '../../../models/onnx-file/schema';
import type { GraphNode } from '../node';
import { axesIn, commonLayout, type HostNumbers, type Result } from '../value';
import type { Inputs, Operator } from './operator';

/** Operators that move or name values without computing, on tensors and, where shapes are worked out, on numbers. */

const Constant: Operator = {
  compile(node) {
    const tensor = node.tensor('value');
    if (!tensor) throw node.unsupported('holds something else than a tensor');
    const result = numbersOf(tensor, node);
    return () => result;
  },
};

/** The values of a tensor in the file as numbers: int64, int32, float32 and float16. */
export function numbersOf(tensor: OnnxTensor, node: GraphNode): { dims: readonly number[]; host: HostNumbers } {
  if (tensor.dataType !== DataType.int64 && tensor.dataType !== DataType.int32) {
    const { dims, data } = readFloats(tensor, node.file);
    return { dims, host: { integer: false, data: Array.from(data) } };
  }
  const dims = dimsOf(tensor);
  const wide = tensor.dataType === DataType.int64;
  const raw = tensor.rawData;
  let data: number[];
  if (raw?.length) {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    data = Array.from({ length: raw.length / (wide ? 8 : 4) }, (_, i) =>
      wide ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true),
    );
  } else {
    data = (wide ? (tensor.int64Data ?? []) : (tensor.int32Data ?? [])).map(toNumber);
  }
  const count = dims.reduce((product, size) => product * size, 1);
  if (data.length !== count) throw node.misfit(`should hold ${count} numbers and holds ${data.length}`);
  return { dims, host: { integer: true, data } };
}

const Cast: Operator = {
  compile(node) {
    const to = node.int('to', 0);
    const integer = to === DataType.int64 || to === DataType.int32;
    if (!integer && to !== DataType.float) throw node.unsupported(`casts to ONNX data type ${to}`);
    return (inputs) => {
      const { host, shape, layout } = inputs.value(0);
      if (host) return { dims: shape, host: { integer, data: integer ? host.data.map(Math.trunc) : host.data } };
      if (integer) throw node.unsupported('makes integers of values the network computes');
      return { tensor: tf.clone(inputs.in(layout, 0)), layout };
    };
  },
};

const Shape: Operator = {
  compile(node) {
    const start = node.int('start', 0);
    const end = node.int('end', Number.MAX_SAFE_INTEGER);
    return (inputs) => {
      const data = inputs.value(0).shape.slice(start, end);
      return { dims: [data.length], host: { integer: true, data } };
    };
  },
};

const Concat: Operator = {
  compile(node) {
    const axis = node.int('axis', 0);
    return (inputs) => {
      const values = node.source.input.map((_, i) => inputs.value(i));
      const numbers = values.map(({ host }) => host);
      if (numbers.every((host) => host !== undefined) && values.every(({ rank }) => rank === 1)) {
        const data = numbers.flatMap((host) => host.data);
        return { dims: [data.length], host: { integer: numbers.every((host) => host.integer), data } };
      }
      const { rank } = values[0];
      if (values.some((value) => value.rank !== rank)) throw node.misfit('joins values of different ranks');
      const layout = rank === 4 ? commonLayout(values) : 'plain';
      const [along] = axesIn(layout, [axis], rank);
      return {
        tensor: tf.concat(
          values.map((_, i) => inputs.in(layout, i)),
          along,
        ),
        layout,
      };
    };
  },
};

const Slice: Operator = {
  numbers: [1, 2, 3, 4],
  compile: (node) => (inputs) => {
    const { shape, rank, host, layout } = inputs.value(0);
    const [starts, ends] = [inputs.numbers(1), inputs.numbers(2)];
    const axes = node.has(3) ? inputs.numbers(3) : starts.map((_, i) => i);
    if (node.has(4) && inputs.numbers(4).some((step) => step !== 1)) throw node.unsupported('takes steps other than 1');
    const begin = shape.map(() => 0);
    const size = [...shape];
    axes.forEach((given, i) => {
      const axis = given < 0 ? given + rank : given;
      const within = (index: number) => Math.min(Math.max(index < 0 ? index + shape[axis] : index, 0), shape[axis]);
      begin[axis] = within(starts[i]);
      size[axis] = Math.max(0, within(ends[i]) - begin[axis]);
    });
    if (host && rank === 1) {
      const data = host.data.slice(begin[0], begin[0] + size[0]);
      return { dims: [data.length], host: { ...host, data } };
    }
    const order = axesIn(
      layout,
      shape.map((_, axis) => axis),
      rank,
    );
    const inLayout = (values: readonly number[]): number[] => {
      const placed = [...values];
      order.forEach((place, axis) => (placed[place] = values[axis]));
      return placed;
    };
    return { tensor: tf.slice(inputs.in(layout, 0), inLayout(begin), inLayout(size)), layout };
  },
};

const Reshape: Operator = {
  numbers: [1],
  compile(node) {
    const zeroIsZero = node.int('allowzero', 0) !== 0;
    return (inputs) => {
      const from = inputs.value(0).shape;
      const to = inputs.numbers(1).map((size, axis) => (size === 0 && !zeroIsZero ? from[axis] : size));
      const count = from.reduce((product, size) => product * size, 1);
      const known = to.reduce((product, size) => (size === -1 ? product : product * size), 1);
      const dims = to.map((size) => (size === -1 ? count / known : size));
      if (dims.some((size) => !Number.isInteger(size)) || dims.reduce((product, size) => product * size, 1) !== count) {
        throw node.misfit(`cannot make [${to.join(', ')}] of [${from.join(', ')}]`);
      }
      return reshaped(inputs, dims);
    };
  },
};

const Unsqueeze: Operator = {
  numbers: [1],
  compile: () => (inputs) => {
    const axes = inputs.numbers(1);
    const { shape } = inputs.value(0);
    const rank = shape.length + axes.length;
    const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
    const rest = shape.values();
    return reshaped(
      inputs,
      Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.next().value ?? 1))),
    );
  },
};

const Squeeze: Operator = {
  numbers: [1],
  compile: (node) => (inputs) => {
    const { shape, rank } = inputs.value(0);
    const given = node.has(1) ? inputs.numbers(1).map((axis) => (axis < 0 ? axis + rank : axis)) : undefined;
    const dropped = given ?? shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
    if (dropped.some((axis) => shape[axis] !== 1))
      throw node.misfit(`drops axes of [${shape.join(', ')}] that are not 1`);
    return reshaped(
      inputs,
      shape.filter((_, axis) => !dropped.includes(axis)),
    );
  },
};

function reshaped(inputs: Inputs, dims: readonly number[]): Result {
  const { host } = inputs.value(0);
  return host ? { dims, host } : { tensor: tf.reshape(inputs.plain(0), [...dims]), layout: 'plain' };
}

const Transpose: Operator = {
  compile(node) {
    const order = node.ints('perm');
    return (inputs) => {
      const { rank } = inputs.value(0);
      if (order && order.length !== rank) throw node.misfit(`orders ${order.length} axes of ${rank}`);
      return { tensor: tf.transpose(inputs.plain(0), order), layout: 'plain' };
    };
  },
};

export const shaping: Readonly<Record<string, Operator>> = {
  Cast,
  Concat,
  Constant,
  Reshape,
  Shape,
  Slice,
  Squeeze,
  Transpose,
  Unsqueeze,
};
