import { existsSync } from 'node:fs';
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../core/random';
import { encodeGreyPng } from '../datasets/codec';
import { npyMap, tiffOf } from '../datasets/maps-testing';
import { pattern } from '../datasets/testing';
import { detectorFixture } from '../models/detector/testing';
import { runHere, runProcess, temporaryFolder, writeBelow } from './testing';

const GOLDEN = fileURLToPath(new URL('../../../shared/data/metrics-golden/', import.meta.url));
const isGolden = existsSync(GOLDEN);
if (!isGolden)
  console.log('evaluate: comparison with the official programs skipped: no ../shared/data/metrics-golden.');

const folder = await temporaryFolder();
const at = (...names: string[]) => path.join(folder.path, ...names);
const [WIDTH, HEIGHT] = [24, 20];
afterAll(() => folder.remove());

/** A PNG with a block of one value, 30 pixels from the given column on. */
function block(value: number, left = 2): Uint8Array {
  const levels = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 3; y < 8; y++) levels.fill(value, y * WIDTH + left, y * WIDTH + left + 6);
  return encodeGreyPng(levels, WIDTH, HEIGHT);
}

function scores(seed: number, change?: (data: Float32Array) => void): Float32Array {
  const random = new Random(seed);
  const data = Float32Array.from({ length: WIDTH * HEIGHT }, () => random.normal());
  for (let y = 3; y < 8; y++) for (let x = 2; x < 8; x++) data[y * WIDTH + x] += 1;
  change?.(data);
  return data;
}

const map = (seed: number, change?: (data: Float32Array) => void) => tiffOf(scores(seed, change), WIDTH, HEIGHT);

const CONFIG = [
  { defect_name: 'missing', pixel_value: 255, saturation_threshold: 10, relative_saturation: false },
  { defect_name: 'stain', pixel_value: 3, saturation_threshold: 0.5, relative_saturation: true },
];

/** A small set in LOCO layout, with maps, in a folder of its own. */
async function locoSet(name: string): Promise<void> {
  const data = (...names: string[]) => at(name, 'data', 'pins', ...names);
  const maps = (...names: string[]) => at(name, 'maps', 'pins', 'test', ...names);
  await writeBelow(data('defects_config.json'), JSON.stringify(CONFIG));
  for (const [i, subset] of ['good', 'good', 'logical_anomalies', 'structural_anomalies'].entries()) {
    await writeBelow(data('test', subset, `00${i}.png`), await pattern(i, WIDTH, HEIGHT));
    await writeBelow(maps(subset, `00${i}.tiff`), map(i));
  }
  await writeBelow(data('train', 'good', '000.png'), await pattern(9, WIDTH, HEIGHT));
  await writeBelow(data('ground_truth', 'logical_anomalies', '002', '000.png'), block(255));
  await writeBelow(data('ground_truth', 'logical_anomalies', '002', '001.png'), block(255, 12));
  await writeBelow(data('ground_truth', 'structural_anomalies', '003', '000.png'), block(3));
}

const evaluateArgs = (name: string, object = 'pins', maps = 'maps') => {
  return ['evaluate', '--dataset', at(name, 'data'), '--object', object, '--maps', at(name, maps)];
};

beforeAll(() => locoSet('loco'));

describe('evaluate --model', () => {
  it('makes the maps itself, as detect writes them, and ranks images by the detector’s own score', async () => {
    await writeBelow(at('bright.onnx'), detectorFixture({ smooth: 5 }));
    const data = ['--dataset', at('loco', 'data'), '--object', 'pins', '--json'];
    const made = await runHere('evaluate', ...data, '--model', at('bright.onnx'));
    expect({ code: made.code, err: made.err }).toEqual({ code: 0, err: '' });

    const images = ['good/000', 'good/001', 'logical_anomalies/002', 'structural_anomalies/003'];
    const files = images.map((image) => at('loco', 'data', 'pins', 'test', `${image}.png`));
    const maps = at('made', 'pins', 'test');
    expect(await runHere('detect', ...files, '--model', at('bright.onnx'), '--out', maps)).toMatchObject({ code: 0 });
    const read = await runHere('evaluate', ...data, '--maps', at('made'));
    const [own, written] = [made, read].map(({ out }) => JSON.parse(out));
    for (const key of ['pixel_auroc', 'pixel_ap', 'aupro', 'au_spro']) expect(own[key]).toEqual(written[key]);

    const { images: scored } = JSON.parse(await readFile(path.join(maps, 'scores.json'), 'utf8'));
    const scores = scored.map(({ score }: { score: number }) => score);
    const wins = [2, 3].map((a) => [0, 1].filter((g) => scores[a] > scores[g]).length / 2);
    expect(own.image_auroc).toBeCloseTo((wins[0] + wins[1]) / 2, 12);
  });

  it('is instead of maps, and says what is wrong with the file', async () => {
    const both = await runHere(...evaluateArgs('loco'), '--model', at('bright.onnx'));
    expect(both).toEqual({ code: 1, out: '', err: expect.stringMatching(/--maps.*--model.*one of the two/) });
    const data = ['--dataset', at('loco', 'data'), '--object', 'pins'];
    expect((await runHere('evaluate', ...data)).err).toMatch(/--maps.*--model/);
    await writeBelow(at('text.onnx'), 'no network');
    const text = await runHere('evaluate', ...data, '--model', at('text.onnx'));
    expect(text).toMatchObject({ code: 1, err: expect.stringMatching(/^text\.onnx is not a complete ONNX file/) });
    const none = await runHere('evaluate', ...data, '--model', at('none.onnx'));
    expect(none).toMatchObject({ code: 1, err: expect.stringMatching(/none\.onnx does not exist/) });
  });
});

describe('evaluate', () => {
  it.skipIf(!isGolden)('gives what the official programs give', async () => {
    const golden = (name: string) => path.join(GOLDEN, name);
    const args = ['--dataset', golden('dataset'), '--object', 'pushpins', '--maps', golden('maps')];
    const { code, out, err } = await runHere('evaluate', '--json', ...args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { note: _, ...expected } = JSON.parse(await readFile(golden('expected.json'), 'utf8'));
    compare(JSON.parse(out), expected, '');

    function compare(found: unknown, wanted: unknown, where: string): void {
      if (typeof wanted === 'number') {
        // The official AU-sPRO refines thresholds to a distance instead of taking all.
        const tolerance = where.startsWith('/au_spro') ? 2e-3 : 1e-6;
        expect(Math.abs((found as number) - wanted), where).toBeLessThan(tolerance);
        return;
      }
      for (const [key, value] of Object.entries(wanted as object)) {
        compare((found as Record<string, unknown>)[key], value, `${where}/${key}`);
      }
    }
  });

  it('prints a table, or JSON', async () => {
    const ran = await runProcess(...evaluateArgs('loco'));
    expect(ran).toMatchObject({ code: 0, err: '' });
    const lines = ran.out.split('\n');
    expect(lines[0]).toBe('pins (MVTec LOCO): 2 good, 2 anomalous test images');
    const { out, code } = await runHere(...evaluateArgs('loco'), '--json');
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(Object.keys(report.aupro)).toEqual(['0.05', '0.3', '1.0']);
    expect(Object.keys(report.au_spro)).toEqual(['logical_anomalies', 'structural_anomalies', 'mean']);
    expect(Object.keys(report.au_spro.mean)).toEqual(['0.01', '0.05', '0.1', '0.3', '1.0']);
    expect(Object.keys(report.au_spro_by_defect.logical_anomalies)).toEqual(['missing']);
    expect(report.images).toEqual({ good: 2, anomalous: 2 });
    const row = (name: string) =>
      lines
        .find((line) => line.trim().startsWith(name))!
        .trim()
        .split(/\s{2,}/)
        .slice(1);
    expect(row('image')).toEqual([report.image_auroc, report.image_ap].map((value) => value.toFixed(4)));
    expect(row('pixel')).toEqual([report.pixel_auroc, report.pixel_ap].map((value) => value.toFixed(4)));
    expect(row('AU-sPRO')).toEqual(Object.values<number>(report.au_spro.mean).map((value) => value.toFixed(4)));
    expect(row('stain (1)')).toEqual(
      Object.values<number>(report.au_spro_by_defect.structural_anomalies.stain).map((value) => value.toFixed(4)),
    );
  });

  it('reads .npy, maps without the object’s folder, and MVTec AD and VisA', async () => {
    const { out } = await runHere(...evaluateArgs('loco'), '--json');
    for (const i of [0, 1])
      await writeBelow(at('loco', 'plain', 'test', 'good', `00${i}.npy`), npyMap(scores(i), WIDTH, HEIGHT));
    await writeBelow(at('loco', 'plain', 'test', 'logical_anomalies', '002.npy'), npyMap(scores(2), WIDTH, HEIGHT));
    await writeBelow(at('loco', 'plain', 'test', 'structural_anomalies', '003.tif'), map(3));
    expect(await runHere(...evaluateArgs('loco', 'pins', 'plain'), '--json')).toEqual({ code: 0, err: '', out });

    const common = [
      [
        'ad',
        'test/good/000.png',
        'test/stain/000.png',
        'ground_truth/stain/000_mask.png',
        'test/good/000',
        'test/stain/000',
      ],
      [
        'visa',
        'Data/Images/Normal/0001.PNG',
        'Data/Images/Anomaly/000.PNG',
        'Data/Masks/Anomaly/000.png',
        'Data/Images/Normal/0001',
        'test/anomaly/000',
      ],
    ];
    const reports = [];
    for (const [name, good, bad, mask, goodMap, badMap] of common) {
      const data = (file: string) => at(name, 'data', 'pins', file);
      await writeBelow(data(good), await pattern(1, WIDTH, HEIGHT));
      await writeBelow(data(bad), await pattern(2, WIDTH, HEIGHT));
      // Class indices look black.
      await writeBelow(data(mask), block(1));
      await writeBelow(at(name, 'maps', 'pins', `${goodMap}.tiff`), map(1));
      await writeBelow(at(name, 'maps', 'pins', `${badMap}.tiff`), map(2));
      if (name === 'visa') {
        const missing = await runHere(...evaluateArgs(name));
        expect(missing).toMatchObject({ code: 1, err: expect.stringMatching(/split_csv\/1cls\.csv is missing/) });
        const rows = [
          'object,split,label,image,mask',
          'pins,train,normal,pins/Data/Images/Normal/0002.PNG,',
          `pins,test,normal,pins/${good},`,
          `pins,test,anomaly,pins/${bad},pins/${mask}`,
        ];
        await writeBelow(at(name, 'data', 'split_csv', '1cls.csv'), rows.join('\r\n'));
      }
      const ran = await runHere(...evaluateArgs(name), '--json');
      expect(ran).toMatchObject({ code: 0, err: '' });
      // The kinds have other names.
      const { image_auroc_by_subset: _, aupro_by_subset: byKind, ...report } = JSON.parse(ran.out);
      expect(Object.values(byKind)).toEqual([report.aupro]);
      expect(report).toMatchObject({ au_spro: null, images: { good: 1, anomalous: 1 } });
      reports.push(report);
    }
    expect(reports[1]).toEqual(reports[0]);
    expect(reports[0].pixel_auroc).toBeGreaterThan(0.6);
  });

  it('says what is not defined, and gives the rest', async () => {
    await locoSet('alone');
    await rm(at('alone', 'data', 'pins', 'test', 'good'), { recursive: true });
    const { code, out, err } = await runHere(...evaluateArgs('alone'), '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ image_auroc: null, image_auroc_by_subset: { mean: null } });
    expect(JSON.parse(out).pixel_auroc).toBeGreaterThan(0.5);
    expect(err).toMatch(/There are no good test images/);
    expect(err).toMatch(/good\/000\.tiff is the map of no test image and is left out, like 1 more\./);
    expect((await runHere(...evaluateArgs('alone'))).out).toMatch(/^image +– +–$/m);
  });

  it('takes a share written as 1, and warns that the official evaluation does not', async () => {
    await locoSet('one');
    const config = at('one', 'data', 'pins', 'defects_config.json');
    await writeFile(config, JSON.stringify([CONFIG[0], { ...CONFIG[1], saturation_threshold: 1.0 }]));
    const { code, err } = await runHere(...evaluateArgs('one'));
    expect(code).toBe(0);
    expect(err).toBe(
      `${config}: the official MVTec LOCO evaluation does not take the saturation_threshold 1; write it with a point (1.0).\n`,
    );
  });
});

describe('evaluate of bad input', () => {
  const truth = 'data/pins/ground_truth/structural_anomalies/003/000.png';
  const wrong = 'maps/pins/test/structural_anomalies/003.tiff';
  const config = 'data/pins/defects_config.json';
  it.each<[string, string, (file: string) => Promise<void>, RegExp]>([
    ['a missing map', wrong, (file) => rm(file), /^There is no map of pins\/test\/structural.*Write it to/],
    ['two maps of an image', wrong, (file) => writeBelow(file.replace('.tiff', '.npy'), ''), /are both maps of/],
    [
      'a map of another size',
      wrong,
      (file) => writeBelow(file, tiffOf(new Float32Array(HEIGHT * WIDTH), HEIGHT, WIDTH)),
      /is 20×24, and its image 24×20\. Resize/,
    ],
    [
      'a map of a good image of another size',
      'maps/pins/test/good/001.tiff',
      (file) => writeBelow(file, tiffOf(new Float32Array(50), 10, 5)),
      /is 10×5, and its image 24×20/,
    ],
    [
      'NaN',
      wrong,
      (file) =>
        writeBelow(
          file,
          map(1, (data) => (data[WIDTH + 5] = NaN)),
        ),
      /holds NaN \(at x 5, y 1\)/,
    ],
    [
      'infinity',
      wrong,
      (file) =>
        writeBelow(
          file,
          map(1, (data) => (data[3] = -Infinity)),
        ),
      /holds -Infinity \(at x 3, y 0\)/,
    ],
    ['a cut map', wrong, (file) => writeBelow(file, map(1).subarray(0, 900)), /not a whole TIFF/],
    ['a picture as a map', wrong, (file) => writeBelow(file, block(3)), /not a whole TIFF/],
    [
      'an unknown pixel value',
      truth,
      (file) => writeBelow(file, block(17)),
      /value 17, and defects_config\.json has only 255, 3/,
    ],
    [
      'two pixel values',
      truth,
      async (file) => {
        const levels = new Uint8Array(WIDTH * HEIGHT);
        levels.set([255, 3], 100);
        await writeBelow(file, encodeGreyPng(levels, WIDTH, HEIGHT));
      },
      /the values 3, 255\./,
    ],
    ['an empty ground truth', truth, (file) => writeBelow(file, block(0)), /marks no pixel/],
    [
      'ground truth in colour',
      truth,
      async (file) => writeBelow(file, await pattern(1, WIDTH, HEIGHT)),
      /is in colour/,
    ],
    [
      'ground truth of another size',
      'data/pins/ground_truth/logical_anomalies/002/001.png',
      (file) => writeBelow(file, encodeGreyPng(new Uint8Array(400).fill(255), 20, 20)),
      /is 20×20, and .*000\.png 24×20/,
    ],
    ['damaged ground truth', truth, (file) => writeBelow(file, block(3).subarray(0, 60)), /is cut off/],
    [
      'no ground truth',
      'data/pins/test/structural_anomalies/003.png',
      (file) => rm(path.join(file, '../../../ground_truth/structural_anomalies'), { recursive: true }),
      /has no ground truth\. Add its mask/,
    ],
    ['a config that does not parse', config, (file) => writeBelow(file, '[{'), /is not JSON/],
    [
      'a config with a share above 1',
      config,
      (file) => writeBelow(file, JSON.stringify([{ ...CONFIG[1], saturation_threshold: 2 }])),
      /entry 1 .*share from 0 to 1, not 2/,
    ],
    ['a damaged test image', 'data/pins/test/good/001.png', (file) => writeBelow(file, 'none'), /not an image/],
  ])('%s', async (name, file, spoil, reason) => {
    const set = `bad ${name}`;
    await cp(at('loco'), at(set), { recursive: true });
    await rm(at(set, 'plain'), { recursive: true, force: true });
    await spoil(at(set, file));
    const { code, out, err } = await runHere(...evaluateArgs(set), '--json');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^[^\n]+\n$/);
    expect(err).toContain(at(set, file));
    expect(err).toMatch(reason);
  });

  it('names folders that are not there, and what a dataset is', async () => {
    const refused = async (args: string[], reason: RegExp) => {
      const { code, err } = await runHere(...args);
      expect(code).toBe(1);
      expect(err).toMatch(reason);
    };
    await refused(evaluateArgs('nowhere'), /nowhere\/data is not a folder/);
    await refused(evaluateArgs('loco', 'pins', 'nothing'), /nothing is not a folder/);
    await refused(evaluateArgs('loco', 'screws'), /data\/screws holds no dataset that is known/);
    await locoSet('untested');
    await rename(at('untested', 'data', 'pins', 'test'), at('untested', 'data', 'pins', 'other'));
    await refused(evaluateArgs('untested'), /holds no test images/);
    await refused(['evaluate', '--dataset', 'x', '--object', 'y'], /--maps/);
  });
});
