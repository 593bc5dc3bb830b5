import { expect, test, type Page } from '@playwright/test';
import { drag, openDemo, openStudio, resultShown } from './ui-support';

const shapes = (page: Page) => page.getByRole('region', { name: 'Region' });
const kept = (page: Page) => page.getByRole('region', { name: 'Kept' });

test.beforeEach(async ({ page }) => {
  await openStudio(page);
  await openDemo(page);
});

test('every tool draws, and every stroke is undone on its own', async ({ page }) => {
  await page.keyboard.press('r');
  await drag(page, [0.35, 0.3], [0.5, 0.5]);
  await expect(shapes(page)).toContainText('1 shape');
  await page.keyboard.down('Shift');
  await page.keyboard.press('e');
  await page.keyboard.up('Shift');
  await page.getByRole('button', { name: 'Ellipse', exact: true }).click();
  await page.keyboard.down('Shift');
  await drag(page, [0.5, 0.5], [0.6, 0.7]);
  await page.keyboard.up('Shift');
  await expect(shapes(page)).toContainText('2 shapes');
  await page.keyboard.press('b');
  await drag(page, [0.4, 0.6], [0.6, 0.4], 12);
  await expect(shapes(page)).toContainText('3 shapes');
  await page.keyboard.press('x');
  await drag(page, [0.45, 0.55], [0.5, 0.5]);
  await expect(shapes(page)).toContainText('4 shapes');
  for (const text of ['3 shapes', '2 shapes', '1 shape', '1 shape', 'empty']) {
    await page.keyboard.press('Control+z');
    await expect(shapes(page)).toContainText(text);
  }
  await expect(page.getByRole('button', { name: /^Undo/ })).toBeDisabled();
  for (let i = 0; i < 5; i++) await page.keyboard.press('Control+Shift+z');
  await expect(shapes(page)).toContainText('4 shapes');
});

test('a polygon is closed with Enter and taken back with Backspace', async ({ page }) => {
  const box = (await page.getByTestId('canvas').boundingBox())!;
  await page.keyboard.press('p');
  for (const [x, y] of [
    [0.4, 0.4],
    [0.6, 0.4],
    [0.6, 0.6],
    [0.45, 0.65],
  ]) {
    await page.mouse.click(box.x + x * box.width, box.y + y * box.height);
  }
  await page.keyboard.press('Backspace');
  await page.keyboard.press('Enter');
  await expect(shapes(page)).toContainText('1 shape');
  await expect(page.getByRole('button', { name: 'Undo: Outline' })).toBeEnabled();
});

test('a region can be made, moved and cleared with the keyboard alone', async ({ page }) => {
  await page.keyboard.press('r');
  await expect(page.getByTestId('canvas')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Undo: Rectangle' })).toBeEnabled();
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('button', { name: 'Undo: Move region' })).toBeEnabled();
  await page.keyboard.press('Alt+ArrowUp');
  await expect(page.getByRole('button', { name: 'Undo: Resize region' })).toBeEnabled();
  await page.keyboard.press('Control+Backspace');
  await expect(shapes(page)).toContainText('empty');
});

test('the wipe is moved with keys, and the result is kept, renamed, taken up and found again', async ({ page }) => {
  await page.keyboard.press('w');
  const wipe = page.getByRole('slider', { name: 'Wipe between before and after' });
  await expect(wipe).toHaveAttribute('aria-valuenow', '50');
  await wipe.focus();
  await page.keyboard.press('Shift+ArrowRight');
  await expect(wipe).toHaveAttribute('aria-valuenow', '60');

  await page.keyboard.press('k');
  await expect(kept(page).getByRole('listitem')).toHaveCount(1, { timeout: 180_000 });
  await kept(page)
    .getByRole('button', { name: /^More for/ })
    .click();
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('empty compartment');
  await page.keyboard.press('Enter');
  await expect(kept(page)).toContainText('empty compartment');

  await page.getByRole('button', { name: 'Clear the region' }).click();
  await expect(shapes(page)).toContainText('empty');
  await kept(page).getByRole('button', { name: 'Take up empty compartment' }).click();
  await expect(shapes(page)).toContainText('1 shape');
  await resultShown(page);

  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  await page.reload();
  await expect(kept(page)).toContainText('empty compartment', { timeout: 180_000 });
  await expect(shapes(page)).toContainText('1 shape', { timeout: 180_000 });
  await resultShown(page);
});

test('replace and merge take a donor, which can be shuffled and placed', async ({ page }) => {
  await page.keyboard.press('2');
  const donor = page.getByRole('region', { name: 'Donor', exact: true });
  await expect(donor).toContainText('chosen by the seed');
  await resultShown(page);
  await page.keyboard.press('o');
  await expect(donor).not.toContainText('chosen by the seed');
  await donor.getByRole('button', { name: 'Mirror the donor left and right' }).click();
  await expect(page.getByRole('button', { name: 'Undo: Mirror donor' })).toBeEnabled();
  await page.keyboard.press('3');
  await expect(page.getByRole('radio', { name: /Merge/ })).toBeChecked();
  await resultShown(page);
});

test('shortcuts have an overview and commands a palette', async ({ page }) => {
  await page.keyboard.press('?');
  const overview = page.getByRole('dialog', { name: 'Keyboard and mouse' });
  await expect(overview).toContainText('Keep this result');
  await page.keyboard.press('Escape');
  await expect(overview).toBeHidden();
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Search commands').fill('invert');
  await page.keyboard.press('Enter');
  await expect(shapes(page)).toContainText('2 shapes');
});
