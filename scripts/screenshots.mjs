// Takes the pictures of the README from the production build: node scripts/screenshots.mjs [FOLDER]
//
// Needs `npm run build` and a Chromium (CHROMIUM_PATH, else /usr/bin/chromium).
import './register.mjs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from '@playwright/test';
import sharp from 'sharp';
import { preview } from 'vite';
import { root } from './setup.mjs';

const folder = path.resolve(root, process.argv[2] ?? 'docs/images');
await mkdir(folder, { recursive: true });
const server = await preview({ root, preview: { port: 4180 }, logLevel: 'warn' });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking'],
});

const settled = async (page) => {
  await page.getByRole('region', { name: 'Measures' }).waitFor({ timeout: 120_000 });
  await page.getByText('Working', { exact: true }).waitFor({ state: 'hidden', timeout: 120_000 });
};

const open = async (colorScheme, size) => {
  const context = await browser.newContext({ viewport: size, colorScheme, deviceScaleFactor: 1 });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  await page.goto(server.resolvedUrls.local[0]);
  await page.getByRole('button', { name: 'Open the demo' }).waitFor();
  return page;
};

const shot = async (page, name) => {
  // Pictures that are still being decoded would be missing.
  await page.evaluate(() =>
    Promise.all([...globalThis.document.images].map((image) => image.decode().catch(() => {}))),
  );
  const picture = sharp(await page.screenshot({ animations: 'disabled' }));
  const { size } = await picture
    .webp({ quality: 88, effort: 6, smartSubsample: true })
    .toFile(path.join(folder, `${name}.webp`));
  console.log(`${name}: ${Math.round(size / 1000)} kB`);
};

/**
 * Anomaly maps of a plain baseline: how many standard deviations a pixel, a little blurred, lies from the mean of the
 * normal photographs there.
 */
const writeMaps = async (scene, target) => {
  const { npyMap } = await import('../src/datasets/maps-testing.ts');
  const at = path.join(root, 'public/datasets/demo', scene);
  const pixels = (file) => sharp(path.join(at, file)).blur(2).raw().toBuffer();
  const channels = 3;
  const [sums, squares] = [new Float64Array(256 * 256 * channels), new Float64Array(256 * 256 * channels)];
  const normals = await readdir(path.join(at, 'train/good'));
  for (const name of normals) {
    (await pixels(`train/good/${name}`)).forEach((value, i) => {
      sums[i] += value;
      squares[i] += value * value;
    });
  }
  for (const subset of await readdir(path.join(at, 'test'))) {
    await mkdir(path.join(target, scene, 'test', subset), { recursive: true });
    for (const name of await readdir(path.join(at, 'test', subset))) {
      const shown = await pixels(`test/${subset}/${name}`);
      const map = new Float32Array(256 * 256);
      shown.forEach((value, i) => {
        const mean = sums[i] / normals.length;
        const deviation = Math.sqrt(Math.max(0, squares[i] / normals.length - mean * mean)) + 4;
        map[Math.floor(i / channels)] += Math.abs(value - mean) / deviation / channels;
      });
      const file = path.join(target, scene, 'test', subset, `${path.parse(name).name}.npy`);
      await writeFile(file, npyMap(map, 256, 256));
    }
  }
};

const evaluate = async (page, maps) => {
  await page.getByRole('navigation', { name: 'Steps' }).getByRole('button', { name: 'Evaluate' }).click();
  await page.getByRole('radio', { name: /Bottle/ }).click();
  await page.getByTestId('maps-input').setInputFiles(maps);
  await page.getByText('120 of 120 test images have a map').waitFor();
  await page.getByRole('main').getByRole('button', { name: 'Evaluate', exact: true }).click();
  await page.getByRole('tab', { name: 'Figures' }).waitFor();
};

const drag = async (page, from, to) => {
  const box = await page.getByTestId('canvas').boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 8 });
  await page.mouse.up();
};

const wide = { width: 1440, height: 900 };
let page = await open('dark', wide);
await page.getByRole('button', { name: 'Open the demo' }).click();
await settled(page);
await page.keyboard.press('g');
await settled(page);
await shot(page, 'synthesize-grid');
await page.keyboard.press('k');
await page.getByRole('region', { name: 'Kept' }).getByRole('listitem').first().waitFor();
await page.keyboard.press('w');
await page.keyboard.press('2');
await settled(page);
await shot(page, 'synthesize-wipe');
await page.keyboard.press('k');
await page.getByRole('region', { name: 'Kept' }).getByRole('listitem').nth(1).waitFor();
await page.keyboard.press('Alt+1');
await page.getByRole('heading', { level: 1 }).waitFor();
await shot(page, 'dataset');
await page.keyboard.press('Alt+5');
await page.getByRole('heading', { name: 'Kept results' }).waitFor();
await shot(page, 'export');
await page.context().close();

const temporary = await mkdtemp(path.join(tmpdir(), 'maps-'));
const maps = path.join(temporary, 'Z-scores');
await writeMaps('bottle', maps);
page = await open('dark', wide);
await evaluate(page, maps);
await shot(page, 'evaluate-figures');
await page.context().close();
page = await open('light', wide);
await evaluate(page, maps);
await page.getByRole('tab', { name: 'Images and threshold' }).click();
await page.getByRole('group', { name: 'Images, worst first' }).getByRole('button').first().waitFor();
await shot(page, 'evaluate-images');
await page.context().close();
await rm(temporary, { recursive: true });

// With the shipped segmentation network: as many minutes as the machine needs for a grid of points.
page = await open('dark', wide);
await page.getByRole('button', { name: 'Open the demo' }).click();
await settled(page);
const parts = page.getByRole('region', { name: 'Parts', exact: true });
await parts.getByRole('button', { name: 'Find parts' }).click();
await parts.getByText(/^\d+ parts?$/).waitFor({ timeout: 600_000 });
await shot(page, 'synthesize-parts');
await page.context().close();

page = await open('light', wide);
await page.getByRole('button', { name: 'Open the demo' }).click();
await settled(page);
await page.keyboard.press('r');
await drag(page, [0.42, 0.4], [0.6, 0.62]);
await settled(page);
await page.keyboard.press('3');
await settled(page);
await shot(page, 'synthesize-light');
await page.context().close();

page = await open('dark', { width: 1024, height: 768 });
await page.getByRole('button', { name: 'Open the demo' }).click();
await settled(page);
await shot(page, 'synthesize-small');

await browser.close();
await server.close();
