import { readFile } from 'node:fs/promises';
import { expect, test, type Page } from '@playwright/test';
import { metadata, parseOnnx } from '../src/models/onnx-file/onnx';
import { tinyEdgeDetector, tinyGenerator } from '../src/training/tiny-networks';
import { drag, drop, openStudio, photograph, seriousFindings } from './ui-support';

/**
 * Training a generator of a few hundred weights at 32 × 32 pixels: what takes hours with the shipped one takes seconds,
 * on the same way through the studio.
 */
const SIDE = 32;
/** More than can be done before the test pauses it. */
const MANY = 1_000_000;

const main = (page: Page) => page.getByRole('main');
const runs = (page: Page) => page.getByRole('list', { name: 'Kept training runs' }).getByRole('listitem');
const progress = (page: Page) => page.getByRole('group', { name: 'Progress of the run' });
const notice = (page: Page, text: string | RegExp) => page.getByRole('alert').filter({ hasText: text });

async function addPhotographs(page: Page, sides: readonly number[]): Promise<void> {
  const files = await Promise.all(
    sides.map(async (side, i) => ({
      name: `board-${i + 1}.png`,
      mimeType: 'image/png',
      buffer: await photograph(i + 1, side),
    })),
  );
  await page.getByTestId('files-input').setInputFiles(files);
  await expect(page.getByRole('button', { name: `board-${sides.length}.png`, exact: true })).toBeVisible();
}

async function openTrain(page: Page): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Steps' })
    .getByRole('button', { name: /^Train/ })
    .click();
}

async function openWithGenerator(page: Page, sides: readonly number[]): Promise<void> {
  await openStudio(page);
  await drop(page, { 'tiny.onnx': tinyGenerator() });
  await expect(notice(page, 'Generator changed')).toContainText('tiny.onnx now makes pictures from edges');
  await addPhotographs(page, sides);
  await openTrain(page);
}

/** Steps done; −1 before the first is told. */
async function stepOf(page: Page): Promise<number> {
  const found = /Step ([\d,]+) of/.exec(await progress(page).innerText());
  return found ? Number(found[1].replaceAll(',', '')) : -1;
}

/** In both themes, which follow the system's. */
async function expectNothingSerious(page: Page, where: string): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await seriousFindings(page), `${where}, ${colorScheme}`).toEqual([]);
  }
}

test('a generator is trained, paused, found again after a reload, gone on with, and used', async ({ page }) => {
  test.setTimeout(600_000);
  await page.setViewportSize({ width: 1024, height: 768 });
  await openWithGenerator(
    page,
    Array.from({ length: 12 }, () => 48),
  );
  await expect(main(page).getByText('30 to 300 give the best results', { exact: false })).toBeVisible();
  await page.getByLabel('Name', { exact: true }).fill('Boards');
  await page.getByLabel('Image size, px').fill(String(SIDE));
  await page.getByRole('textbox', { name: 'Steps', exact: true }).fill(String(MANY));
  await expect(main(page).getByText(/^This takes /)).toBeVisible();
  await expectNothingSerious(page, 'setting up');
  await page.getByRole('button', { name: 'Start training' }).click();

  await expect(progress(page)).toContainText('Training');
  await expect.poll(() => stepOf(page)).toBeGreaterThan(3);
  await expect(progress(page)).toContainText('images/s');
  await expect(page.getByRole('img', { name: /^Result of board-\d+\.png/ }).first()).toBeVisible();
  await page
    .getByRole('button', { name: /^Enlarge board-\d+\.png/ })
    .first()
    .click();
  await expect(page.getByRole('dialog').getByRole('img', { name: /^Result of board-\d+\.png/ })).toBeVisible();
  await page.keyboard.press('Escape');
  const losses = page.getByRole('figure', { name: 'Losses', exact: true });
  await losses.getByText('Values as a table').click();
  await expect(losses.getByRole('columnheader', { name: 'L1', exact: true })).toBeVisible();
  await losses.getByRole('checkbox', { name: 'Colours' }).uncheck();

  // Wherever one is, it is seen to go on.
  await page.keyboard.press('Alt+1');
  await expect(page.getByRole('img', { name: /^Training, \d+ %$/ })).toBeVisible();
  await page.keyboard.press('Alt+3');
  expect(await seriousFindings(page), 'training').toEqual([]);

  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(progress(page)).toContainText('Paused');
  const paused = await stepOf(page);
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Boards' })).toBeVisible();
  await expect(progress(page)).toContainText('Paused');
  expect(await stepOf(page)).toBe(paused);
  await expect(page.getByRole('img', { name: /^Result of board-\d+\.png/ }).first()).toBeVisible();

  // As long as suits: a few steps more.
  await page.getByRole('button', { name: 'More about Boards' }).click();
  await page.getByRole('menuitem', { name: 'Change the number of steps…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Steps of the whole run').fill(String(paused + 5));
  await dialog.getByRole('button', { name: `Go on to step ${paused + 5}` }).click();
  await expect(progress(page)).toContainText('Done');
  expect(await stepOf(page)).toBe(paused + 5);
  await expect(runs(page)).toContainText('Done');
  await expectNothingSerious(page, 'done');

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const saved = parseOnnx(new Uint8Array(await readFile(await (await download).path())), 'saved.onnx');
  expect(metadata(saved, 'generator.size')).toBe(String(SIDE));

  await page.getByRole('button', { name: 'Use this generator' }).click();
  await expect(page.getByText('This generator makes the pictures now.')).toBeVisible();
  await page.getByRole('button', { name: 'Try it in Synthesize' }).click();
  await expect(page.getByText('Draw a region on the picture')).toBeVisible();
  await page.reload();
  await page.getByRole('button', { name: /^Compute:/ }).click();
  await page.getByRole('button', { name: 'Networks and weights' }).click();
  await expect(page.getByRole('list', { name: 'Networks in use' })).toContainText('Boards');
  await page.keyboard.press('Escape');

  await openTrain(page);
  await page.getByRole('button', { name: 'More for Boards' }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await expect(dialog).toContainText('this cannot be undone');
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  await expect(runs(page)).toHaveCount(1);
  await page.getByRole('button', { name: 'More for Boards' }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(runs(page)).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'New training run' })).toBeVisible();
});

test('a tab that is closed loses the steps since the last checkpoint, and nothing else', async ({ page }) => {
  test.setTimeout(600_000);
  await openWithGenerator(
    page,
    Array.from({ length: 6 }, () => 48),
  );
  await page.getByLabel('Image size, px').fill(String(SIDE));
  await page.getByRole('textbox', { name: 'Steps', exact: true }).fill('1000');
  await page.getByRole('button', { name: 'Start training' }).click();
  // A measurement beyond the first has been made, and stored with its samples.
  await expect(page.getByText(/^The ring is the best: step \d+\.$/)).toBeVisible();
  await expect(page.getByRole('slider', { name: 'Step of the samples' })).toBeVisible();
  await page.reload();
  await expect(progress(page)).toContainText('Paused');
  await expect(runs(page)).toContainText('Paused');
  await page.getByRole('button', { name: 'Go on' }).click();
  const before = await stepOf(page);
  await expect.poll(() => stepOf(page)).toBeGreaterThan(before);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(progress(page)).toContainText('Paused');
});

test('two runs are compared', async ({ page }) => {
  test.setTimeout(600_000);
  await openWithGenerator(
    page,
    Array.from({ length: 6 }, () => 48),
  );
  for (const [name, warp] of [
    ['Bent', '90'],
    ['Straight', '0'],
  ]) {
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Image size, px').fill(String(SIDE));
    await page.getByRole('textbox', { name: 'Steps', exact: true }).fill('4');
    await page.getByLabel('Warped').fill(warp);
    await page.getByRole('button', { name: 'Start training' }).click();
    await expect(progress(page)).toContainText('Done');
    await page.getByRole('button', { name: 'New training run' }).click();
  }
  await page.getByRole('checkbox', { name: 'Compare Bent' }).check();
  await page.getByRole('checkbox', { name: 'Compare Straight' }).check();
  const comparison = page.getByRole('region', { name: 'Comparison' });
  const differing = comparison.getByRole('group', { name: 'Settings that differ' });
  await expect(differing.getByRole('row', { name: 'Warped 90 % 0 %' })).toBeVisible();
  await expect(differing.getByRole('row', { name: /^Image size/ })).toHaveCount(0);
  const measured = comparison.getByRole('group', { name: 'Best measurements beside each other' });
  await expect(measured.getByRole('row', { name: /^SSIM/ })).toContainText(/[+−±]\d\.\d{3}/);
  await expect(comparison.getByRole('img', { name: /^Result, Straight, of / }).first()).toBeVisible();
  await expectNothingSerious(page, 'comparison');
});

test('photographs that differ in size are refused with a reason, before anything begins', async ({ page }) => {
  await openWithGenerator(page, [48, 48, 48, 48, 64]);
  await expect(main(page).getByRole('alert')).toContainText('size');
  await expect(page.getByRole('button', { name: 'Start training' })).toBeDisabled();
});

test('an edge detector learns where its edges were corrected on the picture', async ({ page }) => {
  test.setTimeout(600_000);
  await page.setViewportSize({ width: 1024, height: 768 });
  await openStudio(page);
  await drop(page, { 'tiny-edges.onnx': tinyEdgeDetector() });
  await expect(notice(page, 'Edge detector changed')).toContainText('tiny-edges.onnx');
  await addPhotographs(page, [48, 48, 64]);
  await openTrain(page);
  await page.getByRole('radio', { name: /^Edge detector/ }).click();
  await expect(main(page).getByText('No edges were corrected in this dataset yet', { exact: false })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Start training' })).toBeDisabled();
  await page.getByRole('button', { name: 'Correct edges in Synthesize' }).click();

  const canvas = page.getByTestId('canvas');
  const settings = page.getByRole('complementary', { name: 'Settings' });
  await settings.getByRole('button', { name: /^Edge corrections/ }).click();
  await expect(settings.getByRole('button', { name: 'No edges', exact: true })).toBeDisabled();
  await page.keyboard.press('r');
  await drag(page, [0.42, 0.4], [0.58, 0.43]);
  await settings.getByRole('button', { name: 'Edges', exact: true }).click();
  await expect(settings.getByRole('button', { name: /^Edge corrections/ })).toContainText('this picture');
  // The region became a correction; one step takes both back.
  await expect(settings.getByRole('button', { name: 'No edges', exact: true })).toBeDisabled();
  await page.keyboard.press('ControlOrMeta+z');
  await expect(settings.getByRole('button', { name: /^Edge corrections/ })).toContainText('none');
  await expect(settings.getByRole('button', { name: 'No edges', exact: true })).toBeEnabled();
  await settings.getByRole('button', { name: 'Edges', exact: true }).click();
  await page.keyboard.press('r');
  await drag(page, [0.42, 0.5], [0.58, 0.6]);
  await settings.getByRole('button', { name: 'No edges', exact: true }).click();
  expect(await seriousFindings(page), 'corrections').toEqual([]);
  await settings.getByRole('button', { name: 'Train on them' }).click();

  await expect(main(page).getByText('1 corrected photograph: board-1.png')).toBeVisible();
  await page.getByLabel('Image size, px').fill('32');
  await page.getByRole('textbox', { name: 'Steps', exact: true }).fill('12');
  await page.getByRole('button', { name: 'Start training' }).click();
  await expect(progress(page)).toContainText('Done');
  await expect(page.getByRole('img', { name: /^Edges of board-1\.png/ }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Use this edge detector' }).click();
  await expect(page.getByText('This edge detector finds the edges now.', { exact: false })).toBeVisible();
  await page.getByRole('button', { name: 'Look at the edges in Synthesize' }).click();
  await expect(canvas).toBeVisible();
});
