import { z } from 'zod';
import { StudioError } from '../core/errors';

/**
 * The machine-readable card beside every shipped weight file (`public/models/<name>.json`). What a card says for people
 * only is kept, not checked.
 */
const common = {
  id: z.string().min(1),
  title: z.string(),
  /** Of the .onnx file, beside the card. */
  file: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().positive(),
  licence: z.string().min(1),
};

const edgeCardSchema = z.looseObject({ ...common, task: z.literal('edges') });

const generatorCardSchema = z.looseObject({
  ...common,
  task: z.literal('edge-to-image'),
  /** Side of the pictures it was trained on, px. */
  size: z.number().int().positive(),
  /** Names of the demo scenes it knows. */
  trainedOn: z.array(z.string()),
  fit: z.looseObject({ limits: z.object({ ssim: z.number(), l1: z.number() }).optional() }).optional(),
  /** The edited share of edges above which its pictures were measured to collapse. */
  collapseShare: z.number().nullish(),
});

export const cardSchema = z.discriminatedUnion('task', [edgeCardSchema, generatorCardSchema]);
export type ModelCard = z.infer<typeof cardSchema>;
export type EdgeCard = z.infer<typeof edgeCardSchema>;
export type GeneratorCard = z.infer<typeof generatorCardSchema>;

/** The cards the studio ships with, by the job they do. */
export const SHIPPED = { edges: 'pidinet-small.json', generator: 'generator.json' } as const;

/** @throws StudioError `bad-weights` if the text is no card. */
export function parseCard(text: string, file: string): ModelCard {
  try {
    return cardSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new StudioError('bad-weights', 'model', `${file} is not a model card. Install the studio again.`, {
      cause,
      file,
    });
  }
}
