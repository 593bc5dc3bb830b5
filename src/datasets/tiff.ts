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

/** TIFF's types of values. */
const SHORT = 3;
const LONG = 4;

/**
 * Writes one channel as a TIFF of float32: one strip, not compressed, little-endian. The official evaluations of MVTec AD
 * and LOCO read it.
 */
export function encodeTiff({ data, width, height, channels }: Raster): Uint8Array<ArrayBuffer> {
  if (channels !== 1) throw new RangeError(`A map has one channel, not ${channels}.`);
  const header = 8;
  const directory = header + 4 * data.length;
  const entries: readonly (readonly [tag: number, type: number, value: number])[] = [
    [256, LONG, width],
    [257, LONG, height],
    [258, SHORT, 32], // bits per sample
    [259, SHORT, 1], // not compressed
    [262, SHORT, 1], // black is zero
    [273, LONG, header], // where the strip begins
    [277, SHORT, 1], // samples per pixel
    [278, LONG, height], // rows of the strip
    [279, LONG, 4 * data.length], // its bytes
    [339, SHORT, FLOAT],
  ];
  const bytes = new Uint8Array(directory + 2 + 12 * entries.length + 4);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0]);
  view.setUint32(4, directory, true);
  data.forEach((value, i) => view.setFloat32(header + 4 * i, value, true));
  view.setUint16(directory, entries.length, true);
  entries.forEach(([tag, type, value], i) => {
    const at = directory + 2 + 12 * i;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, 1, true);
    // Two bytes of a short come first in its four.
    view.setUint32(at + 8, value, true);
  });
  return bytes;
}
