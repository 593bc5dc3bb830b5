import { describe, expect, it } from 'vitest';
import { createNodeRuntime } from '../../compute/onnx/runtime-node';
import type { OnnxRuntime, OnnxSession } from '../../compute/onnx/session';
import { StudioError } from '../../core/errors';
import { sha256 } from '../../core/hash';
import { filledRaster, type Raster } from '../../core/raster';
import type { Box } from '../../core/mask';
import { boxIou, rleHas, rleIou } from '../../core/rle';
import { SHIPPED } from '../cards';
import { image, model, node } from '../onnx-file/build';
import { serializeOnnx } from '../onnx-file/onnx';
import type { WeightSource } from '../weights';
import { bestCandidates, everything, gridPrompts, MOST_CANDIDATES } from './everything';
import { loadOwnSam, loadShippedSam, readShippedSamCard } from './load';
import { Segmenter, type SegmentedMask } from './segmenter';
import { DISK, QUALITY, samDecoder, samEncoder, type SamFixtureOptions } from './testing';

const runtime: OnnxRuntime = await createNodeRuntime({ build: 'wasm', threads: 2 });

async function open(options: SamFixtureOptions = {}, boxLabels = false): Promise<Segmenter> {
  return new Segmenter(
    await runtime.open(samEncoder(options), 'vision_encoder.onnx'),
    await runtime.open(samDecoder(options), 'decoder.onnx'),
    { boxLabels },
  );
}

/** A white thing on black ground. */
function photograph(width: number, height: number, thing: Box): Raster {
  const raster = filledRaster(width, height, 0, 3);
  for (let c = 0; c < 3; c++) {
    for (let y = thing.y; y < thing.y + thing.height; y++) {
      const row = (c * height + y) * width;
      raster.data.fill(1, row + thing.x, row + thing.x + thing.width);
    }
  }
  return raster;
}

const point = (x: number, y: number, label: 0 | 1 = 1) => ({ points: [{ x, y, label }] });

/** The fixture's masks in its own order: bright, disk, all (it gives the disk the best quality). */
function inOrder(masks: readonly SegmentedMask[]): SegmentedMask[] {
  return QUALITY.map((quality) => masks.find((mask) => Math.abs(mask.quality - quality) < 1e-5)!);
}

describe.each(['transformers', 'original'] as const)('an official %s export at 1024²', (family) => {
  it.each([
    ['landscape', 900, 500],
    ['portrait', 410, 760],
    ['square', 640, 640],
    ['larger than the network', 1500, 1100],
  ])('%s: what the network sees comes back where it is in the image', async (_, width, height) => {
    const segmenter = await open({ family });
    const thing = {
      x: Math.round(width * 0.55),
      y: Math.round(height * 0.3),
      width: Math.round(width * 0.3),
      height: Math.round(height * 0.55),
    };
    const embedding = await segmenter.encode(photograph(width, height, thing));
    expect(embedding).toMatchObject({ width, height, side: 1024 });
    expect(embedding.image.dims).toEqual([1, 256, 64, 64]);
    const at = { x: Math.round(width * 0.7), y: Math.round(height * 0.4) };
    const masks = await segmenter.segment(embedding, point(at.x, at.y));
    expect(masks.map(({ quality }) => Number(quality.toFixed(3)))).toEqual([0.9, 0.8, 0.7]);
    const [bright, disk, third] = inOrder(masks);
    // The embedding has a cell for every 16 px of the square: the thing's edges are known to half of that.
    const cell = (16 * Math.max(width, height)) / 1024;
    const box = bright.mask.box!;
    expect(Math.abs(box.x - thing.x)).toBeLessThan(cell);
    expect(Math.abs(box.y - thing.y)).toBeLessThan(cell);
    expect(Math.abs(box.x + box.width - thing.x - thing.width)).toBeLessThan(cell);
    expect(Math.abs(box.y + box.height - thing.y - thing.height)).toBeLessThan(cell);
    expect(boxIou(box, thing)).toBeGreaterThan(0.9);
    // The disk lies about the point, in the image's pixels, and is round there.
    const radius = DISK * Math.max(width, height);
    const round = disk.mask.box!;
    expect(Math.abs(round.x + round.width / 2 - at.x - 0.5)).toBeLessThan(2.5);
    expect(Math.abs(round.y + round.height / 2 - at.y - 0.5)).toBeLessThan(2.5);
    expect(Math.abs(round.width / 2 - radius)).toBeLessThan(2.5);
    expect(Math.abs(round.height / 2 - radius)).toBeLessThan(2.5);
    // Its logits are (radius² − distance²) · 16 / S, so ±1 cuts off one of 256 parts of its area.
    expect(disk.stability).toBeCloseTo(255 / 257, 2);
    // Of the original export the third shows the padding point that closes the prompt: nothing.
    expect(third.mask.area).toBe(family === 'transformers' ? width * height : 0);
    await segmenter.release();
  });
});

describe.each(['transformers', 'original'] as const)('prompts of an official %s export at 1024²', (family) => {
  // A portrait of 480×640: 1.6 px of the square to a pixel.
  const [width, height] = [480, 640];
  const thing = { x: 120, y: 320, width: 240, height: 160 };
  const summary = (masks: readonly SegmentedMask[]) =>
    masks.map(({ mask, quality }) => [Number(quality.toFixed(3)), mask.area, mask.box]);

  it('give the masks they always gave', async () => {
    const segmenter = await open({ family });
    const embedding = await segmenter.encode(photograph(width, height, thing));
    const one = await segmenter.segment(embedding, point(240, 400));
    const several = {
      points: [
        { x: 100, y: 80, label: 1 as const },
        { x: 240, y: 400, label: 0 as const },
        { x: 30, y: 600, label: 1 as const },
      ],
    };
    const many = await segmenter.segment(embedding, several);
    const box = await segmenter.segment(embedding, { points: [], box: thing });
    // A disk has a radius of 80 px (π·80² = 20,106), and what is bright ends within a cell of 10 px.
    const bright = [0.7, 36_804, { x: 122, y: 322, width: 236, height: 156 }];
    const everywhere = [0.8, 480 * 640, { x: 0, y: 0, width, height }];
    const nothing = [0.8, 0, null];
    const disk = (quality: number, area: number, x: number, y: number) => [
      quality,
      area,
      { x, y, width: 160, height: 160 },
    ];
    if (family === 'transformers') {
      expect(summary(one)).toEqual([disk(0.9, 20_109, 160, 320), everywhere, bright]);
      expect(summary(many)).toEqual([disk(0.9, 20_123, 20, 0), everywhere, bright]);
      // Two points inside the box; what fills the box best comes first.
      expect(summary(box)).toEqual([bright, disk(0.9, 20_101, 100, 320), everywhere]);
    } else {
      // The third shows the last label: padding after points, and the box's second corner, which is 3.
      expect(summary(one)).toEqual([disk(0.9, 20_109, 160, 320), nothing, bright]);
      const twice = (x: number, y: number, area: number) => [disk(0.95, area, x, y), disk(0.9, area, x, y)];
      expect(summary(many)).toEqual([...twice(20, 0, 20_123), nothing, bright]);
      expect(summary(box)).toEqual([...twice(40, 240, 20_109), everywhere, bright]);
    }
    const prompts = [point(240, 400), several, point(470, 10)];
    const together = await segmenter.segmentAll(embedding, prompts, { quality: -1, stability: -1 });
    const apart = [];
    for (const prompt of prompts) {
      apart.push(...(await segmenter.segmentAll(embedding, [prompt], { quality: -1, stability: -1 })));
    }
    expect(together).toEqual(apart);
    await segmenter.release();
  });
});

describe('prompts', () => {
  const small = { side: 256, channels: 8, masks: 128 };
  const ground = filledRaster(200, 100, 0, 3);

  it('go in batches, short ones padded, and come back in order', async () => {
    const segmenter = await open(small);
    const embedding = await segmenter.encode(ground);
    const prompts = Array.from({ length: 67 }, (_, i) => ({
      points: [
        { x: 20 + 2 * i, y: 50, label: 1 as const },
        ...Array.from({ length: i % 3 }, () => ({ x: 1, y: 1, label: 0 as const })),
      ],
    }));
    const none = { quality: -1, stability: -1 };
    const masks = await segmenter.segmentAll(embedding, prompts, none);
    const disks = masks.filter(({ quality }) => Math.abs(quality - QUALITY[1]) < 1e-5);
    expect(disks).toHaveLength(67);
    disks.forEach(({ mask }, i) => expect(rleHas(mask, 20 + 2 * i, 50), `disk ${i}`).toBe(true));
    for (const i of [0, 30, 66]) {
      const [alone] = await segmenter.segment(embedding, prompts[i]);
      expect(rleIou(alone.mask, disks[i].mask)).toBe(1);
    }
    await segmenter.release();
  });

  it('exclude with label 0', async () => {
    const segmenter = await open(small);
    const masks = await segmenter.segment(await segmenter.encode(ground), point(50, 50, 0));
    // The fixture's third mask is all for a foreground point and nothing for a background point.
    expect(Math.min(...masks.map(({ mask }) => mask.area))).toBe(0);
    await segmenter.release();
  });

  it('take a box by its corners where the decoder knows their labels, else by two points inside', async () => {
    const box = { x: 120, y: 30, width: 60, height: 50 };
    const knows = await open(small, true);
    const masks = inOrderOf(await knows.segment(await knows.encode(ground), { points: [], box }));
    // The fixture's disk lies about the first point, and label 2 doubles its qualities.
    expect(masks.disk.quality).toBeCloseTo(2 * QUALITY[1], 5);
    expect(rleHas(masks.disk.mask, box.x, box.y)).toBe(true);
    expect(rleHas(masks.disk.mask, 160, 60)).toBe(false);
    await knows.release();

    const guesses = await open(small);
    const [best] = await guesses.segment(await guesses.encode(ground), { points: [], box });
    // The fixture's disk lies about the first of them, at a quarter of the longer side.
    expect(best.quality).toBeCloseTo(QUALITY[1], 5);
    expect(best.mask.box).toEqual({ x: 110, y: 30, width: 50, height: 50 });
    await guesses.release();
  });

  function inOrderOf(masks: readonly SegmentedMask[]): { disk: SegmentedMask } {
    return { disk: masks.reduce((best, mask) => (mask.quality > best.quality ? mask : best)) };
  }

  it('of the original export: a box closes the prompt itself, and leaves four masks', async () => {
    const segmenter = await open({ ...small, family: 'original' });
    const embedding = await segmenter.encode(ground);
    const box = { x: 120, y: 30, width: 60, height: 50 };
    const masks = await segmenter.segment(embedding, { points: [], box });
    expect(masks).toHaveLength(4);
    // The fixture's last mask is the last label: 3, everything.
    expect(masks.find(({ quality }) => Math.abs(quality - QUALITY[2]) < 1e-5)!.mask.area).toBe(200 * 100);
    expect(await segmenter.segment(embedding, point(50, 50))).toHaveLength(3);
    await segmenter.release();
  });

  it('outside the image, or of nothing, are refused with a sentence', async () => {
    const segmenter = await open(small);
    const embedding = await segmenter.encode(ground);
    const refused = async (prompt: Parameters<Segmenter['segment']>[1], message: RegExp) => {
      await expect(segmenter.segment(embedding, prompt)).rejects.toMatchObject({
        code: 'bad-argument',
        message: expect.stringMatching(message),
      });
    };
    await refused(point(201, 50), /201, 50 lies outside the image of 200×100/);
    await refused(point(NaN, 50), /outside/);
    await refused({ points: [] }, /Click on the image/);
    await refused({ points: [], box: { x: 300, y: 0, width: 5, height: 5 } }, /does not meet/);
    await refused({ points: [], box: { x: 10, y: 10, width: 0, height: 5 } }, /does not meet/);
    await segmenter.release();
  });
});

/** The session with other answers, or none. */
function answering(session: OnnxSession, compute: OnnxSession['compute']): OnnxSession {
  return {
    name: session.name,
    device: session.device,
    inputs: session.inputs,
    outputs: session.outputs,
    run: session.run.bind(session),
    compute,
    release: () => session.release(),
  };
}

describe('what a network or its machine cannot do', () => {
  const small = { side: 64, channels: 4 };
  const ground = filledRaster(60, 40, 0.5, 3);
  const sessions = () =>
    Promise.all([
      runtime.open(samEncoder(small), 'vision_encoder_fp16.onnx'),
      runtime.open(samDecoder(small), 'decoder.onnx'),
    ]);

  it.each([NaN, Infinity])('an embedding of %s is a sentence', async (value) => {
    const [encoder, decoder] = await sessions();
    const overflowing = answering(encoder, async (...args) => {
      const values = await encoder.compute(...args);
      values.image_embeddings.data[17] = value;
      return values;
    });
    const segmenter = new Segmenter(overflowing, decoder);
    await expect(segmenter.encode(ground)).rejects.toMatchObject({
      code: 'model-failed',
      file: 'vision_encoder_fp16.onnx',
      message: expect.stringMatching(/vision_encoder_fp16\.onnx gave values that are no numbers.*32-bit/),
    });
    await segmenter.release();
  });

  it('a quality that is no number is a sentence', async () => {
    const [encoder, decoder] = await sessions();
    const segmenter = new Segmenter(
      encoder,
      answering(decoder, async (...args) => {
        const values = await decoder.compute(...args);
        values.iou_scores.data.fill(NaN);
        return values;
      }),
    );
    await expect(segmenter.segment(await segmenter.encode(ground), point(5, 5))).rejects.toMatchObject({
      code: 'model-failed',
      file: 'decoder.onnx',
    });
    await segmenter.release();
  });

  it('too little memory, to open the encoder or to run it, says which networks to use instead', async () => {
    const [encoder, decoder] = await sessions();
    const full = () => Promise.reject(new StudioError('out-of-memory', 'model', 'std::bad_alloc'));
    const sentence = { code: 'out-of-memory', message: expect.stringMatching(/Use the shipped.*or a smaller one/) };
    const running = new Segmenter(answering(encoder, full), decoder);
    await expect(running.encode(ground)).rejects.toMatchObject(sentence);
    let memory = false;
    const opening = new Segmenter(() => (memory ? Promise.resolve(encoder) : full()), decoder);
    await expect(opening.encode(ground)).rejects.toMatchObject(sentence);
    // Nothing stands in the way once there is enough.
    memory = true;
    expect(await opening.encode(ground)).toMatchObject({ side: 64 });
    await opening.release();
  });

  it('the encoder is opened only when a picture is to be read, and refused then if it is none', async () => {
    const [encoder, decoder] = await sessions();
    let opened = 0;
    const first = new Segmenter(encoder, decoder);
    const embedding = await first.encode(ground);
    const later = new Segmenter(() => {
      opened++;
      return runtime.open(samDecoder(small), 'encoder.onnx');
    }, decoder);
    expect(await later.segment(embedding, point(5, 5))).toEqual(await first.segment(embedding, point(5, 5)));
    expect(opened).toBe(0);
    await expect(later.encode(ground)).rejects.toMatchObject({ code: 'bad-weights' });
    await first.release();
    await later.release();
  });

  it('a picture of one colour gives masks, or none, but no error', async () => {
    for (const family of ['transformers', 'original'] as const) {
      const segmenter = await open({ ...small, family });
      for (const value of [0, 0.5, 1]) {
        const embedding = await segmenter.encode(filledRaster(60, 40, value, 3));
        const masks = await segmenter.segment(embedding, point(30, 20));
        expect(masks.map(({ mask }) => mask.area)).toHaveLength(3);
        expect(rleHas(masks[0].mask, 30, 20)).toBe(true);
      }
      await segmenter.release();
    }
  });
});

describe('everything', () => {
  it('asks a grid in batches, tells how far it is, and can be stopped', async () => {
    expect(gridPrompts(100, 50, 2).map(({ points: [{ x, y }] }) => [x, y])).toEqual([
      [25, 12.5],
      [75, 12.5],
      [25, 37.5],
      [75, 37.5],
    ]);
    const segmenter = await open({ side: 64, channels: 4 });
    const embedding = await segmenter.encode(filledRaster(60, 60, 0, 3));
    const steps = [];
    for await (const step of everything(segmenter, embedding, { grid: 9 })) steps.push(step);
    expect(steps.map(({ done, total }) => [done, total])).toEqual([
      [64, 81],
      [81, 81],
    ]);
    // A disk and a whole image for each point; nothing is bright.
    expect(steps.flatMap(({ masks }) => masks)).toHaveLength(2 * 81);
    const strict = everything(segmenter, embedding, { grid: 2, least: { quality: 0.85, stability: 0 } });
    const { value } = await strict.next();
    expect(value!.masks).toHaveLength(4);

    const stop = new AbortController();
    const begun = everything(segmenter, embedding, { grid: 9 }, stop.signal);
    await begun.next();
    stop.abort();
    await expect(begun.next()).rejects.toMatchObject({ code: 'cancelled' });
    await segmenter.release();
  });

  it('keeps the best of too many', () => {
    const many = Array.from({ length: MOST_CANDIDATES + 3 }, (_, i) => ({ quality: i }));
    const kept = bestCandidates(many);
    expect(kept).toHaveLength(MOST_CANDIDATES);
    expect(Math.min(...kept.map(({ quality }) => quality))).toBe(3);
  });
});

describe('files', () => {
  const side = { side: 64, channels: 4 };
  const encoder = { name: 'vision_encoder.onnx', bytes: samEncoder(side) };
  const decoder = { name: 'prompt_encoder_mask_decoder.onnx', bytes: samDecoder(side) };

  it('are told apart by what they hold, in any order', async () => {
    const sam = await loadOwnSam([decoder, encoder]);
    expect(sam).toMatchObject({ encoder: { name: encoder.name }, decoder: { name: decoder.name }, boxLabels: false });
    expect(sam.ref.sha256).toBe(await sha256(encoder.bytes));
    const ours = { ...decoder, bytes: samDecoder({ ...side, metadata: [{ key: 'sam.box_labels', value: '[2, 3]' }] }) };
    expect((await loadOwnSam([encoder, ours])).boxLabels).toBe(true);
    const original = { side: 64, channels: 4, family: 'original' } as const;
    const pair = [
      { name: 'a.onnx', bytes: samEncoder(original) },
      { name: 'b.onnx', bytes: samDecoder(original) },
    ];
    expect(await loadOwnSam(pair)).toMatchObject({ encoder: { name: 'a.onnx' }, decoder: { name: 'b.onnx' } });
  });

  const foreign = {
    name: 'edges.onnx',
    bytes: serializeOnnx(
      model([image('image', [1, 3, 8, 8])], [node('Relu', ['image'], ['out'])], [image('out', [1, 3, 8, 8])]),
    ),
  };
  const wide = { name: 'wide.onnx', bytes: samDecoder({ side: 64, channels: 8 }) };
  const bare = { name: 'bare.onnx', bytes: samEncoder({ side: 64, channels: 4, family: 'original' }) };
  const half = { name: 'half.onnx', bytes: encoder.bytes.slice(0, encoder.bytes.length / 2) };
  const page = { name: 'page.onnx', bytes: new TextEncoder().encode('<!doctype html><title>x</title>') };

  it.each([
    ['a network of another kind', [foreign, decoder], /edges\.onnx.*takes image and gives out.*Choose the two/],
    ['half a download', [half, decoder], /half\.onnx is not a complete ONNX file.*download/],
    ['a web page', [encoder, page], /page\.onnx is not a complete ONNX file/],
    ['the encoder alone', [encoder], /vision_encoder\.onnx is the encoder.*both files/],
    ['the decoder alone', [decoder], /prompt_encoder_mask_decoder\.onnx is the decoder.*both files/],
    ['two encoders', [encoder, bare], /both the encoder.*decoder/],
    ['nothing', [], /two files/],
    ['files of two networks', [encoder, wide], /do not belong together.*4 channels.*takes 8/],
    ['an encoder without positions', [bare, decoder], /positional/],
  ])('%s is a sentence', async (_, files, message) => {
    await expect(loadOwnSam(files)).rejects.toMatchObject({
      code: 'bad-weights',
      message: expect.stringMatching(message),
    });
  });

  it('of a wrong pair are refused by the segmenter too', async () => {
    const [a, b] = await Promise.all([runtime.open(encoder.bytes, 'a.onnx'), runtime.open(wide.bytes, 'wide.onnx')]);
    expect(() => new Segmenter(a, b)).toThrow(/do not belong together/);
    expect(() => new Segmenter(b, a)).toThrow(/one of each/);
    await Promise.all([a.release(), b.release()]);
  });

  it('that are shipped are held against their card', async () => {
    const entry = async ({ name, bytes }: typeof encoder) => ({
      file: name,
      sha256: await sha256(bytes),
      bytes: bytes.length,
    });
    const card = {
      id: 'sam-nano',
      title: 'SAM-nano',
      task: 'segmentation',
      licence: 'CC0',
      encoder: await entry(encoder),
      decoder: await entry(decoder),
    };
    const files: Record<string, Uint8Array<ArrayBuffer>> = {
      [SHIPPED.segmentation]: new TextEncoder().encode(JSON.stringify(card)),
      [encoder.name]: encoder.bytes,
      [decoder.name]: decoder.bytes,
    };
    const read: string[] = [];
    const source: WeightSource = {
      read: (file) => {
        read.push(file);
        return Promise.resolve(files[file] ?? null);
      },
    };
    expect(await readShippedSamCard(source)).toMatchObject({ id: 'sam-nano' });
    expect(read).toEqual([SHIPPED.segmentation]);
    expect(await loadShippedSam(source)).toMatchObject({ ref: { id: 'sam-nano' }, boxLabels: false });
    files[decoder.name] = wide.bytes;
    await expect(loadShippedSam(source)).rejects.toMatchObject({ code: 'altered-weights' });
    delete files[decoder.name];
    await expect(loadShippedSam(source)).rejects.toMatchObject({ code: 'missing-weights' });
    delete files[SHIPPED.segmentation];
    expect(await readShippedSamCard(source)).toBeNull();
    await expect(loadShippedSam(source)).rejects.toMatchObject({
      code: 'missing-weights',
      message: expect.stringMatching(/No segmentation network is installed/),
    });
  });
});
