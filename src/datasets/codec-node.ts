import sharp from 'sharp';
import { StudioError } from '../core/errors';
import type { ImageCodec } from './codec';
import { MAX_PIXELS } from './sniff';

/** The codec of the command line and of tests (libvips). */
export const nodeCodec: ImageCodec = {
  async decode(bytes, file, maxSide) {
    try {
      let pipeline = sharp(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS, ignoreIcc: true }).autoOrient();
      if (maxSide) {
        pipeline = pipeline.resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true });
      }
      const { data, info } = await pipeline
        .toColourspace('srgb')
        .ensureAlpha()
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true });
      return { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
    } catch (cause) {
      // The one format browsers read and libvips does not.
      if (bytes[0] === 0x42 && bytes[1] === 0x4d) {
        const message = `${file} is a BMP, which only the app reads. Save it as PNG.`;
        throw new StudioError('unsupported-image', 'decode', message, { file, cause });
      }
      throw new StudioError(
        'truncated-image',
        'decode',
        `${file} could not be decoded: its data is damaged or cut off. Copy it again from where it came from.`,
        { file, cause },
      );
    }
  },
};
