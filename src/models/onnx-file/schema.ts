import type Long from 'long';
import protobuf from 'protobufjs/light.js';

/**
 * The part of ONNX's protocol buffers (IR version 3 and later) that reading and rewriting a network needs. Field
 * numbers and enumeration values are ONNX's. Fields that are not named here are carried over unread by
 * `parseOnnx`/`serializeOnnx`, so a file loses nothing on the way.
 */
const DESCRIPTOR: protobuf.INamespace = {
  nested: {
    ModelProto: message({
      irVersion: { type: 'int64', id: 1 },
      producerName: { type: 'string', id: 2 },
      producerVersion: { type: 'string', id: 3 },
      domain: { type: 'string', id: 4 },
      modelVersion: { type: 'int64', id: 5 },
      docString: { type: 'string', id: 6 },
      graph: { type: 'GraphProto', id: 7 },
      opsetImport: { rule: 'repeated', type: 'OperatorSetIdProto', id: 8 },
      metadataProps: { rule: 'repeated', type: 'StringStringEntryProto', id: 14 },
    }),
    OperatorSetIdProto: message({ domain: { type: 'string', id: 1 }, version: { type: 'int64', id: 2 } }),
    StringStringEntryProto: message({ key: { type: 'string', id: 1 }, value: { type: 'string', id: 2 } }),
    GraphProto: message({
      node: { rule: 'repeated', type: 'NodeProto', id: 1 },
      name: { type: 'string', id: 2 },
      initializer: { rule: 'repeated', type: 'TensorProto', id: 5 },
      docString: { type: 'string', id: 10 },
      input: { rule: 'repeated', type: 'ValueInfoProto', id: 11 },
      output: { rule: 'repeated', type: 'ValueInfoProto', id: 12 },
      valueInfo: { rule: 'repeated', type: 'ValueInfoProto', id: 13 },
    }),
    NodeProto: message({
      input: { rule: 'repeated', type: 'string', id: 1 },
      output: { rule: 'repeated', type: 'string', id: 2 },
      name: { type: 'string', id: 3 },
      opType: { type: 'string', id: 4 },
      attribute: { rule: 'repeated', type: 'AttributeProto', id: 5 },
      docString: { type: 'string', id: 6 },
      domain: { type: 'string', id: 7 },
    }),
    AttributeProto: message({
      name: { type: 'string', id: 1 },
      f: { type: 'float', id: 2 },
      i: { type: 'int64', id: 3 },
      s: { type: 'bytes', id: 4 },
      t: { type: 'TensorProto', id: 5 },
      g: { type: 'GraphProto', id: 6 },
      floats: { rule: 'repeated', type: 'float', id: 7 },
      ints: { rule: 'repeated', type: 'int64', id: 8 },
      strings: { rule: 'repeated', type: 'bytes', id: 9 },
      tensors: { rule: 'repeated', type: 'TensorProto', id: 10 },
      graphs: { rule: 'repeated', type: 'GraphProto', id: 11 },
      docString: { type: 'string', id: 13 },
      type: { type: 'int32', id: 20 },
      refAttrName: { type: 'string', id: 21 },
    }),
    TensorProto: message({
      dims: { rule: 'repeated', type: 'int64', id: 1 },
      dataType: { type: 'int32', id: 2 },
      floatData: packed('float', 4),
      int32Data: packed('int32', 5),
      stringData: { rule: 'repeated', type: 'bytes', id: 6 },
      int64Data: packed('int64', 7),
      name: { type: 'string', id: 8 },
      rawData: { type: 'bytes', id: 9 },
      doubleData: packed('double', 10),
      uint64Data: packed('uint64', 11),
      docString: { type: 'string', id: 12 },
      externalData: { rule: 'repeated', type: 'StringStringEntryProto', id: 13 },
      dataLocation: { type: 'int32', id: 14 },
    }),
    ValueInfoProto: message({
      name: { type: 'string', id: 1 },
      type: { type: 'TypeProto', id: 2 },
      docString: { type: 'string', id: 3 },
    }),
    TypeProto: message({ tensorType: { type: 'TensorTypeProto', id: 1 }, denotation: { type: 'string', id: 6 } }),
    TensorTypeProto: message({ elemType: { type: 'int32', id: 1 }, shape: { type: 'TensorShapeProto', id: 2 } }),
    TensorShapeProto: message({ dim: { rule: 'repeated', type: 'DimensionProto', id: 1 } }),
    DimensionProto: message({
      dimValue: { type: 'int64', id: 1 },
      dimParam: { type: 'string', id: 2 },
      denotation: { type: 'string', id: 3 },
    }),
  },
};

/** ONNX's schema is proto2: a field set to 0 is not the same as none, and an attribute's `axis = 0` has to stay. */
function message(fields: Record<string, protobuf.IField>): protobuf.IType {
  return { edition: 'proto2', fields };
}

function packed(type: string, id: number): protobuf.IField {
  return { rule: 'repeated', type, id, options: { packed: true } };
}

export const ModelMessage = protobuf.Root.fromJSON(DESCRIPTOR).lookupType('ModelProto');

/** What protobuf calls int64: exact as a `Long` once read, and a number is taken where one is written. */
export type Int64 = Long | number;

/** `TensorProto.DataType`: the element types the studio meets. */
export const DataType = { float: 1, int32: 6, int64: 7, float16: 10, double: 11 } as const;

/** `AttributeProto.AttributeType`. */
export const AttributeType = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

export interface OnnxModel {
  irVersion: Int64;
  producerName?: string;
  graph: OnnxGraph;
  opsetImport: { domain?: string; version: Int64 }[];
  metadataProps: { key: string; value: string }[];
}

export interface OnnxGraph {
  name: string;
  node: OnnxNode[];
  initializer: OnnxTensor[];
  input: OnnxValueInfo[];
  output: OnnxValueInfo[];
}

export interface OnnxNode {
  name?: string;
  opType: string;
  domain?: string;
  input: string[];
  output: string[];
  attribute: OnnxAttribute[];
}

/** Which field holds the value follows from `type`. */
export interface OnnxAttribute {
  name: string;
  type: number;
  f?: number;
  i?: Int64;
  s?: Uint8Array;
  t?: OnnxTensor;
  g?: OnnxGraph;
  floats?: number[];
  ints?: Int64[];
  strings?: Uint8Array[];
}

/** Values lie in `rawData` (little-endian) or in the list that belongs to the type. */
export interface OnnxTensor {
  name?: string;
  dims: Int64[];
  dataType: number;
  rawData?: Uint8Array;
  floatData?: number[];
  /** Also float16, as bit patterns. */
  int32Data?: number[];
  int64Data?: Int64[];
  doubleData?: number[];
  externalData?: { key: string; value: string }[];
}

export interface OnnxValueInfo {
  name: string;
  type?: {
    tensorType?: { elemType: number; shape?: { dim: { dimValue?: Int64; dimParam?: string }[] } };
  };
}
