import { z } from 'zod';
import type { ErrorCode, ErrorReport, ErrorStage } from '../core/errors';
import { measurementSchema } from '../training/run/checkpoint';
import { trainingConfigSchema, type TrainingConfig } from '../training/run/config';
import { correctionSchema, imageRecordSchema, type Correction, type ImageRecord } from './document';

/** What can be trained. */
export type TrainingTask = TrainingConfig['what'];

/** The page in which a run is under way holds the Web Lock of this name and the run's id. */
export const TRAINING_LOCK = 'logical-studio/training/';

const whole = z.number().int().nonnegative();

/**
 * Losses by the step they were read at, thinned where there are many: every list is as long as `steps`, null where a loss
 * was not part of the step.
 */
const lossCurveSchema = z.strictObject({
  /** Steps done, ascending. */
  steps: z.array(whole),
  /** Unweighted; means over what was thinned out. */
  losses: z.record(z.string(), z.array(z.number().nullable())),
});
export type LossCurve = z.infer<typeof lossCurveSchema>;
export const NO_LOSSES: LossCurve = { steps: [], losses: {} };

const reportSchema = z.object({
  code: z.string().transform((code) => code as ErrorCode),
  stage: z.string().transform((stage) => stage as ErrorStage),
  message: z.string(),
  file: z.string().optional(),
}) satisfies z.ZodType<ErrorReport, unknown>;

/**
 * A training run as it is kept: what was asked, how far it has come, and how it went. The checkpoint and the sample
 * pictures lie beside it (training-store.ts).
 */
export const trainingRunSchema = z.strictObject({
  id: z.string().regex(/^[\w-]+$/),
  /** For people; may be changed. */
  name: z.string(),
  createdAt: z.number(),
  updatedAt: z.number(),
  config: trainingConfigSchema,
  /** The dataset that the photographs come from, for people. */
  dataset: z.string(),
  /** What is trained on and measured with, in the order that decides which are held out. */
  images: z.array(imageRecordSchema),
  /** How many of them are held out. */
  heldOut: whole,
  /** What an edge detector is taught: corrections of the images, as they were when the run began. */
  corrections: z.array(correctionSchema).default([]),
  /** `running` while it is under way in some open page; otherwise it can be gone on with, unless it is done. */
  state: z.enum(['running', 'paused', 'done']),
  /** Why it stopped on its own; null if it was paused, or is done. */
  problem: reportSchema.nullable(),
  /** Steps done, of `config.steps`. */
  step: whole,
  /** The step that the checkpoint holds, which is where it would go on; null before the first checkpoint. */
  saved: whole.nullable(),
  /** Pictures in a step now; fewer than configured once memory did not suffice. */
  batch: z.number().int().positive(),
  /** Seconds that the steps took. */
  seconds: z.number().nonnegative(),
  curve: lossCurveSchema,
  /** In order; the first is of the network as it came. */
  measurements: z.array(measurementSchema),
  /** The measurement of the best weights; null before the first. */
  best: measurementSchema.nullable(),
  /** Measurements since the best one; from `PATIENCE` on stopping is a good idea. */
  since: whole,
  /** Steps of which sample pictures are kept, ascending. */
  samples: z.array(whole),
  /** What computed last. */
  backend: z.enum(['webgpu', 'webgl', 'cpu']),
  /** What the network is called where it is used; null until it was. */
  usedAs: z.string().nullable(),
});
export type TrainingRunRecord = z.infer<typeof trainingRunSchema>;

/** The record of a run that has done nothing yet. @param now ms. */
export function newTrainingRun(
  asked: Pick<TrainingRunRecord, 'id' | 'name' | 'dataset' | 'config' | 'heldOut'> & {
    readonly images: readonly ImageRecord[];
    readonly corrections?: readonly Correction[];
  },
  now: number,
): TrainingRunRecord {
  return {
    ...asked,
    images: [...asked.images],
    corrections: [...(asked.corrections ?? [])],
    createdAt: now,
    updatedAt: now,
    state: 'running',
    problem: null,
    step: 0,
    saved: null,
    batch: asked.config.batch,
    seconds: 0,
    curve: NO_LOSSES,
    measurements: [],
    best: null,
    since: 0,
    samples: [],
    backend: 'cpu',
    usedAs: null,
  };
}
