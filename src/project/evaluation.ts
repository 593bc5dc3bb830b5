import { z } from 'zod';
import { StudioError } from '../core/errors';
import type { Curve } from '../evaluation/curves';
import type { Evaluation } from '../evaluation/evaluator';
import type { Figures } from '../evaluation/figures';
import type { ImageResult } from '../evaluation/image-result';
import { imageSourceSchema, sha256 } from './source';

/**
 * An evaluation as the project keeps it: a small record in the document, and one blob of details beside it, which names
 * the blobs of pictures and maps. These blobs have a store of their own, so that those of evaluations that are gone can
 * be told from everything else.
 */

const areas = z.record(z.string(), z.number());
const numberOrNone = z.number().nullable();

const figuresSchema: z.ZodType<Figures> = z.strictObject({
  images: z.strictObject({ good: z.number(), anomalous: z.number() }),
  image_auroc: numberOrNone,
  image_ap: numberOrNone,
  pixel_auroc: numberOrNone,
  pixel_ap: numberOrNone,
  aupro: areas.nullable(),
  aupro_by_subset: z.record(z.string(), areas.nullable()),
  au_spro: z.record(z.string(), areas.nullable()).nullable(),
  au_spro_by_defect: z.record(z.string(), z.record(z.string(), areas)).nullable(),
  image_auroc_by_subset: z.record(z.string(), numberOrNone),
});

export const evaluationSchema = z.strictObject({
  id: z.string().min(1),
  name: z.string(),
  createdAt: z.number(),
  testSet: z.strictObject({
    object: z.string(),
    /** For people. */
    title: z.string(),
    layout: z.enum(['mvtec-loco', 'mvtec-ad', 'mvtec-ad-2', 'visa', 'images']),
    builtIn: z.boolean(),
  }),
  /** What made the anomaly maps. */
  detector: z.strictObject({
    /** `maps`: a folder of them; nothing is known of the detector. */
    kind: z.enum(['maps', 'shipped', 'file']),
    name: z.string(),
    /** Of the weights. */
    sha256: sha256.nullable(),
  }),
  /** An image's score: the detector's own, or the maximum of its map. */
  scoreRule: z.enum(['detector', 'maximum']),
  figures: figuresSchema,
  /** Test images that could not be evaluated and are in no figure. */
  leftOut: z.number().int().nonnegative(),
  /** Images above this score are called anomalous; pixels are outlined. Chosen by the person. */
  threshold: z.number(),
  pixelThreshold: numberOrNone,
  /** Blob of the details. */
  details: sha256,
});
export type EvaluationRecord = z.infer<typeof evaluationSchema>;

const finite = z.array(z.number());
const curveSchema = z.object({
  x: finite,
  y: finite,
  // JSON has no infinity: null is above every score at the start of a curve, and below at its end.
  thresholds: z.array(numberOrNone),
});

const detailsSchema = z.object({
  version: z.literal(1),
  /** The detector's own thresholds; null where none are known. */
  ownThresholds: z.object({ image: z.number(), pixel: numberOrNone }).nullable(),
  images: z.array(
    z.object({
      /** In the dataset, beginning with the object. */
      path: z.string(),
      /** Of its map, px. */
      width: z.number(),
      height: z.number(),
      subset: z.string(),
      score: z.number(),
      peak: z.object({ x: z.number(), y: z.number(), score: z.number() }),
      peakOnDefect: z.boolean(),
      median: z.number(),
      defects: z.array(z.object({ name: z.string(), area: z.number(), needed: z.number(), foundAt: finite })),
      /** Null where it could not be read or kept; as the others. */
      photo: imageSourceSchema.nullable(),
      /** 16-bit grey PNG, from `low` (0) to `high` (65,535). */
      map: z.object({ sha256, width: z.number(), height: z.number(), low: z.number(), high: z.number() }).nullable(),
      /** 8-bit grey PNG: 0, or 1 + the index of the defect; null for good images. */
      truth: sha256.nullable(),
    }),
  ),
  curves: z.object({
    pixel: z.object({ roc: curveSchema, precisionRecall: curveSchema }).nullable(),
    pro: curveSchema.nullable(),
    subsets: z.array(z.object({ name: z.string(), pro: curveSchema.nullable(), spro: curveSchema.nullable() })),
  }),
  /** What could not be computed, and why. */
  notes: z.array(z.string()),
  problems: z.array(
    z.object({
      path: z.string(),
      message: z.string(),
      /** Whether the image is in no figure; else it only cannot be shown. */
      leftOut: z.boolean(),
    }),
  ),
});
type StoredDetails = z.infer<typeof detailsSchema>;

export type EvaluatedImage = ImageResult & Readonly<Omit<StoredDetails['images'][number], keyof ImageResult>>;
export type EvaluationProblem = StoredDetails['problems'][number];

/** Curves of an evaluation over its pixels; those over its images follow from their scores. */
export interface EvaluationCurves {
  readonly pixel: { readonly roc: Curve; readonly precisionRecall: Curve } | null;
  readonly pro: Curve | null;
  readonly subsets: readonly { readonly name: string; readonly pro: Curve | null; readonly spro: Curve | null }[];
}

export interface EvaluationDetails {
  readonly ownThresholds: StoredDetails['ownThresholds'];
  /** In the order of the test set. */
  readonly images: readonly EvaluatedImage[];
  readonly curves: EvaluationCurves;
  readonly notes: readonly string[];
  readonly problems: readonly EvaluationProblem[];
}

export function curvesOf({ pixel, pro, subsets }: Evaluation): EvaluationCurves {
  return {
    pixel: pixel && { roc: pixel.roc, precisionRecall: pixel.precisionRecall },
    pro: pro?.curve ?? null,
    subsets: subsets.map((subset) => ({
      name: subset.name,
      pro: subset.pro?.curve ?? null,
      spro: subset.spro?.curve ?? null,
    })),
  };
}

export function encodeDetails({ curves, ...details }: EvaluationDetails): Uint8Array<ArrayBuffer> {
  const stored: StoredDetails = {
    version: 1,
    ...(details as Pick<StoredDetails, 'ownThresholds' | 'images' | 'notes' | 'problems'>),
    curves: {
      pixel: curves.pixel && {
        roc: storedCurve(curves.pixel.roc),
        precisionRecall: storedCurve(curves.pixel.precisionRecall),
      },
      pro: curves.pro && storedCurve(curves.pro),
      subsets: curves.subsets.map(({ name, pro, spro }) => ({
        name,
        pro: pro && storedCurve(pro),
        spro: spro && storedCurve(spro),
      })),
    },
  };
  return new TextEncoder().encode(JSON.stringify(stored));
}

/** @throws StudioError `bad-project` if the bytes are not an evaluation's details of this version. */
export function decodeDetails(bytes: Uint8Array): EvaluationDetails {
  let stored: StoredDetails;
  try {
    stored = detailsSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    const message =
      'The details of this evaluation could not be read: they come from another version of the studio, or are damaged. Evaluate again.';
    throw new StudioError('bad-project', 'storage', message, { cause });
  }
  const { curves, version: _, ...details } = stored;
  return {
    ...details,
    curves: {
      pixel: curves.pixel && { roc: curve(curves.pixel.roc), precisionRecall: curve(curves.pixel.precisionRecall) },
      pro: curves.pro && curve(curves.pro),
      subsets: curves.subsets.map(({ name, pro, spro }) => ({
        name,
        pro: pro && curve(pro),
        spro: spro && curve(spro),
      })),
    },
  };
}

/** Every blob that the details name. */
export function blobsOf({ images }: EvaluationDetails): string[] {
  return images.flatMap(({ photo, map, truth }) => [
    ...(photo?.kind === 'blob' ? [photo.sha256] : []),
    ...(map ? [map.sha256] : []),
    ...(truth === null ? [] : [truth]),
  ]);
}

/** Curves are for looking at: six digits are more than can be seen. Nine tell float32 apart. */
function storedCurve({ x, y, thresholds }: Curve): z.infer<typeof curveSchema> {
  const digits = (values: Float64Array) => Array.from(values, (value) => Number(value.toPrecision(6)));
  return {
    x: digits(x),
    y: digits(y),
    thresholds: Array.from(thresholds, (value) => (Number.isFinite(value) ? Number(value.toPrecision(9)) : null)),
  };
}

function curve({ x, y, thresholds }: z.infer<typeof curveSchema>): Curve {
  const wanted = thresholds.map((value, i) => value ?? (i === 0 ? Infinity : -Infinity));
  return { x: Float64Array.from(x), y: Float64Array.from(y), thresholds: Float32Array.from(wanted) };
}
