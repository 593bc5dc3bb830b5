import { StudioError } from '../core/errors';

/**
 * What a file's own bytes say about the picture in it, before anything is decoded: decoders differ in how they treat
 * sixteen bits, CMYK, animation and truncation (some repair silently), and a labelled pair must not rest on a guess.
 */
export interface ImageHeader {
  readonly format: 'png' | 'jpeg' | 'webp' | 'bmp' | 'gif' | 'avif';
  readonly mime: string;
  /** As stored, before any orientation tag is applied, px. */
  readonly width: number;
  readonly height: number;
}

/** Above this a picture is refused: its float planes alone would take more than 750 MB. */
export const MAX_PIXELS = 64_000_000;
/** Below this side no edge network has anything to see. */
export const MIN_SIDE = 16;

/**
 * Reads the header and checks that the file is whole.
 * @throws StudioError `empty-file`, `not-an-image`, `truncated-image`, `unsupported-image`, `image-too-small` or
 * `image-too-large`, with a sentence that names the file and says what to do.
 */
export function sniffImage(bytes: Uint8Array, file: string): ImageHeader {
  if (bytes.length === 0) throw fail('empty-file', file, 'is empty (0 bytes). Copy it again from where it came from.');
  const header = readHeader(bytes, file);
  const { width, height } = header;
  if (width < MIN_SIDE || height < MIN_SIDE) {
    throw fail(
      'image-too-small',
      file,
      `is ${width}×${height} pixels; the smallest side that works is ${MIN_SIDE}. Use a larger picture.`,
    );
  }
  if (width * height > MAX_PIXELS) {
    const megapixels = Math.round((width * height) / 1e6);
    throw fail(
      'image-too-large',
      file,
      `has ${megapixels} megapixels (${width}×${height}); up to ${MAX_PIXELS / 1e6} work. Scale it down or crop it.`,
    );
  }
  return header;
}

function readHeader(bytes: Uint8Array, file: string): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (starts(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return readPng(bytes, view, file);
    if (starts(bytes, [0xff, 0xd8, 0xff])) return readJpeg(bytes, view, file);
    if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP') return readWebp(bytes, view, file);
    if (ascii(bytes, 0, 2) === 'BM') return readBmp(view, file);
    if (ascii(bytes, 0, 3) === 'GIF') return readGif(bytes, view, file);
    if (ascii(bytes, 4, 4) === 'ftyp') return readAvif(bytes, view, file);
  } catch (error) {
    // Reading past the end: the header promised more than there is.
    if (error instanceof RangeError) throw truncated(file, error);
    throw error;
  }
  if (starts(bytes, [0x49, 0x49, 0x2a, 0]) || starts(bytes, [0x4d, 0x4d, 0, 0x2a])) {
    throw fail('unsupported-image', file, 'is a TIFF, which browsers cannot read. Save it as PNG.');
  }
  throw fail('not-an-image', file, 'is not an image the studio can read. Use PNG, JPEG, WebP, AVIF, BMP or GIF.');
}

function readPng(bytes: Uint8Array, view: DataView, file: string): ImageHeader {
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  const depth = view.getUint8(24);
  if (depth > 8) throw deep(file, depth);
  let offset = 8;
  let data = false;
  for (;;) {
    if (offset + 12 > bytes.length) throw truncated(file);
    const length = view.getUint32(offset);
    const type = ascii(bytes, offset + 4, 4);
    if (type === 'acTL' && view.getUint32(offset + 8) > 1) throw animated(file);
    if (type === 'IDAT') data = true;
    if (offset + 12 + length > bytes.length) throw truncated(file);
    if (type === 'IEND') break;
    offset += 12 + length;
  }
  if (!data) throw truncated(file);
  return { format: 'png', mime: 'image/png', width, height };
}

function readJpeg(bytes: Uint8Array, view: DataView, file: string): ImageHeader {
  let offset = 2;
  let size: { width: number; height: number } | undefined;
  for (;;) {
    if (offset + 4 > bytes.length) throw truncated(file);
    if (bytes[offset] !== 0xff) throw truncated(file);
    const marker = bytes[offset + 1];
    if (marker === 0xff) {
      offset += 1;
      continue;
    }
    if (marker === 0xda) break;
    const length = view.getUint16(offset + 2);
    if (offset + 2 + length > bytes.length) throw truncated(file);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      const depth = view.getUint8(offset + 4);
      if (depth > 8) throw deep(file, depth);
      size = { height: view.getUint16(offset + 5), width: view.getUint16(offset + 7) };
      if (view.getUint8(offset + 9) === 4) {
        throw fail('unsupported-image', file, 'is in CMYK colours, made for print. Save it as RGB.');
      }
    }
    offset += 2 + length;
  }
  if (!size) throw truncated(file);
  // The last scan must be closed; cameras may append data after it, so look for the marker, not at the last two bytes.
  if (!endsWithEndOfImage(bytes, offset)) throw truncated(file);
  return { format: 'jpeg', mime: 'image/jpeg', ...size };
}

/** Walks the entropy-coded data; inside it 0xFF is always followed by 0 or a restart marker. */
function endsWithEndOfImage(bytes: Uint8Array, firstScan: number): boolean {
  for (let i = firstScan + 2; i + 1 < bytes.length; i++) {
    if (bytes[i] === 0xff && bytes[i + 1] === 0xd9) return true;
  }
  return false;
}

function readWebp(bytes: Uint8Array, view: DataView, file: string): ImageHeader {
  if (view.getUint32(4, true) + 8 > bytes.length) throw truncated(file);
  const kind = ascii(bytes, 12, 4);
  const mime = 'image/webp';
  if (kind === 'VP8X') {
    if (view.getUint8(20) & 0x02) throw animated(file);
    return { format: 'webp', mime, width: 1 + uint24(view, 24), height: 1 + uint24(view, 27) };
  }
  if (kind === 'VP8L') {
    const bits = view.getUint32(21, true);
    return { format: 'webp', mime, width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  }
  return {
    format: 'webp',
    mime,
    width: view.getUint16(26, true) & 0x3fff,
    height: view.getUint16(28, true) & 0x3fff,
  };
}

function readBmp(view: DataView, file: string): ImageHeader {
  if (view.getUint32(2, true) > view.byteLength) throw truncated(file);
  return {
    format: 'bmp',
    mime: 'image/bmp',
    width: view.getInt32(18, true),
    height: Math.abs(view.getInt32(22, true)),
  };
}

function readGif(bytes: Uint8Array, view: DataView, file: string): ImageHeader {
  const flags = view.getUint8(10);
  let offset = 13 + (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let frames = 0;
  const skipBlocks = () => {
    for (;;) {
      const length = view.getUint8(offset);
      offset += 1 + length;
      if (length === 0) return;
    }
  };
  for (;;) {
    const kind = view.getUint8(offset);
    if (kind === 0x3b) break;
    if (kind === 0x21) {
      offset += 2;
      skipBlocks();
    } else if (kind === 0x2c) {
      if (++frames > 1) throw animated(file);
      const local = view.getUint8(offset + 9);
      offset += 10 + (local & 0x80 ? 3 << ((local & 7) + 1) : 0) + 1;
      skipBlocks();
    } else {
      throw truncated(file);
    }
  }
  if (frames === 0 || offset >= bytes.length) throw truncated(file);
  return { format: 'gif', mime: 'image/gif', width: view.getUint16(6, true), height: view.getUint16(8, true) };
}

function readAvif(bytes: Uint8Array, view: DataView, file: string): ImageHeader {
  const brand = ascii(bytes, 8, 4);
  if (brand === 'avis') throw animated(file);
  if (brand !== 'avif' && brand !== 'mif1') {
    throw fail(
      'unsupported-image',
      file,
      `has the format “${brand.trim()}”, which not every browser reads. Save it as PNG.`,
    );
  }
  let size: { width: number; height: number } | undefined;
  const walk = (from: number, to: number) => {
    for (let offset = from; offset + 8 <= to;) {
      const length = view.getUint32(offset) || to - offset;
      const type = ascii(bytes, offset + 4, 4);
      if (length < 8 || offset + length > bytes.length) throw truncated(file);
      if (type === 'meta') walk(offset + 12, offset + length);
      if (type === 'iprp' || type === 'ipco') walk(offset + 8, offset + length);
      if (type === 'ispe' && !size) size = { width: view.getUint32(offset + 12), height: view.getUint32(offset + 16) };
      if (type === 'pixi') {
        for (let c = 0; c < view.getUint8(offset + 12); c++) {
          const depth = view.getUint8(offset + 13 + c);
          if (depth > 8) throw deep(file, depth);
        }
      }
      offset += length;
    }
  };
  walk(0, bytes.length);
  if (!size) throw truncated(file);
  return { format: 'avif', mime: 'image/avif', ...size };
}

function starts(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((value, i) => bytes[i] === value);
}

function ascii(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}

function uint24(view: DataView, offset: number): number {
  return view.getUint16(offset, true) | (view.getUint8(offset + 2) << 16);
}

function fail(code: StudioError['code'], file: string, rest: string): StudioError {
  return new StudioError(code, 'import', `${file} ${rest}`, { file });
}

function truncated(file: string, cause?: unknown): StudioError {
  return new StudioError(
    'truncated-image',
    'import',
    `${file} is cut off: the end of the picture is missing. Copy it again from where it came from.`,
    { file, cause },
  );
}

function deep(file: string, depth: number): StudioError {
  return fail(
    'unsupported-image',
    file,
    `has ${depth} bits a channel; the studio works with 8. Save it with 8 bits, with the brightness range you want kept.`,
  );
}

function animated(file: string): StudioError {
  return fail('unsupported-image', file, 'is an animation. Save the frame you want as a still picture.');
}
