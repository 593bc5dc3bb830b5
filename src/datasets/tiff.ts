import { decode, isMultiPage, type TiffIfd } from 'tiff';
import { StudioError } from '../core/errors';
import { rasterOf, type Raster } from '../core/raster';
import { MAX_PIXELS } from './sniff';

const UNSIGNED = 1;
const FLOAT = 3;

/**
 * Reads a one-channel TIFF of float32, float64 (rounded to float32), uint8 or uint16; strips or tiles, stored as they
 * are or compressed (deflate, LZW). Values are taken as stored: nothing is scaled.
 * @throws StudioError `bad-map` naming the file.
 */
export function decodeTiff(bytes: Uint8Array, file: string): Raster {
  if (reading(file, () => isMultiPage(bytes))) throw fail(file, 'holds several pictures; an anomaly map is one');
  // The header first: the decoder takes some formats for others, and would reserve any size a damaged one names.
  const page = (ignoreImageData: boolean): TiffIfd =>
    reading(file, () => decode(bytes, { pages: [0], ignoreImageData }))[0];
  checkFormat(page(true), file);
  const { width, height, data } = page(false);
  return rasterOf(Float32Array.from(data), width, height);
}

function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    // The library's own words name what it does not support; anything else means that it read past the end.
    const unsupported = /^unsupported|predictor|differencing/i.test(reason);
    const problem = unsupported ? `is stored in a way that is not read (${reason})` : 'is not a whole TIFF file';
    throw fail(file, problem, cause);
  }
}

function checkFormat(page: TiffIfd, file: string): void {
  const { width, height, bitsPerSample: bits, sampleFormat: format, samplesPerPixel: samples, type } = page;
  if (!(width > 0 && height > 0)) throw fail(file, 'is not a whole TIFF file');
  if (width * height > MAX_PIXELS) throw fail(file, `has ${width}×${height} pixels; up to ${MAX_PIXELS} are read`);
  if (samples !== 1) throw fail(file, `has ${samples} channels; an anomaly map has one`);
  const isRead = format === FLOAT ? bits === 32 || bits === 64 : format === UNSIGNED && (bits === 8 || bits === 16);
  if (!isRead) {
    const kind = { 1: 'unsigned', 2: 'signed', 3: 'float' }[format] ?? 'unknown';
    throw fail(file, `holds ${kind} values of ${bits} bits; float32, float64, uint8 and uint16 are read`);
  }
  // The decoder undoes prediction along the rows of the whole picture, not of each tile.
  if (page.tiled && page.predictor !== 1) throw fail(file, 'has tiles with a predictor, which are not read');
  if (type !== 1) throw fail(file, 'does not say that black is zero');
}

function fail(file: string, problem: string, cause?: unknown): StudioError {
  const message = `${file} ${problem}. Save the map as a TIFF of float32 with one channel of the image's size.`;
  return new StudioError('bad-map', 'decode', message, { file, cause });
}
