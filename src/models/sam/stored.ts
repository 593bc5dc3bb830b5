import { RleBuilder } from '../../core/rle';
import type { HostValues } from '../../compute/onnx/session';
import type { Size } from './geometry';
import type { Embedding, SegmentedMask } from './segmenter';

/**
 * Embeddings and raw masks as bytes, so that they outlive the page. Both are the network's own numbers, unrounded: what
 * is read back gives the same masks as what was written. Little-endian, as every machine that runs a browser is.
 */

/** Names what an encoder made of an image at one size. */
export interface EmbeddingKey extends Size {
  /** SHA-256 of the image file. */
  readonly image: string;
  /** SHA-256 of the encoder. */
  readonly encoder: string;
}

/** Names what everything mode found. */
export interface CandidatesKey extends EmbeddingKey {
  /** SHA-256 of the decoder. */
  readonly decoder: string;
}

export function embeddingName({ image, encoder, width, height }: EmbeddingKey): string {
  return `embedding.${image}.${encoder}.${width}x${height}`;
}

export function candidatesName({ image, encoder, decoder, width, height }: CandidatesKey): string {
  return `candidates.${image}.${encoder}.${decoder}.${width}x${height}`;
}

interface EmbeddingHeader extends Size {
  readonly side: number;
  readonly image: readonly number[];
  readonly positional: readonly number[] | null;
}

const count = (dims: readonly number[]) => dims.reduce((product, size) => product * size, 1);

/** A header's length (uint32), the header as JSON padded with spaces to 4 bytes, then the values. */
export function encodeEmbedding({ width, height, side, image, positional }: Embedding): Uint8Array<ArrayBuffer> {
  const header: EmbeddingHeader = { width, height, side, image: image.dims, positional: positional?.dims ?? null };
  const text = new TextEncoder().encode(padded(JSON.stringify(header)));
  const bytes = new Uint8Array(4 + text.length + image.data.byteLength + (positional?.data.byteLength ?? 0));
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.set(raw(image.data), 4 + text.length);
  if (positional) bytes.set(raw(positional.data), 4 + text.length + image.data.byteLength);
  return bytes;
}

/** Null if the bytes are not of this form, as another version may have written them. */
export function decodeEmbedding(bytes: Uint8Array<ArrayBuffer>): Embedding | null {
  try {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const text = new TextDecoder().decode(bytes.subarray(4, 4 + length));
    const { width, height, side, image, positional } = JSON.parse(text) as EmbeddingHeader;
    let at = bytes.byteOffset + 4 + length;
    const take = (dims: readonly number[]): HostValues => {
      const values = { dims, data: new Float32Array(bytes.buffer.slice(at, at + 4 * count(dims))) };
      if (values.data.length !== count(dims)) throw new RangeError('It ends too early.');
      at += values.data.byteLength;
      return values;
    };
    const values = { image: take(image), positional: positional && take(positional) };
    return { width, height, side, ...values, samplers: new Map() };
  } catch {
    return null;
  }
}

function padded(text: string): string {
  return text + ' '.repeat((4 - (new TextEncoder().encode(text).length % 4)) % 4);
}

function raw({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * Width, height and number of masks; then of each mask quality and stability (float64), number of runs, and for each run
 * the gap before it and its length. Whole numbers are varints: seven bits a byte, low ones first.
 * @param masks all of one size.
 */
export function encodeCandidates(masks: readonly SegmentedMask[], { width, height }: Size): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  for (const value of [width, height, masks.length]) out.varint(value);
  for (const { mask, quality, stability } of masks) {
    out.float64(quality);
    out.float64(stability);
    out.varint(mask.runs.length / 2);
    let end = 0;
    for (let i = 0; i < mask.runs.length; i += 2) {
      out.varint(mask.runs[i] - end);
      out.varint(mask.runs[i + 1] - mask.runs[i]);
      end = mask.runs[i + 1];
    }
  }
  return out.bytes();
}

/** Null if the bytes are not of this form. */
export function decodeCandidates(bytes: Uint8Array<ArrayBuffer>): SegmentedMask[] | null {
  try {
    const input = new ByteReader(bytes);
    const [width, height, total] = [input.varint(), input.varint(), input.varint()];
    const masks: SegmentedMask[] = [];
    for (let m = 0; m < total; m++) {
      const [quality, stability] = [input.float64(), input.float64()];
      const runs = input.varint();
      const builder = new RleBuilder(width, height);
      let at = 0;
      for (let r = 0; r < runs; r++) {
        const start = at + input.varint();
        at = start + input.varint();
        if (at > width * height) throw new RangeError('A run ends outside the mask.');
        builder.push(start, at);
      }
      masks.push({ mask: builder.build(), quality, stability });
    }
    return masks;
  } catch {
    return null;
  }
}

class ByteWriter {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * this.#bytes.length);
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

class ByteReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @throws RangeError past the end. */
  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#view.getUint8(this.#at++);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  float64(): number {
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }
}
