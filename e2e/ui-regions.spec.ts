import { expect, test, type Page } from '@playwright/test';
import { drag, openPhotographs, openStudio, resultShown, seriousFindings } from './ui-support';

const region = (page: Page) => page.getByRole('region', { name: 'Region', exact: true });
const list = (page: Page) => page.getByRole('list', { name: 'Shapes, topmost first' });
const row = (page: Page, name: string) => list(page).getByRole('button', { name, exact: true });

test.beforeEach(async ({ page }) => {
  await openStudio(page);
  await openPhotographs(page, 3);
});

/** A rectangle, an ellipse that takes away, and five strokes. */
async function drawShapes(page: Page): Promise<void> {
  await page.keyboard.press('r');
  await drag(page, [0.35, 0.3], [0.6, 0.6]);
  await page.keyboard.press('e');
  await page.keyboard.down('Alt');
  await drag(page, [0.45, 0.4], [0.55, 0.55]);
  await page.keyboard.up('Alt');
  await page.keyboard.press('b');
  for (let i = 0; i < 5; i++) await drag(page, [0.4 + i * 0.03, 0.7], [0.42 + i * 0.03, 0.75], 2);
  await expect(region(page)).toContainText('7 shapes');
}

test('shapes are picked, named, joined otherwise, hidden, locked, moved and deleted in the list', async ({ page }) => {
  await drawShapes(page);
  await expect(list(page).getByRole('listitem')).toHaveCount(3);
  expect(await seriousFindings(page, 'ul[aria-label="Shapes, topmost first"]')).toEqual([]);
  await expect(row(page, '5 brush strokes')).toHaveAttribute('aria-expanded', 'false');
  await row(page, '5 brush strokes').click();
  await expect(list(page).getByRole('listitem')).toHaveCount(8, { timeout: 10_000 });
  await row(page, '5 brush strokes').click();

  await row(page, 'Ellipse').dblclick();
  await page.getByRole('textbox', { name: 'Name of the shape' }).fill('hole');
  await page.keyboard.press('Enter');
  await expect(row(page, 'hole')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Undo: Rename shape' })).toBeEnabled();

  await list(page).getByRole('button', { name: 'hole: subtracts; change' }).click();
  await page.getByRole('menuitem', { name: 'Intersects' }).click();
  await expect(list(page).getByRole('button', { name: 'hole: intersects; change' })).toBeVisible();

  await list(page).getByRole('button', { name: 'Hide hole' }).click();
  await expect(page.getByRole('button', { name: 'Undo: Hide shape' })).toBeEnabled();
  await list(page).getByRole('button', { name: 'Show hole' }).click();

  await list(page).getByRole('button', { name: 'Lock hole' }).click();
  await row(page, 'hole').click();
  await page.keyboard.press('Delete');
  await expect(page.getByText('“hole” is locked')).toBeVisible();
  await expect(row(page, 'hole')).toBeVisible();
  await list(page).getByRole('button', { name: 'Unlock hole' }).click();

  await row(page, 'hole').click();
  await page.keyboard.press('Alt+ArrowDown');
  await expect(page.getByRole('button', { name: 'Undo: Lower shape' })).toBeEnabled();
  await expect(list(page).getByRole('listitem').last()).toContainText('hole');
  await region(page).getByRole('button', { name: 'Raise the picked shape' }).click();
  await expect(list(page).getByRole('listitem').last()).toContainText('Rectangle');
  await region(page).getByRole('button', { name: 'Delete the picked shape' }).click();
  await expect(region(page)).toContainText('6 shapes');
  await expect(row(page, 'hole')).toHaveCount(0);
});

test('the list and the canvas agree on what is picked', async ({ page }) => {
  await drawShapes(page);
  await page.keyboard.press('v');
  const box = (await page.getByTestId('canvas').boundingBox())!;
  await page.mouse.click(box.x + 0.37 * box.width, box.y + 0.33 * box.height);
  await expect(row(page, 'Rectangle')).toHaveAttribute('aria-pressed', 'true');
  await row(page, 'Ellipse').click();
  await page.getByTestId('canvas').focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('button', { name: 'Undo: Move region' })).toBeEnabled();
  await page.keyboard.press('Alt+PageDown');
  await expect(row(page, 'Rectangle')).toHaveAttribute('aria-pressed', 'true');
});

test('a region grows, is inverted whatever it is made of, joined, and applied to other images', async ({ page }) => {
  await drawShapes(page);
  await page.keyboard.press('>');
  await page.keyboard.press('>');
  await page.keyboard.press('<');
  await expect(region(page).getByRole('textbox', { name: 'Grow, shrink' })).toHaveValue('1 px');
  await row(page, 'Ellipse').click();
  await page.keyboard.press('u');
  await expect(list(page).getByRole('button', { name: 'Ellipse: intersects; change' })).toBeVisible();
  await page.keyboard.press('i');
  await expect(page.getByRole('button', { name: 'Undo: Invert region' })).toBeEnabled();
  await expect(region(page)).toContainText('1 shape');
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Shift+f');
  await expect(row(page, 'Joined mask')).toBeVisible();

  await page.getByRole('button', { name: 'Apply the region to other images' }).click();
  await page.getByRole('menuitem', { name: 'Chosen images…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Apply the region to…' });
  const images = dialog.getByRole('group', { name: 'Images to choose from' }).getByRole('button');
  await images.nth(0).click();
  await images.nth(1).click();
  expect(await seriousFindings(page, '[role="dialog"]')).toEqual([]);
  await dialog.getByRole('button', { name: 'Apply to 2' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('button', { name: 'Undo: Apply region to 2 images' })).toBeEnabled();
  await page.keyboard.press('PageDown');
  await expect(row(page, 'Joined mask')).toBeVisible();
  await page.keyboard.press('Control+z');
  await expect(region(page)).toContainText('empty');
});

test('the wand takes what is of one colour, and its tolerance can be changed afterwards', async ({ page }) => {
  await page.keyboard.press('z');
  const box = (await page.getByTestId('canvas').boundingBox())!;
  await page.mouse.click(box.x + 0.5 * box.width, box.y + 0.5 * box.height);
  await expect(row(page, 'Magic wand')).toBeVisible();
  await resultShown(page);
  await page.keyboard.press(']');
  await page.keyboard.press(']');
  await expect(page.getByRole('button', { name: 'Undo: Change the wand’s settings' })).toBeEnabled();
  await page.keyboard.down('Shift');
  await page.mouse.click(box.x + 0.42 * box.width, box.y + 0.3 * box.height);
  await page.keyboard.up('Shift');
  await expect(region(page)).toContainText('2 shapes');
  for (const text of ['1 shape', '1 shape', 'empty']) {
    await page.keyboard.press('Control+z');
    await expect(region(page)).toContainText(text);
  }
});

test('a part of the donor becomes the region, and is dragged with the donor’s edges', async ({ page }) => {
  const across = page.getByRole('textbox', { name: 'Across' });
  await page.keyboard.press('y');
  const dialog = page.getByRole('dialog', { name: 'Take a part of the donor' });
  await dialog.getByText('Draw a box', { exact: true }).click();
  expect(await seriousFindings(page, '[role="dialog"]')).toEqual([]);
  const surface = (await dialog.getByTestId('donor-surface').boundingBox())!;
  await page.mouse.move(surface.x + 0.4 * surface.width, surface.y + 0.4 * surface.height);
  await page.mouse.down();
  await page.mouse.move(surface.x + 0.6 * surface.width, surface.y + 0.6 * surface.height, { steps: 4 });
  await page.mouse.up();
  await expect(dialog).toBeHidden();
  await expect(row(page, 'Donor part')).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByRole('radio', { name: /Replace/ })).toBeChecked();
  await expect(across).toHaveValue('0 %');

  // One drag is one step, and moves the edges as far as the part.
  await drag(page, [0.5, 0.5], [0.6, 0.5], 8);
  await expect(page.getByRole('button', { name: 'Undo: Move shape' })).toBeEnabled();
  await expect(across).not.toHaveValue('0 %');
  await resultShown(page);
  await page.keyboard.press('Control+z');
  await expect(across).toHaveValue('0 %');
  await expect(page.getByRole('button', { name: 'Undo: Take a part of the donor' })).toBeEnabled();
  await page.keyboard.press('Control+Shift+z');

  // The sliders move the part.
  await across.fill('-10');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Undo: Move donor' })).toBeEnabled();
  await resultShown(page);
  // A text field has an undo of its own.
  await page.getByTestId('canvas').focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press('Control+z');
  await expect(region(page)).toContainText('empty');
  await expect(page.getByRole('radio', { name: /Remove/ })).toBeChecked();
});

test('ten steps of all kinds are undone one by one and redone, and are there after a reload', async ({ page }) => {
  const undo = (label: string) => page.getByRole('button', { name: `Undo: ${label}`, exact: true });
  const across = page.getByRole('textbox', { name: 'Across' });
  const done: string[] = [];
  const step = async (label: string, act: () => Promise<void>) => {
    await act();
    await expect(undo(label)).toBeEnabled();
    done.push(label);
  };
  const held = async (key: string, act: () => Promise<void>) => {
    await page.keyboard.down(key);
    await act();
    await page.keyboard.up(key);
  };

  await step('Take a part of the donor', async () => {
    await page.keyboard.press('y');
    const dialog = page.getByRole('dialog', { name: 'Take a part of the donor' });
    await dialog.getByText('Draw a box', { exact: true }).click();
    await dialog.getByTestId('donor-surface').focus();
    await page.keyboard.press('Enter');
    await expect(dialog).toBeHidden();
  });
  await step('Move shape', () => drag(page, [0.5, 0.5], [0.55, 0.5]));
  await page.keyboard.press('r');
  await step('Rectangle', () => held('Shift', () => drag(page, [0.35, 0.3], [0.5, 0.4])));
  await page.keyboard.press('e');
  await step('Subtract ellipse', () => held('Alt', () => drag(page, [0.4, 0.33], [0.45, 0.37])));
  await page.keyboard.press('z');
  const box = (await page.getByTestId('canvas').boundingBox())!;
  await step('Mask', () => held('Shift', () => page.mouse.click(box.x + 0.4 * box.width, box.y + 0.65 * box.height)));
  await page.keyboard.press('b');
  await step('Brush stroke', () => drag(page, [0.4, 0.7], [0.45, 0.75]));
  await step('Grow region', () => page.keyboard.press('>'));
  await step('Rename shape', async () => {
    await row(page, 'Ellipse').dblclick();
    await page.getByRole('textbox', { name: 'Name of the shape' }).fill('hole');
    await page.keyboard.press('Enter');
  });
  await step('Hide shape', () => list(page).getByRole('button', { name: 'Hide Rectangle' }).click());
  await step('Lower shape', async () => {
    await row(page, 'hole').click();
    await region(page).getByRole('button', { name: 'Lower the picked shape' }).click();
  });

  const names = () => list(page).locator('[aria-pressed][title]').allTextContents();
  const made = { names: await names(), across: await across.inputValue() };
  expect(made.names).toEqual(['Brush stroke', 'Magic wand', 'Rectangle', 'hole', 'Donor part']);
  expect(made.across).not.toBe('0 %');

  await page.getByTestId('canvas').focus();
  for (const label of done.toReversed()) {
    await expect(undo(label)).toBeEnabled();
    await page.keyboard.press('Control+z');
  }
  await expect(page.getByRole('button', { name: 'Undo', exact: true })).toBeDisabled();
  await expect(region(page)).toContainText('empty');
  for (const label of done) {
    await page.keyboard.press('Control+Shift+z');
    await expect(undo(label)).toBeEnabled();
  }
  expect(await names()).toEqual(made.names);

  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  await page.reload();
  await expect(region(page)).toContainText('5 shapes', { timeout: 180_000 });
  expect(await names()).toEqual(made.names);
  await expect(across).toHaveValue(made.across);
  await expect(list(page).getByRole('button', { name: 'Show Rectangle' })).toBeVisible();
  await expect(region(page).getByRole('textbox', { name: 'Grow, shrink' })).toHaveValue('1 px');
});
