import { z } from 'zod';
import { StudioError } from '../../core/errors';

/**
 * The safetensors format: eight bytes with the header's length, a JSON header that says name, type, shape and place of
 * every tensor, the values little-endian. Readable by Python's `safetensors` too.
 */

export type StoredTensor =
  | { readonly type: 'F32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly type: 'U8'; readonly shape: readonly number[]; readonly data: Uint8Array };

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const METADATA = '__metadata__';
const LENGTH_BYTES = 8;
const BYTES = { F32: 4, U8: 1 } as const;

const metadataSchema = z.record(z.string(), z.string());
const entrySchema = z.object({
  dtype: z.enum(['F32', 'U8']),
  shape: z.array(z.number().int().nonnegative()),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
});
const headerSchema = z.record(z.string(), z.unknown());

/** @throws RangeError for a tensor whose values do not fill its shape. */
export function encodeSafetensors({ tensors, metadata }: TensorFile): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { [METADATA]: metadata };
  let size = 0;
  // Four-byte values first: they then lie at multiples of four.
  const ordered = [...tensors].sort(([, a], [, b]) => BYTES[b.type] - BYTES[a.type]);
  for (const [name, { type, shape, data }] of ordered) {
    if (countOf(shape) !== data.length)
      throw new RangeError(`${name} has ${data.length} values for [${shape.join()}].`);
    header[name] = { dtype: type, shape, data_offsets: [size, size + data.byteLength] };
    size += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = LENGTH_BYTES + Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(start + size);
  new DataView(out.buffer).setBigUint64(0, BigInt(start - LENGTH_BYTES), true);
  out.fill(0x20, LENGTH_BYTES, start);
  out.set(text, LENGTH_BYTES);
  let at = start;
  for (const [, { data }] of ordered) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return out;
}

/**
 * @param name the file's name, for errors.
 * @throws StudioError `bad-checkpoint` for anything but a whole file of this format.
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): TensorFile {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const start = LENGTH_BYTES + Number(view.getBigUint64(0, true));
    if (start > bytes.length) throw new RangeError('The header is cut off.');
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, start));
    const { [METADATA]: metadata = {}, ...entries } = headerSchema.parse(JSON.parse(text));
    const tensors = new Map<string, StoredTensor>();
    for (const [tensor, entry] of Object.entries(entries)) {
      const {
        dtype: type,
        shape,
        data_offsets: [from, to],
      } = entrySchema.parse(entry);
      if (start + to > bytes.length || to - from !== countOf(shape) * BYTES[type]) {
        throw new RangeError(`The values of ${tensor} are cut off.`);
      }
      // A copy, so that it is aligned and does not hold the whole file.
      const raw = Uint8Array.from(bytes.subarray(start + from, start + to));
      tensors.set(
        tensor,
        type === 'F32' ? { type, shape, data: new Float32Array(raw.buffer) } : { type, shape, data: raw },
      );
    }
    return { tensors, metadata: metadataSchema.parse(metadata) };
  } catch (cause) {
    throw badCheckpoint(name, cause);
  }
}

export function badCheckpoint(name: string, cause?: unknown): StudioError {
  const message = `${name} is no complete training checkpoint. Choose another one, or start the training anew.`;
  return new StudioError('bad-checkpoint', 'training', message, { file: name, cause });
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
