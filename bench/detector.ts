import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import { createCpuBackend } from '../src/compute/cpu';
import { createNodeRuntime } from '../src/compute/onnx/runtime-node';
import { Random } from '../src/core/random';
import { createRaster } from '../src/core/raster';
import { createDetector } from '../src/models/detector/detector';
import { loadOwnDetector, loadShippedDetector, type DetectorModel } from '../src/models/detector/load';
import { folderSource } from '../src/models/weights-node';
import { heatLatency, type HeatLatency } from './heat-latency';
import { median } from './report';
import { openDemo, withStudio } from './studio-page';

const RUNS = 7;
const CHANGES = 9;

/**
 * The detector: the wasm the browser runs against native ONNX Runtime, and in the live path the time from a change of the
 * region to its heat map. DETECTOR names the file of another one.
 */
export async function benchDetector(): Promise<void> {
  const own = process.env.DETECTOR;
  const source = folderSource(fileURLToPath(new URL('../public/models', import.meta.url)));
  const model =
    own === undefined
      ? await loadShippedDetector(source)
      : await loadOwnDetector(new Uint8Array(await readFile(own)), own);
  if (!model) {
    console.log('detector: skipped, none is shipped (DETECTOR names the file of one)');
    return;
  }
  await benchNetwork(model);
  await withStudio('heat map in the live path', async (open) => {
    const page = await open();
    await openDemo(page);
    if (own !== undefined) await bring(page, own);
    await benchLive(page);
  });
}

/** A picture of the network's size: map, score and all. */
async function benchNetwork({ bytes, name, form }: DetectorModel): Promise<void> {
  const random = new Random(1);
  const picture = createRaster(form.size, form.size, 3);
  for (let i = 0; i < picture.data.length; i++) picture.data[i] = random.uniform();
  const milliseconds: Partial<Record<'native' | 'wasm', number>> = {};
  for (const build of ['native', 'wasm'] as const) {
    try {
      const session = await (await createNodeRuntime({ build })).open(bytes, name);
      const detector = createDetector(session, createCpuBackend(), form);
      await detector.detect(picture);
      const times: number[] = [];
      for (let i = 0; i < RUNS; i++) {
        const start = performance.now();
        await detector.detect(picture);
        times.push(performance.now() - start);
      }
      await detector.release();
      milliseconds[build] = median(times);
    } catch (error) {
      console.log(`${name} in ${build}: skipped (${error instanceof Error ? error.message : String(error)})`);
    }
  }
  const { native, wasm } = milliseconds;
  const ratio = native && wasm ? `, ratio ${(wasm / native).toFixed(2)}` : '';
  console.log(`${name} ${form.size}²: wasm ${wasm?.toFixed(0)} ms, native ${native?.toFixed(0)} ms${ratio}`);
}

async function bring(page: Page, file: string): Promise<void> {
  await page.getByRole('button', { name: /^Compute:/ }).click();
  await page.getByRole('button', { name: 'Networks and weights', exact: true }).click();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Use a detector’s file' }).click();
  await (await chooser).setFiles(file);
  await page.getByText('now looks for anomalies').waitFor();
  await page.keyboard.press('Escape');
}

/** Grows the region pixel by pixel, and waits for the heat map each time. */
async function benchLive(page: Page): Promise<void> {
  await page.keyboard.press('Shift+Digit5');
  const scores = page.getByRole('status', { name: 'Anomaly scores' });
  await scores.getByText('Result').waitFor({ timeout: 120_000 });
  const times: HeatLatency[] = [];
  for (let i = 0; i < CHANGES; i++) times.push(await heatLatency(page));
  const [picture, heat] = (['picture', 'heat'] as const).map((each) => median(times.map((time) => time[each])));
  console.log(
    `live path, from a change of the region: the result after ${picture.toFixed(0)} ms, its heat map after ${heat.toFixed(0)} ms (medians of ${CHANGES})`,
  );
}
