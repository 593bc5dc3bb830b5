import { expect, test, type Page, type TestInfo } from '@playwright/test';
import { strFromU8, unzipSync } from 'fflate';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { recipeSchema, type Operation } from '../src/core/recipe';
import { drag, openStudio, resultShown } from './ui-support';

/** Photographs of magnetic tiles; not part of the repository (see CONTRIBUTING.md). */
const TILES = fileURLToPath(new URL('../../shared/data/magnetic-tile/magnetic_tile/train/good/', import.meta.url));
/** About 256 × 256 px each, no two of one size. The first has a mark in its middle. */
const PHOTOGRAPHS = ['003.png', '000.png', '025.png', '001.png'];
const there = existsSync(TILES);
if (!there) console.log('skipped: the main job on photographs, for want of ../shared/data/magnetic-tile');

interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Buffer;
}

/** 8 bits a value, channels interleaved. */
async function decode(bytes: Uint8Array | string, colourspace: 'srgb' | 'b-w'): Promise<Image> {
  const pipeline = sharp(bytes).toColourspace(colourspace).raw();
  const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data };
}

/** Four photographs in a folder of their own, as a person has them. */
async function ownFolder(info: TestInfo): Promise<string> {
  const folder = info.outputPath('my tiles');
  await mkdir(folder, { recursive: true });
  for (const name of PHOTOGRAPHS) await copyFile(join(TILES, name), join(folder, name));
  return folder;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Holds an exported pair against the photograph it was made of. Returns the pixels of its picture. */
async function checkPair(
  zip: Readonly<Record<string, Uint8Array>>,
  operation: Operation,
  name: string,
  donor: string | null,
): Promise<Buffer> {
  const file = await readFile(join(TILES, name));
  const photo = await decode(file, 'srgb');
  const image = await decode(zip[`tiles/test/${operation}/0000.png`], 'srgb');
  const mask = await decode(zip[`tiles/ground_truth/${operation}/0000_mask.png`], 'b-w');
  const recipe = recipeSchema.parse(JSON.parse(strFromU8(zip[`recipes/tiles/${operation}/0000.json`])));
  expect(recipe).toMatchObject({ operation, renderer: { kind: 'direct' }, source: { name, sha256: sha256(file) } });
  expect(recipe.donor?.image ?? null).toEqual(
    donor && expect.objectContaining({ name: donor, sha256: sha256(await readFile(join(TILES, donor))) }),
  );
  const { width, height } = photo;
  expect(image).toMatchObject({ width, height, channels: 3 });
  expect(mask).toMatchObject({ width, height, channels: 1 });

  // The one rectangle drawn, with the reach of its soft border; the mask may go beyond by its dilation.
  const [shape] = recipe.region.shapes;
  if (shape.kind !== 'rectangle') throw new Error(`A rectangle was drawn, not a ${shape.kind}.`);
  const soft = Math.ceil(3 * recipe.region.feather);
  const within = (x: number, y: number, reach: number) =>
    x + 1 > shape.x - reach &&
    x < shape.x + shape.width + reach &&
    y + 1 > shape.y - reach &&
    y < shape.y + shape.height + reach;
  let touched = 0;
  let marked = 0;
  let markedAndTouched = 0;
  const wrong: string[] = [];
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const value = mask.data[i];
    const changed = [0, 1, 2].some((c) => image.data[3 * i + c] !== photo.data[3 * i + c]);
    if (changed) touched++;
    if (value === 255) marked++;
    if (changed && value === 255) markedAndTouched++;
    if (value !== 0 && value !== 255) wrong.push(`mask ${value} at ${x}, ${y}`);
    if (changed && !within(x, y, soft)) wrong.push(`changed at ${x}, ${y}, away from the region`);
    if (value > 0 && !within(x, y, soft + recipe.groundTruth.dilation)) wrong.push(`marked at ${x}, ${y}, away`);
  }
  expect(wrong.slice(0, 5), operation).toEqual([]);
  expect(touched, operation).toBeGreaterThan(0.5 * shape.width * shape.height);
  expect(marked, operation).toBeGreaterThan(0.1 * shape.width * shape.height);
  // What is marked is what changed, but for the rim that the windows of the SSIM see as well.
  expect(markedAndTouched / marked, operation).toBeGreaterThan(0.9);
  return image.data;
}

async function keep(page: Page, count: number): Promise<void> {
  const settings = page.getByRole('complementary', { name: 'Settings' });
  await settings.getByRole('button', { name: /^Keep/ }).click();
  const kept = page.getByRole('region', { name: 'Kept' }).getByRole('listitem');
  await expect(kept).toHaveCount(count, { timeout: 180_000 });
}

test.skip(!there, 'needs ../shared/data/magnetic-tile');

test('photographs of one’s own become pairs of picture and mask', async ({ page }, info) => {
  // Networks on a CPU that others use too.
  test.setTimeout(600_000);
  await openStudio(page);
  await page.getByTestId('folder-input').setInputFiles(await ownFolder(info));
  for (const name of PHOTOGRAPHS) {
    await expect(page.getByRole('button', { name: new RegExp(name) })).toBeVisible({ timeout: 180_000 });
  }
  await page.getByRole('button', { name: new RegExp(PHOTOGRAPHS[0]) }).click();
  await expect(page.getByText('Draw a region on the picture')).toBeVisible({ timeout: 180_000 });
  const renderer = page.getByRole('region', { name: 'Renderer' });
  await expect(renderer).toContainText('Direct');
  await expect(renderer).toContainText('No generator was trained on pictures like this one');

  await page.getByRole('button', { name: 'Rectangle', exact: true }).click();
  await drag(page, [0.44, 0.4], [0.56, 0.6]);
  await expect(page.getByRole('region', { name: 'Region' })).toContainText('1 shape');
  await expect(page.getByRole('radio', { name: /Remove/ })).toBeChecked();
  await resultShown(page);
  const measures = page.getByRole('region', { name: 'Measures' });
  await expect(measures).toContainText(/changed [1-9][\d,]* px²/);
  await keep(page, 1);

  await page.getByRole('radio', { name: /Replace/ }).check();
  const [, donor] = PHOTOGRAPHS;
  await page.getByRole('button', { name: `Donor ${donor}` }).click();
  await expect(page.getByRole('region', { name: 'Donor', exact: true })).toContainText(donor);
  await resultShown(page);
  await expect(measures).toContainText(/changed [1-9][\d,]* px²/);
  await keep(page, 2);

  await page.keyboard.press('Alt+5');
  await page.getByLabel('Category').fill('tiles');
  const download = page.waitForEvent('download', { timeout: 180_000 });
  await page.getByRole('button', { name: /Export 2 pairs/ }).click();
  const zip = unzipSync(await readFile(await (await download).path()));
  expect(Object.keys(zip).sort()).toEqual([
    'manifest-tiles.json',
    'recipes/tiles/remove/0000.json',
    'recipes/tiles/replace/0000.json',
    'tiles/ground_truth/remove/0000_mask.png',
    'tiles/ground_truth/replace/0000_mask.png',
    'tiles/test/remove/0000.png',
    'tiles/test/replace/0000.png',
  ]);
  const removed = await checkPair(zip, 'remove', PHOTOGRAPHS[0], null);
  const replaced = await checkPair(zip, 'replace', PHOTOGRAPHS[0], donor);
  expect(removed.equals(replaced), 'the donor makes a difference').toBe(false);
});
