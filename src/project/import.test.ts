import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ErrorReport } from '../core/errors';
import { nodeCodec } from '../datasets/codec-node';
import { encodeRgbPng } from '../datasets/codec';
import { badFiles } from '../datasets/testing';
import { MemoryBlobStore, type BlobStore } from './blobs';
import { datasetRecordSchema, imageRecordSchema, type ImageRecord } from './document';
import { importImages, type ImportSource, type ImportStep, type ImportTools } from './import';

const png = (level: number, side = 40) =>
  sharp({ create: { width: side, height: side, channels: 3, background: { r: level, g: 90, b: 30 } } })
    .png()
    .toBuffer()
    .then((buffer) => new Uint8Array(buffer));

const source = (path: string, bytes: Uint8Array<ArrayBuffer>): ImportSource => ({
  path,
  size: bytes.length,
  bytes: async () => bytes,
});

function tools(blobs: BlobStore = new MemoryBlobStore(), available?: number): ImportTools {
  let next = 0;
  return {
    codec: nodeCodec,
    blobs,
    encodeThumbnail: async (image) => encodeRgbPng(image),
    available: async () => available,
    newId: () => `dataset-${next++}`,
    now: () => 0,
  };
}

async function collect(steps: AsyncGenerator<{ images: readonly ImageRecord[]; problems: readonly ErrorReport[] }>) {
  const images: ImageRecord[] = [];
  const problems: ErrorReport[] = [];
  try {
    for await (const step of steps) {
      images.push(...step.images);
      problems.push(...step.problems);
    }
  } catch (error) {
    return { images, problems, error: error as Error & { code: string } };
  }
  return { images, problems, error: undefined };
}

let good: Uint8Array<ArrayBuffer>[];
beforeAll(async () => {
  good = await Promise.all(Array.from({ length: 30 }, (_, i) => png(i * 8)));
});

describe('importImages', () => {
  it('keeps the saturations that came with a dataset, and says when they cannot be read', async () => {
    const kind = { defect_name: 'cut', pixel_value: 1, saturation_threshold: 9, relative_saturation: false };
    const configOf = async (text: string) => {
      const blobs = new MemoryBlobStore();
      const files = [
        source('set/lamp/defects_config.json', new TextEncoder().encode(text)),
        source('set/lamp/test/good/0.png', good[0]),
        source('set/pin/test/good/0.png', good[1]),
      ];
      const steps: ImportStep[] = [];
      for await (const step of importImages(files, [], tools(blobs))) steps.push(step);
      const [lamp, pin] = steps.map(({ dataset }) => datasetRecordSchema.parse(dataset).config);
      expect(pin).toBeUndefined();
      const stored = lamp?.kind === 'blob' ? new TextDecoder().decode(await blobs.get(lamp.sha256)) : null;
      return { stored, problems: steps.flatMap(({ problems }) => problems) };
    };
    const text = JSON.stringify([kind]);
    expect(await configOf(text)).toEqual({ stored: text, problems: [] });
    const { stored, problems } = await configOf('[{"defect_name": 3}]');
    expect(stored).toBeNull();
    expect(problems).toMatchObject([
      { code: 'bad-config', message: expect.stringMatching(/^set\/lamp\/defects_config\.json/) },
    ]);
  });

  it('goes on after every kind of bad file and names each', async () => {
    const vanished: ImportSource = {
      path: 'set/gone.png',
      size: 10,
      bytes: () => Promise.reject(new DOMException('gone', 'NotFoundError')),
    };
    const { images, problems, error } = await collect(
      importImages(
        [
          source('set/a.png', good[0]),
          source('set/empty.png', new Uint8Array(0)),
          source('set/text.png', new TextEncoder().encode('not a picture at all')),
          source('set/cut.png', good[1].slice(0, 60)),
          vanished,
          source('set/copy.png', good[0]),
          source('set/z.png', good[2]),
        ],
        [],
        tools(),
      ),
    );
    expect(error).toBeUndefined();
    expect(images.map((image) => image.name)).toEqual(['a.png', 'z.png']);
    expect(Object.fromEntries(problems.map((problem) => [problem.file, problem.code]))).toEqual({
      'set/empty.png': 'empty-file',
      'set/text.png': 'not-an-image',
      'set/cut.png': 'truncated-image',
      'set/gone.png': 'file-vanished',
      'set/copy.png': 'duplicate-image',
    });
    for (const problem of problems) expect(problem.message).toContain(problem.file);
    images.forEach((image) => imageRecordSchema.parse(image));
  });

  it('refuses every kind of bad image before decoding it, and goes on', async () => {
    const bad = await badFiles();
    const decoded: string[] = [];
    const watching: ImportTools = {
      ...tools(),
      codec: {
        decode: (bytes, file, maxSide) => {
          decoded.push(file);
          return nodeCodec.decode(bytes, file, maxSide);
        },
      },
    };
    const files = bad.flatMap(({ name, bytes }, i) => [source(name, bytes), source(`good-${i}.png`, good[i])]);
    const { images, problems, error } = await collect(importImages(files, [], watching));
    expect(error).toBeUndefined();
    expect(images).toHaveLength(bad.length);
    expect(new Map(problems.map(({ file, code }) => [file, code]))).toEqual(
      new Map(bad.map(({ name, code }) => [name, code])),
    );
    // The sentence names the file and says what to do.
    for (const { file, message } of problems)
      expect(message).toMatch(new RegExp(`^${file} .*\\. (Use|Save|Copy|Scale)`));
    expect(decoded.filter((file) => !file.startsWith('good'))).toEqual([]);
  });

  it('recognises what is imported already', async () => {
    const first = await collect(importImages([source('a.png', good[0])], [], tools()));
    const again = await collect(importImages([source('b/a.png', good[0])], [first.images[0].id], tools()));
    expect(again.images).toEqual([]);
    expect(again.problems[0].code).toBe('duplicate-image');
  });

  it('says so when there are no images', async () => {
    const { error } = await collect(importImages([source('docs/readme.md', good[0])], [], tools()));
    expect(error).toMatchObject({ code: 'no-images' });
    expect(error?.message).toContain('docs/readme.md');
  });

  it('refuses before starting when storage does not suffice', async () => {
    const { images, error } = await collect(importImages([source('a.png', good[0])], [], tools(undefined, 5)));
    expect(images).toEqual([]);
    expect(error).toMatchObject({ code: 'storage-full' });
  });

  it('hands over what was stored when storage fills up on the way', async () => {
    const sizes = good[0].length;
    const { images, error } = await collect(
      importImages(
        good.map((bytes, i) => source(`set/${i}.png`, bytes)),
        [],
        tools(new MemoryBlobStore(sizes * 5)),
      ),
    );
    expect(error).toMatchObject({ code: 'storage-full' });
    expect(images.length).toBeGreaterThan(2);
  });

  it('names the file that no longer fits, and still tells of the bad ones before it', async () => {
    const files = [source('set/1.png', new Uint8Array(0)), source('set/2.png', good[0])];
    const { problems, error } = await collect(importImages(files, [], tools(new MemoryBlobStore(5))));
    expect(error).toMatchObject({ code: 'storage-full', message: expect.stringContaining('set/2.png') });
    expect(problems.map(({ file }) => file)).toEqual(['set/1.png']);
  });

  it('stops within one file when cancelled, and keeps what was handed over', async () => {
    const controller = new AbortController();
    const steps = importImages(
      good.map((bytes, i) => source(`set/${i}.png`, bytes)),
      [],
      tools(),
      controller.signal,
    );
    const first = await steps.next();
    expect(first.value?.images).toHaveLength(24);
    controller.abort();
    await expect(steps.next()).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('keeps masks with their image and reports a bad one without losing the image', async () => {
    const { images, problems } = await collect(
      importImages(
        [
          source('tile/train/good/0.png', good[0]),
          source('tile/test/crack/1.png', good[1]),
          source('tile/test/crack/2.png', good[2]),
          source('tile/ground_truth/crack/1_mask.png', good[3]),
          source('tile/ground_truth/crack/2_mask.png', new Uint8Array(0)),
        ],
        [],
        tools(),
      ),
    );
    expect(images).toHaveLength(3);
    expect(images.map((image) => image.masks.length).sort()).toEqual([0, 0, 1]);
    expect(problems.map((problem) => problem.file)).toEqual(['tile/ground_truth/crack/2_mask.png']);
  });

  it('knows which way is up', async () => {
    const bytes = new Uint8Array(
      await sharp({ create: { width: 60, height: 30, channels: 3, background: 'red' } })
        .jpeg()
        .withMetadata({ orientation: 6 })
        .toBuffer(),
    );
    const { images } = await collect(importImages([source('phone.jpg', bytes)], [], tools()));
    expect([images[0].width, images[0].height]).toEqual([30, 60]);
  });
});
