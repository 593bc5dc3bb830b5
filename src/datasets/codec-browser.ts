import { StudioError } from '../core/errors';
import { fitInside } from '../core/size';
import type { ImageCodec } from './codec';

/** The codec of the worker: the browser's own decoders. Values are taken as stored: no colour conversion. */
export const browserCodec: ImageCodec = {
  async decode(bytes, file, maxSide) {
    let bitmap: ImageBitmap | undefined;
    try {
      bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
        colorSpaceConversion: 'none',
        premultiplyAlpha: 'none',
        imageOrientation: 'from-image',
      });
      const { width, height } = fitInside(bitmap.width, bitmap.height, maxSide ?? Infinity);
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      if (!context) throw new Error('no 2-D canvas');
      context.imageSmoothingQuality = 'high';
      context.drawImage(bitmap, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      return { width, height, data };
    } catch (cause) {
      throw new StudioError(
        'truncated-image',
        'decode',
        `${file} could not be decoded: its data is damaged, or there is too little memory for it. Copy it again, or scale it down.`,
        { file, cause },
      );
    } finally {
      bitmap?.close();
    }
  },
};
