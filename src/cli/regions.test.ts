import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recipeSchema } from '../core/recipe';
import { DISK, QUALITY, samDecoder, samEncoder } from '../models/sam/testing';
import { filesBelow, runHere, temporaryFolder } from './testing';

const folder = await temporaryFolder();
const at = (name: string) => path.join(folder.path, name);
const [WIDTH, HEIGHT] = [120, 80];
const SAM = ['--encoder', at('encoder.onnx'), '--decoder', at('decoder.onnx')];

beforeAll(async () => {
  const side = { side: 128, channels: 4, masks: 64 };
  await writeFile(at('encoder.onnx'), samEncoder(side));
  await writeFile(at('decoder.onnx'), samDecoder({ ...side, metadata: [{ key: 'sam.box_labels', value: '[2, 3]' }] }));
  await writeFile(at('half.onnx'), samEncoder(side).slice(0, 5000));
  // A white thing on black.
  const thing = await sharp({ create: { width: 40, height: 30, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  const ground = sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: 'black' } });
  await writeFile(
    at('photo.png'),
    await ground
      .composite([{ input: thing, left: 60, top: 20 }])
      .png()
      .toBuffer(),
  );
});
afterAll(() => folder.remove());

interface Report {
  image: { name: string; sha256: string; width: number; height: number };
  model: { id: string; sha256: string };
  regions: {
    file: string;
    area: number;
    box: { x: number; y: number; width: number; height: number };
    quality: number;
  }[];
}

/** What was written, with the masks held against the report. */
async function written(out: string): Promise<Report> {
  const files = await filesBelow(out);
  const report = JSON.parse(files.get('regions.json')!.toString()) as Report;
  expect([...files.keys()]).toEqual([...report.regions.map(({ file }) => file), 'regions.json']);
  for (const { file, area, box } of report.regions) {
    const { data, info } = await sharp(files.get(file))
      .toColourspace('b-w')
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: WIDTH, height: HEIGHT, channels: 1 });
    expect(new Set(data)).toEqual(new Set(area === WIDTH * HEIGHT ? [255] : [0, 255]));
    expect(data.filter((level) => level === 255)).toHaveLength(area);
    const columns = [...data.keys()].filter((i) => data[i] === 255).map((i) => i % WIDTH);
    expect([Math.min(...columns), Math.max(...columns)]).toEqual([box.x, box.x + box.width - 1]);
  }
  return report;
}

describe('regions', () => {
  it('writes the region under a point', async () => {
    const ran = await runHere('regions', at('photo.png'), '--out', at('point'), '--points', '30,40', ...SAM);
    expect(ran).toEqual({ code: 0, out: '', err: '' });
    const { image, model, regions } = await written(at('point'));
    expect(image).toMatchObject({ name: 'photo.png', width: WIDTH, height: HEIGHT });
    expect(model.id).toBe('encoder.onnx');
    expect(regions).toHaveLength(1);
    // The fixture's best mask is a disk about the point.
    const { box, quality } = regions[0];
    expect(quality).toBeCloseTo(QUALITY[1], 5);
    expect(Math.abs(box.x + box.width / 2 - 30.5)).toBeLessThan(2);
    expect(Math.abs(box.y + box.height / 2 - 40.5)).toBeLessThan(2);
    expect(Math.abs(box.width / 2 - DISK * WIDTH)).toBeLessThan(2);
  });

  it('takes several points and a box', async () => {
    const args = ['--points', '30,40', '50,40,0', '--box', '10,20,50,60'];
    const ran = await runHere('regions', at('photo.png'), '--out', at('both'), ...args, ...SAM);
    expect(ran).toEqual({ code: 0, out: '', err: '' });
    expect((await written(at('both'))).regions).toHaveLength(1);
  });

  it('finds all parts when nothing is pointed at, the same ones with --everything', async () => {
    const first = await runHere('regions', at('photo.png'), '--out', at('all'), '--grid', '4', ...SAM);
    expect(first).toEqual({ code: 0, out: '', err: '' });
    const { regions } = await written(at('all'));
    expect(regions.length).toBeGreaterThan(1);
    const areas = regions.map(({ area }) => area);
    expect(areas).toEqual([...areas].sort((a, b) => b - a));
    await runHere('regions', at('photo.png'), '--out', at('again'), '--everything', '--grid', '4', ...SAM);
    expect(await filesBelow(at('again'))).toEqual(await filesBelow(at('all')));
  });

  it.each([
    ['a point outside', ['--points', '500,40', ...SAM], /500, 40 lies outside the image of 120×80/],
    ['a point that is none', ['--points', '5', ...SAM], /--points .*x,y/],
    ['a box turned over', ['--box', '50,60,10,20', ...SAM], /--box .*x0,y0,x1,y1/],
    ['a grid of nothing', ['--grid', '0', ...SAM], /whole number from 1/],
    ['pointing and everything', ['--points', '5,5', '--everything', ...SAM], /Leave out one/],
    [
      'half a download',
      ['--encoder', at('half.onnx'), '--decoder', at('decoder.onnx')],
      /half\.onnx is not a complete/,
    ],
    ['half a pair', ['--encoder', at('encoder.onnx')], /encoder\.onnx is the encoder.*both/],
    ['no such file', ['--encoder', at('no.onnx'), '--decoder', at('decoder.onnx')], /no\.onnx does not exist/],
  ])('%s is one line, and nothing is written', async (_, args, message) => {
    const ran = await runHere('regions', at('photo.png'), '--out', at('bad'), ...args);
    expect(ran.code).toBe(1);
    expect(ran.err.trimEnd().split('\n')).toHaveLength(1);
    expect(ran.err).toMatch(message);
    expect([...(await filesBelow(folder.path)).keys()].filter((file) => file.startsWith('bad/'))).toEqual([]);
  });

  it('says which image cannot be read', async () => {
    const ran = await runHere('regions', at('missing.png'), '--out', at('bad'), ...SAM);
    expect(ran).toMatchObject({ code: 1, err: expect.stringMatching(/missing\.png does not exist/) });
  });
});

describe('synth --regions', () => {
  const images = at('photos');
  const args = ['synth', '--images', images, '--count', '2', '--seed', '3', '--renderer', 'direct', '--ops', 'remove'];
  const shipped = existsSync(fileURLToPath(new URL('../../public/models/sam-nano.json', import.meta.url)));

  beforeAll(async () => {
    await mkdir(images);
    const shapes = [40, 25].map((side, i) => ({
      input: { create: { width: side, height: side, channels: 3 as const, background: i ? 'red' : 'white' } },
      left: 15 + 60 * i,
      top: 20,
    }));
    const ground = sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: '#234' } });
    await writeFile(path.join(images, 'photo.png'), await ground.composite(shapes).png().toBuffer());
  });

  it.runIf(!shipped)('says what is missing where no segmentation network is installed', async () => {
    const ran = await runHere(...args, '--out', at('semantic'), '--regions', 'semantic');
    expect(ran).toMatchObject({ code: 1, err: expect.stringMatching(/No segmentation network is installed/) });
  });

  it.runIf(shipped)('draws parts of the picture, the same ones from the same seed', async () => {
    for (const out of ['semantic', 'twice']) {
      const ran = await runHere(...args, '--out', at(out), '--regions', 'semantic');
      expect(ran).toEqual({ code: 0, out: '', err: '' });
    }
    const files = await filesBelow(at('semantic'));
    expect(await filesBelow(at('twice'))).toEqual(files);
    const recipes = [...files].filter(([name]) => /recipes?\//.test(name) && name.endsWith('.json'));
    expect(recipes).toHaveLength(2);
    for (const [, bytes] of recipes) {
      const { region } = recipeSchema.parse(JSON.parse(bytes.toString()));
      expect(region.shapes).toMatchObject([{ kind: 'mask', combine: 'add', label: 'part' }]);
    }
  });

  it('draws shapes that exist without a network', async () => {
    for (const more of [[], ['--regions', 'arbitrary']]) {
      const ran = await runHere(...args, '--out', at(`arbitrary${more.length}`), ...more);
      expect(ran.code).toBe(0);
    }
    expect(await filesBelow(at('arbitrary0'))).toEqual(await filesBelow(at('arbitrary2')));
    expect(await runHere(...args, '--out', at('x'), '--regions', 'any')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/semantic, arbitrary, mixed/),
    });
  });
});
