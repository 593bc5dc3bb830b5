import { expect, it } from 'vitest';
import { createMask } from '../core/mask';
import { rasterOf } from '../core/raster';
import { MemoryBlobStore } from '../project/blobs';
import type { EvaluatedImage } from '../project/evaluation';
import { encodeMap, encodeTruth } from '../project/stored-map';
import { EvaluatedPictures } from './evaluated-pictures';

const square = (left: number) => {
  const mask = createMask(20, 16);
  for (let y = 4; y < 8; y++) mask.data.fill(1, y * 20 + left, y * 20 + left + 4);
  return { name: `at ${left}`, mask, saturation: null };
};

async function kept() {
  const store = new MemoryBlobStore();
  const { png, ...range } = encodeMap(
    rasterOf(
      Float32Array.from({ length: 320 }, (_, i) => i / 10),
      20,
      16,
    ),
  );
  const map = { ...range, sha256: await store.put(png) };
  const defects = [square(2), square(12)];
  const truth = await store.put(encodeTruth(defects));
  return { store, image: { map, truth, defects } as unknown as EvaluatedImage };
}

it('gives the map, and outlines by defect', async () => {
  const { store, image } = await kept();
  const pictures = new EvaluatedPictures(store);
  const map = (await pictures.map(image))!;
  expect(map.data[319]).toBeCloseTo(31.9, 4);
  const truth = (await pictures.truth(image))!;
  expect([truth.width, truth.height]).toEqual([20, 16]);
  const lefts = truth.defects.map((lines) => Math.min(...lines[0].filter((_, i) => i % 2 === 0)));
  expect(truth.defects.map((lines) => lines.length)).toEqual([1, 1]);
  expect(lefts).toEqual([2, 12]);
  expect(await pictures.map(image)).toBe(map);
});

it('has nothing where nothing is kept', async () => {
  const { store, image } = await kept();
  const pictures = new EvaluatedPictures(store);
  expect(await pictures.map({ ...image, map: null })).toBeNull();
  expect(await pictures.truth({ ...image, truth: null })).toBeNull();
});

it('tries again what could not be read', async () => {
  const { store, image } = await kept();
  let broken = true;
  const pictures = new EvaluatedPictures({
    get: (id) => (broken ? Promise.reject(new Error('not now')) : store.get(id)),
  });
  await expect(pictures.map(image)).rejects.toThrow('not now');
  broken = false;
  expect((await pictures.map(image))!.width).toBe(20);
});
