import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors';
import { Random } from '../core/random';
import { rasterOf } from '../core/raster';
import { evaluationSamples, findMapFiles, type AnomalyMapSource } from '../datasets/anomaly-maps';
import { encodeGreyPng } from '../datasets/codec';
import { nodeCodec } from '../datasets/codec-node';
import type { FileTree } from '../datasets/file-tree';
import { npyMap } from '../datasets/maps-testing';
import { readTestSet } from '../datasets/test-set';
import { pattern } from '../datasets/testing';
import { evaluate } from '../evaluation/evaluator';
import { figuresOf } from '../evaluation/figures';
import { MemoryBlobStore } from './blobs';
import { demoTestSets } from './demo';
import { runEvaluation, type EvaluationInput } from './evaluate';
import { blobsOf, decodeDetails, evaluationSchema, type EvaluationDetails, type EvaluationRecord } from './evaluation';
import { decodeMap, decodeTruth } from './stored-map';
import { evaluationTools } from './testing';

const [WIDTH, HEIGHT] = [24, 20];
const SUBSETS = ['good', 'good', 'good', 'logical_anomalies', 'logical_anomalies', 'structural_anomalies'];
const CONFIG = [
  { defect_name: 'missing', pixel_value: 255, saturation_threshold: 10, relative_saturation: false },
  { defect_name: 'stain', pixel_value: 3, saturation_threshold: 0.5, relative_saturation: true },
];

function treeOf(files: Map<string, Uint8Array<ArrayBuffer>>): FileTree {
  return {
    paths: [...files.keys()],
    nameOf: (path) => path,
    read: async (path) => {
      const bytes = files.get(path);
      if (!bytes) throw new StudioError('file-vanished', 'import', `${path} is gone. Choose it again.`);
      return bytes;
    },
  };
}

/** 30 pixels of one value. */
function block(value: number): Uint8Array<ArrayBuffer> {
  const levels = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 3; y < 8; y++) levels.fill(value, y * WIDTH + 2, y * WIDTH + 8);
  return encodeGreyPng(levels, WIDTH, HEIGHT);
}

/** A small set in LOCO layout, and maps of it. */
async function fixture() {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const maps = new Map<string, Uint8Array<ArrayBuffer>>();
  files.set('pins/defects_config.json', new TextEncoder().encode(JSON.stringify(CONFIG)));
  files.set('pins/train/good/000.png', await pattern(9, WIDTH, HEIGHT));
  for (const [i, subset] of SUBSETS.entries()) {
    files.set(`pins/test/${subset}/00${i}.png`, await pattern(i, WIDTH, HEIGHT));
    const random = new Random(i);
    const scores = Float32Array.from({ length: WIDTH * HEIGHT }, () => random.normal());
    if (subset !== 'good') {
      files.set(`pins/ground_truth/${subset}/00${i}/000.png`, block(subset === 'logical_anomalies' ? 255 : 3));
      for (let y = 3; y < 8; y++) for (let x = 2; x < 8; x++) scores[y * WIDTH + x] += 1.5;
    }
    maps.set(`maps/test/${subset}/00${i}.npy`, npyMap(scores, WIDTH, HEIGHT));
  }
  return { files, maps };
}

async function inputOf({ files, maps }: Awaited<ReturnType<typeof fixture>>): Promise<EvaluationInput> {
  const tree = treeOf(files);
  const set = await readTestSet(tree, 'pins');
  return {
    tree,
    set,
    maps: findMapFiles(treeOf(maps), set),
    testSet: { title: 'Pins', builtIn: false },
    detector: { kind: 'maps', name: 'maps', sha256: null },
    thresholds: null,
    photoOf: () => null,
  };
}

async function run(input: EvaluationInput, blobs = new MemoryBlobStore(), signal?: AbortSignal) {
  let record: EvaluationRecord | null = null;
  const labels: string[] = [];
  for await (const step of runEvaluation(input, evaluationTools(blobs, 1234), signal)) {
    labels.push(`${step.done}/${step.total} ${step.label}`);
    record = step.record;
  }
  const details = decodeDetails(await blobs.get(record!.details));
  return { record: record!, details, blobs, labels };
}

const left = ({ problems }: EvaluationDetails) =>
  problems.map(({ path, leftOut, message }) => [path, leftOut, message] as const);

describe('an evaluation', () => {
  it('has the figures of the samples, and keeps what is needed to look at them again', async () => {
    const input = await inputOf(await fixture());
    const { record, details, blobs, labels } = await run(input);
    const direct = await evaluate(evaluationSamples(input.tree, input.set, input.maps, nodeCodec), { spro: true });
    expect(record.figures).toEqual(figuresOf(direct, true));
    expect(evaluationSchema.parse(record)).toEqual(record);
    expect(record).toMatchObject({
      name: 'Pins, maps',
      createdAt: 1234,
      leftOut: 0,
      scoreRule: 'maximum',
      testSet: { object: 'pins', title: 'Pins', layout: 'mvtec-loco', builtIn: false },
    });
    expect(labels).toHaveLength(8);
    expect(labels[0]).toBe('0/6 pins/test/good/000.png');
    expect(labels.at(-2)).toBe('6/6 Computing the curves…');

    expect(details.images.map(({ path }) => path)).toEqual(input.set.images.map(({ path }) => path));
    for (const [i, image] of details.images.entries()) {
      const { map } = await input.maps.mapOf(input.set.images[i]);
      const again = decodeMap(await blobs.get(image.map!.sha256), image.map!);
      expect(Math.max(...again.data)).toBeCloseTo(image.score, 5);
      expect(image.score).toBe(Math.max(...map.data));
      expect(image.photo?.kind).toBe('blob');
      const photo = await sharp(await blobs.get(image.photo!.sha256)).metadata();
      expect([photo.width, photo.height]).toEqual([WIDTH, HEIGHT]);
      if (image.subset === 'good') expect(image.truth).toBeNull();
      else {
        const { labels: truth } = decodeTruth(await blobs.get(image.truth!));
        expect(truth.reduce((sum, label) => sum + label, 0)).toBe(30);
      }
    }
    const kept = new Set([...blobsOf(details), record.details]);
    const stored: string[] = [];
    for await (const id of blobs.list()) stored.push(id);
    expect(new Set(stored)).toEqual(kept);
  });

  it('has curves that survive being stored', async () => {
    const { details } = await run(await inputOf(await fixture()));
    const { pixel, pro, subsets } = details.curves;
    for (const curve of [pixel!.roc, pixel!.precisionRecall, pro!, subsets[0].pro!, subsets[0].spro!]) {
      expect(curve.x).toHaveLength(curve.thresholds.length);
      expect(curve.y).toHaveLength(curve.x.length);
      expect(curve.x.length).toBeGreaterThan(5);
    }
    expect([pro!.thresholds[0], pro!.thresholds.at(-1)]).toEqual([Infinity, -Infinity]);
    expect(subsets.map(({ name }) => name)).toEqual(['logical_anomalies', 'structural_anomalies']);
  });

  it('begins at the best F1 and at 1 % of the good pixels, or where the detector says', async () => {
    const input = await inputOf(await fixture());
    const { record, details } = await run(input);
    const { x, thresholds } = details.curves.pixel!.roc;
    const at = thresholds.indexOf(record.pixelThreshold!);
    expect(x[at]).toBeLessThanOrEqual(0.01);
    expect(x[at]).toBeGreaterThan(0.005);
    expect(details.ownThresholds).toBeNull();
    const own = await run({ ...input, thresholds: { image: 0.25, pixel: 0.5 } });
    expect(own.record).toMatchObject({ threshold: 0.25, pixelThreshold: 0.5 });
    expect(own.details.ownThresholds).toEqual({ image: 0.25, pixel: 0.5 });
  });

  it('takes a detector’s own scores', async () => {
    const input = await inputOf(await fixture());
    const maps: AnomalyMapSource = {
      mapOf: async (image) => ({ ...(await input.maps.mapOf(image)), score: image.subset === 'good' ? 0.1 : 0.9 }),
    };
    const { record, details } = await run({ ...input, maps });
    expect(record).toMatchObject({ scoreRule: 'detector', figures: { image_auroc: 1 } });
    expect(record.threshold).toBeCloseTo(0.5, 6);
    expect(new Set(details.images.map(({ score }) => score))).toEqual(new Set([0.1, 0.9].map(Math.fround)));
  });

  it('does not copy pictures that are part of the studio', async () => {
    const source = { kind: 'url', url: 'datasets/demo/x.jpg', sha256: 'a'.repeat(64) } as const;
    const { details } = await run({ ...(await inputOf(await fixture())), photoOf: () => source });
    expect(details.images.every(({ photo }) => photo?.kind === 'url')).toBe(true);
  });

  it('of good images alone, or of anomalous ones alone, says what is not defined', async () => {
    for (const [gone, field] of [
      ['anomalies', 'no metric is defined'],
      ['good', 'image AUROC and AP are not defined'],
    ]) {
      const { files, maps } = await fixture();
      for (const path of [...files.keys()]) if (path.includes(`test/`) && path.includes(gone)) files.delete(path);
      const { record, details } = await run(await inputOf({ files, maps }));
      expect(record.figures.image_auroc).toBeNull();
      expect(details.notes.join(' ')).toContain(field);
      expect(Number.isFinite(record.threshold)).toBe(true);
      expect(evaluationSchema.parse(record)).toEqual(record);
    }
  });
});

describe('an image that cannot be evaluated', () => {
  const nan = Float32Array.from({ length: WIDTH * HEIGHT }, () => NaN);
  it.each<[string, (set: Awaited<ReturnType<typeof fixture>>) => void, RegExp]>([
    [
      'has no map',
      ({ maps }) => maps.delete('maps/test/good/001.npy'),
      /There is no map of pins\/test\/good\/001\.png/,
    ],
    [
      'has a map of another size',
      ({ maps }) => maps.set('maps/test/good/001.npy', npyMap(new Float32Array(6), 3, 2)),
      /001\.npy is 3×2, and its image 24×20/,
    ],
    [
      'has a map with NaN',
      ({ maps }) => maps.set('maps/test/good/001.npy', npyMap(nan, WIDTH, HEIGHT)),
      /001\.npy holds NaN \(at x 0, y 0\)/,
    ],
    [
      'has a damaged map',
      ({ maps }) => maps.set('maps/test/good/001.npy', maps.get('maps/test/good/001.npy')!.slice(0, 300)),
      /001\.npy is cut off/,
    ],
    [
      'is no picture',
      ({ files }) => files.set('pins/test/good/001.png', new Uint8Array(9)),
      /001\.png is not an image/,
    ],
  ])('and %s is named, and the figures are those of the others', async (_, spoil, reason) => {
    const set = await fixture();
    spoil(set);
    const { record, details } = await run(await inputOf(set));
    expect(record.leftOut).toBe(1);
    expect(left(details)).toEqual([['pins/test/good/001.png', true, expect.stringMatching(reason)]]);
    expect(details.images).toHaveLength(5);
    const less = await fixture();
    less.files.delete('pins/test/good/001.png');
    expect(record.figures).toEqual((await run(await inputOf(less))).record.figures);
  });

  it('and whose ground truth has an unknown value is named', async () => {
    const set = await fixture();
    set.files.set('pins/ground_truth/logical_anomalies/003/000.png', block(17));
    const { record, details } = await run(await inputOf(set));
    expect(record.leftOut).toBe(1);
    expect(left(details)).toEqual([
      ['pins/test/logical_anomalies/003.png', true, expect.stringMatching(/value 17.*only 255, 3/)],
    ]);
  });

  it('but only cannot be shown counts', async () => {
    const set = await fixture();
    set.files.set('pins/test/logical_anomalies/003.png', new Uint8Array(9));
    const { record, details } = await run(await inputOf(set));
    expect(record.leftOut).toBe(0);
    expect(left(details)).toEqual([
      ['pins/test/logical_anomalies/003.png', false, expect.stringMatching(/is not an image/)],
    ]);
    expect(details.images).toHaveLength(6);
    expect(details.images.find(({ path }) => path.endsWith('003.png'))!.photo).toBeNull();
  });

  it('like all others ends it with the reason', async () => {
    const { files, maps } = await fixture();
    for (const path of maps.keys()) maps.set(path, new Uint8Array(5));
    await expect(run(await inputOf({ files, maps }))).rejects.toMatchObject({
      code: 'bad-map',
      message: expect.stringMatching(/^None of the 6 test images could be evaluated\. The first: .*not a NumPy array/),
    });
  });

  it('for a reason that is a fault of the studio ends it', async () => {
    const input = await inputOf(await fixture());
    const maps: AnomalyMapSource = {
      mapOf: async () => ({ name: 'x', map: rasterOf(new Float32Array(WIDTH * HEIGHT * 2), WIDTH, HEIGHT, 2) }),
    };
    await expect(run({ ...input, maps })).rejects.toThrow(RangeError);
  });
});

describe('storage and cancelling', () => {
  it('without room for pictures gives the figures, and says so', async () => {
    const input = await inputOf(await fixture());
    const whole = await run(input);
    const blobs = new MemoryBlobStore();
    const put = blobs.put.bind(blobs);
    let puts = 0;
    blobs.put = (bytes, what) =>
      ++puts === 4
        ? Promise.reject(new StudioError('storage-full', 'storage', 'The browser’s storage is full.'))
        : put(bytes, what);
    const { record, details } = await run(input, blobs);
    expect(record.figures).toEqual(whole.record.figures);
    expect(details.images.filter(({ map }) => map !== null)).toHaveLength(1);
    expect(details.notes.at(-1)).toMatch(/^The figures are complete, but of 5 images no picture is kept\. .*full/);
  });

  it('without room for the details ends with a sentence', async () => {
    await expect(run(await inputOf(await fixture()), new MemoryBlobStore(100))).rejects.toMatchObject({
      code: 'storage-full',
      message: expect.stringMatching(/so the evaluation was not saved/),
    });
  });

  it('cancelled stops before the next image', async () => {
    const input = await inputOf(await fixture());
    const controller = new AbortController();
    let asked = 0;
    const maps: AnomalyMapSource = {
      mapOf: (image) => {
        if (++asked === 2) controller.abort();
        return input.maps.mapOf(image);
      },
    };
    await expect(run({ ...input, maps }, undefined, controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
    expect(asked).toBe(2);
  });

  it('details of another version or none are refused', () => {
    for (const text of ['', '{}', '{"version": 2}']) {
      expect(() => decodeDetails(new TextEncoder().encode(text))).toThrow(
        expect.objectContaining({ code: 'bad-project' }),
      );
    }
  });
});

it('the demo’s scenes are test sets', async () => {
  const folder = new URL('../../public/', import.meta.url);
  const index: unknown = JSON.parse(await readFile(new URL('datasets/demo/index.json', folder), 'utf8'));
  const sets = demoTestSets(index);
  expect(sets.map(({ object }) => object)).toContain('pin_tray');
  for (const { object, files, good, anomalous } of sets) {
    const tree: FileTree = {
      paths: [...files.keys()],
      nameOf: (path) => path,
      read: async (path) => new Uint8Array(await readFile(new URL((files.get(path) as { url: string }).url, folder))),
    };
    const set = await readTestSet(tree, object);
    expect(set.images).toHaveLength(good + anomalous);
    expect(set.images.filter(({ subset }) => subset === 'good')).toHaveLength(good);
    expect(set.config!.kinds.length).toBeGreaterThan(6);
  }
});
