import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Random } from '../core/random';
import { createRaster, rasterOf } from '../core/raster';
import { halfBits } from '../models/onnx-file/half';
import { npyHeader, npyMap, npyOf, tiffOf } from './maps-testing';
import { decodeNpy, encodeNpy } from './npy';
import { decodeTiff, encodeTiff } from './tiff';

const [WIDTH, HEIGHT] = [45, 37];
const random = new Random(1);
const FLOATS = Float32Array.from({ length: WIDTH * HEIGHT }, () => random.normal());
const WORDS = Uint16Array.from(FLOATS, (value) => Math.abs(value) * 15_000);
const LEVELS = Uint8Array.from(FLOATS, (value) => Math.abs(value) * 60);
const KINDS = { float32: FLOATS, float64: Float64Array.from(FLOATS), uint16: WORDS, uint8: LEVELS };

function expectMap(map: { width: number; height: number; data: Float32Array }, values: ArrayLike<number>): void {
  expect([map.width, map.height]).toEqual([WIDTH, HEIGHT]);
  expect(map.data).toEqual(Float32Array.from(values));
}

function refused(read: () => unknown, reason: RegExp): void {
  expect(read).toThrow(
    expect.objectContaining({ code: 'bad-map', file: 'm.map', message: expect.stringMatching(reason) }),
  );
  expect(read).toThrow(/^m\.map /);
}

describe('written maps', () => {
  const raster = rasterOf(FLOATS, WIDTH, HEIGHT);

  it('are read again bit for bit', () => {
    expectMap(decodeTiff(encodeTiff(raster), 'm.map'), FLOATS);
    expectMap(decodeNpy(encodeNpy(raster), 'm.map'), FLOATS);
  });

  it('TIFF is one that libvips reads, too', async () => {
    const { data, info } = await sharp(encodeTiff(raster))
      .raw({ depth: 'float' })
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: WIDTH, height: HEIGHT });
    const values = new Float32Array(data.buffer, data.byteOffset, WIDTH * HEIGHT * info.channels);
    expect(values.filter((_, i) => i % info.channels === 0)).toEqual(FLOATS);
  });

  it('npy has a header of whole blocks, whatever the size', () => {
    for (const [width, height] of [
      [1, 1],
      [1234, 7],
    ]) {
      const bytes = encodeNpy(createRaster(width, height));
      expect((bytes.length - 4 * width * height) % 64).toBe(0);
      expect(decodeNpy(bytes, 'm.map')).toMatchObject({ width, height });
    }
  });

  it('have one channel', () => {
    expect(() => encodeTiff(createRaster(2, 2, 3))).toThrow(/one channel/);
    expect(() => encodeNpy(createRaster(2, 2, 3))).toThrow(/one channel/);
  });
});

describe('TIFF', () => {
  it.each(Object.entries(KINDS))('%s, strips and tiles, as it is and deflated', (_, values) => {
    for (const compress of [false, true]) {
      for (const tile of [undefined, 16, 64]) {
        expectMap(decodeTiff(tiffOf(values, WIDTH, HEIGHT, { compress, tile }), 'm.map'), values);
      }
    }
  });

  it.each([
    ['uint8', LEVELS, 'b-w'],
    ['uint16', WORDS, 'grey16'],
  ] as const)('%s as libvips writes it, with LZW and prediction', async (_, values, space) => {
    const raw = { raw: { width: WIDTH, height: HEIGHT, channels: 1 as const } };
    for (const options of [
      { compression: 'lzw', predictor: 'none' },
      { compression: 'lzw', predictor: 'horizontal' },
      { compression: 'lzw', predictor: 'none', tile: true, tileWidth: 16, tileHeight: 32 },
    ] as const) {
      const file = await sharp(values, raw).toColourspace(space).tiff(options).toBuffer();
      expectMap(decodeTiff(file, 'm.map'), values);
    }
  });

  it('reads a view into a larger buffer', () => {
    const file = tiffOf(FLOATS, WIDTH, HEIGHT);
    const larger = new Uint8Array(file.length + 13);
    larger.set(file, 13);
    expectMap(decodeTiff(larger.subarray(13), 'm.map'), FLOATS);
  });

  it('refuses what it would misread', async () => {
    const read = (bytes: Uint8Array) => () => decodeTiff(bytes, 'm.map');
    refused(read(tiffOf(WORDS, WIDTH, HEIGHT, { sampleFormat: 3 })), /float values of 16 bits/);
    refused(read(tiffOf(WORDS, WIDTH, HEIGHT, { sampleFormat: 2 })), /signed values of 16 bits/);
    refused(read(tiffOf(LEVELS, 15, HEIGHT, { samplesPerPixel: 3 })), /3 channels/);
    refused(read(tiffOf(FLOATS, WIDTH, HEIGHT, { photometric: 0 })), /black is zero/);
    const raw = { raw: { width: WIDTH, height: HEIGHT, channels: 1 as const } };
    const tiles = sharp(LEVELS, raw).tiff({ predictor: 'horizontal', compression: 'deflate', tile: true });
    refused(read(await tiles.toColourspace('b-w').toBuffer()), /tiles with a predictor/);
    const predicted = sharp(LEVELS, raw).toColourspace('b-w').tiff({ compression: 'deflate', predictor: 'float' });
    refused(read(await predicted.toBuffer()), /not read \(.*predictor: 3/);
    refused(
      read(await sharp(LEVELS, raw).toColourspace('b-w').tiff({ compression: 'packbits' }).toBuffer()),
      /PackBits/,
    );
    const pages = sharp([await sharp(LEVELS, raw).png().toBuffer(), await sharp(LEVELS, raw).png().toBuffer()], {
      join: { animated: true },
    });
    refused(read(await pages.tiff().toBuffer()), /several pictures/);
  });

  it('refuses what is damaged', () => {
    const file = tiffOf(FLOATS, WIDTH, HEIGHT);
    for (const length of [0, 3, 8, 1000, file.length - 1]) {
      refused(() => decodeTiff(file.subarray(0, length), 'm.map'), /not a whole TIFF/);
    }
    const deflated = tiffOf(FLOATS, WIDTH, HEIGHT, { compress: true });
    refused(() => decodeTiff(deflated.fill(7, 8, 300), 'm.map'), /not a whole TIFF/);
    // A directory that names itself as the next one.
    const endless = tiffOf(FLOATS, WIDTH, HEIGHT);
    const view = new DataView(endless.buffer);
    const start = view.getUint32(4, true);
    view.setUint32(start + 2 + 12 * view.getUint16(start, true), start, true);
    refused(() => decodeTiff(endless, 'm.map'), /several pictures/);
    // A height of 2³² − 1, which is not to be reserved.
    const tall = tiffOf(FLOATS, WIDTH, HEIGHT);
    new DataView(tall.buffer).setUint32(start + 2 + 12 + 8, 0xffffffff, true);
    refused(() => decodeTiff(tall, 'm.map'), /45×4294967295 pixels/);
  });
});

describe('NumPy arrays', () => {
  const bytesOf = (values: { buffer: ArrayBufferLike }) => new Uint8Array(values.buffer);
  const shape = `(${HEIGHT}, ${WIDTH})`;
  const halves = Uint16Array.from(FLOATS, halfBits);

  it.each([
    ['<f4', bytesOf(FLOATS), FLOATS],
    ['<f8', bytesOf(KINDS.float64), FLOATS],
    ['|u1', LEVELS, LEVELS],
    ['<u2', bytesOf(WORDS), WORDS],
    ['>u2', bytesOf(WORDS.map((word) => (word >> 8) | (word << 8))), WORDS],
    [
      '>f4',
      bytesOf(FLOATS)
        .slice()
        .map((_, i, all) => bytesOf(FLOATS)[(i & ~3) + 3 - (i & 3)] ?? all[i]),
      FLOATS,
    ],
  ])('%s', (descr, bytes, values) => {
    expectMap(decodeNpy(npyOf(npyHeader(descr, shape), bytes), 'm.map'), values);
  });

  it('float16', () => {
    const { data } = decodeNpy(npyOf(npyHeader('<f2', shape), bytesOf(halves)), 'm.map');
    data.forEach((value, i) => expect(halfBits(value)).toBe(halves[i]));
    expect(Math.abs(data[0] - FLOATS[0])).toBeLessThan(1e-2);
  });

  it.each([1, 2, 3])('format version %i', (version) => {
    expectMap(decodeNpy(npyOf(npyHeader('<f4', shape), bytesOf(FLOATS), version), 'm.map'), FLOATS);
  });

  it('Fortran order, and axes of length 1 in front', () => {
    const columns = Float32Array.from(FLOATS, (_, i) => FLOATS[(i % HEIGHT) * WIDTH + Math.floor(i / HEIGHT)]);
    expectMap(decodeNpy(npyOf(npyHeader('<f4', shape, true), bytesOf(columns)), 'm.map'), FLOATS);
    for (const deeper of [`(1, ${HEIGHT}, ${WIDTH})`, `(1, 1, ${HEIGHT}, ${WIDTH})`]) {
      expectMap(decodeNpy(npyOf(npyHeader('<f4', deeper), bytesOf(FLOATS)), 'm.map'), FLOATS);
    }
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['other files', new TextEncoder().encode('x,y\n1,2\n'), /not a NumPy array/],
    ['nothing', new Uint8Array(0), /not a NumPy array/],
    ['a cut file', npyMap(FLOATS, WIDTH, HEIGHT).subarray(0, 5000), /cut off/],
    ['a cut header', npyMap(FLOATS, WIDTH, HEIGHT).subarray(0, 40), /cut off/],
    ['the barest beginning', npyMap(FLOATS, WIDTH, HEIGHT).subarray(0, 7), /cut off/],
    ['another version', npyOf(npyHeader('<f4', shape), bytesOf(FLOATS), 4), /version 4/],
    ['integers with a sign', npyOf(npyHeader('<i4', shape), bytesOf(FLOATS)), /type <i4/],
    ['objects', npyOf(npyHeader('|O', shape), bytesOf(FLOATS)), /records or objects/],
    ['a vector', npyOf(npyHeader('<f4', `(${WIDTH * HEIGHT},)`), bytesOf(FLOATS)), /shape \(1665\)/],
    ['several maps', npyOf(npyHeader('<f4', `(3, 15, 37)`), bytesOf(FLOATS)), /shape \(3, 15, 37\)/],
    ['no pixels', npyOf(npyHeader('<f4', `(0, 5)`), bytesOf(FLOATS)), /shape \(0, 5\)/],
  ])('%s are refused', (_, bytes, reason) => {
    refused(() => decodeNpy(bytes, 'm.map'), reason);
  });
});
