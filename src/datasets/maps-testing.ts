import { zlibSync } from 'fflate';

/** Test helpers: writers of the map files that the studio reads. */

type Values = Float32Array | Float64Array | Uint8Array | Uint16Array;

export interface TiffOptions {
  readonly compress?: boolean;
  /** Side of square tiles, a multiple of 16; strips of 7 rows if not given. */
  readonly tile?: number;
  readonly samplesPerPixel?: number;
  /** Instead of what the values are: 1 unsigned, 2 signed, 3 float. */
  readonly sampleFormat?: number;
  readonly photometric?: number;
}

/** A little-endian TIFF of one picture. */
export function tiffOf(values: Values, width: number, height: number, options: TiffOptions = {}) {
  const { compress = false, tile, samplesPerPixel = 1, photometric = 1 } = options;
  const isFloat = values instanceof Float32Array || values instanceof Float64Array;
  const size = values.BYTES_PER_ELEMENT;
  const blocks: Uint8Array[] = [];
  const [blockWidth, blockHeight] = tile ? [tile, tile] : [width, 7];
  for (let top = 0; top < height; top += blockHeight) {
    for (let left = 0; left < width; left += blockWidth) {
      // The last strip is cut short, tiles are filled up.
      const rows = tile ? tile : Math.min(blockHeight, height - top);
      const block = values.slice(0, 0).constructor as new (length: number) => Values;
      const cells = new block(rows * blockWidth);
      for (let y = 0; y < Math.min(rows, height - top); y++) {
        const row = (top + y) * width;
        cells.set(values.subarray(row + left, row + Math.min(width, left + blockWidth)), y * blockWidth);
      }
      const bytes = new Uint8Array(cells.buffer);
      blocks.push(compress ? zlibSync(bytes) : bytes);
    }
  }
  let end = 8;
  const offsets = blocks.map((block) => (end += block.length) - block.length);
  const lengths = blocks.map((block) => block.length);
  const entries: [tag: number, values: number[]][] = [
    [256, [width]],
    [257, [height]],
    [258, [size * 8]],
    [259, [compress ? 8 : 1]],
    [262, [photometric]],
    [277, [samplesPerPixel]],
    [339, [options.sampleFormat ?? (isFloat ? 3 : 1)]],
    ...(tile
      ? ([
          [322, [tile]],
          [323, [tile]],
          [324, offsets],
          [325, lengths],
        ] as [number, number[]][])
      : ([
          [273, offsets],
          [278, [blockHeight]],
          [279, lengths],
        ] as [number, number[]][])),
  ];
  entries.sort(([a], [b]) => a - b);
  const start = end + (end % 2);
  let extra = start + 2 + entries.length * 12 + 4;
  const total = extra + entries.reduce((sum, [, list]) => sum + (list.length > 1 ? list.length * 4 : 0), 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0]);
  view.setUint32(4, start, true);
  blocks.forEach((block, i) => bytes.set(block, offsets[i]));
  view.setUint16(start, entries.length, true);
  entries.forEach(([tag, list], i) => {
    const at = start + 2 + i * 12;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, 4, true);
    view.setUint32(at + 4, list.length, true);
    if (list.length === 1) {
      view.setUint32(at + 8, list[0], true);
    } else {
      view.setUint32(at + 8, extra, true);
      list.forEach((value, k) => view.setUint32(extra + 4 * k, value, true));
      extra += 4 * list.length;
    }
  });
  return bytes;
}

/** A NumPy file with this header and these bytes. */
export function npyOf(header: string, data: Uint8Array, version = 1): Uint8Array<ArrayBuffer> {
  const lengthBytes = version === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  const padded = header.padEnd(64 * Math.ceil((start + header.length + 1) / 64) - start - 1) + '\n';
  const bytes = new Uint8Array(start + padded.length + data.length);
  bytes.set([0x93, ...new TextEncoder().encode('NUMPY'), version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, padded.length, true);
  else view.setUint32(8, padded.length, true);
  bytes.set(new TextEncoder().encode(padded), start);
  bytes.set(data, start + padded.length);
  return bytes;
}

export const npyHeader = (descr: string, shape: string, fortran = false) =>
  `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`;

/** float32, C order. */
export function npyMap(values: Float32Array, width: number, height: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return npyOf(npyHeader('<f4', `(${height}, ${width})`), bytes);
}
