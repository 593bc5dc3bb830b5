import { editEdges } from '../../compute/kernels/edit-edges/cpu';
import { warpAffine } from '../../compute/kernels/warp-affine/cpu';
import { augmentationAffine, invert } from '../../core/geometry';
import { dilateMask, rasterFromMask, thresholdMask } from '../../core/mask';
import { createRaster, filledRaster, type Raster } from '../../core/raster';
import type { Random } from '../../core/random';
import { rasterizeRegion } from '../../core/rasterize';
import type { RegionShape } from '../../core/recipe';
import { randomAugmentation } from '../../synthesis/donor';
import { randomArbitraryRegion } from '../../synthesis/regions';
import { joinPlanes, takePlanes } from '../../training/augmentation/geometry';
import type { GeneratorPair, PairEdit } from '../../training/generator/pairs';

/** Shares of pairs that are edited; the rest stay photographs. */
const REPLACED = 0.15;
const REMOVED = 0.12;
const MERGED = 0.06;
/** Share of the picture that an edit takes, and its border's softness, px. */
const REGION_SHARE = [0.02, 0.2] as const;
const FEATHER = 1;
/** A change of edges by more than this leaves unknown what lies within this many pixels. */
const CHANGED = 0.05;
const SPREAD = 4;

/**
 * LogicAL's three operations on training pairs, so that the generator meets edited maps. Replaced by another picture's
 * region, map and image alike: the truth is known all over. Removed: it is known outside, and inside nothing may be
 * drawn. Merged with another map or with strokes: it is known outside.
 */
export const editLikeTheStudio: PairEdit = (pair, donor, random) => {
  const kind = random.fork('kind').uniform();
  if (kind < REPLACED) return replaced(pair, placed(donor(random.fork('donor')), random.fork('placement')), random);
  if (kind < REPLACED + REMOVED) return removed(pair, random);
  if (kind >= REPLACED + REMOVED + MERGED) return pair;
  if (random.fork('strokes or donor').chance(0.5)) {
    const strokes = randomStrokes(random.fork('strokes'), pair.edges.width, pair.edges.height);
    return merged(pair, strokes, rasterFromMask(thresholdMask(strokes, 0)));
  }
  const { edges, inside } = placed(donor(random.fork('donor')), random.fork('placement'));
  return merged(pair, edges, product(randomMask(random, pair.edges), inside));
};

function removed(pair: GeneratorPair, random: Random): GeneratorPair {
  const mask = randomMask(random, pair.edges);
  return {
    ...pair,
    edges: editEdges('remove', pair.edges, null, mask),
    known: { ...mask, data: mask.data.map((m) => (m === 0 ? 1 : 0)) },
    empty: rasterFromMask(thresholdMask(mask)),
  };
}

function replaced(pair: GeneratorPair, { edges, image, inside }: Placed, random: Random): GeneratorPair {
  const mask = product(randomMask(random, pair.edges), inside);
  const plane = mask.data.length;
  const blended = pair.image.data.map((value, i) => value + mask.data[i % plane] * (image.data[i] - value));
  return { ...pair, edges: editEdges('replace', pair.edges, edges, mask), image: { ...pair.image, data: blended } };
}

function merged(pair: GeneratorPair, addition: Raster, mask: Raster): GeneratorPair {
  const edges = editEdges('merge', pair.edges, addition, mask);
  const changed = createRaster(edges.width, edges.height);
  edges.data.forEach((value, i) => (changed.data[i] = Math.abs(value - pair.edges.data[i])));
  const unknown = dilateMask(thresholdMask(changed, CHANGED), SPREAD);
  const known = createRaster(edges.width, edges.height);
  unknown.data.forEach((value, i) => (known.data[i] = 1 - value));
  return { ...pair, edges, known };
}

function randomMask(random: Random, { width, height }: Raster): Raster {
  const chance = random.fork('region');
  const share = chance.uniform(...REGION_SHARE);
  return rasterizeRegion(randomArbitraryRegion(chance, width, height, { share }), width, height, FEATHER);
}

/** A donor under the augmentation A, and where it comes to lie. */
interface Placed {
  readonly edges: Raster;
  readonly image: Raster;
  readonly inside: Raster;
}

function placed({ edges, image }: GeneratorPair, random: Random): Placed {
  const { width, height } = edges;
  const inverse = invert(augmentationAffine(randomAugmentation(random), edges, edges));
  const planes = joinPlanes(edges, image, filledRaster(width, height, 1));
  const moved = warpAffine(planes, inverse, width, height, 'zero');
  return { edges: takePlanes(moved, 0, 1), image: takePlanes(moved, 1, 3), inside: takePlanes(moved, 4, 1) };
}

/** Edge strength of one to four hand-drawn strokes: smooth curves half to two and a half pixels in radius. */
function randomStrokes(random: Random, width: number, height: number): Raster {
  const radius = random.uniform(0.5, 2.5);
  const strokes = Array.from({ length: random.int(1, 4) }, (): RegionShape => {
    let [x, y] = [random.uniform(0.15, 0.85), random.uniform(0.15, 0.85)];
    const corners = Array.from({ length: 4 }, () => {
      [x, y] = [x + random.uniform(-0.12, 0.12), y + random.uniform(-0.12, 0.12)];
      return [x * width, y * height] as const;
    });
    const points = Array.from({ length: 24 }, (_, i) => bezier(corners, i / 23)).flat();
    return { kind: 'brush', combine: 'add', points, radius, softness: 0.5 };
  });
  return rasterizeRegion(strokes, width, height, 0);
}

function bezier(corners: readonly (readonly [number, number])[], t: number): [number, number] {
  const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t ** 2 * (1 - t), t ** 3];
  const along = (axis: 0 | 1) => corners.reduce((sum, corner, i) => sum + weights[i] * corner[axis], 0);
  return [along(0), along(1)];
}

function product(a: Raster, b: Raster): Raster {
  return { ...a, data: a.data.map((value, i) => value * b.data[i]) };
}
