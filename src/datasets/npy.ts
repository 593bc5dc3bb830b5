import { StudioError } from '../core/errors';
import { rasterOf, type Raster } from '../core/raster';
import { halfValue } from '../models/onnx-file/half';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Readers by dtype without its byte order. */
const DTYPES: Record<string, { size: number; read(view: DataView, at: number, little: boolean): number }> = {
  f4: { size: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { size: 8, read: (view, at, little) => view.getFloat64(at, little) },
  f2: { size: 2, read: (view, at, little) => halfValue(view.getUint16(at, little)) },
  u2: { size: 2, read: (view, at, little) => view.getUint16(at, little) },
  u1: { size: 1, read: (view, at) => view.getUint8(at) },
};

/**
 * Reads a NumPy array (format 1 to 3, C or Fortran order, float16, float32, float64, uint8 or uint16) of shape H×W, or
 * H×W behind axes of length 1, as one channel. float64 is rounded to float32.
 * @throws StudioError `bad-map` naming the file.
 */
export function decodeNpy(bytes: Uint8Array, file: string): Raster {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw fail(file, 'is not a NumPy array');
  const version = bytes[6];
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw cut(file);
  if (version < 1 || version > 3) throw fail(file, `has version ${version} of the format; 1 to 3 are read`);
  const end = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length) throw cut(file);
  const { descr, fortran, shape } = readHeader(new TextDecoder().decode(bytes.subarray(start, end)), file);

  const dtype = DTYPES[descr.slice(1)];
  if (!dtype) throw fail(file, `holds values of type ${descr}; real numbers (f2, f4, f8, u1, u2) are read`);
  const [height, width] = shape.slice(-2);
  if (shape.length < 2 || shape.slice(0, -2).some((length) => length !== 1) || height === 0 || width === 0) {
    throw fail(file, `has the shape (${shape.join(', ')}); an anomaly map is (height, width)`);
  }
  const count = height * width;
  if (bytes.length - end < count * dtype.size) throw cut(file);
  const little = descr[0] !== '>';
  const data = new Float32Array(count);
  if (fortran) {
    for (let i = 0; i < count; i++) {
      data[(i % height) * width + Math.floor(i / height)] = dtype.read(view, end + i * dtype.size, little);
    }
  } else {
    for (let i = 0; i < count; i++) data[i] = dtype.read(view, end + i * dtype.size, little);
  }
  return rasterOf(data, width, height);
}

/** The header is a Python dictionary with these three keys. */
function readHeader(text: string, file: string): { descr: string; fortran: boolean; shape: number[] } {
  const descr = /'descr'\s*:\s*'([<>|=][a-zA-Z]\d+)'/.exec(text)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape'\s*:\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (descr === undefined || fortran === undefined || shape === undefined) {
    throw fail(file, 'is an array of records or objects, or has a damaged header');
  }
  const lengths = shape.split(',').filter((part) => part.trim() !== '');
  return { descr, fortran: fortran === 'True', shape: lengths.map(Number) };
}

function fail(file: string, problem: string): StudioError {
  const message = `${file} ${problem}. Save the map with numpy.save as float32 of the image's size.`;
  return new StudioError('bad-map', 'decode', message, { file });
}

function cut(file: string): StudioError {
  const message = `${file} is cut off: values are missing at its end. Write it again.`;
  return new StudioError('bad-map', 'decode', message, { file });
}

/** Writes one channel as a NumPy array of float32, shape (height, width), C order; `numpy.load` and {@link decodeNpy} read it. */
export function encodeNpy({ data, width, height, channels }: Raster): Uint8Array<ArrayBuffer> {
  if (channels !== 1) throw new RangeError(`A map has one channel, not ${channels}.`);
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${height}, ${width}), }`;
  // What precedes the values fills whole blocks of 64 bytes, and ends a line.
  const start = Math.ceil((MAGIC.length + 4 + header.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start + 4 * data.length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  bytes.set([1, 0], MAGIC.length);
  view.setUint16(MAGIC.length + 2, start - MAGIC.length - 4, true);
  bytes.fill(0x20, MAGIC.length + 4, start - 1);
  bytes.set(new TextEncoder().encode(header), MAGIC.length + 4);
  bytes[start - 1] = 0x0a;
  data.forEach((value, i) => view.setFloat32(start + 4 * i, value, true));
  return bytes;
}
