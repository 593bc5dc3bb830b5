import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors';
import { nodeCodec } from './codec-node';
import { MAX_PIXELS, sniffImage } from './sniff';
import { badFiles } from './testing';

const photo = () =>
  sharp({ create: { width: 48, height: 32, channels: 3, background: { r: 200, g: 120, b: 40 } } }).composite([
    { input: Buffer.from('<svg width="48" height="32"><circle cx="20" cy="16" r="9" fill="#124"/></svg>') },
  ]);

async function refusal(bytes: Uint8Array, file: string): Promise<StudioError> {
  try {
    sniffImage(bytes, file);
    await nodeCodec.decode(bytes, file);
  } catch (error) {
    expect(error).toBeInstanceOf(StudioError);
    const refused = error as StudioError;
    // The sentence names the file and tells what to do.
    expect(refused.message).toContain(file);
    expect(refused.message).toMatch(/\. ?(Save|Copy|Use|Scale|Check)/);
    expect(refused.file).toBe(file);
    return refused;
  }
  throw new Error(`${file} was accepted`);
}

/** Where the frame header of a baseline JPEG begins. */
const frameOf = (bytes: Buffer) => bytes.indexOf(Uint8Array.of(0xff, 0xc0));

const whole: Record<string, Buffer> = {};
beforeAll(async () => {
  whole.png = await photo().png().toBuffer();
  whole.jpeg = await photo().jpeg().toBuffer();
  whole.progressive = await photo().jpeg({ progressive: true }).toBuffer();
  whole.webp = await photo().webp().toBuffer();
  whole.lossless = await photo().webp({ lossless: true }).toBuffer();
  whole.gif = await photo().gif().toBuffer();
  whole.avif = await photo().avif().toBuffer();
});

describe('sniffImage', () => {
  it.each(['png', 'jpeg', 'progressive', 'webp', 'lossless', 'gif', 'avif'])('reads the size of a %s', (name) => {
    expect(sniffImage(whole[name], name)).toMatchObject({ width: 48, height: 32 });
  });

  it.each(['png', 'jpeg', 'progressive', 'webp', 'lossless', 'gif', 'avif'])(
    'says that a %s is cut off, wherever it was cut',
    async (name) => {
      const bytes = whole[name];
      for (const share of [0.3, 0.6, 0.9]) {
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        expect((await refusal(cut, `cut.${name}`)).code).toBe('truncated-image');
      }
    },
  );

  it('accepts a JPEG with data after its end, as some cameras write', () => {
    const bytes = Buffer.concat([whole.jpeg, Buffer.from('maker note')]);
    expect(sniffImage(bytes, 'camera.jpg').width).toBe(48);
  });

  it('refuses an empty file', async () => {
    expect((await refusal(new Uint8Array(0), 'nothing.png')).code).toBe('empty-file');
  });

  it('refuses what is no image', async () => {
    expect((await refusal(new TextEncoder().encode('hello, this is text'), 'notes.png')).code).toBe('not-an-image');
  });

  it('refuses 16 bits a channel', async () => {
    const bytes = await sharp(whole.png).toColourspace('rgb16').png().toBuffer();
    const refused = await refusal(bytes, 'deep.png');
    expect(refused.code).toBe('unsupported-image');
    expect(refused.message).toContain('16 bits');
  });

  it('refuses CMYK', async () => {
    const bytes = await sharp(whole.png).toColourspace('cmyk').jpeg().toBuffer();
    expect((await refusal(bytes, 'print.jpg')).message).toContain('CMYK');
  });

  it.each(['gif', 'webp'] as const)('refuses an animated %s', async (format) => {
    const frame = (level: number) =>
      sharp({ create: { width: 20, height: 20, channels: 3, background: { r: level, g: 0, b: 0 } } })
        .png()
        .toBuffer();
    const bytes = await sharp([await frame(0), await frame(250)], { join: { animated: true } })
      .toFormat(format)
      .toBuffer();
    const refused = await refusal(bytes, `moving.${format}`);
    expect(refused.message).toContain('animation');
  });

  it('refuses a TIFF by name of the trouble', async () => {
    expect((await refusal(await photo().tiff().toBuffer(), 'scan.tif')).message).toContain('TIFF');
  });

  it('refuses 1×1', async () => {
    const bytes = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect((await refusal(bytes, 'dot.png')).code).toBe('image-too-small');
  });

  it('refuses 100 megapixels from the header alone', async () => {
    const bytes = Buffer.from(whole.png);
    bytes.writeUInt32BE(10000, 16);
    bytes.writeUInt32BE(10000, 20);
    const refused = await refusal(bytes, 'huge.png');
    expect(refused.code).toBe('image-too-large');
    expect(refused.message).toContain('100 megapixels');
    expect(refused.message).toContain(String(MAX_PIXELS / 1e6));
  });

  it.each<[string, (bytes: Buffer) => void]>([
    ['jpeg', (bytes) => bytes.fill(Uint8Array.of(0x27, 0x10, 0x27, 0x10), frameOf(bytes) + 5, frameOf(bytes) + 9)],
    ['webp', (bytes) => bytes.writeUInt32LE(10_000 | (10_000 << 16), 26)],
    ['lossless', (bytes) => bytes.writeUInt32LE(9_999 | (9_999 << 14), 21)],
    ['gif', (bytes) => bytes.writeUInt32LE(10_000 | (10_000 << 16), 6)],
    ['avif', (bytes) => [12, 16].forEach((at) => bytes.writeUInt32BE(10_000, bytes.indexOf('ispe') - 4 + at))],
  ])('refuses 100 megapixels from the header of a %s', async (name, change) => {
    const bytes = Buffer.from(whole[name]);
    change(bytes);
    expect((await refusal(bytes, `huge.${name}`)).message).toContain('100 megapixels (10000×10000)');
  });

  it.each<[string, string, (bytes: Buffer) => void]>([
    ['12 bits', 'jpeg', (bytes) => bytes.writeUInt8(12, frameOf(bytes) + 4)],
    ['10 bits', 'avif', (bytes) => bytes.writeUInt8(10, bytes.indexOf('pixi') + 9)],
    ['animation', 'avif', (bytes) => bytes.write('avis', 8)],
  ])('refuses %s in a header of %s', async (what, name, change) => {
    const bytes = Buffer.from(whole[name]);
    change(bytes);
    const refused = await refusal(bytes, `odd.${name}`);
    expect(refused.code).toBe('unsupported-image');
    expect(refused.message).toContain(what);
  });

  it('refuses every kind of bad file', async () => {
    for (const { name, bytes, code } of await badFiles()) expect((await refusal(bytes, name)).code, name).toBe(code);
  });

  it('turns damage inside the data into a sentence', async () => {
    const bytes = Buffer.from(whole.png);
    const data = bytes.indexOf('IDAT') + 10;
    bytes.fill(0x55, data, data + 40);
    expect((await refusal(bytes, 'scratched.png')).code).toBe('truncated-image');
  });
});

describe('nodeCodec', () => {
  it('applies the orientation tag and keeps values', async () => {
    const bytes = await photo()
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const image = await nodeCodec.decode(bytes, 'turned.jpg');
    expect([image.width, image.height]).toEqual([32, 48]);
    expect(Math.abs(image.data[0] - 200)).toBeLessThanOrEqual(2);
    expect(image.data[3]).toBe(255);
  });

  it('scales down to the wanted side', async () => {
    const image = await nodeCodec.decode(whole.png, 'a.png', 24);
    expect([image.width, image.height]).toEqual([24, 16]);
  });
});
