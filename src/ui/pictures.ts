import type { BlobStore } from '../project/blobs';
import type { ImageSource } from '../project/document';

/**
 * Addresses by which <img> shows stored pictures. Blobs become object URLs; those least recently asked for are given
 * back once there are more than `capacity`. A failed read is forgotten, so that the next one tries again.
 */
export class Pictures {
  readonly #urls = new Map<string, Promise<string>>();

  constructor(
    private readonly blobs: Pick<BlobStore, 'get'>,
    private readonly capacity = 800,
  ) {}

  /** @throws StudioError `file-vanished` if the blob is gone. */
  urlOf(source: ImageSource): Promise<string> {
    return source.kind === 'url' ? Promise.resolve(source.url) : this.blobUrl(source.sha256);
  }

  blobUrl(sha256: string): Promise<string> {
    const known = this.#urls.get(sha256);
    if (known) {
      // Map keeps insertion order: putting it in anew makes it the youngest.
      this.#urls.delete(sha256);
      this.#urls.set(sha256, known);
      return known;
    }
    const url = this.blobs.get(sha256).then((bytes) => URL.createObjectURL(new Blob([bytes], { type: typeOf(bytes) })));
    this.#urls.set(sha256, url);
    url.catch(() => this.#urls.delete(sha256));
    for (const [oldest, old] of this.#urls) {
      if (this.#urls.size <= this.capacity) break;
      this.#urls.delete(oldest);
      void old.then((address) => URL.revokeObjectURL(address)).catch(() => undefined);
    }
    return url;
  }

  /** The decoded picture, e.g. to compare a kept variant on the canvas. The caller closes it. */
  async bitmapOf(sha256: string): Promise<ImageBitmap> {
    const bytes = await this.blobs.get(sha256);
    return createImageBitmap(new Blob([bytes], { type: typeOf(bytes) }));
  }
}

/** The media type from the first bytes: a page that is cross-origin isolated does not let <img> guess. */
function typeOf(bytes: Uint8Array): string {
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return 'image/png';
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'image/jpeg';
  if (bytes[0] === 0x47 && bytes[1] === 0x49) return 'image/gif';
  if (bytes[0] === 0x42 && bytes[1] === 0x4d) return 'image/bmp';
  if (bytes[8] === 0x57 && bytes[9] === 0x45) return 'image/webp';
  return 'application/octet-stream';
}
