import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../compute/backend';
import { largestDifference, openTestBackends, type TestBackends } from '../compute/testing';
import type { StudioError } from '../core/errors';
import { maskArea, type BinaryMask } from '../core/mask';
import { quantizeMask } from '../core/mask-codec';
import { Random } from '../core/random';
import { createRaster, filledRaster, rasterOf, type Raster } from '../core/raster';
import { rasterizeRegion } from '../core/rasterize';
import { IDENTITY_AUGMENTATION } from '../core/recipe';
import { randomWarp } from '../core/tps';
import { PreparedSource } from './source';
import { editedShare, finishMask, measure, synthesize } from './synthesize';
import { countingBackend, stagesOn } from './testing';
import type { SynthesisRequest } from './types';

const WIDTH = 52;
const HEIGHT = 44;

/** Dots on plain ground; `shift` moves them. */
function dots(shift: number): Raster {
  const raster = filledRaster(WIDTH, HEIGHT, 0.7, 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      if (Math.hypot(((x + shift) % 17) - 8, (y % 15) - 7) >= 4) continue;
      for (let c = 0; c < 3; c++) raster.data[(c * HEIGHT + y) * WIDTH + x] = 0.2 + 0.1 * c;
    }
  }
  return raster;
}

const square = (x: number, y: number, side: number, feather = 0): Raster =>
  quantizeMask(
    rasterizeRegion(
      [{ kind: 'rectangle', combine: 'add', x, y, width: side, height: side, rotation: 0 }],
      WIDTH,
      HEIGHT,
      feather,
    ),
  );

const request = (change: Partial<SynthesisRequest> = {}): SynthesisRequest => ({
  operation: 'remove',
  mask: square(16, 12, 20),
  augmentation: IDENTITY_AUGMENTATION,
  warp: null,
  edgeOutput: 'e1',
  renderer: { kind: 'generator', output: 'generated' },
  groundTruth: { threshold: 0.3, dilation: 3, minArea: 4 },
  ...change,
});

/** Every renderer, operation and option once. */
const VARIETY: [string, Partial<SynthesisRequest>][] = [
  ['remove, generated', {}],
  ['replace, generated', { operation: 'replace' }],
  ['merge, composited', { operation: 'merge', renderer: { kind: 'generator', output: 'composited' } }],
  ['remove, composited, warped', { renderer: { kind: 'generator', output: 'composited' }, warp: warp() }],
  ['replace, generated, warped', { operation: 'replace', warp: warp() }],
  ['remove, direct', { renderer: { kind: 'direct', gradients: 'normal' } }],
  ['replace, direct', { operation: 'replace', renderer: { kind: 'direct', gradients: 'normal' } }],
  ['merge, direct, warped', { operation: 'merge', renderer: { kind: 'direct', gradients: 'mixed' }, warp: warp() }],
];

function warp() {
  return randomWarp(new Random(5), 0.08);
}

let backends: TestBackends;
beforeAll(async () => {
  backends = await openTestBackends();
});
afterAll(() => backends.dispose());

/** Makes one on a fresh counting backend; disposes of everything afterwards and checks that nothing is left. */
async function make<T>(
  inner: Backend,
  change: Partial<SynthesisRequest>,
  look: (
    synthesis: Awaited<ReturnType<typeof synthesize>>,
    backend: ReturnType<typeof countingBackend>,
    source: PreparedSource,
  ) => Promise<T>,
  generatorSize = { width: WIDTH, height: HEIGHT },
): Promise<T> {
  const backend = countingBackend(inner);
  const stages = stagesOn(backend, generatorSize);
  const source = new PreparedSource(dots(0), stages);
  const donor = new PreparedSource(dots(6), stages);
  const synthesis = await synthesize(source, donor, request(change));
  const seen = await look(synthesis, backend, source);
  synthesis.dispose();
  source.dispose();
  donor.dispose();
  // Sources release what their networks made once those promises are through.
  await Promise.resolve().then(() => Promise.resolve());
  expect(backend.live).toBe(0);
  return seen;
}

describe('synthesize', () => {
  it.each(VARIETY)('%s: frees every intermediate and reads nothing back', async (_, change) => {
    for (const inner of backends.all) {
      await make(inner, change, async (synthesis, backend, source) => {
        expect(backend.downloads).toBe(0);
        const own = [
          synthesis.editedEdges,
          synthesis.region,
          synthesis.result,
          synthesis.similarity,
          synthesis.changed,
        ];
        // Beyond the result's own rasters, only what sources keep: photographs, edges, the generated normal.
        const kept = new Set([...own, synthesis.edges, source.photo]).size;
        expect(backend.live).toBeLessThanOrEqual(kept + 4);
        const before = backend.live;
        const again = await synthesize(source, null, request({ ...change, operation: 'remove' }));
        again.dispose();
        expect(backend.live).toBeLessThanOrEqual(before + 1);
      });
    }
  });

  it.each(VARIETY)('%s: is the same on every backend, within 1e-3', async (_, change) => {
    const results = [];
    for (const inner of backends.all) {
      results.push(
        await make(inner, change, async ({ result, editedEdges }, backend) => [
          await backend.download(result),
          await backend.download(editedEdges),
        ]),
      );
    }
    for (const other of results.slice(1)) {
      expect(largestDifference(results[0][0], other[0])).toBeLessThan(1e-3);
      expect(largestDifference(results[0][1], other[1])).toBeLessThan(1e-3);
    }
  });

  it('gives the same bytes again, and others for another donor or place', async () => {
    const bytes = (change: Partial<SynthesisRequest>) =>
      make(backends.cpu, { operation: 'replace', ...change }, async ({ result }, backend) =>
        Buffer.from((await backend.download(result)).data.buffer).toString('base64'),
      );
    const once = await bytes({});
    expect(await bytes({})).toBe(once);
    expect(await bytes({ augmentation: { ...IDENTITY_AUGMENTATION, flipX: true } })).not.toBe(once);
    expect(await bytes({ mask: square(10, 10, 20) })).not.toBe(once);
  });

  it('edits edges as Eq. 1 says and nowhere else', async () => {
    await make(backends.cpu, {}, async ({ edges, editedEdges }, backend) => {
      const [e, edited] = [await backend.download(edges), await backend.download(editedEdges)];
      const mask = square(16, 12, 20);
      let inside = 0;
      let wrong = 0;
      for (let i = 0; i < e.data.length; i++) {
        if (edited.data[i] !== (mask.data[i] === 0 ? e.data[i] : 0)) wrong++;
        inside += mask.data[i] * e.data[i];
      }
      expect(wrong).toBe(0);
      expect(inside).toBeGreaterThan(5);
    });
  });

  it('sets only the dilated region into the photograph, bit for bit outside', async () => {
    for (const inner of backends.all) {
      for (const feather of [0, 1]) {
        const mask = square(16, 12, 20, feather);
        const change = { mask, renderer: { kind: 'generator', output: 'composited' } } as const;
        await make(inner, change, async ({ result }, backend, source) => {
          const [made, photo] = [await backend.download(result), await backend.download(source.photo)];
          let changed = 0;
          let touched = 0;
          for (let y = 0; y < HEIGHT; y++) {
            for (let x = 0; x < WIDTH; x++) {
              let near = false;
              for (let v = -3; v <= 3; v++) {
                for (let u = -3; u <= 3; u++) {
                  const column = x + u;
                  const row = y + v;
                  if (u * u + v * v > 9 || column < 0 || row < 0 || column >= WIDTH || row >= HEIGHT) continue;
                  near ||= mask.data[row * WIDTH + column] > 0;
                }
              }
              for (let c = 0; c < 3; c++) {
                const i = (c * HEIGHT + y) * WIDTH + x;
                if (made.data[i] === photo.data[i]) continue;
                if (near) changed++;
                else touched++;
              }
            }
          }
          expect(touched).toBe(0);
          expect(changed).toBeGreaterThan(300);
        });
      }
    }
  });

  it('gives the generated picture the photograph’s tone where it is set in', async () => {
    // The generator's ground is 0.8, the photograph's 0.7: in the middle of what was removed the latter must show.
    await make(
      backends.cpu,
      { mask: square(14, 10, 24), renderer: { kind: 'generator', output: 'composited' } },
      async ({ result }, backend, source) => {
        const made = await backend.download(result);
        const normal = await backend.download(await source.generatedNormal('e1'));
        const middle = 22 * WIDTH + 26;
        expect(normal.data[middle]).toBeLessThan(0.8);
        expect(Math.abs(made.data[middle] - 0.7)).toBeLessThan(0.06);
      },
    );
  });

  it('works by way of the generator’s own size', async () => {
    for (const size of [
      { width: 32, height: 32 },
      { width: 80, height: 64 },
    ]) {
      await make(
        backends.cpu,
        { operation: 'replace' },
        async ({ result }) => expect([result.width, result.height, result.channels]).toEqual([WIDTH, HEIGHT, 3]),
        size,
      );
    }
  });

  it('warps edges, region and picture alike', async () => {
    const bend = { offsets: Array.from({ length: 18 }, () => 0.1) };
    const change = { renderer: { kind: 'direct', gradients: 'normal' } } as const;
    const plain = await make(backends.cpu, change, async (made, backend) => [
      await backend.download(made.region),
      await backend.download(made.changed),
    ]);
    const bent = await make(backends.cpu, { ...change, warp: bend }, async (made, backend) => [
      await backend.download(made.region),
      await backend.download(made.changed),
    ]);
    const centre = (mask: Raster) => {
      let sum = 0;
      mask.data.forEach((m, i) => (sum += m * (i % WIDTH)));
      return sum / maskArea(mask);
    };
    // Reading a tenth further right moves everything inside left by up to a tenth of the width.
    for (const k of [0, 1]) expect(centre(bent[k])).toBeLessThan(centre(plain[k]) - 2);
  });

  it('needs a donor for replace and merge, and a generator for the generator', async () => {
    const stages = stagesOn(countingBackend(backends.cpu), null);
    const source = new PreparedSource(dots(0), stages);
    await expect(synthesize(source, null, request({ operation: 'merge' }))).rejects.toThrow(/merge needs a donor/);
    await expect(synthesize(source, null, request())).rejects.toThrow(/No generator/);
    source.dispose();
  });

  it('stops when cancelled, at every step, and leaves nothing behind', async () => {
    const backend = countingBackend(backends.cpu);
    for (let step = 0; step < 12; step++) {
      const cancel = new AbortController();
      let calls = 0;
      const tick = () => {
        if (calls++ === step) cancel.abort();
      };
      const stages = stagesOn(backend, { width: WIDTH, height: HEIGHT });
      const watched = {
        ...stages,
        edgeDetector: {
          run: <T extends 'e1'>(...args: Parameters<typeof stages.edgeDetector.run<T>>) => {
            tick();
            return stages.edgeDetector.run<T>(...args);
          },
        },
        generator: {
          width: WIDTH,
          height: HEIGHT,
          run: (...args: Parameters<NonNullable<typeof stages.generator>['run']>) => {
            tick();
            return stages.generator!.run(...args);
          },
        },
      } as typeof stages;
      const source = new PreparedSource(dots(0), watched);
      const donor = new PreparedSource(dots(6), watched);
      const made = synthesize(source, donor, request({ operation: 'merge' }), cancel.signal);
      if (calls > step || step < 4) {
        const error = await made.then(
          (synthesis) => {
            synthesis.dispose();
            return null;
          },
          (caught: unknown) => caught,
        );
        if (cancel.signal.aborted) expect((error as StudioError).code).toBe('cancelled');
      } else {
        (await made).dispose();
        expect(cancel.signal.aborted).toBe(false);
      }
      source.dispose();
      donor.dispose();
      await Promise.resolve().then(() => Promise.resolve());
      expect(backend.live).toBe(0);
    }
  });
});

describe('a prepared source', () => {
  it('asks each network once, however many edits follow', async () => {
    const backend = countingBackend(backends.cpu);
    const stages = stagesOn(backend, { width: WIDTH, height: HEIGHT });
    const source = new PreparedSource(dots(0), stages);
    for (let i = 0; i < 3; i++) (await synthesize(source, null, request({ mask: square(4 + i, 5, 12) }))).dispose();
    expect(stages.edgeDetector.runs).toBe(1);
    // Once for the normal picture, once for each edit.
    expect(stages.generator?.runs).toBe(4);
    source.dispose();
    source.dispose();
    expect(() => source.edges('e1')).toThrow(/disposed/);
  });

  it('tries again after a failure', async () => {
    const backend = countingBackend(backends.cpu);
    const stages = stagesOn(backend, null);
    let fail = true;
    const source = new PreparedSource(dots(0), {
      ...stages,
      edgeDetector: {
        run: (image, outputs) => {
          if (!fail) return stages.edgeDetector.run(image, outputs);
          fail = false;
          return Promise.reject(new Error('The network slipped.'));
        },
      },
    });
    await expect(source.edges('e1')).rejects.toThrow(/slipped/);
    expect((await source.edges('e1')).channels).toBe(1);
    source.dispose();
  });
});

describe('measure', () => {
  it('finds what changed within the region, and its agreement with what was painted', async () => {
    await make(backends.cpu, { mask: square(17, 15, 17) }, async (synthesis, backend) => {
      const measured = await measure(synthesis, backend);
      expect(measured.regionArea).toBe(17 * 17);
      expect(measured.changedArea).toBe(maskArea(measured.mask));
      expect(measured.changedArea).toBeGreaterThan(40);
      expect(measured.agreement).toBeGreaterThan(0.2);
      expect(measured.editedShare).toBeGreaterThan(0.05);
      expect(measured.editedShare).toBeLessThan(0.6);
      expect(measured.strayShare).toBeLessThan(0.01);
    });
  });

  it('sees a generator that changes the picture away from the region', async () => {
    const backend = countingBackend(backends.cpu);
    const stages = stagesOn(backend, { width: WIDTH, height: HEIGHT });
    const grainy = {
      ...stages,
      generator: {
        width: WIDTH,
        height: HEIGHT,
        run: async (edges: Parameters<NonNullable<typeof stages.generator>['run']>[0]) => {
          const values = await backend.download(edges);
          // Another grain for every edge map: nothing of the picture is held fast.
          const random = new Random(Math.round(1e4 * values.data.reduce((sum, v) => sum + v, 0)));
          const picture = createRaster(WIDTH, HEIGHT, 3);
          picture.data.forEach((_, i) => (picture.data[i] = random.uniform()));
          return backend.upload(picture);
        },
      },
    };
    const source = new PreparedSource(dots(0), grainy);
    const synthesis = await synthesize(source, null, request({ mask: square(17, 15, 8) }));
    expect((await measure(synthesis, backend)).strayShare).toBeGreaterThan(0.8);
    synthesis.dispose();
    source.dispose();
  });

  it('finds no change where there are no edges', async () => {
    await make(backends.cpu, { mask: createRaster(WIDTH, HEIGHT) }, async (synthesis, backend) => {
      const measured = await measure(synthesis, backend);
      expect(measured).toMatchObject({ editedShare: 0, regionArea: 0, changedArea: 0, agreement: 1 });
    });
  });
});

describe('the ground-truth mask', () => {
  it('drops components under the least area, counted over corners', () => {
    const changed = createRaster(8, 6);
    for (const i of [0, 9, 18, 5, 6, 47]) changed.data[i] = 1;
    const area = (minArea: number) =>
      maskArea(finishMask(changed, { groundTruth: { threshold: 0.5, dilation: 0, minArea } }) satisfies BinaryMask);
    expect([area(0), area(2), area(3), area(4)]).toEqual([6, 5, 3, 0]);
  });
});

describe('the edited share of edges', () => {
  const share = (edges: number[], edited: number[]) =>
    editedShare(
      rasterOf(Float32Array.from(edges), edges.length, 1),
      rasterOf(Float32Array.from(edited), edited.length, 1),
    );

  it('is Σ|E_A − E| / Σ max(E, E_A)', () => {
    expect(share([1, 0.5, 0, 0], [1, 0.5, 0, 0])).toBe(0);
    expect(share([1, 1, 0, 0], [0, 1, 0, 0])).toBeCloseTo(0.5, 12);
    expect(share([1, 0, 0, 0], [0, 1, 0, 0])).toBe(1);
    expect(share([0.5, 0.5], [0.75, 0.5])).toBeCloseTo(0.2, 12);
    expect(share([0, 0], [0, 0])).toBe(0);
  });
});
