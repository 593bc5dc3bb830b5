import protobuf from 'protobufjs/light.js';
import { StudioError } from '../../core/errors';
import { halfBits, halfValue } from './half';
import { DataType, ModelMessage, type Int64, type OnnxModel, type OnnxTensor } from './schema';

/**
 * Reads and rewrites ONNX files: the graph as plain objects, and the values of its initializers. The bytes of weights
 * are views into the file until they are replaced.
 */

export interface FloatTensor {
  readonly dims: readonly number[];
  /** Row-major, as many values as the product of dims. */
  readonly data: Float32Array;
}

/**
 * @param name the file's name, for errors.
 * @throws StudioError `bad-weights` if the bytes are not an ONNX model.
 */
export function parseOnnx(bytes: Uint8Array, name: string): OnnxModel {
  let message: protobuf.Message;
  try {
    const reader = protobuf.Reader.create(bytes);
    reader.discardUnknown = false;
    message = ModelMessage.decode(reader);
  } catch (error) {
    throw notOnnx(name, error);
  }
  const model = message as unknown as OnnxModel;
  // Many byte strings happen to parse as protocol buffers; a network has a version, operators and something to compute.
  if (toNumber(model.irVersion ?? 0) < 1 || !model.graph?.node.length || !model.opsetImport.length) throw notOnnx(name);
  return model;
}

function notOnnx(name: string, cause?: unknown): StudioError {
  const message = `${name} is not a complete ONNX file. Choose an .onnx file, or download this one again.`;
  return new StudioError('bad-weights', 'model', message, { cause, file: name });
}

/** A file as {@link parseOnnx} read it, byte for byte, but for what was changed since. */
export function serializeOnnx(model: OnnxModel): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(ModelMessage.encode(model as unknown as protobuf.Message).finish());
}

export function toNumber(value: Int64): number {
  return typeof value === 'number' ? value : value.toNumber();
}

export function dimsOf(tensor: OnnxTensor): number[] {
  return tensor.dims.map(toNumber);
}

/** The initializers that hold float32 or float16 values, by name, in the file's order. */
export function floatInitializers(model: OnnxModel): Map<string, OnnxTensor> {
  const tensors = new Map<string, OnnxTensor>();
  for (const tensor of model.graph.initializer) {
    const isFloat = tensor.dataType === DataType.float || tensor.dataType === DataType.float16;
    if (isFloat && tensor.name) tensors.set(tensor.name, tensor);
  }
  return tensors;
}

/**
 * Values of a float32 or float16 tensor as float32.
 * @throws StudioError `bad-weights` if it has another type, lies outside the file or has not as many values as dims say.
 */
export function readFloats(tensor: OnnxTensor, file: string): FloatTensor {
  const name = tensor.name ?? '(unnamed)';
  const fail = (problem: string) =>
    new StudioError('bad-weights', 'model', `The weights ${name} in ${file} ${problem}.`, { file });
  if (tensor.externalData?.length) throw fail('lie in another file; export the network as a single file');
  const dims = dimsOf(tensor);
  const count = dims.reduce((product, size) => product * size, 1);
  const data = new Float32Array(count);
  const raw = tensor.rawData?.length ? tensor.rawData : null;
  if (tensor.dataType === DataType.float) {
    if (raw) {
      if (raw.length !== 4 * count) throw fail(`should be ${count} values and are ${raw.length / 4}`);
      const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
      for (let i = 0; i < count; i++) data[i] = view.getFloat32(4 * i, true);
    } else {
      const values = tensor.floatData ?? [];
      if (values.length !== count) throw fail(`should be ${count} values and are ${values.length}`);
      data.set(values);
    }
  } else if (tensor.dataType === DataType.float16) {
    if (raw) {
      if (raw.length !== 2 * count) throw fail(`should be ${count} values and are ${raw.length / 2}`);
      const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
      for (let i = 0; i < count; i++) data[i] = halfValue(view.getUint16(2 * i, true));
    } else {
      const values = tensor.int32Data ?? [];
      if (values.length !== count) throw fail(`should be ${count} values and are ${values.length}`);
      for (let i = 0; i < count; i++) data[i] = halfValue(values[i]);
    }
  } else {
    throw fail(`have ONNX data type ${tensor.dataType}; only float32 and float16 are read`);
  }
  return { dims, data };
}

/** How replaced values are stored: as the tensor was, or in full precision. */
export type Precision = 'stored' | 'float32';

/**
 * Replaces the values of an initializer; its dims stay. `float32` also suits a tensor kept as float16: the Cast that
 * reads it then changes nothing.
 * @throws RangeError if the number of values differs, or if one is not finite or too great for float16.
 */
export function writeFloats(tensor: OnnxTensor, data: Float32Array, precision: Precision): void {
  const name = tensor.name ?? '(unnamed)';
  const count = dimsOf(tensor).reduce((product, size) => product * size, 1);
  if (data.length !== count) throw new RangeError(`${name} holds ${count} values, not ${data.length}.`);
  const half = precision === 'stored' && tensor.dataType === DataType.float16;
  const raw = new Uint8Array(count * (half ? 2 : 4));
  const view = new DataView(raw.buffer);
  for (let i = 0; i < count; i++) {
    const value = data[i];
    if (!Number.isFinite(value)) throw new RangeError(`${name} would get the value ${value}.`);
    if (half) {
      const bits = halfBits(value);
      if ((bits & 0x7fff) === 0x7c00) throw new RangeError(`${name} would get ${value}, too great for float16.`);
      view.setUint16(2 * i, bits, true);
    } else {
      view.setFloat32(4 * i, value, true);
    }
  }
  tensor.dataType = half ? DataType.float16 : DataType.float;
  tensor.rawData = raw;
  delete tensor.floatData;
  delete tensor.int32Data;
}

/** Puts an entry into the model's metadata, in place of the one of this key if there is one. */
export function setMetadata(model: OnnxModel, key: string, value: string): void {
  const entry = model.metadataProps.find((each) => each.key === key);
  if (entry) entry.value = value;
  else model.metadataProps.push({ key, value });
}

/** An entry of the model's metadata, e.g. `pidinet.variant`. */
export function metadata(model: OnnxModel, key: string): string | undefined {
  return model.metadataProps.find((entry) => entry.key === key)?.value;
}
