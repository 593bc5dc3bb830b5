import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, type Page } from '@playwright/test';
import sharp from 'sharp';
import { Random } from '../src/core/random';
import { npyMap } from '../src/datasets/maps-testing';
import type { Figures } from '../src/evaluation/figures';
import { detectorFixture } from '../src/models/detector/testing';
import { REPORT_FIGURES } from '../src/project/evaluation-report';
import { openStudio, seriousFindings } from './ui-support';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DEMO = path.join(ROOT, 'public/datasets/demo');
const shipped = existsSync(path.join(ROOT, 'public/models/detector.json'));
if (!shipped) console.log('skipped: an evaluation with the shipped detector, for want of public/models/detector.json');

/** Maps of a demo scene's test images that find its defects more or less; noise elsewhere. */
async function writeMaps(folder: string, scene: string, seed: number, strength: number): Promise<void> {
  const random = new Random(seed);
  for (const subset of ['good', 'logical_anomalies', 'structural_anomalies']) {
    const target = path.join(folder, scene, 'test', subset);
    await mkdir(target, { recursive: true });
    for (const name of await readdir(path.join(DEMO, scene, 'test', subset))) {
      const stem = path.parse(name).name;
      const map = Float32Array.from({ length: 256 * 256 }, () => random.uniform(0, 0.5));
      const truth = path.join(DEMO, scene, 'ground_truth', subset, stem);
      const masks = subset === 'good' ? [] : await readdir(truth);
      const found = strength * random.uniform(0, 1);
      for (const mask of masks) {
        const inside = await sharp(path.join(truth, mask)).extractChannel(0).raw().toBuffer();
        inside.forEach((value, i) => (map[i] += value > 0 ? found : 0));
      }
      await writeFile(path.join(target, `${stem}.npy`), npyMap(map, 256, 256));
    }
  }
}

/** What the command line prints for the same maps. */
async function figuresOnTheCommandLine(scene: string, maps: string): Promise<Figures> {
  const args = ['--import', './scripts/register.mjs', 'src/cli/main.ts', 'evaluate', '--json'];
  const options = ['--dataset', DEMO, '--object', scene, '--maps', maps];
  const { stdout } = await promisify(execFile)(process.execPath, [...args, ...options], { cwd: ROOT });
  return JSON.parse(stdout) as Figures;
}

async function openEvaluate(page: Page): Promise<void> {
  await openStudio(page);
  await page.getByRole('navigation', { name: 'Steps' }).getByRole('button', { name: 'Evaluate' }).click();
}

const start = (page: Page) => page.getByRole('main').getByRole('button', { name: 'Evaluate', exact: true }).click();

/** What is saved by an entry of the menu. */
async function saved(page: Page, entry: string): Promise<string> {
  await page.getByRole('button', { name: 'Save as…' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: entry }).click();
  return readFile(await (await download).path(), 'utf8');
}

test('a test set of the demo is evaluated, looked through, and leaves as a report', async ({ page }) => {
  await openEvaluate(page);
  await page.getByRole('radio', { name: /Pin tray/ }).click();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Use a detector file' }).click();
  await (
    await chooser
  ).setFiles({
    name: 'bright.onnx',
    mimeType: 'application/octet-stream',
    // Takes brightness for an anomaly; no tray is as bright as its threshold.
    buffer: Buffer.from(detectorFixture({ size: 256, smooth: 21, threshold: { image: 0.99, pixel: 0.9 } })),
  });
  await expect(page.getByRole('radio', { name: /bright\.onnx/ })).toBeChecked();
  await start(page);

  const parts = page.getByRole('tablist', { name: 'Parts of the evaluation' });
  await expect(parts).toBeVisible({ timeout: 180_000 });
  const table = page.getByRole('group', { name: 'By kind and defect' });
  await expect(table).toContainText('Missing pin');
  const auroc = await page.getByText('Image AUROC', { exact: true }).locator('..').innerText();
  expect(auroc).toMatch(/\d\.\d{3}/);
  expect(await seriousFindings(page)).toEqual([]);

  await parts.getByRole('tab', { name: 'Images and threshold' }).click();
  const thresholds = page.getByRole('complementary', { name: 'Thresholds' });
  const images = page.getByRole('group', { name: 'Images, worst first' });
  await expect(thresholds).toContainText('80');
  await images
    .getByRole('button', { name: /^Miss: / })
    .first()
    .click();
  const viewer = page.getByRole('dialog');
  await expect(viewer).toContainText('Miss');
  await expect(viewer).toContainText('1 of 120');
  await page.keyboard.press('ArrowRight');
  await expect(viewer).toContainText('2 of 120');
  await viewer.getByText('Reconstruction').click();
  await expect(viewer.getByText('Asking the detector…')).toHaveCount(0);
  await expect(viewer.getByText('does not show this')).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(viewer).toHaveCount(0);

  // Below every score all is called anomalous: nothing is missed, and every good image is a false alarm.
  const slider = thresholds.getByRole('slider').first();
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(images.getByRole('button', { name: /^Miss: / })).toHaveCount(0);
  await expect(images.getByRole('button', { name: /^False alarm: / }).first()).toBeVisible();

  const report = await saved(page, 'Report (HTML, one file)');
  expect(report).toContain(/\d\.\d{3}/.exec(auroc)![0]);
  expect(report).toContain('<svg');

  await page.reload();
  await page.getByRole('navigation', { name: 'Steps' }).getByRole('button', { name: 'Evaluate' }).click();
  await expect(page.getByRole('list', { name: 'Kept evaluations' }).getByRole('listitem')).toHaveCount(1);
});

test.describe('dark theme', () => {
  test.use({ colorScheme: 'dark', viewport: { width: 1024, height: 700 } });

  test('folders of maps: figures are those of the command line, what is missing is said, two are compared', async ({
    page,
  }, info) => {
    test.setTimeout(600_000);
    const [first, second] = [info.outputPath('first maps'), info.outputPath('second maps')];
    await writeMaps(first, 'bottle', 1, 0.6);
    await writeMaps(second, 'bottle', 2, 1.2);
    await rm(path.join(second, 'bottle/test/good/007.npy'));
    const printed = await figuresOnTheCommandLine('bottle', first);

    await openEvaluate(page);
    await page.getByRole('radio', { name: /Bottle/ }).click();
    expect(await seriousFindings(page), 'setting up').toEqual([]);
    await page.getByTestId('maps-input').setInputFiles(first);
    await expect(page.getByText('120 of 120 test images have a map', { exact: false })).toBeVisible();
    await start(page);
    const heading = page.getByRole('heading', { level: 1 });
    await expect(heading).toHaveText('Bottle, first maps', { timeout: 180_000 });
    const report = await saved(page, 'Report (HTML, one file)');
    const [, json] = new RegExp(`id="${REPORT_FIGURES}">(.*?)</script>`, 's').exec(report)!;
    expect(JSON.parse(json)).toEqual(printed);
    expect(await saved(page, 'Figures (CSV)')).toContain(`image_auroc,,,,${printed.image_auroc}\r\n`);
    expect((await saved(page, 'Images (CSV)')).trim().split('\r\n')).toHaveLength(121);

    await page.getByRole('button', { name: 'New evaluation' }).click();
    await page.getByTestId('maps-input').setInputFiles(second);
    await expect(page.getByText('119 of 120 test images have a map', { exact: false })).toBeVisible();
    await page.getByText('1 image without a map will be left out of the figures').click();
    await expect(page.getByText(/There is no map of bottle\/test\/good\/007\.jpg/)).toBeVisible();
    await start(page);
    await expect(heading).toHaveText('Bottle, second maps', { timeout: 180_000 });
    await expect(page.getByText('1 of 120 test images could not be evaluated', { exact: false })).toBeVisible();

    // A value of a chart by key alone.
    const roc = page.getByRole('figure', { name: 'ROC' });
    await roc.getByText('Values as a table').focus();
    await page.keyboard.press('Enter');
    await expect(roc.getByRole('row', { name: /^1\.000 1\.000/ })).toBeVisible();

    await page.getByRole('checkbox', { name: 'Compare Bottle, first maps' }).check();
    await page.getByRole('checkbox', { name: 'Compare Bottle, second maps' }).check();
    const comparison = page.getByRole('region', { name: 'Comparison' });
    await expect(comparison.getByRole('row', { name: /^Image AUROC/ })).toContainText(printed.image_auroc!.toFixed(3));
    await expect(comparison).toContainText('not of the same number of images');
    await expect(comparison).toContainText('of the 119 images they have in common');
    expect(await seriousFindings(page), 'comparison').toEqual([]);
    await comparison
      .getByRole('button', { name: /Bottle, second maps: / })
      .first()
      .click();
    const viewer = page.getByRole('dialog');
    await expect(viewer).toContainText('of 119');
    expect(await seriousFindings(page), 'viewer').toEqual([]);
    await page.keyboard.press('Escape');
    expect(await seriousFindings(page), 'images').toEqual([]);

    const kept = page.getByRole('list', { name: 'Kept evaluations' }).getByRole('listitem');
    await page.getByRole('button', { name: 'More for Bottle, second maps' }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await expect(kept).toHaveCount(1);
    await page.keyboard.press('Control+z');
    await expect(kept).toHaveCount(2);
  });
});

test('a dataset that was imported is a test set like its folder', async ({ page }, info) => {
  test.setTimeout(300_000);
  const [mine, maps] = [info.outputPath('mine'), info.outputPath('maps')];
  const logical = ['test/logical_anomalies/000.jpg', 'test/logical_anomalies/004.jpg'];
  const truth = ['ground_truth/logical_anomalies/000', 'ground_truth/logical_anomalies/004'];
  const good = ['train/good/000.jpg', 'test/good/000.jpg', 'test/good/001.jpg'];
  for (const each of ['defects_config.json', ...good, ...logical, ...truth]) {
    await cp(path.join(DEMO, 'bottle', each), path.join(mine, 'lamp', each), { recursive: true });
  }
  await writeMaps(maps, 'bottle', 1, 0.6);
  await rename(path.join(maps, 'bottle'), path.join(maps, 'lamp'));

  await openStudio(page);
  await page.getByTestId('folder-input').setInputFiles(mine);
  await expect(page.getByRole('button', { name: 'mine/lamp/test/good/001.jpg' })).toBeVisible();
  await page.getByRole('navigation', { name: 'Steps' }).getByRole('button', { name: 'Evaluate' }).click();
  await page.getByRole('radio', { name: /^lamp.*Imported · 2 good · 2 anomalous/ }).click();
  await page.getByTestId('maps-input').setInputFiles(maps);
  await expect(page.getByText('4 of 4 test images have a map', { exact: false })).toBeVisible();
  await start(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('lamp, maps', { timeout: 180_000 });
  await expect(page.getByText('AU-sPRO', { exact: false }).first()).toBeVisible();
});

test('the shipped detector is evaluated on a demo set, and shows what it saw', async ({ page }) => {
  test.skip(!shipped);
  test.setTimeout(900_000);
  await openEvaluate(page);
  await page.getByRole('radio', { name: /Pin tray/ }).click();
  await expect(page.getByRole('radio', { name: /The detector in use, comes with the studio/ })).toBeChecked();
  await start(page);
  await page.getByRole('tab', { name: 'Images and threshold' }).click({ timeout: 600_000 });
  await page.getByRole('button', { name: 'Detector’s own' }).first().click();
  await page.getByRole('group', { name: 'Images, worst first' }).getByRole('button').first().click();
  const viewer = page.getByRole('dialog');
  await viewer.getByText('Reconstruction').click();
  await expect(viewer.getByText('Asking the detector…')).toHaveCount(0);
  await expect(viewer.getByText('does not show this')).toHaveCount(0);
});
