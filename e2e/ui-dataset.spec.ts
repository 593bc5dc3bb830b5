import { expect, test } from '@playwright/test';
import { openStudio, photograph, resultShown } from './ui-support';

test('own photographs are imported, a bad one is named, and synthesis works without training', async ({ page }) => {
  await openStudio(page);
  const files = await Promise.all(
    [1, 2, 3].map(async (i) => ({ name: `part-${i}.png`, mimeType: 'image/png', buffer: await photograph(i) })),
  );
  const bad = { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('not a picture') };
  await page.getByTestId('files-input').setInputFiles([...files, bad]);
  await expect(page.getByRole('region', { name: 'Problems' })).toContainText('notes.png', { timeout: 180_000 });
  await expect(page.getByRole('button', { name: /part-\d/ })).toHaveCount(3);

  await page.getByLabel('Search by file name').fill('part-2');
  await expect(page.getByRole('button', { name: /part-\d/ })).toHaveCount(1);
  await page.getByRole('button', { name: /part-2/ }).click();
  await expect(page.getByText('Draw a region on the picture')).toBeVisible({ timeout: 180_000 });
  await expect(page.getByRole('region', { name: 'Renderer' })).toContainText('Direct');
  await page.keyboard.press('s');
  await resultShown(page);
});

test('a folder without images gets a sentence, and the studio stays usable', async ({ page }) => {
  await openStudio(page);
  const text = { name: 'readme.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') };
  await page.getByTestId('files-input').setInputFiles([text]);
  await expect(page.getByRole('alert')).toContainText(/image/i);
  await expect(page.getByRole('button', { name: 'Demo' })).toBeEnabled();
});

test('2,000 thumbnails: only those in sight exist, and the last is a key away', async ({ page }) => {
  await openStudio(page);
  const picture = `data:image/png;base64,${(await photograph(1, 32)).toString('base64')}`;
  await page.evaluate(async (url) => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('logical-studio');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const transaction = database.transaction('records', 'readwrite');
    const store = transaction.objectStore('records');
    const put = (collection: string, id: string, value: object) => store.put({ collection, id, version: 1, value });
    put('datasets', 'many', {
      id: 'many',
      name: 'Many',
      layout: 'images',
      description: '',
      licence: '',
      builtIn: false,
      trainedSet: null,
      addedAt: 1,
    });
    for (let i = 0; i < 2000; i++) {
      const name = `${i}.png`;
      put('images', name, {
        id: name,
        datasetId: 'many',
        name,
        path: name,
        width: 32,
        height: 32,
        bytes: 100,
        source: { kind: 'url', url, sha256: i.toString(16).padStart(64, '0') },
        thumbnail: null,
        split: 'unsorted',
        label: 'good',
        masks: [],
      });
    }
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = reject;
    });
    database.close();
  }, picture);
  await page.reload();
  await expect(page.getByText('2000 images', { exact: true })).toBeVisible();
  const tiles = page.getByRole('group', { name: 'Images' }).getByRole('button');
  await expect(tiles.first()).toBeVisible();
  expect(await tiles.count()).toBeLessThan(150);
  await page.getByRole('button', { name: '0.png', exact: true }).focus();
  await page.keyboard.press('End');
  await expect(page.getByRole('button', { name: '1999.png', exact: true })).toBeFocused();
  expect(await tiles.count()).toBeLessThan(150);
});

test('a removed dataset comes back with undo', async ({ page }) => {
  await openStudio(page);
  const file = { name: 'part.png', mimeType: 'image/png', buffer: await photograph(4) };
  await page.getByTestId('files-input').setInputFiles([file]);
  await expect(page.getByRole('button', { name: /part\.png/ })).toBeVisible({ timeout: 180_000 });
  await page.getByRole('button', { name: /^More for/ }).click();
  await page.getByRole('menuitem', { name: 'Remove from the studio' }).click();
  await expect(page.getByRole('button', { name: 'Open the demo' })).toBeVisible();
  await page.keyboard.press('Control+z');
  await expect(page.getByRole('button', { name: /part\.png/ })).toBeVisible();
});
