import { writeFloats } from './onnx';
import {
  AttributeType,
  DataType,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from './schema';

/** Small constructors for ONNX graphs. */

export function tensor(name: string, dims: readonly number[], data: ArrayLike<number>, half = false): OnnxTensor {
  const result: OnnxTensor = { name, dims: [...dims], dataType: half ? DataType.float16 : DataType.float };
  writeFloats(result, Float32Array.from(data), 'stored');
  return result;
}

/** A one-dimensional int64 tensor: sizes, axes, pads. */
export function int64s(name: string, values: readonly number[]): OnnxTensor {
  return { name, dims: [values.length], dataType: DataType.int64, int64Data: [...values] };
}

type AttributeValue = number | string | readonly number[] | { readonly float: number };

/** Whole numbers and lists of them become ints; write `{ float: 1 }` for a float. */
export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): OnnxNode {
  return {
    name: output[0],
    opType,
    input: [...input],
    output: [...output],
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  };
}

function attribute(name: string, value: AttributeValue): OnnxAttribute {
  if (typeof value === 'number') return { name, type: AttributeType.int, i: value };
  if (typeof value === 'string') return { name, type: AttributeType.string, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: AttributeType.float, f: value.float };
  return { name, type: AttributeType.ints, ints: [...value] };
}

/** A float32 input or output; a string is the name of a free size. */
export function image(name: string, shape: readonly (number | string)[]): OnnxValueInfo {
  return value(name, shape, DataType.float);
}

/** An input or output of any element type. */
export function value(name: string, shape: readonly (number | string)[], elemType: number): OnnxValueInfo {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** A model of opset 17 and IR version 8, as those of `foundry/` are. */
export function model(
  input: readonly OnnxValueInfo[],
  nodes: readonly OnnxNode[],
  output: readonly OnnxValueInfo[],
  initializer: readonly OnnxTensor[] = [],
): OnnxModel {
  return {
    irVersion: 8,
    producerName: 'LogicAL Studio',
    opsetImport: [{ domain: '', version: 17 }],
    metadataProps: [],
    graph: { name: 'graph', node: [...nodes], initializer: [...initializer], input: [...input], output: [...output] },
  };
}
