import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../core/hash';
import { colourAt } from '../core/colour-scales';
import { decodeNpy } from '../datasets/npy';
import { decodeTiff } from '../datasets/tiff';
import { detectorFixture } from '../models/detector/testing';
import { filesBelow, runHere, temporaryFolder } from './testing';

const folder = await temporaryFolder();
const at = (...names: string[]) => path.join(folder.path, ...names);
afterAll(() => folder.remove());

const model = detectorFixture({ smooth: 1, threshold: { image: 0.6, pixel: 0.5 } });

/** Grey of one level. */
async function grey(file: string, level: number, width = 30, height = 20): Promise<void> {
  await mkdir(path.dirname(at(file)), { recursive: true });
  const background = { r: level, g: level, b: level };
  await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toFile(at(file));
}

beforeAll(async () => {
  await writeFile(at('bright.onnx'), model);
  await grey('photos/light/a.png', 204);
  await grey('photos/dark/a.png', 51);
  await writeFile(at('photos/broken.png'), 'no picture');
});

const json = async (file: string) => JSON.parse(await readFile(file, 'utf8'));
const detect = (...args: string[]) => runHere('detect', '--model', at('bright.onnx'), ...args);

describe('detect', () => {
  it('writes map, heat map and scores of each image, and names what cannot be read', async () => {
    const images = ['light/a.png', 'dark/a.png', 'broken.png'].map((name) => at('photos', name));
    const ran = await detect(...images, '--out', at('out'));
    expect(ran).toMatchObject({ code: 0, out: '' });
    expect(ran.err).toMatch(/broken\.png .*\n$/);
    const files = await filesBelow(at('out'));
    expect([...files.keys()]).toEqual([
      'dark/a.heat.png',
      'dark/a.tiff',
      'light/a.heat.png',
      'light/a.tiff',
      'scores.json',
    ]);
    const map = decodeTiff(files.get('light/a.tiff')!, 'a.tiff');
    expect(map).toMatchObject({ width: 30, height: 20 });
    expect(map.data[7]).toBeCloseTo(0.8, 5);
    expect(await json(at('out/scores.json'))).toEqual({
      model: { id: 'bright.onnx', sha256: await sha256(model) },
      threshold: { image: 0.6, pixel: 0.5 },
      images: [
        {
          image: images[0],
          score: expect.closeTo(0.8, 5),
          anomalous: true,
          map: 'light/a.tiff',
          heat: 'light/a.heat.png',
        },
        {
          image: images[1],
          score: expect.closeTo(0.2, 5),
          anomalous: false,
          map: 'dark/a.tiff',
          heat: 'dark/a.heat.png',
        },
      ],
    });
    // Three quarters of the scale's colour, over the picture.
    const { data } = await sharp(files.get('light/a.heat.png')).raw().toBuffer({ resolveWithObject: true });
    colourAt('inferno', 0.8).forEach((level, c) =>
      expect(Math.abs(data[c] - (0.25 * 204 + 0.75 * level))).toBeLessThanOrEqual(1.5),
    );
  });

  it('writes NumPy arrays and other colours when told to', async () => {
    const image = at('photos/light/a.png');
    expect(await detect(image, '--out', at('npy'), '--format', 'npy', '--scale', 'turbo')).toMatchObject({ code: 0 });
    const files = await filesBelow(at('npy'));
    expect([...files.keys()]).toEqual(['a.heat.png', 'a.npy', 'scores.json']);
    expect(decodeNpy(files.get('a.npy')!, 'a.npy').data[0]).toBeCloseTo(0.8, 5);
  });

  it('refuses two images of one place, images that are none, and a file that is no detector', async () => {
    await grey('photos/light/a.jpg', 10);
    const twice = await detect(at('photos/light/a.png'), at('photos/light/a.jpg'), '--out', at('no'));
    expect(twice).toMatchObject({
      code: 1,
      err: expect.stringMatching(/a\.png and .*a\.jpg would both be written to a\./),
    });
    const broken = await detect(at('photos/broken.png'), '--out', at('no'));
    expect(broken).toMatchObject({ code: 1, err: expect.stringMatching(/No image could be read/) });
    const none = await runHere(
      'detect',
      at('photos/dark/a.png'),
      '--model',
      at('photos/dark/a.png'),
      '--out',
      at('no'),
    );
    expect(none).toMatchObject({ code: 1, err: expect.stringMatching(/^a\.png is not a complete ONNX file/) });
    expect([...(await filesBelow(folder.path)).keys()].filter((file) => file.startsWith('no/'))).toEqual([]);
  });
});
