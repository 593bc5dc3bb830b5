import { encode } from 'fast-png';
import type { Image8 } from '../core/raster';

/** Decodes pictures; the browser and Node each have one, everything above is written once. */
export interface ImageCodec {
  /**
   * Decodes a file already checked by `sniffImage`, upright (EXIF orientation applied), sRGB values untouched, and
   * scaled down so that neither side exceeds `maxSide` px (if given).
   * @throws StudioError `truncated-image` when the compressed data is damaged.
   */
  decode(bytes: Uint8Array, file: string, maxSide?: number): Promise<Image8>;
}

/** PNG, 8-bit grey; the same bytes in the browser and in Node. */
export function encodeGreyPng(grey: Uint8Array, width: number, height: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(encode({ width, height, data: grey, channels: 1, depth: 8 }));
}

/** PNG, 8-bit RGB (alpha dropped: results are opaque); the same bytes in the browser and in Node. */
export function encodeRgbPng(image: Image8): Uint8Array<ArrayBuffer> {
  const { width, height, data } = image;
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0, o = 0; i < data.length; i += 4) {
    rgb[o++] = data[i];
    rgb[o++] = data[i + 1];
    rgb[o++] = data[i + 2];
  }
  return Uint8Array.from(encode({ width, height, data: rgb, channels: 3, depth: 8 }));
}
