// What scripts that take pictures of the production build share. They need `npm run build` and a Chromium
// (CHROMIUM_PATH, else /usr/bin/chromium).
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { chromium } from '@playwright/test';
import sharp from 'sharp';
import { preview } from 'vite';
import { root } from './setup.mjs';

export const WIDE = { width: 1440, height: 900 };
/** Training and evaluating take as many minutes as the machine needs. */
const PATIENCE = 1_800_000;

/** Serves the build and starts the browser. @param folder for the pictures. */
export async function openCamera(folder) {
  await mkdir(folder, { recursive: true });
  const server = await preview({ root, preview: { port: 4180 }, logLevel: 'warn' });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking'],
  });
  return {
    /** A fresh studio in a window of its own. */
    async open(colorScheme, viewport = WIDE) {
      const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor: 1 });
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE);
      await page.goto(server.resolvedUrls.local[0]);
      await page.getByRole('button', { name: 'Open the demo' }).waitFor();
      return page;
    },
    async shot(page, name) {
      // Pictures that are still being decoded would be missing.
      await page.evaluate(() =>
        Promise.all([...globalThis.document.images].map((image) => image.decode().catch(() => {}))),
      );
      const picture = sharp(await page.screenshot({ animations: 'disabled' }));
      const { size } = await picture
        .webp({ quality: 88, effort: 6, smartSubsample: true })
        .toFile(path.join(folder, `${name}.webp`));
      console.log(`${name}: ${Math.round(size / 1000)} kB`);
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** Nothing is being computed, and a result with its measures is on screen. */
export async function settled(page) {
  await page.getByRole('region', { name: 'Measures' }).waitFor();
  await page.getByText('Working', { exact: true }).waitFor({ state: 'hidden' });
}

export async function openDemo(page) {
  await page.getByRole('button', { name: 'Open the demo' }).click();
  await settled(page);
}

/** @param step one of those in the header, `Train`, say. */
export async function goTo(page, step) {
  await page
    .getByRole('navigation', { name: 'Steps' })
    .getByRole('button', { name: new RegExp(`^${step}`) })
    .click();
}

/** Drags over the canvas; positions are shares of its sides. */
export async function drag(page, from, to) {
  const box = await page.getByTestId('canvas').boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 8 });
  await page.mouse.up();
}
