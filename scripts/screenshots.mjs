// Takes the pictures of the README from the production build: node scripts/screenshots.mjs [FOLDER]
//
// Needs `npm run build` and a Chromium (CHROMIUM_PATH, else /usr/bin/chromium).
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { chromium } from '@playwright/test';
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
  await page.screenshot({ path: path.join(folder, `${name}.png`), animations: 'disabled' });
  console.log(name);
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
await page.keyboard.press('Alt+4');
await page.getByRole('heading', { name: 'Kept results' }).waitFor();
await shot(page, 'export');
await page.context().close();

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
