import { describe, expect, it } from 'vitest';
import { createCpuBackend } from '../compute/cpu';
import { createMask, maskArea } from '../core/mask';
import { Random } from '../core/random';
import { createRaster, type Raster } from '../core/raster';
import { rasterizeRegion } from '../core/rasterize';
import { recipeSchema, type ImageRef, type Operation, type Recipe } from '../core/recipe';
import { randomAugmentation, randomDonor } from './donor';
import { randomRequest, recipeFor, regionMask, requestOf } from './recipes';
import { randomArbitraryRegion } from './regions';
import { PreparedSource } from './source';
import { synthesize } from './synthesize';
import { stagesOn } from './testing';
import { AGREEMENT_LIMIT, STRAY_LIMIT, verdicts } from './verdicts';

const SIZE = { width: 48, height: 40 };

function picture(seed: number): Raster {
  const raster = createRaster(SIZE.width, SIZE.height, 3);
  const mask = rasterizeRegion(
    randomArbitraryRegion(new Random(seed), SIZE.width, SIZE.height, { share: 0.3 }),
    SIZE.width,
    SIZE.height,
    0,
  );
  for (let i = 0; i < raster.data.length; i++) raster.data[i] = 0.7 - 0.5 * mask.data[i % mask.data.length];
  return raster;
}

const refOf = (name: string): ImageRef => ({ name, sha256: name.repeat(64).slice(0, 64), ...SIZE });

/** What the command line does for one pair: draw, note down, make. */
async function draw(seed: number, renderer: 'generator' | 'direct'): Promise<{ recipe: Recipe; bytes: string }> {
  const stages = stagesOn(createCpuBackend(), SIZE);
  const { request, shapes, feather } = randomRequest(new Random(seed), SIZE, {
    operations: ['remove', 'replace', 'merge'],
    renderer,
    share: [0.05, 0.2],
  });
  const donor = request.operation === 'remove' ? null : refOf('b');
  const recipe = recipeFor(request, stages, { seed, source: refOf('a'), donor, shapes, feather });
  return { recipe, bytes: await run(recipe) };
}

/** Remakes a result from the text of its recipe, with everything opened anew. */
async function run(recipe: Recipe): Promise<string> {
  const parsed = recipeSchema.parse(JSON.parse(JSON.stringify(recipe)));
  const backend = createCpuBackend();
  const stages = stagesOn(backend, SIZE);
  const source = new PreparedSource(picture(1), stages);
  const donor = parsed.donor && new PreparedSource(picture(2), stages);
  const { result } = await synthesize(source, donor, requestOf(parsed));
  return Buffer.from((await backend.download(result)).data.buffer).toString('base64');
}

describe('recipes', () => {
  it.each(['generator', 'direct'] as const)('remake the same bytes with the %s renderer', async (renderer) => {
    const seen = new Set<string>();
    const operations = new Set<Operation>();
    for (let seed = 0; seed < 5; seed++) {
      const { recipe, bytes } = await draw(seed, renderer);
      expect(recipeSchema.parse(recipe)).toEqual(recipe);
      expect(await run(recipe)).toBe(bytes);
      seen.add(JSON.stringify(recipe.region.shapes));
      operations.add(recipe.operation);
    }
    const { recipe, bytes } = await draw(2, renderer);
    expect(await draw(2, renderer)).toEqual({ recipe, bytes });
    // Another seed, another result.
    expect(seen.size).toBe(5);
    expect(operations.size).toBe(3);
  });

  it('keep the drawn mask in the levels it is stored in', () => {
    const shapes = randomArbitraryRegion(new Random(3), 64, 64, { share: 0.1 });
    const stages = stagesOn(createCpuBackend(), SIZE);
    const { request } = randomRequest(new Random(3), SIZE, {
      operations: ['remove'],
      renderer: 'direct',
      share: [0.1, 0.2],
    });
    const recipe = recipeFor(request, stages, { seed: 3, source: refOf('a'), donor: null, shapes, feather: 1.5 });
    expect(requestOf(recipe).mask.data).toEqual(request.mask.data);
    expect(regionMask(shapes, 64, 64, 0).data.every((m) => Number.isInteger(Math.round(m * 255 * 1e4) / 1e4))).toBe(
      true,
    );
  });

  it('cannot be written for a generator that is not there', () => {
    const stages = stagesOn(createCpuBackend(), null);
    const { request, shapes, feather } = randomRequest(new Random(1), SIZE, {
      operations: ['remove'],
      renderer: 'generator',
      share: [0.1, 0.1],
    });
    const context = { seed: 1, source: refOf('a'), donor: null, shapes, feather };
    expect(() => recipeFor(request, stages, context)).toThrow(/needs a generator/);
  });
});

describe('random requests', () => {
  it('draw only from the operations asked for, and choose gradients to suit', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { request } = randomRequest(new Random(seed), SIZE, {
        operations: ['replace', 'merge'],
        renderer: 'direct',
        share: [0.05, 0.1],
      });
      expect(['replace', 'merge']).toContain(request.operation);
      expect(request.renderer).toEqual({
        kind: 'direct',
        gradients: request.operation === 'merge' ? 'mixed' : 'normal',
      });
    }
  });
});

describe('arbitrary regions', () => {
  it.each([
    [256, 256],
    [320, 120],
    [90, 200],
    [24, 24],
  ])('take the share asked for of %i × %i px', (width, height) => {
    for (const share of [0.01, 0.05, 0.2, 0.6]) {
      for (let seed = 0; seed < 3; seed++) {
        const shapes = randomArbitraryRegion(new Random(seed), width, height, { share });
        expect(shapes).toHaveLength(3);
        const got = maskArea(rasterizeRegion(shapes, width, height, 0)) / (width * height);
        // A share of a small picture is a few pixels: there the antialiased outline weighs. Shapes that fill the
        // picture cannot grow further.
        const slack = (share > 0.5 ? 0.2 : 0.1) + 8 / (share * width * height);
        expect(Math.abs(got / share - 1), `seed ${seed}, share ${share}: ${got}`).toBeLessThan(slack);
      }
    }
  });

  it('are the same for a seed, and have shapes of three different aspects', () => {
    const of = (seed: number) => randomArbitraryRegion(new Random(seed), 256, 256, { share: 0.1 });
    expect(of(4)).toEqual(of(4));
    expect(of(4)).not.toEqual(of(5));
    const kinds = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const aspects = of(seed)
        .map((shape) => {
          kinds.add(shape.kind);
          if (shape.kind === 'ellipse') return shape.rx / shape.ry;
          if (shape.kind === 'rectangle' || shape.kind === 'blob') return shape.width / shape.height;
          throw new Error(`An arbitrary region has no ${shape.kind}.`);
        })
        .sort((a, b) => a - b);
      expect(aspects[0]).toBeLessThan(0.6);
      expect(aspects[2]).toBeGreaterThan(1.7);
    }
    expect([...kinds].sort()).toEqual(['blob', 'ellipse', 'rectangle']);
  });

  it('refuse a share that is none', () => {
    for (const share of [0, -1, 1.5, NaN]) {
      expect(() => randomArbitraryRegion(new Random(1), 64, 64, { share })).toThrow(/share in \(0, 1\]/);
    }
  });

  it('fall on the product where it is known', () => {
    const foreground = createMask(128, 128);
    for (let y = 90; y < 110; y++) foreground.data.fill(1, y * 128 + 12, y * 128 + 40);
    for (let seed = 0; seed < 30; seed++) {
      const shapes = randomArbitraryRegion(new Random(seed), 128, 128, { share: 0.03, foreground });
      const mask = rasterizeRegion(shapes, 128, 128, 0);
      let on = 0;
      for (let i = 0; i < mask.data.length; i++) on += mask.data[i] * foreground.data[i];
      expect(on, `seed ${seed}`).toBeGreaterThan(0);
    }
  });
});

describe('donors', () => {
  it('are siblings, never the image itself', () => {
    const siblings = ['a', 'b', 'c'].map((id) => ({ id }));
    const seen = new Set<string>();
    for (let seed = 0; seed < 40; seed++) seen.add(randomDonor(new Random(seed), 'b', siblings)!.id);
    expect([...seen].sort()).toEqual(['a', 'c']);
    expect(randomDonor(new Random(1), 'a', [{ id: 'a' }])).toBeNull();
    expect(randomDonor(new Random(1), 'a', [])).toBeNull();
  });

  it('are augmented within the ranges said', () => {
    const flips = new Set<string>();
    for (let seed = 0; seed < 300; seed++) {
      const { flipX, flipY, scale, rotation, translateX, translateY } = randomAugmentation(new Random(seed));
      flips.add(`${flipX} ${flipY}`);
      expect(scale).toBeGreaterThanOrEqual(0.7);
      expect(scale).toBeLessThanOrEqual(1.4);
      expect(Math.abs(rotation)).toBeLessThanOrEqual(Math.PI / 6);
      expect(Math.max(Math.abs(translateX), Math.abs(translateY))).toBeLessThanOrEqual(0.2);
    }
    expect(flips.size).toBe(4);
    expect(randomAugmentation(new Random(9))).toEqual(randomAugmentation(new Random(9)));
  });
});

describe('verdicts', () => {
  const fine = { editedShare: 0.1, regionArea: 400, changedArea: 300, agreement: 0.6, strayShare: 0 };
  const context = { renderer: 'generator', operation: 'replace', collapseShare: 0.3 } as const;

  it('say nothing of a sound result', () => {
    expect(verdicts(fine, context)).toEqual([]);
    expect(verdicts({ ...fine, regionArea: 0, changedArea: 0 }, context)).toEqual([]);
  });

  it('warn above the share at which the generator collapses, where it is known', () => {
    expect(verdicts({ ...fine, editedShare: 0.3 }, context)).toEqual([]);
    expect(verdicts({ ...fine, editedShare: 0.42 }, context)).toEqual([
      expect.stringMatching(/^42 % of the edges .* Above 30 %/),
    ]);
    expect(verdicts({ ...fine, editedShare: 0.9 }, { ...context, collapseShare: null })).toEqual([]);
    expect(verdicts({ ...fine, editedShare: 0.9 }, { ...context, renderer: 'direct' })).toEqual([]);
  });

  it('tell which way painted and changed area disagree', () => {
    const disagree = { ...fine, agreement: AGREEMENT_LIMIT - 0.01 };
    expect(verdicts({ ...disagree, changedArea: 40 }, context)).toEqual([expect.stringMatching(/Only 10 %/)]);
    expect(verdicts({ ...disagree, changedArea: 4000 }, context)).toEqual([expect.stringMatching(/More changed/)]);
    expect(verdicts(disagree, context)).toEqual([expect.stringMatching(/elsewhere/)]);
    expect(verdicts({ ...disagree, agreement: AGREEMENT_LIMIT }, context)).toEqual([]);
    expect(verdicts({ ...fine, changedArea: 0, agreement: 0 }, context)).toEqual([
      expect.stringMatching(/Nothing changed: the donor/),
    ]);
    expect(verdicts({ ...fine, changedArea: 0, agreement: 0 }, { ...context, operation: 'remove' })).toEqual([
      expect.stringMatching(/no edges to remove/),
    ]);
  });

  it('warn of a generator that strays', () => {
    expect(verdicts({ ...fine, strayShare: STRAY_LIMIT }, context)).toEqual([]);
    expect(verdicts({ ...fine, strayShare: 0.2 }, context)).toEqual([expect.stringMatching(/also changed 20 %/)]);
    expect(verdicts({ ...fine, strayShare: 0.2 }, { ...context, renderer: 'direct' })).toEqual([]);
  });
});
