import { expect, test } from '@playwright/test';
import { unzipSync } from 'fflate';
import { readFile } from 'node:fs/promises';
import { openDemo, openStudio } from './ui-support';

test('kept results leave as a zip in MVTec AD layout', async ({ page }) => {
  await openStudio(page);
  await openDemo(page);
  await page.keyboard.press('k');
  const kept = page.getByRole('region', { name: 'Kept' });
  await expect(kept.getByRole('listitem')).toHaveCount(1, { timeout: 180_000 });
  await page.keyboard.press('Alt+5');
  await page.getByLabel('Category').fill('../up');
  await expect(page.getByRole('button', { name: /Export 1 pair/ })).toBeDisabled();
  await page.getByLabel('Category').fill('my_tray');
  // By key: the switch is hidden behind its track, where a pointer does not reach it.
  await page.getByRole('switch', { name: /Include the normal images/ }).press('Space');
  const download = page.waitForEvent('download', { timeout: 180_000 });
  await page.getByRole('button', { name: /Export 1 pair/ }).click();
  const entries = Object.keys(unzipSync(await readFile(await (await download).path())));
  expect(entries.sort()).toEqual([
    'manifest-my_tray.json',
    'my_tray/ground_truth/remove/0000_mask.png',
    'my_tray/test/remove/0000.png',
    'recipes/my_tray/remove/0000.json',
  ]);
});
