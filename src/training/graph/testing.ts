import * as tf from '@tensorflow/tfjs-core';
import type { HostTensor, HostValues } from '../../compute/onnx/session';
import { createNodeRuntime } from '../../compute/onnx/runtime-node';
import type { Random } from '../../core/random';
import { startTensorFlow } from '../tensorflow';
import { uniformValues } from '../tiny-networks';

/** What the tests of training share: ONNX Runtime beside TensorFlow.js, and numbers to feed both. */

await startTensorFlow();
const runtime = await createNodeRuntime({ threads: 1 });

export interface Numbers {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Runs the file in ONNX Runtime, native where that is installed. */
export async function runOnnx(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, Numbers>>,
): Promise<Record<string, HostValues>> {
  const session = await runtime.open(bytes, 'test.onnx');
  try {
    const host = Object.entries(feeds).map(([name, feed]): [string, HostTensor] => [
      name,
      { type: 'float32', ...feed },
    ]);
    return await session.compute(Object.fromEntries(host));
  } finally {
    await session.release();
  }
}

export function tensors(feeds: Readonly<Record<string, Numbers>>): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(feeds).map(([name, { dims, data }]) => [name, tf.tensor(data, [...dims])]));
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

/**
 * Values between −range and range in a random order, evenly apart and never 0: small steps cross no kink and change no
 * maximum.
 */
export function spread(random: Random, dims: readonly number[], range = 1): Numbers {
  const count = sizeOf(dims);
  const data = Float32Array.from({ length: count }, (_, i) => (range * (2 * i + 1 - count + (count % 2) / 2)) / count);
  for (let i = count - 1; i > 0; i--) {
    const j = random.int(0, i);
    [data[i], data[j]] = [data[j], data[i]];
  }
  return { dims, data };
}

export function uniform(random: Random, dims: readonly number[], low: number, high: number): Numbers {
  return { dims, data: uniformValues(random, dims, low, high) };
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}
