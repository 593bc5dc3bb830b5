import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rgbFromImage8 } from '../core/raster';
import { edgeOutputSchema } from '../core/recipe';
import { nodeCodec } from '../datasets/codec-node';
import { badFiles, pattern } from '../datasets/testing';
import { image, model, node } from '../models/onnx-file/build';
import { parseOnnx, serializeOnnx } from '../models/onnx-file/onnx';
import { templateFile } from '../models/pidinet/load';
import { checkpointDims, checkpointOf } from '../models/pidinet/pth-testing';
import { openStages } from './stages';
import { runHere, runProcess, temporaryFolder } from './testing';

const MODELS = fileURLToPath(new URL('../../public/models/', import.meta.url));
const folder = await temporaryFolder();
const at = (name: string) => path.join(folder.path, name);
const [WIDTH, HEIGHT] = [45, 37];

beforeAll(async () => {
  await writeFile(at('photo.png'), await pattern(1, WIDTH, HEIGHT));
});
afterAll(() => folder.remove());

/** The grey levels of a PNG, which has to be 8-bit grey without alpha. */
async function levels(file: string): Promise<{ width: number; height: number; data: Buffer }> {
  const bytes = await readFile(file);
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', channels: 1, depth: 'uchar' });
  // sharp widens grey to RGB on its own.
  const { data, info } = await sharp(bytes).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

/** A checkpoint of PiDiNet tiny: all zeros, but for the bias of the last layer. */
async function checkpoint(lastBias: number, change: (names: Map<string, number[]>) => void = () => undefined) {
  const dims = checkpointDims(parseOnnx(await readFile(path.join(MODELS, templateFile('tiny'))), 'tiny'));
  change(dims);
  return checkpointOf(dims, (name, count) => new Float32Array(count).fill(name === 'classifier.bias' ? lastBias : 0));
}

describe('edges', () => {
  it('writes round(255·P) as 8-bit grey of the image’s size', async () => {
    const ran = await runProcess('edges', at('photo.png'), '--out', at('new/folder/edges.png'));
    expect(ran).toEqual({ code: 0, out: '', err: '' });
    const written = await levels(at('new/folder/edges.png'));
    expect(written).toMatchObject({ width: WIDTH, height: HEIGHT });

    const { stages } = await openStages({ generator: false });
    const { backend, edgeDetector } = stages;
    const photo = rgbFromImage8(await nodeCodec.decode(await readFile(at('photo.png')), 'photo.png'));
    const { fused } = await edgeDetector.run(backend.upload(photo), ['fused']);
    const strength = (await backend.download(fused)).data;
    expect(Math.max(...strength)).toBeGreaterThan(0.5);
    // Half a level from rounding; the rest for sums in another order.
    written.data.forEach((level, i) => expect(Math.abs(level - 255 * strength[i])).toBeLessThan(0.5 + 1e-3));
  });

  it('writes the map asked for', async () => {
    const written = new Set<string>();
    for (const output of edgeOutputSchema.options) {
      const out = at(`${output}.png`);
      expect(await runHere('edges', at('photo.png'), '--out', out, '--output', output)).toMatchObject({ code: 0 });
      expect(await levels(out)).toMatchObject({ width: WIDTH, height: HEIGHT });
      written.add((await readFile(out)).toString('base64'));
    }
    expect(written.size).toBe(5);
    expect(await readFile(at('fused.png'))).toEqual(await readFile(at('new/folder/edges.png')));
  });

  it('has the size of the picture as it is seen, whatever its format and orientation', async () => {
    await sharp(await pattern(2, 40, 24))
      .jpeg()
      .withMetadata({ orientation: 6 })
      .toFile(at('turned.jpg'));
    expect(await runHere('edges', at('turned.jpg'), '--out', at('turned.png'))).toMatchObject({ code: 0 });
    expect(await levels(at('turned.png'))).toMatchObject({ width: 24, height: 40 });
  });

  it('takes weights from an ONNX file', async () => {
    await copyFile(path.join(MODELS, 'pidinet-small.onnx'), at('mine.onnx'));
    const ran = await runHere('edges', at('photo.png'), '--out', at('own.png'), '--weights', at('mine.onnx'));
    expect(ran).toEqual({ code: 0, out: '', err: '' });
    expect(await readFile(at('own.png'))).toEqual(await readFile(at('fused.png')));
  });

  it('takes weights from a .pth', async () => {
    // All weights zero: the last layer gives its bias b everywhere, and P = 1 / (1 + e⁻ᵇ) = ¾.
    await writeFile(at('flat.pth'), await checkpoint(Math.log(3)));
    const ran = await runHere('edges', at('photo.png'), '--out', at('flat.png'), '--weights', at('flat.pth'));
    expect(ran).toEqual({ code: 0, out: '', err: '' });
    const { data } = await levels(at('flat.png'));
    expect(new Set(data)).toEqual(new Set([Math.round(255 * 0.75)]));
  });
});

describe('edges of bad input', () => {
  /** One line that names the file and matches; nothing written. */
  async function refused(args: string[], file: string, reason: RegExp): Promise<void> {
    const { code, out, err } = await runHere('edges', '--out', at('never.png'), ...args);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^[^\n]+\n$/);
    expect(err).toContain(file);
    expect(err).toMatch(reason);
    await expect(stat(at('never.png'))).rejects.toMatchObject({ code: 'ENOENT' });
  }

  it('ends the process with 1 and one line', async () => {
    await writeFile(at('text.png'), 'not a picture');
    const ran = await runProcess('edges', at('text.png'), '--out', at('never.png'));
    expect(ran.code).toBe(1);
    expect(ran.out).toBe('');
    expect(ran.err).toBe(
      `${at('text.png')} is not an image the studio can read. Use PNG, JPEG, WebP, AVIF, BMP or GIF.\n`,
    );
  });

  it('names the file and what to do, for every kind of bad image', async () => {
    for (const { name, bytes } of await badFiles()) {
      await writeFile(at(name), bytes);
      await refused([at(name)], at(name), /\. (Use|Save|Copy|Scale)/);
    }
  });

  it('does not take a BMP, which libvips cannot read, for damaged', async () => {
    const bmp = Buffer.alloc(54 + 16 * 16 * 4);
    bmp.write('BM');
    [
      [bmp.length, 2],
      [54, 10],
      [40, 14],
      [16, 18],
      [16, 22],
      [1 | (32 << 16), 26],
    ].forEach(([value, offset]) => bmp.writeUInt32LE(value, offset));
    await writeFile(at('old.bmp'), bmp);
    await refused([at('old.bmp')], at('old.bmp'), /is a BMP.*Save it as PNG/);
  });

  it('names a file that is missing or is a folder', async () => {
    await refused([at('nowhere.png')], at('nowhere.png'), /does not exist\. Check/);
    await refused([folder.path], folder.path, /could not be read .*Check/);
  });

  it.each([
    ['output', ['--output', 'e9'], /e9.*e1, e2, e3, e4, fused/],
    ['option', ['--ouput', 'e1'], /--ouput.*--output/],
  ])('names an unknown %s and what there is', async (_, args, reason) => {
    await refused([at('photo.png'), ...args], '', reason);
  });

  it('says that --out is missing', async () => {
    const { code, err } = await runHere('edges', at('photo.png'));
    expect([code, err]).toEqual([1, "required option '--out <png>' not specified\n"]);
  });

  it.each<[string, string, () => Promise<Uint8Array>, RegExp]>([
    ['a web page', 'page.onnx', async () => Buffer.from('<!DOCTYPE html>'), /is a web page/],
    ['0 bytes', 'empty.onnx', async () => new Uint8Array(0), /not a complete ONNX file/],
    [
      'an ONNX file cut off',
      'cut.onnx',
      async () => (await readFile(path.join(MODELS, 'pidinet-small.onnx'))).subarray(0, 300_000),
      /not a complete ONNX file/,
    ],
    [
      'a network without values',
      'hollow.onnx',
      () => readFile(path.join(MODELS, templateFile('tiny'))),
      /weight in hollow\.onnx should be \d+ values and are 0/,
    ],
    [
      'another network',
      'other.onnx',
      async () => {
        const sides = ['N', 3, 'H', 'W'];
        const relu = node('Relu', ['image'], ['y']);
        return serializeOnnx(model([image('image', sides)], [relu], [image('y', sides)]));
      },
      /no PiDiNet: it has no output e1/,
    ],
    [
      'a network that ONNX Runtime cannot run',
      'strange.onnx',
      async () => {
        const network = parseOnnx(await readFile(path.join(MODELS, 'pidinet-small.onnx')), 'small');
        network.graph.node[0].opType = 'Convolute';
        return serializeOnnx(network);
      },
      /not a network that ONNX Runtime can run .*Choose another/,
    ],
    ['a .pth cut off', 'cut.pth', async () => (await checkpoint(0)).subarray(0, 5000), /not a complete zip/],
    [
      'a .pth of another network',
      'other.pth',
      () => checkpoint(0, (sizes) => sizes.delete('classifier.bias')),
      /classifier\.bias are missing/,
    ],
    [
      'a .pth with a changed value',
      'altered.pth',
      async () => {
        const bytes = await checkpoint(Math.log(3));
        const value = Buffer.from(Float32Array.of(Math.log(3)).buffer);
        bytes[Buffer.from(bytes.buffer).indexOf(value)] ^= 1;
        return bytes;
      },
      /altered\.pth.*data\/\d+/,
    ],
    [
      'an official file with other content',
      'table5_pidinet-tiny.pth',
      () => checkpoint(0),
      /has the name of an official PiDiNet checkpoint, but not its content.*Download/,
    ],
  ])('refuses %s as weights', async (_, name, bytes, reason) => {
    await writeFile(at(name), await bytes());
    await refused([at('photo.png'), '--weights', at(name)], name, reason);
  });

  it('names weights that are not there', async () => {
    await refused([at('photo.png'), '--weights', at('gone.onnx')], at('gone.onnx'), /does not exist/);
  });

  it('names an output that cannot be written', async () => {
    await mkdir(at('taken.png'));
    for (const out of [at('taken.png'), at('photo.png/edges.png')]) {
      const { code, err } = await runHere('edges', at('photo.png'), '--out', out);
      expect(code).toBe(1);
      expect(err).toMatch(/^[^\n]+could not be written[^\n]+--out\.\n$/);
      expect(err).toContain(out);
    }
  });
});
