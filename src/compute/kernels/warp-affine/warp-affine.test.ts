import { afterAll, describe, expect, it } from 'vitest';
import { augmentationAffine, IDENTITY_AFFINE, invert, type Affine } from '../../../core/geometry';
import { largestDifference, noise, ODD_SIZES, onBackend, openTestBackends, rows } from '../../testing';
import type { Border } from '../../backend';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

describe.each(backends.all)('affine warp on $name', (backend) => {
  const warp = (source: ReturnType<typeof noise>, inverse: Affine, width: number, height: number, border: Border) =>
    onBackend(backend, [source], (b, s) => b.warpAffine(s, inverse, width, height, border));

  it.each(ODD_SIZES)('changes nothing by the identity (%i×%i, three channels)', async (width, height) => {
    const source = noise(1, width, height, 3);
    expect((await warp(source, IDENTITY_AFFINE, width, height, 'zero')).data).toEqual(source.data);
  });

  it('moves by whole pixels, zero outside', async () => {
    // Reads 2 to the right and 1 above.
    const moved = await warp(rows([1, 2, 3], [4, 5, 6]), [1, 0, 2, 0, 1, -1], 3, 2, 'zero');
    expect(Array.from(moved.data)).toEqual([0, 0, 0, 3, 0, 0]);
  });

  it('mirrors at the pixel edge: d c b a | a b c d | d c b a', async () => {
    const wide = await warp(rows([1, 2, 3]), [1, 0, -7, 0, 1, 0], 17, 1, 'reflect');
    expect(Array.from(wide.data)).toEqual([1, 1, 2, 3, 3, 2, 1, 1, 2, 3, 3, 2, 1, 1, 2, 3, 3]);
  });

  it('weighs four neighbours', async () => {
    // Output centre (½, ½) reads source (1¼, ¾): columns ¼ and ¾, rows ¾ and ¼.
    const value = await warp(rows([0, 1], [2, 4]), [1, 0, 0.75, 0, 1, 0.25], 1, 1, 'zero');
    expect(Array.from(value.data)).toEqual([0.75 * (0.25 * 0 + 0.75 * 1) + 0.25 * (0.25 * 2 + 0.75 * 4)]);
  });

  it('fades into the zero outside over one pixel', async () => {
    const faded = await warp(rows([1]), [1, 0, -0.25, 0, 1, 0], 2, 1, 'zero');
    expect(Array.from(faded.data)).toEqual([0.75, 0.25]);
  });

  it('flips exactly', async () => {
    const size = { width: 3, height: 2 };
    const flip = augmentationAffine(
      { flipX: true, flipY: false, scale: 1, rotation: 0, translateX: 0, translateY: 0 },
      size,
      size,
    );
    expect(Array.from((await warp(rows([1, 2, 3], [4, 5, 6]), invert(flip), 3, 2, 'zero')).data)).toEqual([
      3, 2, 1, 6, 5, 4,
    ]);
  });

  it('survives maps that lead far away', async () => {
    const far = await warp(noise(1, 9, 7), [1, 0, 1e30, 0, 1, -1e30], 9, 7, 'zero');
    expect(far.data).toEqual(new Float32Array(63));
    const mirrored = await warp(noise(1, 9, 7), [1, 0, 1e30, 0, 1, -1e30], 9, 7, 'reflect');
    for (const value of mirrored.data) expect(value >= 0 && value < 1).toBe(true);
  });

  it('refuses sizes that are none', async () => {
    await expect(warp(noise(1, 3, 3), IDENTITY_AFFINE, 0, 3, 'zero')).rejects.toThrow(/positive width/);
  });
});

describe.skipIf(!backends.webgpu)('affine warp, GPU against CPU', () => {
  const cases = [...ODD_SIZES, [256, 256] as const].flatMap(([width, height]) =>
    (['zero', 'reflect'] as const).map((border) => [width, height, border] as const),
  );
  it.each(cases)('%i×%i, border %s, within 1e-4', async (width, height, border) => {
    const map = augmentationAffine(
      { flipX: true, flipY: false, scale: 0.83, rotation: 0.7, translateX: 0.11, translateY: -0.07 },
      { width: 29, height: 31 },
      { width, height },
    );
    const [cpu, gpu] = await Promise.all(
      backends.all.map((backend) =>
        onBackend(backend, [noise(2, 29, 31, 3)], (b, s) => b.warpAffine(s, invert(map), width, height, border)),
      ),
    );
    expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-4);
  });
});
