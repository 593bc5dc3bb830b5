import { z } from 'zod';

/**
 * A recipe says everything needed to remake one synthetic anomaly. The studio, the batch job and the command line all
 * run recipes. Lengths are in pixels of the working size, angles in radians, shares in [0, 1].
 */
export const RECIPE_FORMAT = 'logical-studio/recipe';
export const RECIPE_VERSION = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in 64 lower-case hexadecimal digits');
const pixels = z.number().finite();
const length = z.number().finite().nonnegative();
const side = z.number().int().positive().max(16384);

/** How a shape joins what was drawn before it: maximum, minimum with the complement, or minimum. */
export const combineSchema = z.enum(['add', 'subtract', 'intersect']);
export type Combine = z.infer<typeof combineSchema>;

/** A soft mask as its 8-bit levels (row-major), deflated and base64-coded. */
export const encodedMaskSchema = z.strictObject({
  encoding: z.literal('deflate8'),
  width: side,
  height: side,
  data: z.base64(),
});
export type EncodedMask = z.infer<typeof encodedMaskSchema>;

const flatPoints = z
  .array(pixels)
  .min(2)
  .refine((points) => points.length % 2 === 0, 'points are x, y pairs');

/** A(·) of Eq. 1: flip, then scale, then rotate about the donor's centre, then translate by shares of the size. */
export const augmentationSchema = z.strictObject({
  flipX: z.boolean(),
  flipY: z.boolean(),
  scale: z.number().positive().max(16),
  rotation: z.number().finite(),
  translateX: z.number().finite(),
  translateY: z.number().finite(),
});
export type Augmentation = z.infer<typeof augmentationSchema>;
export const IDENTITY_AUGMENTATION: Augmentation = {
  flipX: false,
  flipY: false,
  scale: 1,
  rotation: 0,
  translateX: 0,
  translateY: 0,
};

export const modelRefSchema = z.strictObject({ id: z.string().min(1), sha256 });
export type ModelRef = z.infer<typeof modelRefSchema>;

/** What every shape of a region has. */
const shared = {
  combine: combineSchema,
  /** As a person calls it; left out, it is called after its kind. */
  name: z.string().min(1).max(120).optional(),
  /** Left out of the mask, but kept. */
  hidden: z.boolean().optional(),
  /** Not picked, moved or deleted on the canvas. No matter for the mask. */
  locked: z.boolean().optional(),
};

/** What a segmentation network was asked: how a mask came about, and where to go on from. Working-size pixels. */
export const promptSchema = z.strictObject({
  model: modelRefSchema,
  points: z.array(z.strictObject({ x: pixels, y: pixels, label: z.union([z.literal(0), z.literal(1)]) })),
  box: z.strictObject({ x: pixels, y: pixels, width: length, height: length }).optional(),
});

export const regionShapeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('rectangle'),
    ...shared,
    x: pixels,
    y: pixels,
    width: length,
    height: length,
    rotation: z.number().finite().default(0),
  }),
  z.strictObject({
    kind: z.literal('ellipse'),
    ...shared,
    cx: pixels,
    cy: pixels,
    rx: length,
    ry: length,
    rotation: z.number().finite().default(0),
  }),
  /** Lasso and polygon: a closed outline, filled by the even-odd rule. */
  z.strictObject({ kind: z.literal('polygon'), ...shared, points: flatPoints }),
  /** A round brush dragged along the points; coverage falls from 1 to 0 over the outer `softness` share of the radius. */
  z.strictObject({
    kind: z.literal('brush'),
    ...shared,
    points: flatPoints,
    radius: length,
    softness: z.number().min(0).max(1),
  }),
  /** A thresholded Perlin field inside a box: LogicAL's shapeless arbitrary region. */
  z.strictObject({
    kind: z.literal('blob'),
    ...shared,
    x: pixels,
    y: pixels,
    width: length,
    height: length,
    seed: z.number().int(),
    /** Perlin cells along the longer side of the box. */
    cells: z.number().positive(),
  }),
  /** A mask that something else made: a segmentation, the magic wand, an imported file, a part of the donor. */
  z.strictObject({
    kind: z.literal('mask'),
    ...shared,
    mask: encodedMaskSchema,
    label: z.string(),
    /** Where the mask is laid, as a donor's edges are ({@link augmentationSchema}); left out, where it was made. */
    placement: augmentationSchema.optional(),
    /** A part of the donor: its placement is the donor's augmentation, and both change together. */
    donor: z.boolean().optional(),
    /** What the segmentation network was asked. */
    prompt: promptSchema.optional(),
  }),
]);
export type RegionShape = z.infer<typeof regionShapeSchema>;

export const operationSchema = z.enum(['remove', 'replace', 'merge']);
/** The three cases of LogicAL Eq. 1. */
export type Operation = z.infer<typeof operationSchema>;

/** Displacements of the 3×3 thin-plate-spline control points as shares of the width and height, row by row: 9 × (dx, dy). */
export const warpSchema = z.strictObject({ offsets: z.array(z.number().finite()).length(18) });
export type Warp = z.infer<typeof warpSchema>;

export const imageRefSchema = z.strictObject({
  name: z.string().min(1),
  sha256,
  width: side,
  height: side,
});
export type ImageRef = z.infer<typeof imageRefSchema>;

export const edgeOutputSchema = z.enum(['e1', 'e2', 'e3', 'e4', 'fused']);
export type EdgeOutput = z.infer<typeof edgeOutputSchema>;

export const rendererSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('generator'),
    model: modelRefSchema,
    /** The network's picture as it is, or only what changed, set into the photograph. */
    output: z.enum(['generated', 'composited']),
  }),
  z.strictObject({
    kind: z.literal('direct'),
    /** Poisson guidance: the donor's gradients, or the stronger of donor and target. */
    gradients: z.enum(['normal', 'mixed']),
  }),
]);
export type Renderer = z.infer<typeof rendererSchema>;

/** mask = (1 − SSIM) > `threshold`, inside the region dilated by `dilation` px, without specks under `minArea` px². */
export const groundTruthSchema = z.strictObject({
  threshold: z.number().min(0).max(2),
  dilation: z.number().int().min(0).max(256),
  minArea: z.number().int().min(0),
});
export type GroundTruthSettings = z.infer<typeof groundTruthSchema>;
export const DEFAULT_GROUND_TRUTH: GroundTruthSettings = { threshold: 0.5, dilation: 5, minArea: 16 };

export const recipeSchema = z
  .strictObject({
    format: z.literal(RECIPE_FORMAT),
    version: z.literal(RECIPE_VERSION),
    seed: z.number().int(),
    source: imageRefSchema,
    /** Working size: the source resized to this before anything else; the result has it too. */
    size: z.strictObject({ width: side, height: side }),
    region: z.strictObject({
      shapes: z.array(regionShapeSchema),
      /** By how much the drawn mask was grown before it was softened (shrunk, below 0), px. */
      grow: z.number().min(-64).max(64).default(0),
      /** Gaussian σ by which the drawn mask was softened, px. */
      feather: z.number().min(0).max(64),
      /** What the shapes came to: the M of Eq. 1, authoritative when remaking. */
      mask: encodedMaskSchema,
    }),
    operation: operationSchema,
    donor: z.strictObject({ image: imageRefSchema, augmentation: augmentationSchema }).nullable(),
    warp: warpSchema.nullable(),
    edges: z.strictObject({ model: modelRefSchema, output: edgeOutputSchema }),
    renderer: rendererSchema,
    groundTruth: groundTruthSchema,
  })
  .refine((recipe) => recipe.operation === 'remove' || recipe.donor !== null, {
    message: 'replace and merge need a donor',
    path: ['donor'],
  })
  .refine(({ region, size }) => region.mask.width === size.width && region.mask.height === size.height, {
    message: 'the mask must have the working size',
    path: ['region', 'mask'],
  });
export type Recipe = z.infer<typeof recipeSchema>;
