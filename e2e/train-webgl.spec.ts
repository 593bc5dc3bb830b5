import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import type { TrainingConfig } from '../src/training/run/config';
import { openBench, planTraining, resume, servedImage, start, train } from './gpu-support';
import { photograph } from './ui-support';

const SIDE = 32;

/** This browser has WebGL, imitated by a processor, and no WebGPU. */
test('where there is no WebGPU, a generator is trained through WebGL as on the processor', async ({ page }) => {
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

  // An imitated card is taken only by who asks for it.
  expect(await start(page, 'auto')).toMatchObject({ path: 'wasm' });
  expect(await planTraining(page, 'generator', images)).toMatchObject({ backend: 'cpu' });
  expect(await start(page, 'webgpu')).toMatchObject({ path: 'wasm' });
  const plan = await planTraining(page, 'generator', images);
  expect(plan).toMatchObject({ backend: 'webgl', device: expect.stringMatching(/SwiftShader.* through WebGL/) });

  const config: TrainingConfig = { ...plan.config, size: SIDE, steps: 4, validateEvery: 2, rate: 1e-3 };
  const request = { name: 'Run', dataset: 'tiny', config, images };
  const { record, news } = await train(page, { ...request, id: 'webgl' });
  expect(record).toMatchObject({ state: 'done', step: 4, saved: 4, backend: 'webgl', problem: null });
  expect(news).toEqual(expect.arrayContaining(['preparing', 'record', 'step', 'samples']));
  // A context that is taken away costs the steps since the last checkpoint.
  const lost = await train(page, { ...request, id: 'lost', config: { ...config, steps: 100_000 } }, 5);
  expect(lost.record).toMatchObject({ state: 'paused', problem: { code: 'device-lost' } });
  expect(lost.record.problem?.message).toContain('Go on from there');
  const { step, saved } = lost.record;
  expect(saved).toBeGreaterThan(0);
  const resumed = await resume(page, 'lost', step + 2);
  expect(resumed.record).toMatchObject({ state: 'done', step: step + 2, backend: 'webgl', problem: null });

  await start(page, 'wasm');
  const onCpu = await train(page, { ...request, id: 'cpu' });
  expect(onCpu.record.backend).toBe('cpu');
  for (const [name, losses] of Object.entries(onCpu.record.curve.losses)) {
    const throughWebGl = record.curve.losses[name];
    losses.forEach((loss, step) => {
      // Not every loss is taken in every step.
      if (loss === null) expect(throughWebGl[step], name).toBeNull();
      else expect(throughWebGl[step], `${name} of step ${step}`).toBeCloseTo(loss, 3);
    });
  }
});
