import { z } from 'zod';
import { trainingConfigSchema } from './config';
import { badCheckpoint, decodeSafetensors, encodeSafetensors, type StoredTensor } from './safetensors';
import type { TrainerState, Weights } from './trainer';

/** Seconds between two checkpoints, where no measurement comes before. */
export const CHECKPOINT_SECONDS = 120;

/**
 * A training run as a file: a safetensors file whose metadata holds configuration, progress and measurements as JSON,
 * and whose tensors hold the network's file, what the trainer has learnt, and the best weights so far.
 */

export const measurementSchema = z.strictObject({
  /** Steps done when it was made. */
  step: z.number().int().nonnegative(),
  score: z.number(),
  values: z.record(z.string(), z.number()),
  /** What the network's file says of itself with the weights that were measured. */
  metadata: z.record(z.string(), z.string()).optional(),
});
export type MeasuredAt = z.infer<typeof measurementSchema>;

const FORMAT = 'logical-studio/training';
const VERSION = 1;

const progressSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  config: trainingConfigSchema,
  /** Steps done. */
  step: z.number().int().nonnegative(),
  /** Pictures in a step now: what was configured, or less since memory did not suffice. */
  batch: z.number().int().positive(),
  /** Seconds that the steps took. */
  seconds: z.number().nonnegative(),
  measurements: z.array(measurementSchema),
});
export type Progress = Omit<z.infer<typeof progressSchema>, 'format' | 'version'>;

export interface Checkpoint extends Progress {
  /** The .onnx file the run started from. */
  readonly init: Uint8Array;
  readonly state: TrainerState;
  /** Null before the first measurement. */
  readonly best: Weights | null;
}

const METADATA_KEY = 'run';
const INIT = 'init.onnx';
const STATE = 'state/';
const BEST = 'best/';

export function encodeCheckpoint({ init, state, best, ...progress }: Checkpoint): Uint8Array<ArrayBuffer> {
  const floats = (data: Float32Array): StoredTensor => ({ type: 'F32', shape: [data.length], data });
  const tensors = new Map<string, StoredTensor>([[INIT, { type: 'U8', shape: [init.length], data: init }]]);
  for (const [name, data] of state) tensors.set(`${STATE}${name}`, floats(data));
  for (const [name, data] of best ?? []) tensors.set(`${BEST}${name}`, floats(data));
  const content = { format: FORMAT, version: VERSION, ...progress };
  return encodeSafetensors({ tensors, metadata: { [METADATA_KEY]: JSON.stringify(content) } });
}

/**
 * @param name the file's name, for errors.
 * @throws StudioError `bad-checkpoint` for anything else, half a file among it.
 */
export function decodeCheckpoint(bytes: Uint8Array, name: string): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, name);
  const init = tensors.get(INIT);
  let content: z.infer<typeof progressSchema>;
  try {
    content = progressSchema.parse(JSON.parse(metadata[METADATA_KEY]));
  } catch (cause) {
    throw badCheckpoint(name, cause);
  }
  if (init?.type !== 'U8') throw badCheckpoint(name);
  const { format: _format, version: _version, ...progress } = content;
  const below = (prefix: string) => {
    const found = new Map<string, Float32Array>();
    for (const [tensor, { type, data }] of tensors) {
      if (type === 'F32' && tensor.startsWith(prefix)) found.set(tensor.slice(prefix.length), data);
    }
    return found;
  };
  const best = below(BEST);
  return { ...progress, init: init.data, state: below(STATE), best: best.size > 0 ? best : null };
}
