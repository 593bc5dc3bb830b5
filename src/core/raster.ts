/**
 * Rasters: planar (CHW) float32 images, which are network tensors of batch 1 as they stand, and interleaved 8-bit
 * images, which are what files and screens hold.
 */

/** A planar float32 image; sample (c, y, x) is `data[(c * height + y) * width + x]`. Colour and edge values lie in [0, 1]. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Length channels · height · width. */
  readonly data: Float32Array;
}

/** An 8-bit RGBA image as canvas `ImageData` has it: interleaved, not premultiplied. */
export interface Image8 {
  readonly width: number;
  readonly height: number;
  /** Length 4 · width · height. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** An empty (zero) raster. */
export function createRaster(width: number, height: number, channels = 1): Raster {
  assertSize(width, height);
  return { width, height, channels, data: new Float32Array(width * height * channels) };
}

/** A raster with one value everywhere. */
export function filledRaster(width: number, height: number, value: number, channels = 1): Raster {
  const raster = createRaster(width, height, channels);
  raster.data.fill(value);
  return raster;
}

/** Wraps values without copying. @throws RangeError if the length does not match the shape. */
export function rasterOf(data: Float32Array, width: number, height: number, channels = 1): Raster {
  assertSize(width, height);
  if (data.length !== width * height * channels) {
    throw new RangeError(`A raster of ${channels}×${height}×${width} cannot hold ${data.length} values.`);
  }
  return { width, height, channels, data };
}

export function cloneRaster(raster: Raster): Raster {
  return { ...raster, data: raster.data.slice() };
}

/** @throws RangeError naming both shapes if width, height (or channels, unless `sizeOnly`) differ. */
export function assertSameShape(a: Raster, b: Raster, sizeOnly = false): void {
  if (a.width !== b.width || a.height !== b.height || (!sizeOnly && a.channels !== b.channels)) {
    throw new RangeError(
      `Rasters differ in shape: ${a.channels}×${a.height}×${a.width} and ${b.channels}×${b.height}×${b.width}.`,
    );
  }
}

/** 8-bit RGBA → planar RGB in [0, 1]. Alpha is composited over white, the background product photographs are cut out on. */
export function rgbFromImage8(image: Image8): Raster {
  const { width, height, data } = image;
  const raster = createRaster(width, height, 3);
  const plane = width * height;
  for (let i = 0; i < plane; i++) {
    const alpha = data[i * 4 + 3] / 255;
    const white = 1 - alpha;
    raster.data[i] = (data[i * 4] / 255) * alpha + white;
    raster.data[i + plane] = (data[i * 4 + 1] / 255) * alpha + white;
    raster.data[i + 2 * plane] = (data[i * 4 + 2] / 255) * alpha + white;
  }
  return raster;
}

/** Planar RGB or grey in [0, 1] → opaque 8-bit RGBA, each value round(255·v) clamped. */
export function image8FromRaster(raster: Raster): Image8 {
  const { width, height, channels, data } = raster;
  if (channels !== 1 && channels !== 3) throw new RangeError(`An image has 1 or 3 channels, not ${channels}.`);
  const plane = width * height;
  const out = new Uint8ClampedArray(plane * 4);
  const green = channels === 3 ? plane : 0;
  const blue = channels === 3 ? 2 * plane : 0;
  for (let i = 0; i < plane; i++) {
    out[i * 4] = to8(data[i]);
    out[i * 4 + 1] = to8(data[i + green]);
    out[i * 4 + 2] = to8(data[i + blue]);
    out[i * 4 + 3] = 255;
  }
  return { width, height, data: out };
}

/** round(255·v), clamped to 0…255, halves up: the one rule by which values become pixels, in every backend. */
export function to8(value: number): number {
  const scaled = Math.floor(value * 255 + 0.5);
  return scaled < 0 ? 0 : scaled > 255 ? 255 : scaled;
}

/** One channel → 8-bit grey, round(255·v). Length width · height. */
export function grey8FromRaster(raster: Raster): Uint8Array<ArrayBuffer> {
  if (raster.channels !== 1) throw new RangeError(`Expected one channel, got ${raster.channels}.`);
  // A plain loop: TypedArray.from with a function is some fifty times slower.
  const grey = new Uint8Array(raster.data.length);
  for (let i = 0; i < grey.length; i++) grey[i] = to8(raster.data[i]);
  return grey;
}

/** 8-bit grey → one channel in [0, 1]. */
export function rasterFromGrey8(grey: Uint8Array | Uint8ClampedArray, width: number, height: number): Raster {
  const data = new Float32Array(grey.length);
  for (let i = 0; i < grey.length; i++) data[i] = grey[i] / 255;
  return rasterOf(data, width, height);
}

/**
 * Resizes with a triangle filter whose support grows with the reduction (antialiased bilinear, half-pixel centres,
 * align_corners false); enlarging is plain bilinear. Separable; borders renormalise.
 */
export function resizeRaster(source: Raster, width: number, height: number): Raster {
  assertSize(width, height);
  if (source.width === width && source.height === height) return cloneRaster(source);
  const across = resizeAxis(source.data, source.width, width, source.channels * source.height, source.width, 1);
  const result = createRaster(width, height, source.channels);
  for (let c = 0; c < source.channels; c++) {
    const from = across.subarray(c * source.height * width, (c + 1) * source.height * width);
    const down = resizeAxis(from, source.height, height, width, 1, width);
    result.data.set(down, c * width * height);
  }
  return result;
}

/** Resamples `lines` lines of `from` samples to `to` samples; keeps the memory order (line stride / sample stride). */
function resizeAxis(
  data: Float32Array,
  from: number,
  to: number,
  lines: number,
  lineStride: number,
  sampleStride: number,
): Float32Array {
  const out = new Float32Array(lines * to);
  const outLineStride = sampleStride === 1 ? to : 1;
  const scale = from / to;
  const radius = Math.max(1, scale);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale - 0.5;
    const first = Math.max(0, Math.ceil(centre - radius));
    const last = Math.min(from - 1, Math.floor(centre + radius));
    const weights: number[] = [];
    let total = 0;
    for (let s = first; s <= last; s++) {
      const weight = Math.max(0, 1 - Math.abs(s - centre) / radius);
      weights.push(weight);
      total += weight;
    }
    for (let line = 0; line < lines; line++) {
      let sum = 0;
      for (let s = first; s <= last; s++) sum += weights[s - first] * data[line * lineStride + s * sampleStride];
      out[line * outLineStride + i * sampleStride] = sum / total;
    }
  }
  return out;
}

/** Rec. 601 luma of an RGB raster; a grey raster is returned as it is. Range as the input. */
export function luma(raster: Raster): Raster {
  if (raster.channels === 1) return raster;
  const plane = raster.width * raster.height;
  const out = createRaster(raster.width, raster.height);
  for (let i = 0; i < plane; i++) {
    out.data[i] = 0.299 * raster.data[i] + 0.587 * raster.data[i + plane] + 0.114 * raster.data[i + 2 * plane];
  }
  return out;
}

function assertSize(width: number, height: number): void {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new RangeError(`A raster needs a whole, positive width and height, got ${width}×${height}.`);
  }
}
