import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import type { TrainingConfig } from '../src/training/run/config';
import { events, held, openBench, openImage, planTraining, servedImage, start, train } from './gpu-support';
import { photograph } from './ui-support';

const SIDE = 32;

test('a generator is trained on the device of the studio, and leaves it as it was', async ({ page }) => {
  // A processor imitates the GPU, and others use it too.
  test.setTimeout(600_000);
  const pictures = await Promise.all(
    Array.from({ length: 5 }, async (_, i) =>
      servedImage(
        `${i}.png`,
        SIDE,
        SIDE,
        await sharp(await photograph(i + 1, SIDE))
          .png()
          .toBuffer(),
      ),
    ),
  );
  const images = pictures.map(({ record }) => record);
  await openBench(page, pictures);
  expect(await start(page, 'webgpu')).toMatchObject({ path: 'webgpu' });
  const plan = await planTraining(page, 'generator', images);
  expect(plan).toMatchObject({ backend: 'webgpu', training: 4, heldOut: 1 });
  const config: TrainingConfig = { ...plan.config, size: SIDE, steps: 3, validateEvery: 3, rate: 1e-3 };
  const request = { name: 'Run', dataset: 'tiny', config, images };
  // What ONNX Runtime keeps to work in is there after the first.
  await train(page, { ...request, id: 'first', config: { ...config, steps: 1 } });
  const before = await held(page);
  await events(page);
  const { record, news } = await train(page, { ...request, id: 'second' });
  expect(record).toMatchObject({ state: 'done', step: 3, saved: 3, backend: 'webgpu', problem: null });
  expect(record.measurements.map(({ step }) => step)).toEqual([0, 3]);
  for (const loss of record.curve.losses.total) expect(loss).toBeGreaterThan(0);
  expect(news).toEqual(expect.arrayContaining(['preparing', 'record', 'step', 'samples']));
  expect((await events(page)).filter((event) => event === 'dispatch').length).toBeGreaterThan(100);
  expect(await held(page)).toBe(before);
  // The studio goes on with the same device.
  expect(await openImage(page, images[0])).toMatchObject({ renderer: 'generator' });
});
