import { readFile } from 'node:fs/promises';
import { expect, test } from '@playwright/test';
import { detectorFixture } from '../src/models/detector/testing';
import { openStudio, seriousFindings } from './ui-support';

test('a test set of the demo is evaluated, looked through, and leaves as a report', async ({ page }) => {
  await openStudio(page);
  await page.getByRole('navigation', { name: 'Steps' }).getByRole('button', { name: 'Evaluate' }).click();
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
  await page.getByRole('main').getByRole('button', { name: 'Evaluate', exact: true }).click();

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
  await page.keyboard.press('Escape');
  await expect(viewer).toHaveCount(0);

  // Below every score all is called anomalous: nothing is missed, and every good image is a false alarm.
  const slider = thresholds.getByRole('slider').first();
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(images.getByRole('button', { name: /^Miss: / })).toHaveCount(0);
  await expect(images.getByRole('button', { name: /^False alarm: / }).first()).toBeVisible();

  await page.getByRole('button', { name: 'Save as…' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'Report (HTML, one file)' }).click();
  const report = await readFile((await (await download).path())!, 'utf8');
  expect(report).toContain(/\d\.\d{3}/.exec(auroc)![0]);
  expect(report).toContain('<svg');

  await page.reload();
  await page.getByRole('navigation', { name: 'Steps' }).getByRole('button', { name: 'Evaluate' }).click();
  await expect(page.getByRole('list', { name: 'Kept evaluations' }).getByRole('listitem')).toHaveCount(1);
});
