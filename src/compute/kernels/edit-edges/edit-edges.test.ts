import { afterAll, describe, expect, it } from 'vitest';
import { filledRaster } from '../../../core/raster';
import type { Operation } from '../../../core/recipe';
import { largestDifference, noise, noiseMask, ODD_SIZES, onBackend, openTestBackends, rows } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

const OPERATIONS: readonly Operation[] = ['remove', 'replace', 'merge'];

// Quarters and halves: exact in float32, so that equality is the right question.
const strength = rows([0, 1, 0.5, 0.75], [1, 0.25, 0.5, 0.75]);
const donor = rows([1, 0, 0.25, 0.75], [1, 0.5, 0.25, 0]);
const mask = rows([1, 1, 1, 1], [0, 0.5, 0.25, 0.5]);

describe.each(backends.all)('Eq. 1 on $name', (backend) => {
  const edit = (operation: Operation) =>
    onBackend(backend, [strength, donor, mask], (b, p, a, m) => b.editEdges(operation, p, a, m));

  it('removes: (1−M)·P', async () => {
    expect(Array.from((await edit('remove')).data)).toEqual([0, 0, 0, 0, 1, 0.125, 0.375, 0.375]);
  });

  it('replaces: M·A + (1−M)·P', async () => {
    expect(Array.from((await edit('replace')).data)).toEqual([1, 0, 0.25, 0.75, 1, 0.375, 0.4375, 0.375]);
  });

  it('merges: M·min(1, A + P) + (1−M)·P, the sum clamped before the mask weighs it', async () => {
    // Clamped: 0.75 + 0.75 → 1 under a full mask; 1 + 1 outside the mask stays P.
    expect(Array.from((await edit('merge')).data)).toEqual([1, 1, 0.75, 1, 1, 0.5, 0.5625, 0.75]);
  });

  it('clamps under a half mask: ½·min(1, 1 + 0.75) + ½·0.75', async () => {
    const result = await onBackend(backend, [rows([0.75]), rows([1]), rows([0.5])], (b, p, a, m) =>
      b.editEdges('merge', p, a, m),
    );
    expect(Array.from(result.data)).toEqual([0.875]);
  });

  it.each(OPERATIONS)('leaves everything as it was under an empty mask (%s)', async (operation) => {
    const p = noise(1, 17, 23);
    const result = await onBackend(backend, [p, noise(2, 17, 23), filledRaster(17, 23, 0)], (b, s, a, m) =>
      b.editEdges(operation, s, a, m),
    );
    expect(result.data).toEqual(p.data);
  });

  it('makes nothing, the donor, the clamped sum under a full mask', async () => {
    const p = noise(1, 17, 23);
    const a = noise(2, 17, 23);
    const full = filledRaster(17, 23, 1);
    const run = (operation: Operation) =>
      onBackend(backend, [p, a, full], (b, s, d, m) => b.editEdges(operation, s, d, m));
    expect((await run('remove')).data).toEqual(new Float32Array(17 * 23));
    expect((await run('replace')).data).toEqual(a.data);
    const sum = Float32Array.from(p.data, (v, i) => Math.min(1, Math.fround(v + a.data[i])));
    expect((await run('merge')).data).toEqual(sum);
  });

  it('needs no donor to remove, and says so where it needs one', async () => {
    const run = (operation: Operation) =>
      onBackend(backend, [strength, mask], (b, p, m) => b.editEdges(operation, p, null, m));
    expect((await run('remove')).data[5]).toBe(0.125);
    await expect(run('replace')).rejects.toThrow(/replace needs a donor/);
    await expect(run('merge')).rejects.toThrow(/merge needs a donor/);
  });

  it('refuses other sizes and several channels', async () => {
    const run = (p: ReturnType<typeof noise>, m: ReturnType<typeof noise>) =>
      onBackend(backend, [p, m], (b, s, k) => b.editEdges('remove', s, null, k));
    await expect(run(noise(1, 4, 3), noise(1, 3, 4))).rejects.toThrow(/1×3×4 and 1×4×3/);
    await expect(run(noise(1, 4, 3, 3), noise(1, 4, 3))).rejects.toThrow(/one channel/);
  });
});

describe.skipIf(!backends.webgpu)('Eq. 1, GPU against CPU', () => {
  it.each(ODD_SIZES.flatMap(([w, h]) => OPERATIONS.map((operation) => [w, h, operation] as const)))(
    '%i×%i %s within 1e-4',
    async (width, height, operation) => {
      const inputs = [noise(3, width, height), noise(4, width, height), noiseMask(5, width, height)];
      const [cpu, gpu] = await Promise.all(
        backends.all.map((backend) => onBackend(backend, inputs, (b, p, a, m) => b.editEdges(operation, p, a, m))),
      );
      expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-4);
    },
  );
});
