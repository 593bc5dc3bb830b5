import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { image8FromRaster, type Raster } from '../core/raster';
import { loadOwnDetector } from '../models/detector/load';
import { metadata, parseOnnx } from '../models/onnx-file/onnx';
import { runOnnx } from '../training/graph/testing';
import { decodeCheckpoint } from '../training/run/checkpoint';
import { tinyNormals } from '../training/testing';
import { tinyDetector, tinyEdgeDetector, tinyGenerator } from '../training/tiny-networks';
import { runCli } from './program';
import { runHere, temporaryFolder } from './testing';

const folder = await temporaryFolder();
const at = (...names: string[]) => path.join(folder.path, ...names);
const SIZE = 32;

async function writePhotograph(file: string, picture: Raster): Promise<void> {
  const { data, width, height } = image8FromRaster(picture);
  await sharp(data, { raw: { width, height, channels: 4 } })
    .png()
    .toFile(file);
}

const train = (what: string, images: string, out: string, ...more: string[]) => [
  'train',
  what,
  ...['--images', at(images), '--out', at(out), '--init', at(`tiny-${what}.onnx`), '--device', 'cpu'],
  ...['--size', String(SIZE), ...more],
];

beforeAll(async () => {
  const photographs = tinyNormals(6, SIZE);
  for (const name of ['photos', 'few', 'mixed', 'one']) await mkdir(at(name));
  for (const [i, { name, image }] of photographs.entries()) {
    for (const [set, count] of [
      ['photos', 6],
      ['few', 3],
      ['mixed', 6],
      ['one', 1],
    ] as const) {
      if (i < count) await writePhotograph(at(set, name), image);
    }
  }
  await writePhotograph(at('mixed', 'wide.png'), tinyNormals(1, 40)[0].image);
  await writeFile(at('tiny-generator.onnx'), tinyGenerator());
  await writeFile(at('tiny-detector.onnx'), tinyDetector());
  await writeFile(at('tiny-edges.onnx'), tinyEdgeDetector());
});
afterAll(() => folder.remove());

/** Runs a command and interrupts it, as Ctrl-C does, once it says something. */
async function interrupted(args: readonly string[], when: RegExp): Promise<{ code: number; err: string }> {
  let err = '';
  const out = (line: string) => {
    if (when.test(line)) process.emit('SIGINT');
  };
  const code = await runCli(args, { out, err: (line) => (err += `${line}\n`) });
  return { code, err };
}

describe('train generator', () => {
  const options = ['--steps', '3', '--seed', '3', '--batch', '1'];

  it('trains, says what to expect and how it goes, and can be interrupted without changing the result', async () => {
    const whole = await runHere(...train('generator', 'photos', 'whole.onnx', ...options));
    expect(whole).toMatchObject({ code: 0, err: '' });
    const lines = whole.out.split('\n');
    expect(lines[0]).toBe('Computing on the CPU, as chosen.');
    expect(whole.out).toMatch(/Training on 5 photographs at 32×32 px; 1 are held out/);
    expect(whole.out).toMatch(/Expecting about [\d.]+ s a step, [\d.]+ (s|min) for 3 steps/);
    expect(whole.out).toMatch(/Step 0: l1 0\.\d+, ssim 0\.\d+, edgeF1 \d\.\d+ \(the best so far\)/);
    expect(whole.out).toMatch(/Step 1 of 3: loss [\d.]+, [\d.]+ s a step, [\d.]+ (s|min) left/);
    const result = new Uint8Array(await readFile(at('whole.onnx')));
    expect(metadata(parseOnnx(result, 'x'), 'generator.size')).toBe('32');
    const { image } = await runOnnx(result, { edges: { dims: [1, 1, 32, 32], data: new Float32Array(1024) } });
    expect(image.dims).toEqual([1, 3, 32, 32]);

    const stopped = await interrupted(train('generator', 'photos', 'parts.onnx', ...options), /^Step 1:/);
    expect(stopped.code).toBe(1);
    expect(stopped.err).toMatch(
      /^Stopped after step 1 of 3\. .*parts\.checkpoint holds the run; the same command goes on/,
    );
    await expect(stat(at('parts.onnx'))).rejects.toThrow();
    expect(decodeCheckpoint(await readFile(at('parts.checkpoint')), 'x')).toMatchObject({ step: 1 });

    const resumed = await runHere(...train('generator', 'photos', 'parts.onnx', ...options));
    expect(resumed).toMatchObject({ code: 0, err: '' });
    expect(resumed.out).toMatch(/Going on from step 1 of .*parts\.checkpoint/);
    expect(new Uint8Array(await readFile(at('parts.onnx')))).toEqual(result);

    const again = await runHere(...train('generator', 'photos', 'parts.onnx', ...options));
    expect(again.out).toMatch(/The run in .*parts\.checkpoint is done; give more --steps/);
    for (const [changed, sentence] of [
      [
        ['--seed', '4'],
        /parts\.checkpoint is of a run with seed 3, and this one is to have 4\. Name another --checkpoint/,
      ],
      [['--init', at('tiny-edges.onnx')], /parts\.checkpoint is of a run with the network tiny-generator\.onnx/],
    ] as const) {
      const refused = await runHere(...train('generator', 'photos', 'parts.onnx', ...options, ...changed));
      expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringMatching(sentence) });
    }
    const detector = train('detector', 'photos', 'd.onnx', '--checkpoint', at('parts.checkpoint'));
    expect((await runHere(...detector)).err).toMatch(/is of a run with another network \(generator\)/);
  });

  it('trains on a single photograph', async () => {
    const { code, out } = await runHere(
      ...train('generator', 'one', 'single.onnx', '--steps', '1', '--layers', 'decoder'),
    );
    expect(code).toBe(0);
    expect(out).toMatch(/Training on one photograph alone, which is also what is measured, at 32×32 px/);
    const { config } = decodeCheckpoint(await readFile(at('single.checkpoint')), 'x');
    expect(config).toMatchObject({ warp: 0.99, mirror: 0.5, layers: 'decoder' });
  });

  it.each([
    [
      'too few photographs',
      () => train('generator', 'few', 'x.onnx'),
      /few holds 3 usable photographs: too few .*Give 5 or more, or a single one/,
    ],
    [
      'photographs of different sizes',
      () => train('generator', 'mixed', 'x.onnx'),
      /normal-0\.png is 32×32 pixels and wide\.png is 40×40/,
    ],
    ['no folder', () => train('generator', 'nowhere', 'x.onnx'), /nowhere is not a folder that can be read/],
    [
      'a folder as the file to write',
      () => train('generator', 'photos', 'photos'),
      /photos is a folder\. Give the name of a file/,
    ],
    [
      'a place that cannot be written',
      () => train('generator', 'photos', 'tiny-edges.onnx/x.onnx'),
      /x\.onnx.* could not be written .*--out/,
    ],
    [
      'a file that is no generator',
      () => train('generator', 'photos', 'x.onnx', '--init', at('tiny-edges.onnx')),
      /tiny-edges\.onnx is a network, but not an edge-to-image generator/,
    ],
    [
      'a file that is no network',
      () => train('generator', 'photos', 'x.onnx', '--init', at('photos', 'normal-0.png')),
      /normal-0\.png is not a complete ONNX file/,
    ],
    [
      'a file that is not there',
      () => train('generator', 'photos', 'x.onnx', '--init', at('no.onnx')),
      /no\.onnx does not exist/,
    ],
    [
      'a size that does not fit',
      () => train('generator', 'photos', 'x.onnx', '--size', '33'),
      /multiples of 2 px, not 33/,
    ],
    [
      'a size out of range',
      () => train('generator', 'photos', 'x.onnx', '--size', '4'),
      /--size does not suit training/,
    ],
    [
      'a damaged checkpoint',
      () => train('generator', 'photos', 'x.onnx', '--checkpoint', at('tiny-edges.onnx')),
      /tiny-edges\.onnx is no complete training checkpoint/,
    ],
    ['a rate of 0', () => train('generator', 'photos', 'x.onnx', '--rate', '0'), /It takes a number above 0/],
  ])('refuses %s in one sentence', async (_, args, sentence) => {
    const { code, err } = await runHere(...args());
    expect(err).toMatch(sentence);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
    await expect(stat(at('x.onnx'))).rejects.toThrow();
  });

  it('loses nothing that is there when it refuses', async () => {
    await writeFile(at('kept.onnx'), 'kept');
    const { code } = await runHere(...train('generator', 'few', 'kept.onnx'));
    expect(code).toBe(1);
    expect(await readFile(at('kept.onnx'), 'utf8')).toBe('kept');
  });
});

describe('train detector', () => {
  it('trains on anomalies made by the generator it is given, and writes a detector', async () => {
    const more = ['--steps', '2', '--batch', '2', '--regions', 'arbitrary', '--generator', at('tiny-generator.onnx')];
    const { code, out, err } = await runHere(...train('detector', 'photos', 'detector.onnx', ...more));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/Making 6 anomalies on held-out photographs/);
    expect(out).toMatch(/Step 0: pixelAp \d\.\d+, imageAp \d\.\d+/);
    expect(out).toMatch(/Wrote .*detector\.onnx|Nothing got better/);
    const { form } = await loadOwnDetector(new Uint8Array(await readFile(at('detector.onnx'))), 'x');
    expect(form.size).toBe(32);
    expect(form.threshold.image).toBeLessThan(1);
  });

  it('refuses what is no detector', async () => {
    const { code, err } = await runHere(
      ...train(
        'detector',
        'photos',
        'y.onnx',
        '--init',
        at('tiny-generator.onnx'),
        '--regions',
        'arbitrary',
        '--generator',
        at('tiny-generator.onnx'),
      ),
    );
    expect(code).toBe(1);
    expect(err).toMatch(/tiny-generator\.onnx is a network, but no detector/);
    expect((await runHere(...train('detector', 'one', 'y.onnx'))).err).toMatch(
      /one holds 1 usable photographs: too few.*Give 5 or more\.$/m,
    );
  });
});
