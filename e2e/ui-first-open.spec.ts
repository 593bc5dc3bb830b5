import { expect, test } from '@playwright/test';
import { openDemo, openStudio, seriousFindings } from './ui-support';

test('one click shows a first anomaly, which can be edited', async ({ page }) => {
  await openStudio(page);
  await expect(page.getByText('Nothing leaves this machine')).toBeVisible();
  await openDemo(page);
  await expect(page.getByRole('radio', { name: /Remove/ })).toBeChecked();
  await expect(page.getByRole('region', { name: 'Region' })).toContainText('1 shape');
  await page.getByRole('button', { name: 'Clear the region' }).click();
  await expect(page.getByRole('region', { name: 'Region' })).toContainText('empty');
  await page.keyboard.press('Control+z');
  await expect(page.getByRole('region', { name: 'Region' })).toContainText('1 shape');
});

for (const colorScheme of ['dark', 'light'] as const) {
  test.describe(`${colorScheme} theme`, () => {
    test.use({ colorScheme, viewport: { width: 1024, height: 768 } });

    test('axe finds nothing serious on any page', async ({ page }) => {
      test.setTimeout(900_000);
      await openStudio(page);
      expect(await seriousFindings(page), 'first open').toEqual([]);
      await openDemo(page);
      await page.keyboard.press('2');
      await page.getByRole('button', { name: 'Variation' }).click();
      await page.getByRole('button', { name: 'Ground truth' }).click();
      await expect(page.getByLabel('Seed', { exact: true })).toBeVisible();
      expect(await seriousFindings(page), 'synthesize').toEqual([]);
      await page.keyboard.press('Alt+1');
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      expect(await seriousFindings(page), 'dataset').toEqual([]);
      await page.keyboard.press('Alt+5');
      await expect(page.getByRole('heading', { name: 'Nothing to export yet' })).toBeVisible();
      expect(await seriousFindings(page), 'export').toEqual([]);
      await page.keyboard.press('?');
      await expect(page.getByRole('dialog')).toBeVisible();
      expect(await seriousFindings(page), 'shortcuts').toEqual([]);
    });
  });
}

test('nothing is cut off at 1024×768', async ({ page }) => {
  await page.setViewportSize({ width: 1024, height: 768 });
  await openStudio(page);
  await openDemo(page);
  for (const name of ['Keep', 'Rectangle', 'Keyboard shortcuts', 'Fit the image']) {
    await expect(page.getByRole('button', { name, exact: name !== 'Keep' }).first()).toBeInViewport({ ratio: 1 });
  }
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);

  // Whatever the tool in hand can be set to, nothing lies over anything else.
  const settings = (await page.getByRole('complementary', { name: 'Settings' }).boundingBox())!;
  for (const tool of ['Magic wand', 'Brush', 'Smart select', 'Rectangle']) {
    await page.getByRole('toolbar', { name: 'Tools' }).getByRole('button', { name: tool, exact: true }).click();
    const last = (await page.getByRole('button', { name: 'Fit the image' }).boundingBox())!;
    expect(last.x + last.width, tool).toBeLessThanOrEqual(settings.x);
  }
  await page.keyboard.press('z');
  const wand = (await page.getByText('Connected', { exact: true }).boundingBox())!;
  const view = (await page.getByRole('group', { name: 'View' }).boundingBox())!;
  expect(wand.x + wand.width).toBeLessThanOrEqual(view.x);
});
