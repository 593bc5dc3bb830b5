import { BUFFER } from './flags';

/** The scalars of one uniform block, in the order of the WGSL struct; every member is 4 bytes. */
export class UniformBlock {
  readonly bytes = new ArrayBuffer(SLOT_BYTES);
  readonly #view = new DataView(this.bytes);
  #at = 0;

  u32(...values: number[]): this {
    for (const value of values) this.#view.setUint32(this.#next(), value, true);
    return this;
  }

  i32(...values: number[]): this {
    for (const value of values) this.#view.setInt32(this.#next(), value, true);
    return this;
  }

  f32(...values: number[]): this {
    for (const value of values) this.#view.setFloat32(this.#next(), value, true);
    return this;
  }

  /** Skips to the next multiple of 16 bytes, where vectors of four begin. */
  align(): this {
    this.#at = Math.ceil(this.#at / 16) * 16;
    return this;
  }

  #next(): number {
    const at = this.#at;
    this.#at += 4;
    return at;
  }
}

/** Bytes of one block: room for a spline of nine points, and a multiple of every device's offset alignment (≤ 256). */
export const SLOT_BYTES = 256;
const SLOTS = 256;

/**
 * Uniform blocks in one buffer, used in turn. Any number of dispatches may be in flight: a slot is rewritten by
 * `queue.writeBuffer`, which the queue orders after every command submitted before, among them the slot's last reader.
 * Only blocks of the same submission must not share a slot, hence {@link UniformRing.capacity}.
 */
export class UniformRing {
  readonly #device: GPUDevice;
  readonly #buffer: GPUBuffer;
  #next = 0;

  /** Blocks that one submission may use. */
  readonly capacity = SLOTS;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#buffer = device.createBuffer({
      label: 'uniforms',
      size: SLOTS * SLOT_BYTES,
      usage: BUFFER.UNIFORM | BUFFER.COPY_DST,
    });
  }

  write(block: UniformBlock): GPUBufferBinding {
    const offset = this.#next * SLOT_BYTES;
    this.#next = (this.#next + 1) % SLOTS;
    this.#device.queue.writeBuffer(this.#buffer, offset, block.bytes);
    return { buffer: this.#buffer, offset, size: SLOT_BYTES };
  }

  dispose(): void {
    this.#buffer.destroy();
  }
}
