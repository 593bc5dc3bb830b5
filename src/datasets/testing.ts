import sharp from 'sharp';
import type { ErrorCode } from '../core/errors';
import { Random } from '../core/random';

/** Test helpers: pictures, and every kind of file that is none the studio can use. */

/** A PNG of a few boxes on plain ground, another for each seed. */
export async function pattern(seed: number, width = 48, height = 40): Promise<Uint8Array<ArrayBuffer>> {
  const random = new Random(seed);
  const colour = () => ({ r: random.int(0, 255), g: random.int(0, 255), b: random.int(0, 255) });
  const boxes = Array.from({ length: 5 }, () => {
    const [w, h] = [random.int(6, 14), random.int(6, 14)];
    return {
      input: { create: { width: w, height: h, channels: 3 as const, background: colour() } },
      left: random.int(0, width - w),
      top: random.int(0, height - h),
    };
  });
  const ground = sharp({ create: { width, height, channels: 3, background: colour() } });
  return new Uint8Array(await ground.composite(boxes).png().toBuffer());
}

export interface BadFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly code: ErrorCode;
}

/** One file of each kind that is refused, with a name that looks like a picture's. */
export async function badFiles(): Promise<BadFile[]> {
  const png = await pattern(1);
  const jpeg = new Uint8Array(await sharp(png).jpeg().toBuffer());
  const deep = await sharp(png).toColourspace('rgb16').png().toBuffer();
  const cmyk = await sharp(png).toColourspace('cmyk').jpeg().toBuffer();
  const dot = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const frames = [await pattern(2), await pattern(3)];
  const animation = sharp(frames, { join: { animated: true } });
  const huge = png.slice();
  new DataView(huge.buffer).setUint32(16, 10_000);
  new DataView(huge.buffer).setUint32(20, 10_000);
  const list: [name: string, bytes: Uint8Array, code: ErrorCode][] = [
    ['text.png', new TextEncoder().encode('not a picture at all'), 'not-an-image'],
    ['nothing.png', new Uint8Array(0), 'empty-file'],
    ['cut.png', png.subarray(0, png.length - 30), 'truncated-image'],
    ['cut.jpg', jpeg.subarray(0, jpeg.length / 2), 'truncated-image'],
    ['deep.png', deep, 'unsupported-image'],
    ['print.jpg', cmyk, 'unsupported-image'],
    ['moving.gif', await animation.clone().gif().toBuffer(), 'unsupported-image'],
    ['moving.webp', await animation.clone().webp().toBuffer(), 'unsupported-image'],
    ['moving.png', animatedPng(png), 'unsupported-image'],
    ['scan.tif', await sharp(png).tiff().toBuffer(), 'unsupported-image'],
    ['dot.png', dot, 'image-too-small'],
    ['huge.png', huge, 'image-too-large'],
  ];
  return list.map(([name, bytes, code]) => ({ name, bytes: Uint8Array.from(bytes), code }));
}

/** The PNG with an animation-control chunk of two frames behind its header. */
function animatedPng(png: Uint8Array): Uint8Array {
  const control = new Uint8Array(20);
  const view = new DataView(control.buffer);
  view.setUint32(0, 8);
  control.set(new TextEncoder().encode('acTL'), 4);
  view.setUint32(8, 2);
  const header = 8 + 25;
  return Uint8Array.from([...png.subarray(0, header), ...control, ...png.subarray(header)]);
}
