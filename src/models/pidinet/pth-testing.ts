import { zipSync } from 'fflate';
import { dimsOf, floatInitializers } from '../onnx-file/onnx';
import type { OnnxModel } from '../onnx-file/schema';

/** Test helpers: PyTorch checkpoints written by hand. */

/** A pickle, opcode by opcode. */
export class Pickle {
  readonly bytes: number[] = [0x80, 2];

  op(...bytes: number[]): this {
    this.bytes.push(...bytes);
    return this;
  }
  text(value: string): this {
    const utf8 = new TextEncoder().encode(value);
    return this.op(0x58, utf8.length & 255, utf8.length >> 8, 0, 0, ...utf8);
  }
  int(value: number): this {
    return this.op(0x4a, ...new Uint8Array(Int32Array.of(value).buffer));
  }
  tuple(...values: number[]): this {
    this.op(0x28);
    values.forEach((value) => this.int(value));
    return this.op(0x74);
  }
  global(module: string, name: string): this {
    return this.op(0x63, ...new TextEncoder().encode(`${module}\n${name}\n`));
  }
  orderedDict(): this {
    return this.global('collections', 'OrderedDict').op(0x29, 0x52);
  }
  tensor(key: string, count: number, offset: number, size: number[], stride: number[], type = 'FloatStorage'): this {
    this.global('torch._utils', '_rebuild_tensor_v2').op(0x28, 0x28);
    this.text('storage').global('torch', type).text(key).text('cpu').int(count).op(0x74, 0x51);
    this.int(offset)
      .tuple(...size)
      .tuple(...stride);
    return this.op(0x89).orderedDict().op(0x74, 0x52);
  }
  stop(): Uint8Array {
    return Uint8Array.from([...this.bytes, 0x2e]);
  }
}

export function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

/** A checkpoint of a pickle and its storages. */
export function pth(
  pickle: Uint8Array,
  storages: Record<string, Uint8Array> = {},
  extra: Record<string, Uint8Array> = {},
) {
  const files: Record<string, Uint8Array> = { 'archive/data.pkl': pickle, ...extra };
  for (const [key, bytes] of Object.entries(storages)) files[`archive/data/${key}`] = bytes;
  return zipSync(files, { level: 0 });
}

/** Dims of a template's weights as checkpoints have them: 3×3 where the graph has room for 5×5. */
export function checkpointDims(template: OnnxModel): Map<string, number[]> {
  const places = [...floatInitializers(template)];
  return new Map(places.map(([name, place]) => [name, dimsOf(place).map((size) => (size === 5 ? 3 : size))]));
}

/** A checkpoint as PiDiNet's authors publish them: tensors of these dims, named after a data-parallel module. */
export function checkpointOf(
  dims: ReadonlyMap<string, number[]>,
  valuesOf: (name: string, count: number, index: number) => Float32Array,
): Uint8Array<ArrayBuffer> {
  const pickle = new Pickle().op(0x7d).text('state_dict').orderedDict().op(0x28);
  const storages: Record<string, Uint8Array> = {};
  [...dims].forEach(([name, size], index) => {
    const count = size.reduce((product, length) => product * length, 1);
    const stride = size.map((_, axis) => size.slice(axis + 1).reduce((product, length) => product * length, 1));
    pickle.text(`module.${name}`).tensor(String(index), count, 0, size, stride);
    storages[index] = new Uint8Array(valuesOf(name, count, index).buffer);
  });
  return pth(pickle.op(0x75, 0x73).stop(), storages);
}
