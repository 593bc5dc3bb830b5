import type { HostTensor, HostValues, OnnxSession } from '../../compute/onnx/session';
import { StudioError } from '../../core/errors';
import type { Box } from '../../core/mask';
import type { Raster } from '../../core/raster';
import { boxIou, type Rle } from '../../core/rle';
import { pairSide, PROMPT_BATCH, recogniseSam, type SamDecoder, type SamEncoder } from './family';
import { fitLongestSide, MaskSampler, preprocess, type Size } from './geometry';

/** A click: 1 takes what lies there, 0 excludes it. In pixels of the image. */
export interface PromptPoint {
  readonly x: number;
  readonly y: number;
  readonly label: 0 | 1;
}

/** What a person points at: clicks, a box, or both. */
export interface Prompt {
  readonly points: readonly PromptPoint[];
  readonly box?: Box;
}

/** A mask in image coordinates that the network proposes. */
export interface SegmentedMask {
  readonly mask: Rle;
  /** The network's own guess of the mask's IoU with the truth, about [0, 1]. */
  readonly quality: number;
  /** area(logit > +1) / area(logit > −1), [0, 1]. */
  readonly stability: number;
}

/** What the encoder made of an image; kept in memory, so that it outlives a lost device. */
export interface Embedding extends Size {
  /** S of the network that made it, px. */
  readonly side: number;
  readonly image: HostValues;
  readonly positional: HostValues | null;
  /** Samplers by the decoder's grid; made once an image. */
  readonly samplers: Map<number, MaskSampler>;
}

/** A mask as the decoder gives it. */
interface Decoded {
  readonly quality: number;
  /** grid² values. */
  readonly logits: Float32Array;
  readonly grid: number;
}

export interface SegmenterOptions {
  /** The decoder of a transformers.js export knows labels 2 and 3 for the corners of a box. Meta's own always does. */
  readonly boxLabels?: boolean;
}

const PAD = -10;
const ORIGINAL_PAD = -1;

/**
 * A SAM-class network: an image is encoded once, and each prompt decoded in a fraction of that time.
 * transformers.js export: `pixel_values` [1, 3, S, S] → `image_embeddings`, `image_positional_embeddings`
 * [1, C, S/16, S/16]; those, `input_points` [1, P, K, 2], `input_labels` [1, P, K] → `iou_scores` [1, P, M],
 * `pred_masks` [1, P, M, L, L]. Meta's export: one prompt a run, `point_coords` [1, N, 2], `point_labels` [1, N].
 */
export class Segmenter {
  readonly #decoder: SamDecoder;
  readonly #open: () => Promise<OnnxSession>;
  #encoding: Promise<OpenEncoder> | null = null;

  /**
   * @param encoding the encoder, or what opens it: where embeddings are kept from an earlier visit it is not needed, and
   * it is the far larger file.
   * @throws StudioError `bad-weights` if the sessions are no SAM, or not of one.
   */
  constructor(
    encoding: OnnxSession | (() => Promise<OnnxSession>),
    private readonly decoding: OnnxSession,
    private readonly options: SegmenterOptions = {},
  ) {
    const decoder = recogniseSam(decoding, decoding.name);
    if (decoder.role !== 'decoder') throw notOneOfEach(typeof encoding === 'function' ? null : encoding, decoding);
    this.#decoder = decoder;
    if (typeof encoding === 'function') this.#open = encoding;
    else {
      this.#open = () => Promise.resolve(encoding);
      this.#encoding = Promise.resolve(this.#recognise(encoding));
    }
  }

  /**
   * @param image RGB in [0, 1], any size.
   * @throws StudioError what the session throws, but for `out-of-memory`, whose remedy is another network;
   * `model-failed` where an embedding is no number.
   */
  async encode(image: Raster, signal?: AbortSignal): Promise<Embedding> {
    const { session, form, side } = await this.#encoder();
    const pixels: HostTensor = { type: 'float32', dims: [1, 3, side, side], data: preprocess(image, side).data };
    const wanted = [form.embeddings, ...(form.positional === null ? [] : [form.positional])];
    let values: Record<string, HostValues>;
    try {
      values = await session.compute({ [form.image]: pixels }, wanted, signal);
    } catch (error) {
      throw tooLarge(error, session.name);
    }
    for (const name of wanted) this.#expectNumbers(values[name], session.name);
    return {
      width: image.width,
      height: image.height,
      side,
      image: values[form.embeddings],
      positional: form.positional === null ? null : values[form.positional],
      samplers: new Map(),
    };
  }

  /** The encoder, opened when first needed; a failure is forgotten, so that the next call tries again. */
  #encoder(): Promise<OpenEncoder> {
    if (!this.#encoding) {
      const opening = this.#open().then(
        async (session) => {
          try {
            return this.#recognise(session);
          } catch (error) {
            await session.release();
            throw error;
          }
        },
        (error: unknown) => {
          throw tooLarge(error);
        },
      );
      this.#encoding = opening;
      opening.catch(() => (this.#encoding = null));
    }
    return this.#encoding;
  }

  #recognise(session: OnnxSession): OpenEncoder {
    const form = recogniseSam(session, session.name);
    if (form.role !== 'encoder') throw notOneOfEach(session, this.decoding);
    const side = pairSide(form, this.#decoder, { encoder: session.name, decoder: this.decoding.name });
    return { session, form, side };
  }

  /**
   * The masks of one prompt, best first: three of the transformers.js export, from a part to the whole.
   * @throws StudioError `bad-argument` when the prompt is empty or outside the image.
   */
  async segment(embedding: Embedding, prompt: Prompt, signal?: AbortSignal): Promise<SegmentedMask[]> {
    const [decoded] = await this.#decode(embedding, [prompt], signal);
    const masks = decoded.map((candidate) => this.#finish(embedding, candidate));
    const { box } = prompt;
    // Where the decoder knows no box, the mask that fills it best is the one that was meant.
    const fit = ({ mask }: SegmentedMask) => (box && mask.box ? boxIou(mask.box, box) : 0);
    const rank = box && !this.#knowsBoxes ? fit : ({ quality }: SegmentedMask) => quality;
    return masks.sort((a, b) => rank(b) - rank(a));
  }

  /** All masks of many prompts, in their order; in batches where the export takes them. */
  async segmentAll(
    embedding: Embedding,
    prompts: readonly Prompt[],
    least: { readonly quality: number; readonly stability: number },
    signal?: AbortSignal,
  ): Promise<SegmentedMask[]> {
    const masks: SegmentedMask[] = [];
    for (const candidates of await this.#decode(embedding, prompts, signal)) {
      for (const candidate of candidates) {
        // What is not wanted need not be brought back to the image.
        if (!(candidate.quality >= least.quality)) continue;
        const sampler = samplerOf(embedding, candidate.grid);
        if (sampler.stability(candidate.logits) < least.stability) continue;
        const mask = this.#finish(embedding, candidate);
        if (mask.mask.area > 0) masks.push(mask);
      }
    }
    return masks;
  }

  async release(): Promise<void> {
    // An encoder that could not be opened has nothing to release.
    const encoder = await this.#encoding?.catch(() => null);
    await Promise.all([encoder?.session.release(), this.decoding.release()]);
  }

  get #knowsBoxes(): boolean {
    return this.#decoder.family === 'original' || this.options.boxLabels === true;
  }

  #finish(embedding: Embedding, { quality, logits, grid }: Decoded): SegmentedMask {
    const sampler = samplerOf(embedding, grid);
    return { mask: sampler.mask(logits), quality, stability: sampler.stability(logits) };
  }

  async #decode(embedding: Embedding, prompts: readonly Prompt[], signal?: AbortSignal): Promise<Decoded[][]> {
    for (const prompt of prompts) checkPrompt(prompt, embedding);
    const fit = fitLongestSide(embedding, embedding.side);
    const points = prompts.map((prompt) => scaledPoints(prompt, embedding, fit, this.#knowsBoxes));
    if (this.#decoder.family === 'original') {
      const results: Decoded[][] = [];
      for (const list of points) results.push(await this.#decodeOne(embedding, list, signal));
      return results;
    }
    const results: Decoded[][] = [];
    for (let i = 0; i < points.length; i += PROMPT_BATCH) {
      results.push(...(await this.#decodeBatch(embedding, points.slice(i, i + PROMPT_BATCH), signal)));
    }
    return results;
  }

  /** transformers.js: all prompts in one run, the shorter ones padded. */
  async #decodeBatch(embedding: Embedding, prompts: readonly Labelled[][], signal?: AbortSignal): Promise<Decoded[][]> {
    const count = prompts.length;
    const longest = Math.max(...prompts.map((points) => points.length));
    const coordinates = new Float32Array(count * longest * 2);
    const labels = new BigInt64Array(count * longest).fill(BigInt(PAD));
    prompts.forEach((points, p) => {
      points.forEach(({ x, y, label }, k) => {
        coordinates.set([x, y], (p * longest + k) * 2);
        labels[p * longest + k] = BigInt(label);
      });
    });
    const feeds: Record<string, HostTensor> = {
      image_embeddings: { type: 'float32', ...embedding.image },
      input_points: { type: 'float32', dims: [1, count, longest, 2], data: coordinates },
      input_labels: { type: 'int64', dims: [1, count, longest], data: labels },
    };
    if (this.#decoder.positional) feeds.image_positional_embeddings = { type: 'float32', ...embedding.positional! };
    const { iou_scores: scores, pred_masks: masks } = await this.decoding.compute(
      feeds,
      ['iou_scores', 'pred_masks'],
      signal,
    );
    const [, , kinds, grid] = masks.dims;
    this.#expect(masks, [1, count, kinds, grid, grid], 'pred_masks');
    this.#expect(scores, [1, count, kinds], 'iou_scores');
    this.#expectNumbers(scores, this.decoding.name);
    const cells = grid * grid;
    return prompts.map((_, p) =>
      Array.from({ length: kinds }, (__, m) => ({
        quality: scores.data[p * kinds + m],
        logits: masks.data.subarray((p * kinds + m) * cells, (p * kinds + m + 1) * cells),
        grid,
      })),
    );
  }

  /** Meta's export: one prompt, closed by a padding point where it has no box. */
  async #decodeOne(embedding: Embedding, prompt: readonly Labelled[], signal?: AbortSignal): Promise<Decoded[]> {
    const hasBox = prompt.some(({ label }) => label > 1);
    const points = hasBox ? prompt : [...prompt, { x: 0, y: 0, label: ORIGINAL_PAD }];
    const input = this.decoding.inputs.find(({ name }) => name === 'mask_input')!.shape;
    const cells = typeof input[2] === 'number' && input[2] > 0 ? input[2] : embedding.side / 4;
    const feeds: Record<string, HostTensor> = {
      image_embeddings: { type: 'float32', ...embedding.image },
      point_coords: {
        type: 'float32',
        dims: [1, points.length, 2],
        data: Float32Array.from(points.flatMap(({ x, y }) => [x, y])),
      },
      point_labels: {
        type: 'float32',
        dims: [1, points.length],
        data: Float32Array.from(points, ({ label }) => label),
      },
      mask_input: { type: 'float32', dims: [1, 1, cells, cells], data: new Float32Array(cells * cells) },
      has_mask_input: { type: 'float32', dims: [1], data: new Float32Array(1) },
      orig_im_size: { type: 'float32', dims: [2], data: Float32Array.of(embedding.height, embedding.width) },
    };
    const { iou_predictions: scores, low_res_masks: masks } = await this.decoding.compute(
      feeds,
      ['iou_predictions', 'low_res_masks'],
      signal,
    );
    const [, kinds, grid] = masks.dims;
    this.#expect(masks, [1, kinds, grid, grid], 'low_res_masks');
    this.#expect(scores, [1, kinds], 'iou_predictions');
    this.#expectNumbers(scores, this.decoding.name);
    // The first of four is for prompts that leave no doubt; a single click does.
    const from = kinds > 1 && prompt.length === 1 ? 1 : 0;
    return Array.from({ length: kinds - from }, (_, m) => ({
      quality: scores.data[from + m],
      logits: masks.data.subarray((from + m) * grid * grid, (from + m + 1) * grid * grid),
      grid,
    }));
  }

  /** @throws StudioError `model-failed` if a value is NaN or infinite, which every mask made of it would be too. */
  #expectNumbers({ data }: HostValues, network: string): void {
    if (data.every(Number.isFinite)) return;
    const message =
      `The network ${network} gave values that are no numbers. In a 16-bit export this is an overflow: ` +
      'choose its 32-bit files, or the shipped segmentation network.';
    throw new StudioError('model-failed', 'model', message, { file: network });
  }

  /** @throws StudioError `model-failed` if an output has not the form of SAM's. */
  #expect({ dims }: HostValues, form: readonly number[], output: string): void {
    if (dims.join() === form.join()) return;
    const message =
      `The network ${this.decoding.name} returned ${output} as [${dims.join(', ')}] where ` +
      `[${form.join(', ')}] was expected. Choose another SAM.`;
    throw new StudioError('model-failed', 'model', message, { file: this.decoding.name });
  }
}

/** The encoder's session, and what its file says. */
interface OpenEncoder {
  readonly session: OnnxSession;
  readonly form: SamEncoder;
  /** S, px. */
  readonly side: number;
}

function notOneOfEach(encoding: OnnxSession | null, decoding: OnnxSession): StudioError {
  const names = encoding
    ? `${encoding.name} and ${decoding.name} are not one of each`
    : `${decoding.name} is no decoder`;
  const message = `A SAM is an encoder and a decoder; ${names}.`;
  return new StudioError('bad-weights', 'model', message, { file: decoding.name });
}

/** An encoder takes the same memory whatever the picture, so smaller pictures do not help: another network does. */
function tooLarge(error: unknown, file?: string): unknown {
  if (!(error instanceof StudioError) || error.code !== 'out-of-memory') return error;
  const message =
    `There is not enough memory for ${file ?? 'the encoder of this segmentation network'}. Use the shipped ` +
    'segmentation network or a smaller one (Networks and weights), or close other pages. Nothing of your work is lost.';
  return new StudioError('out-of-memory', 'model', message, { cause: error, file });
}

interface Labelled {
  readonly x: number;
  readonly y: number;
  /** 1 and 0 of points, 2 and 3 of a box's corners, or padding. */
  readonly label: number;
}

function samplerOf(embedding: Embedding, grid: number): MaskSampler {
  let sampler = embedding.samplers.get(grid);
  if (!sampler) embedding.samplers.set(grid, (sampler = new MaskSampler(embedding, embedding.side, grid)));
  return sampler;
}

/**
 * A prompt's points on SAM's square. Where the decoder knows no boxes, two foreground points stand for one: at a quarter
 * and three quarters of its longer axis, which lie on most things that fill it, as its corners do not.
 */
function scaledPoints(prompt: Prompt, image: Size, fit: Size, boxLabels: boolean): Labelled[] {
  const { points } = prompt;
  const box = prompt.box && clipped(prompt.box, image);
  const all: Labelled[] = [...points];
  if (box && boxLabels) {
    const [right, bottom] = [box.x + Math.max(0, box.width - 1), box.y + Math.max(0, box.height - 1)];
    all.push({ x: box.x, y: box.y, label: 2 }, { x: right, y: bottom, label: 3 });
  } else if (box && !points.some(({ label }) => label === 1)) {
    for (const share of [0.25, 0.75]) {
      const [u, v] = box.width >= box.height ? [share, 0.5] : [0.5, share];
      all.push({ x: box.x + u * (box.width - 1), y: box.y + v * (box.height - 1), label: 1 });
    }
  }
  return all.map(({ x, y, label }) => ({
    x: (x * fit.width) / image.width,
    y: (y * fit.height) / image.height,
    label,
  }));
}

/** The part of the box that lies in the image. */
function clipped({ x, y, width, height }: Box, image: Size): Box {
  const [left, top] = [Math.max(0, x), Math.max(0, y)];
  return {
    x: left,
    y: top,
    width: Math.min(image.width, x + width) - left,
    height: Math.min(image.height, y + height) - top,
  };
}

/** @throws StudioError `bad-argument` with a sentence. */
function checkPrompt({ points, box }: Prompt, { width, height }: Size): void {
  const fail = (message: string) => new StudioError('bad-argument', 'model', message);
  if (points.length === 0 && !box) throw fail('Nothing was pointed at. Click on the image, or draw a box.');
  for (const { x, y } of points) {
    if (!(x >= 0 && x <= width && y >= 0 && y <= height)) {
      throw fail(`The point ${x}, ${y} lies outside the image of ${width}×${height} pixels. Click inside it.`);
    }
  }
  if (
    box &&
    !(
      box.width > 0 &&
      box.height > 0 &&
      box.x < width &&
      box.y < height &&
      box.x + box.width > 0 &&
      box.y + box.height > 0
    )
  ) {
    throw fail(`The box does not meet the image of ${width}×${height} pixels. Draw it over the image.`);
  }
}
