import type { TensorInfo } from '../../compute/onnx/session';
import { StudioError } from '../../core/errors';

/**
 * SAM comes in two files, image encoder and prompt decoder, and in two families of exports with names of their own.
 * What a file is, its inputs and outputs say, not its name.
 */

/** Prompts that go into one run of the decoder, where it takes several. */
export const PROMPT_BATCH = 64;

export interface Signature {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

export interface SamEncoder {
  readonly role: 'encoder';
  /** Name of the input float32 [B, 3, S, S]. */
  readonly image: string;
  /** S, px; null where the file leaves it free. */
  readonly side: number | null;
  /** Name of the output float32 [B, C, S/16, S/16]. */
  readonly embeddings: string;
  /** Name of the positional embeddings, which the transformers.js decoder takes; null where the file has none. */
  readonly positional: string | null;
  /** C and S/16 as far as the file says. */
  readonly channels: number | null;
  readonly grid: number | null;
}

export interface SamDecoder {
  readonly role: 'decoder';
  /** transformers.js (prompts in batches) or Meta's own export (one prompt a run). */
  readonly family: 'transformers' | 'original';
  readonly channels: number | null;
  readonly grid: number | null;
  /** Whether it wants the positional embeddings fed. */
  readonly positional: boolean;
}

const TRANSFORMERS = {
  inputs: ['image_embeddings', 'input_points', 'input_labels'],
  optional: ['image_positional_embeddings'],
  outputs: ['iou_scores', 'pred_masks'],
};
const ORIGINAL = {
  inputs: ['image_embeddings', 'point_coords', 'point_labels', 'mask_input', 'has_mask_input', 'orig_im_size'],
  optional: [] as string[],
  outputs: ['iou_predictions', 'low_res_masks'],
};

/** @throws StudioError `bad-weights` saying what it is instead, if it is neither encoder nor decoder of SAM. */
export function recogniseSam({ inputs, outputs }: Signature, file: string): SamEncoder | SamDecoder {
  const embedded = inputs.find(({ name }) => name === 'image_embeddings');
  for (const [family, form] of [
    ['transformers', TRANSFORMERS],
    ['original', ORIGINAL],
  ] as const) {
    const has = (list: readonly TensorInfo[], names: readonly string[]) =>
      names.every((name) => list.some((info) => info.name === name));
    const known = [...form.inputs, ...form.optional];
    const foreign = inputs.some(({ name }) => !known.includes(name));
    if (!embedded || foreign || !has(inputs, form.inputs) || !has(outputs, form.outputs)) continue;
    const { channels, grid } = embeddingShape(embedded);
    const positional = inputs.some(({ name }) => name === 'image_positional_embeddings');
    return { role: 'decoder', family, channels, grid, positional };
  }
  const [image] = inputs;
  // Encoders of the original export go under many names; an embedding is what they give.
  const embeddings =
    outputs.find(({ name }) => name === 'image_embeddings') ??
    outputs.find(({ name, shape }) => /embed/.test(name) && shape.length === 4);
  if (inputs.length === 1 && image.type === 'float32' && isRgb(image.shape) && embeddings) {
    const { channels, grid } = embeddingShape(embeddings);
    const longest = image.shape[2];
    const positional = outputs.find(({ name }) => name === 'image_positional_embeddings');
    return {
      role: 'encoder',
      image: image.name,
      side: typeof longest === 'number' && longest > 0 ? longest : null,
      embeddings: embeddings.name,
      positional: positional?.name ?? null,
      channels,
      grid,
    };
  }
  const takes = inputs.map(({ name }) => name).join(', ') || 'nothing';
  const gives = outputs.map(({ name }) => name).join(', ') || 'nothing';
  const message =
    `${file} is a network, but neither encoder nor decoder of a SAM: it takes ${takes} and gives ${gives}. ` +
    'Choose the two .onnx files of a SAM export, e.g. vision_encoder.onnx and prompt_encoder_mask_decoder.onnx.';
  throw new StudioError('bad-weights', 'model', message, { file });
}

/** Side of the square of a pair whose files leave it free: SAM's own. */
const USUAL_SIDE = 1024;
/** Pixels of the square to a cell of the embedding. */
const PATCH = 16;

/**
 * S of a pair.
 * @throws StudioError `bad-weights` when the two are not of one network.
 */
export function pairSide(
  encoder: SamEncoder,
  decoder: SamDecoder,
  names: { encoder: string; decoder: string },
): number {
  const fail = (problem: string) =>
    new StudioError(
      'bad-weights',
      'model',
      `${names.encoder} and ${names.decoder} do not belong together: ${problem}. Choose the two files of one export.`,
      { file: names.decoder },
    );
  for (const [what, given, taken] of [
    ['channels', encoder.channels, decoder.channels],
    ['cells a side', encoder.grid, decoder.grid],
  ] as const) {
    if (given !== null && taken !== null && given !== taken) {
      throw fail(`the encoder gives embeddings of ${given} ${what} and the decoder takes ${taken}`);
    }
  }
  if (decoder.positional && encoder.positional === null) {
    throw fail('the decoder takes positional embeddings, which the encoder does not give');
  }
  const grid = encoder.grid ?? decoder.grid;
  return encoder.side ?? (grid === null ? USUAL_SIDE : grid * PATCH);
}

function isRgb(shape: readonly (number | string)[]): boolean {
  return shape.length === 4 && (shape[1] === 3 || typeof shape[1] === 'string' || shape[1] < 0);
}

function embeddingShape({ shape }: TensorInfo): { channels: number | null; grid: number | null } {
  const known = (axis: number) => {
    const size = shape[axis];
    return typeof size === 'number' && size > 0 ? size : null;
  };
  return { channels: known(1), grid: known(2) };
}
