import type { TensorInfo } from '../../compute/onnx/session';
import { toNumber } from './onnx';
import { DataType, type OnnxModel, type OnnxValueInfo } from './schema';

/** What a network takes and gives, as its file says. */
export interface Signature {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

export function signatureOf({ graph }: OnnxModel): Signature {
  // Old exports list their weights among the inputs.
  const weights = new Set(graph.initializer.map(({ name }) => name));
  return {
    inputs: graph.input.filter(({ name }) => !weights.has(name)).map(infoOf),
    outputs: graph.output.map(infoOf),
  };
}

function infoOf({ name, type }: OnnxValueInfo): TensorInfo {
  const tensor = type?.tensorType;
  const types: Record<number, string> = { [DataType.float]: 'float32', [DataType.int64]: 'int64' };
  // A size that is not fixed reads as 0, with or without a name.
  const shape = tensor?.shape?.dim.map(({ dimValue = 0, dimParam = '' }) => toNumber(dimValue) || dimParam);
  return { name, type: types[tensor?.elemType ?? 0] ?? 'other', shape: shape ?? [] };
}
