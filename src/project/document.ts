import { z } from 'zod';
import {
  augmentationSchema,
  DEFAULT_GROUND_TRUTH,
  edgeOutputSchema,
  encodedMaskSchema,
  groundTruthSchema,
  IDENTITY_AUGMENTATION,
  operationSchema,
  recipeSchema,
  regionShapeSchema,
  warpSchema,
} from '../core/recipe';
import { evaluationSchema, type EvaluationRecord } from './evaluation';
import { imageSourceSchema, sha256 } from './source';

export type { ImageSource } from './source';

/**
 * The project document: everything that is undone, saved and restored. Records hold ids; pixels and weights are
 * content-addressed blobs (project/blobs.ts). What a person is looking at (zoom, tool, open page) is session state and
 * lives in the user interface.
 */
export const DOCUMENT_VERSION = 1;

const id = z.string().min(1);

export const imageRecordSchema = z.strictObject({
  id,
  datasetId: id,
  /** File name without folders, e.g. `007.png`. */
  name: z.string(),
  /** Path inside the dropped folder or dataset, forward slashes. */
  path: z.string(),
  /** Of the file, px. */
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  bytes: z.number().int().nonnegative(),
  source: imageSourceSchema,
  /** A small preview; null where the image itself is small enough. */
  thumbnail: imageSourceSchema.nullable(),
  split: z.enum(['train', 'validation', 'test', 'unsorted']),
  /** `good`, or the name of the defect class of the dataset's layout. */
  label: z.string(),
  /** Ground-truth masks that came with it. */
  masks: z.array(imageSourceSchema),
});
export type ImageRecord = z.infer<typeof imageRecordSchema>;

export const datasetRecordSchema = z.strictObject({
  id,
  name: z.string(),
  /** `mvtec-loco`, `mvtec-ad`, `mvtec-ad-2`, `visa`, or `images` for a plain folder. */
  layout: z.enum(['mvtec-loco', 'mvtec-ad', 'mvtec-ad-2', 'visa', 'images']),
  description: z.string(),
  licence: z.string(),
  /** Part of the app. */
  builtIn: z.boolean(),
  /** Name of the generator's trained set this is, e.g. `pin_tray`; null if none. */
  trainedSet: z.string().nullable(),
  /** The `defects_config.json` that came with it, which has MVTec LOCO's saturations; without, there was none. */
  config: imageSourceSchema.optional(),
  addedAt: z.number(),
});
export type DatasetRecord = z.infer<typeof datasetRecordSchema>;

/** What a person is making from one image right now. */
export const draftSchema = z.strictObject({
  imageId: id,
  shapes: z.array(regionShapeSchema),
  grow: z.number().min(-64).max(64).default(0),
  feather: z.number().min(0).max(64),
  operation: operationSchema,
  /** An image of the same dataset; null lets the seed choose one. */
  donorId: id.nullable(),
  augmentation: augmentationSchema,
  warp: warpSchema.nullable(),
  /** `auto`: the generator where it knows the image, else direct. */
  renderer: z.enum(['auto', 'generator', 'direct']),
  output: z.enum(['generated', 'composited']),
  /** `auto`: normal for replace, mixed for merge. */
  gradients: z.enum(['auto', 'normal', 'mixed']),
  edgeOutput: edgeOutputSchema,
  groundTruth: groundTruthSchema,
  seed: z.number().int(),
});
export type Draft = z.infer<typeof draftSchema>;
/** A draft but for its region's shapes, which change with every stroke. */
export type DraftSettings = Omit<Draft, 'shapes'>;

export function newDraft(imageId: string, seed: number): Draft {
  return {
    imageId,
    shapes: [],
    grow: 0,
    feather: 1.5,
    operation: 'remove',
    donorId: null,
    augmentation: IDENTITY_AUGMENTATION,
    warp: null,
    renderer: 'auto',
    output: 'composited',
    gradients: 'auto',
    edgeOutput: 'e1',
    groundTruth: DEFAULT_GROUND_TRUTH,
    seed,
  };
}

/** Where a person corrected the edges that were found in an image. */
export const correctionSchema = z.strictObject({
  imageId: id,
  /** At working size (core/edge-marks.ts). */
  marks: encodedMaskSchema,
});
export type Correction = z.infer<typeof correctionSchema>;

/** What is known of a result beyond its pixels. */
export const measureSchema = z.strictObject({
  /** Share of edge strength that was edited, [0, 1] (synthesis/collapse.ts). */
  editedShare: z.number(),
  /** Area of the region M above ½, and of the mask of what really changed, px². */
  regionArea: z.number(),
  changedArea: z.number(),
  /** IoU of the two. */
  agreement: z.number(),
  /** Plain sentences: collapse, disagreement, nothing changed… */
  warnings: z.array(z.string()),
});
export type Measure = z.infer<typeof measureSchema>;

/** A kept result. */
export const variantSchema = z.strictObject({
  id,
  imageId: id,
  name: z.string(),
  createdAt: z.number(),
  recipe: recipeSchema,
  /** The draft it was made from, so that it can be taken up again. */
  draft: draftSchema,
  /** PNG blobs: the picture, the mask of what changed (0/255), the painted region (0…255), a small preview. */
  image: sha256,
  mask: sha256,
  region: sha256,
  thumbnail: sha256,
  measure: measureSchema,
});
export type Variant = z.infer<typeof variantSchema>;

/** The undoable, persistent state. Keys of the records are their ids. */
export interface ProjectDocument {
  readonly datasets: Readonly<Record<string, DatasetRecord>>;
  readonly images: Readonly<Record<string, ImageRecord>>;
  readonly drafts: Readonly<Record<string, Draft>>;
  readonly corrections: Readonly<Record<string, Correction>>;
  readonly variants: Readonly<Record<string, Variant>>;
  readonly evaluations: Readonly<Record<string, EvaluationRecord>>;
}

export const COLLECTIONS = ['datasets', 'images', 'drafts', 'corrections', 'variants', 'evaluations'] as const;
export type Collection = (typeof COLLECTIONS)[number];

export const recordSchemas = {
  datasets: datasetRecordSchema,
  images: imageRecordSchema,
  drafts: draftSchema,
  corrections: correctionSchema,
  variants: variantSchema,
  evaluations: evaluationSchema,
} satisfies Record<Collection, z.ZodType>;

export const EMPTY_DOCUMENT: ProjectDocument = {
  datasets: {},
  images: {},
  drafts: {},
  corrections: {},
  variants: {},
  evaluations: {},
};
