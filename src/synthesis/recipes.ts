import type { BinaryMask } from '../core/mask';
import { decodeMask, encodeMask, quantizeMask } from '../core/mask-codec';
import type { Random } from '../core/random';
import type { Raster } from '../core/raster';
import { rasterizeRegion } from '../core/rasterize';
import {
  DEFAULT_GROUND_TRUTH,
  IDENTITY_AUGMENTATION,
  RECIPE_FORMAT,
  RECIPE_VERSION,
  type ImageRef,
  type Operation,
  type Recipe,
  type RegionShape,
  type Renderer,
} from '../core/recipe';
import { randomAugmentation } from './donor';
import { randomArbitraryRegion } from './regions';
import type { Stages, SynthesisRequest } from './types';

/** What a recipe says beyond the request itself. */
export interface RecipeContext {
  readonly seed: number;
  readonly source: ImageRef;
  readonly donor: ImageRef | null;
  readonly shapes: readonly RegionShape[];
  readonly feather: number;
  readonly grow?: number;
}

/** The recipe that remakes what `request` makes with these stages. */
export function recipeFor(request: SynthesisRequest, stages: Stages, context: RecipeContext): Recipe {
  const { operation, mask, augmentation, warp, edgeOutput, groundTruth } = request;
  let renderer: Renderer;
  if (request.renderer.kind === 'direct') {
    renderer = request.renderer;
  } else {
    if (!stages.generatorModel) throw new RangeError('A recipe for the generator needs a generator.');
    renderer = { kind: 'generator', model: stages.generatorModel, output: request.renderer.output };
  }
  return {
    format: RECIPE_FORMAT,
    version: RECIPE_VERSION,
    seed: context.seed,
    source: context.source,
    size: { width: mask.width, height: mask.height },
    region: { shapes: [...context.shapes], grow: context.grow ?? 0, feather: context.feather, mask: encodeMask(mask) },
    operation,
    donor: operation !== 'remove' && context.donor ? { image: context.donor, augmentation } : null,
    warp,
    edges: { model: stages.edgeModel, output: edgeOutput },
    renderer,
    groundTruth,
  };
}

/** The request a recipe stands for. */
export function requestOf(recipe: Recipe): SynthesisRequest {
  const { renderer } = recipe;
  return {
    operation: recipe.operation,
    mask: decodeMask(recipe.region.mask),
    augmentation: recipe.donor?.augmentation ?? IDENTITY_AUGMENTATION,
    warp: recipe.warp,
    edgeOutput: recipe.edges.output,
    renderer: renderer.kind === 'direct' ? renderer : { kind: 'generator', output: renderer.output },
    groundTruth: recipe.groundTruth,
  };
}

/**
 * The region's mask M as a recipe keeps it, 8 bits a pixel: synthesising from this and from the recipe gives the same
 * bytes.
 */
export function regionMask(
  shapes: readonly RegionShape[],
  width: number,
  height: number,
  feather: number,
  grow = 0,
): Raster {
  return quantizeMask(rasterizeRegion(shapes, width, height, feather, grow));
}

export interface RandomSettings {
  readonly operations: readonly Operation[];
  readonly renderer: 'generator' | 'direct';
  /** Share of the image a region takes, uniform between the two. */
  readonly share: readonly [low: number, high: number];
  /** Where the product is (`Foreground`), so that the region falls on it. */
  readonly foreground?: BinaryMask;
  /** The region's shapes where they are not to be drawn by chance: a part of the picture. */
  readonly shapes?: readonly RegionShape[];
}

export const DEFAULT_SHARE: RandomSettings['share'] = [0.02, 0.1];
/** Gaussian σ of a random region's border, px. */
const FEATHER = 1.5;

/** A request that was drawn, and the region that a recipe of it keeps. */
export interface RandomRequest {
  readonly request: SynthesisRequest;
  readonly shapes: RegionShape[];
  readonly feather: number;
}

/** A request drawn from the generator of chance alone: operation, region (arbitrary, if none is given), augmentation. */
export function randomRequest(
  random: Random,
  size: { readonly width: number; readonly height: number },
  settings: RandomSettings,
): RandomRequest {
  const operation = random.fork('operation').pick(settings.operations);
  const share = random.fork('share').uniform(...settings.share);
  const shapes = settings.shapes
    ? [...settings.shapes]
    : randomArbitraryRegion(random.fork('region'), size.width, size.height, { share, foreground: settings.foreground });
  const request: SynthesisRequest = {
    operation,
    mask: regionMask(shapes, size.width, size.height, FEATHER),
    augmentation: operation === 'remove' ? IDENTITY_AUGMENTATION : randomAugmentation(random.fork('augmentation')),
    warp: null,
    edgeOutput: 'e1',
    renderer:
      settings.renderer === 'generator'
        ? { kind: 'generator', output: 'composited' }
        : { kind: 'direct', gradients: operation === 'merge' ? 'mixed' : 'normal' },
    groundTruth: DEFAULT_GROUND_TRUTH,
  };
  return { request, shapes, feather: FEATHER };
}
