import { z } from 'zod';
import { modelRefSchema } from '../../core/recipe';

/**
 * What a training run was asked to do. With the images, the file it starts from and the machine it decides the result;
 * everything random follows from `seed` and the number of the step.
 */

const whole = z.number().int();
const share = z.number().min(0).max(1);

const common = {
  /** The file whose network is trained. */
  init: modelRefSchema,
  /** Side of the square that pictures are brought to, px. */
  size: whole.min(16).max(2048),
  /** Pictures in a step. */
  batch: whole.min(1).max(256),
  /** Steps of the whole run; the learning rate falls towards their end. */
  steps: whole.min(1).max(10_000_000),
  seed: whole.min(0),
  /** Peak of the learning rate. */
  rate: z.number().positive().max(1),
  /** Steps from one measurement on held-out pictures to the next. */
  validateEvery: whole.min(1),
};

export const generatorConfigSchema = z.strictObject({
  what: z.literal('generator'),
  ...common,
  /** Everything, or only what comes after the bottleneck: less to learn from few pictures. */
  layers: z.enum(['all', 'decoder']),
  /** Probability that a picture is mirrored. Writing and handed parts forbid it. */
  mirror: share,
  /** Probability that a picture is bent by a thin-plate spline. */
  warp: share,
  /** Share of the run before the discriminator comes in; 1 leaves it out. */
  adversarialFrom: share,
});
export type GeneratorConfig = z.infer<typeof generatorConfigSchema>;

export const detectorConfigSchema = z.strictObject({
  what: z.literal('detector'),
  ...common,
  /** Everything, or DiffNeck and localization network alone. */
  layers: z.enum(['all', 'localization']),
  /** Share of pictures that are shown as they are, without an anomaly. */
  normal: share,
});
export type DetectorConfig = z.infer<typeof detectorConfigSchema>;

export const edgesConfigSchema = z.strictObject({
  what: z.literal('edges'),
  ...common,
  /** Everything, or only what makes edge maps of the backbone's features. */
  layers: z.enum(['all', 'outputs']),
});
export type EdgesConfig = z.infer<typeof edgesConfigSchema>;

export const trainingConfigSchema = z.discriminatedUnion('what', [
  generatorConfigSchema,
  detectorConfigSchema,
  edgesConfigSchema,
]);
export type TrainingConfig = z.infer<typeof trainingConfigSchema>;
