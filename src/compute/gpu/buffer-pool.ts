import { StudioError } from '../../core/errors';
import { BUFFER } from './flags';

/** What every raster buffer can do: be read and written by shaders, and be copied from and to. */
const USAGE = BUFFER.STORAGE | BUFFER.COPY_SRC | BUFFER.COPY_DST;

/** Bytes of free buffers kept for reuse. An edit at 1024² keeps about ten planes of 4 MiB in turn. */
const KEPT_BYTES = 128 * 1024 * 1024;

/**
 * Storage buffers, reused by exact size: a session works at one image size, so sizes repeat. A buffer may be handed on
 * while commands that use it are still in flight, because the queue runs them in order.
 */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #dirty: number | undefined;
  /** Free buffers, oldest first. */
  #free: GPUBuffer[] = [];
  #freeBytes = 0;
  #inUse = new Set<GPUBuffer>();

  /** @param dirty when given, every buffer is handed out filled with it, so that tests see cells nobody wrote. */
  constructor(device: GPUDevice, dirty?: number) {
    this.#device = device;
    this.#dirty = dirty;
  }

  /** Buffers handed out and not taken back. */
  get inUse(): number {
    return this.#inUse.size;
  }

  /**
   * A buffer for `values` float32, contents undefined, at most 12 bytes longer than asked.
   * @throws StudioError `image-too-large` if the device cannot bind that much.
   */
  acquire(values: number): GPUBuffer {
    const size = Math.ceil((values * 4) / 16) * 16;
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#device.limits;
    const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    if (size > limit) {
      throw new StudioError(
        'image-too-large',
        'compute',
        `This image needs a block of ${mebibytes(size)} MB on the graphics device, which allows ${mebibytes(limit)} MB. ` +
          'Choose a smaller working size, or switch to the CPU.',
      );
    }
    const at = this.#free.findLastIndex((buffer) => buffer.size === size);
    let buffer: GPUBuffer;
    if (at >= 0) {
      [buffer] = this.#free.splice(at, 1);
      this.#freeBytes -= size;
    } else {
      buffer = this.#device.createBuffer({ label: 'raster', size, usage: USAGE });
    }
    this.#inUse.add(buffer);
    if (this.#dirty !== undefined) {
      this.#device.queue.writeBuffer(buffer, 0, new Float32Array(size / 4).fill(this.#dirty));
    }
    return buffer;
  }

  giveBack(buffer: GPUBuffer): void {
    if (!this.#inUse.delete(buffer)) throw new RangeError('This buffer does not belong to the pool, or not any more.');
    this.#free.push(buffer);
    this.#freeBytes += buffer.size;
    while (this.#freeBytes > KEPT_BYTES) {
      const oldest = this.#free.shift() as GPUBuffer;
      this.#freeBytes -= oldest.size;
      oldest.destroy();
    }
  }

  /** Destroys everything, also what is still handed out. */
  dispose(): void {
    for (const buffer of [...this.#free, ...this.#inUse]) buffer.destroy();
    this.#free = [];
    this.#freeBytes = 0;
    this.#inUse.clear();
  }
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}
