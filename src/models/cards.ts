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

const detectorCardSchema = z.looseObject({
  ...common,
  task: z.literal('anomaly-localization'),
  /** Whether better weights are to come. */
  preliminary: z.boolean().optional(),
  /** Side of the square pictures it is given, px; and of what it has to be a multiple. */
  size: z.number().int().positive(),
  multiple: z.number().int().positive(),
});

const { id, title, licence, file, sha256, bytes } = common;

const segmentationCardSchema = z.looseObject({
  id,
  title,
  licence,
  task: z.literal('segmentation'),
  encoder: z.looseObject({ file, sha256, bytes }),
  decoder: z.looseObject({ file, sha256, bytes }),
  /** Thresholds of everything mode that were measured for it; SAM's own if left out. */
  everything: z.looseObject({ quality: z.number(), stability: z.number() }).optional(),
});

export const cardSchema = z.discriminatedUnion('task', [
  edgeCardSchema,
  generatorCardSchema,
  detectorCardSchema,
  segmentationCardSchema,
]);
export type AnyCard = z.infer<typeof cardSchema>;
/** Cards of networks of one file. */
export type ModelCard = EdgeCard | GeneratorCard | DetectorCard;
export type EdgeCard = z.infer<typeof edgeCardSchema>;
export type GeneratorCard = z.infer<typeof generatorCardSchema>;
export type DetectorCard = z.infer<typeof detectorCardSchema>;
export type SegmentationCard = z.infer<typeof segmentationCardSchema>;

/** A file that a card vouches for. */
export interface CardFile {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** The files a card describes. */
export function filesOf(card: AnyCard): CardFile[] {
  return card.task === 'segmentation' ? [card.encoder, card.decoder] : [card];
}

/** The cards the studio ships with, by the job they do. */
export const SHIPPED = {
  edges: 'pidinet-small.json',
  generator: 'generator.json',
  segmentation: 'sam-nano.json',
  detector: 'detector.json',
} as const;

/** @throws StudioError `bad-weights` if the text is no card. */
export function parseCard(text: string, file: string): AnyCard {
  try {
    return cardSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new StudioError('bad-weights', 'model', `${file} is not a model card. Install the studio again.`, {
      cause,
      file,
    });
  }
}
