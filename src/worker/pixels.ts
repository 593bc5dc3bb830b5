import { StudioError } from '../core/errors';
import { sha256 } from '../core/hash';
import type { Image8 } from '../core/raster';
import { browserCodec } from '../datasets/codec-browser';
import type { BlobStore } from '../project/blobs';
import type { ImageRecord, ImageSource } from '../project/document';

/** Reads what image records refer to. */
export class Pixels {
  /** Where the studio itself lies; addresses of the demo are relative to it. */
  base = self.location.href;

  constructor(private readonly blobs: BlobStore) {}

  /**
   * The bytes of a stored file or of one that comes with the studio.
   * @throws StudioError `file-vanished`.
   */
  async bytes(source: ImageSource, name: string): Promise<Uint8Array<ArrayBuffer>> {
    if (source.kind === 'blob') return this.blobs.get(source.sha256);
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      const response = await fetch(new URL(source.url, this.base));
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      bytes = new Uint8Array(await response.arrayBuffer());
    } catch (cause) {
      throw new StudioError(
        'file-vanished',
        'import',
        `${name} belongs to the studio's demo but could not be loaded. Check that the studio is still being served, then reload the page.`,
        { file: name, cause },
      );
    }
    if ((await sha256(bytes)) !== source.sha256) {
      throw new StudioError(
        'file-vanished',
        'import',
        `${name} is not the picture the project was made with: the demo has changed. Open the demo again.`,
        { file: name },
      );
    }
    return bytes;
  }

  /** Decodes an image, no side longer than `maxSide` px. */
  async decode(image: ImageRecord, maxSide: number): Promise<Image8> {
    return browserCodec.decode(await this.bytes(image.source, image.name), image.name, maxSide);
  }
}

/** Encodes a small picture for lists. */
export async function encodeThumbnail(image: Image8): Promise<Uint8Array<ArrayBuffer>> {
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d')!.putImageData(new ImageData(image.data, image.width, image.height), 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.85 });
  return new Uint8Array(await blob.arrayBuffer());
}
