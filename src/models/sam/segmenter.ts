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
  readonly #encoder: SamEncoder;
  readonly #decoder: SamDecoder;
  /** S, px. */
  readonly side: number;

  /** @throws StudioError `bad-weights` if the sessions are no SAM, or not of one. */
  constructor(
    private readonly encoding: OnnxSession,
    private readonly decoding: OnnxSession,
    private readonly options: SegmenterOptions = {},
  ) {
    const encoder = recogniseSam(encoding, encoding.name);
    const decoder = recogniseSam(decoding, decoding.name);
    if (encoder.role !== 'encoder' || decoder.role !== 'decoder') {
      const message = `A SAM is an encoder and a decoder; ${encoding.name} and ${decoding.name} are not one of each.`;
      throw new StudioError('bad-weights', 'model', message, { file: encoding.name });
    }
    this.#encoder = encoder;
    this.#decoder = decoder;
    this.side = pairSide(encoder, decoder, { encoder: encoding.name, decoder: decoding.name });
  }

  /**
   * @param image RGB in [0, 1], any size.
   * @throws StudioError what the session throws, `out-of-memory` for one.
   */
  async encode(image: Raster, signal?: AbortSignal): Promise<Embedding> {
    const { side } = this;
    const encoder = this.#encoder;
    const pixels: HostTensor = { type: 'float32', dims: [1, 3, side, side], data: preprocess(image, side).data };
    const wanted = [encoder.embeddings, ...(encoder.positional === null ? [] : [encoder.positional])];
    const values = await this.encoding.compute({ [encoder.image]: pixels }, wanted, signal);
    return {
      width: image.width,
      height: image.height,
      image: values[encoder.embeddings],
      positional: encoder.positional === null ? null : values[encoder.positional],
      samplers: new Map(),
    };
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
        const sampler = samplerOf(embedding, this.side, candidate.grid);
        if (sampler.stability(candidate.logits) < least.stability) continue;
        const mask = this.#finish(embedding, candidate);
        if (mask.mask.area > 0) masks.push(mask);
      }
    }
    return masks;
  }

  async release(): Promise<void> {
    await Promise.all([this.encoding.release(), this.decoding.release()]);
  }

  get #knowsBoxes(): boolean {
    return this.#decoder.family === 'original' || this.options.boxLabels === true;
  }

  #finish(embedding: Embedding, { quality, logits, grid }: Decoded): SegmentedMask {
    const sampler = samplerOf(embedding, this.side, grid);
    return { mask: sampler.mask(logits), quality, stability: sampler.stability(logits) };
  }

  async #decode(embedding: Embedding, prompts: readonly Prompt[], signal?: AbortSignal): Promise<Decoded[][]> {
    for (const prompt of prompts) checkPrompt(prompt, embedding);
    const fit = fitLongestSide(embedding, this.side);
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
    const cells = typeof input[2] === 'number' && input[2] > 0 ? input[2] : this.side / 4;
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
    // The first of four is for prompts that leave no doubt; a single click does.
    const from = kinds > 1 && prompt.length === 1 ? 1 : 0;
    return Array.from({ length: kinds - from }, (_, m) => ({
      quality: scores.data[from + m],
      logits: masks.data.subarray((from + m) * grid * grid, (from + m + 1) * grid * grid),
      grid,
    }));
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

interface Labelled {
  readonly x: number;
  readonly y: number;
  /** 1 and 0 of points, 2 and 3 of a box's corners, or padding. */
  readonly label: number;
}

function samplerOf(embedding: Embedding, side: number, grid: number): MaskSampler {
  let sampler = embedding.samplers.get(grid);
  if (!sampler) embedding.samplers.set(grid, (sampler = new MaskSampler(embedding, side, grid)));
  return sampler;
}

/** A prompt's points on SAM's square. Without labels for boxes, the middle of the box stands for it. */
function scaledPoints({ points, box }: Prompt, image: Size, fit: Size, boxLabels: boolean): Labelled[] {
  const all: Labelled[] = [...points];
  if (box && boxLabels) {
    const [right, bottom] = [box.x + Math.max(0, box.width - 1), box.y + Math.max(0, box.height - 1)];
    all.push({ x: box.x, y: box.y, label: 2 }, { x: right, y: bottom, label: 3 });
  } else if (box && !points.some(({ label }) => label === 1)) {
    all.push({ x: box.x + (box.width - 1) / 2, y: box.y + (box.height - 1) / 2, label: 1 });
  }
  return all.map(({ x, y, label }) => ({
    x: (x * fit.width) / image.width,
    y: (y * fit.height) / image.height,
    label,
  }));
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
