import { describe, expect, it } from 'vitest';
import { encodeMask } from './mask-codec';
import { createRaster } from './raster';
import { IDENTITY_AUGMENTATION, recipeSchema } from './recipe';

const image = { name: 'a.png', sha256: 'a'.repeat(64), width: 64, height: 48 };
const mask = encodeMask(createRaster(64, 48));

/** As version 1 wrote it before shapes had names and regions a margin. */
const old = {
  format: 'logical-studio/recipe',
  version: 1,
  seed: 7,
  source: image,
  size: { width: 64, height: 48 },
  region: {
    shapes: [
      { kind: 'rectangle', combine: 'add', x: 1, y: 2, width: 3, height: 4, rotation: 0 },
      { kind: 'brush', combine: 'subtract', points: [1, 2, 3, 4], radius: 5, softness: 0.5 },
      { kind: 'mask', combine: 'intersect', mask, label: 'part' },
    ],
    feather: 1.5,
    mask,
  },
  operation: 'remove',
  donor: null,
  warp: null,
  edges: { model: { id: 'pidinet', sha256: 'b'.repeat(64) }, output: 'e1' },
  renderer: { kind: 'direct', gradients: 'normal' },
  groundTruth: { threshold: 0.5, dilation: 5, minArea: 16 },
};

describe('recipes of version 1', () => {
  it('written before grow, names and placements are read', () => {
    const recipe = recipeSchema.parse(old);
    expect(recipe.region).toEqual({ ...old.region, grow: 0 });
  });

  it('with them come back as they were', () => {
    const shapes = [
      { ...old.region.shapes[0], name: 'lid', hidden: true, locked: true },
      { ...old.region.shapes[2], placement: IDENTITY_AUGMENTATION, donor: true },
    ];
    const recipe = { ...old, region: { ...old.region, grow: -2.5, shapes } };
    expect(recipeSchema.parse(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
  });

  it('are refused with a field nobody knows, or a margin beyond what is allowed', () => {
    expect(recipeSchema.safeParse({ ...old, region: { ...old.region, grow: 65 } }).success).toBe(false);
    const shapes = [{ ...old.region.shapes[0], hiden: true }];
    expect(recipeSchema.safeParse({ ...old, region: { ...old.region, shapes } }).success).toBe(false);
  });
});
