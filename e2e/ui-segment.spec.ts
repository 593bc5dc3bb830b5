import { expect, test, type Page } from '@playwright/test';
import { createHash } from 'node:crypto';
import { samDecoder, samEncoder } from '../src/models/sam/testing';
import { drag, openDemo, openStudio, seriousFindings } from './ui-support';

/**
 * Smart select and parts, with a network whose masks are foretellable (models/sam/testing): the best proposal is a disk
 * about the point, a quarter of the image wide; another is all that is bright, the third is everything.
 */
const FORM = { side: 128, channels: 4 };

// What the service worker serves cannot be replaced.
test.use({ serviceWorkers: 'block' });

/** What the decoder's file waits for before it is served. */
let held: Promise<void> | null = null;

/** Keeps the decoder's file back until the returned function is called: what needs the network cannot end before. */
function holdDecoder(): () => void {
  let release = () => {};
  held = new Promise((resolve) => (release = resolve));
  return release;
}

test.beforeEach(async ({ page }) => {
  held = null;
  const files = new Map<string, Buffer>();
  const entry = (file: string, bytes: Uint8Array) => {
    files.set(file, Buffer.from(bytes));
    return { file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  const card = {
    ...{ id: 'sam-test', title: 'SAM for tests', licence: 'CC0', task: 'segmentation' },
    encoder: entry('sam-test.encoder.onnx', samEncoder(FORM)),
    decoder: entry('sam-test.decoder.onnx', samDecoder(FORM)),
    everything: { quality: 0.6, stability: 0.5 },
  };
  files.set('sam-nano.json', Buffer.from(JSON.stringify(card)));
  await page.context().route('**/models/sam-*', async (route) => {
    const file = new URL(route.request().url()).pathname.split('/').pop()!;
    if (file === card.decoder.file) await held;
    const body = files.get(file);
    const headers = { 'Cross-Origin-Resource-Policy': 'same-origin' };
    return body ? route.fulfill({ body, headers, contentType: 'application/octet-stream' }) : route.abort();
  });
  await openStudio(page);
  await openDemo(page);
});

const region = (page: Page) => page.getByRole('region', { name: 'Region', exact: true });
const parts = (page: Page) => page.getByRole('region', { name: 'Parts', exact: true });
const undo = (page: Page, label: string) => page.getByRole('button', { name: `Undo: ${label}`, exact: true });

/** A place on the canvas; shares of its width and height. */
async function place(page: Page, x: number, y: number): Promise<[number, number]> {
  const box = (await page.getByTestId('canvas').boundingBox())!;
  return [box.x + x * box.width, box.y + y * box.height];
}

async function click(page: Page, x: number, y: number, modifier?: 'Shift' | 'Alt'): Promise<void> {
  if (modifier) await page.keyboard.down(modifier);
  await page.mouse.click(...(await place(page, x, y)));
  if (modifier) await page.keyboard.up(modifier);
}

/** Takes up smart select and waits until the picture has been read. */
async function smartSelect(page: Page): Promise<void> {
  await page.keyboard.press('j');
  await expect(page.getByRole('button', { name: 'Smart select', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByText(/^Reading the picture…/)).toHaveCount(0);
}

async function findParts(page: Page): Promise<void> {
  await parts(page)
    .getByRole('button', { name: /^Find (parts|again)$/ })
    .click();
  await expect(parts(page).getByText(/^\d+ parts?$/)).toBeVisible();
}

test('a part is taken by pointing, refined with points, and every step is undone on its own', async ({ page }) => {
  await smartSelect(page);
  await page.mouse.move(...(await place(page, 0.5, 0.5)));
  await click(page, 0.5, 0.5);
  await expect(undo(page, 'Take smart selection')).toBeEnabled();
  await expect(region(page)).toContainText('1 shape');
  await click(page, 0.55, 0.5, 'Shift');
  await expect(undo(page, 'More of the part')).toBeEnabled();
  await click(page, 0.6, 0.6, 'Alt');
  await expect(undo(page, 'Less of the part')).toBeEnabled();
  await expect(region(page)).toContainText('1 shape');
  await page.keyboard.press('Control+z');
  await expect(undo(page, 'More of the part')).toBeEnabled();
  // Refining goes on from there.
  await click(page, 0.45, 0.4, 'Alt');
  await expect(undo(page, 'Less of the part')).toBeEnabled();
  for (const label of ['More of the part', 'Take smart selection']) {
    await page.keyboard.press('Control+z');
    await expect(undo(page, label)).toBeEnabled();
  }
});

test('Shift and Alt join a part to what is there, and a box asks for what is in it', async ({ page }) => {
  await smartSelect(page);
  await click(page, 0.4, 0.4, 'Shift');
  await expect(undo(page, 'Add smart selection')).toBeEnabled();
  await expect(region(page)).toContainText('2 shapes');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await click(page, 0.45, 0.4, 'Alt');
  await expect(undo(page, 'Subtract smart selection')).toBeEnabled();
  await expect(region(page)).toContainText('3 shapes');
  await drag(page, [0.42, 0.35], [0.58, 0.65]);
  await expect(undo(page, 'Take smart selection')).toBeEnabled();
  await expect(region(page)).toContainText('1 shape');
});

test('the keyboard alone points, takes, and chooses among the proposals', async ({ page }) => {
  await smartSelect(page);
  await expect(page.getByTestId('canvas')).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Enter');
  await expect(undo(page, 'Take smart selection')).toBeEnabled();
  await page.keyboard.press('Tab');
  await expect(page.getByTestId('canvas')).toBeFocused();
  await expect(page.getByRole('combobox', { name: 'Which proposal of the network' })).not.toHaveValue('best');
  await expect(page.getByRole('button', { name: /^Undo: (Finest|Middle|Coarsest) proposal$/ })).toBeEnabled();
  await page.keyboard.press('Control+z');
  await expect(undo(page, 'Take smart selection')).toBeEnabled();
  // Once everything is let go, Tab leaves the canvas again.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Tab');
  await expect(page.getByTestId('canvas')).not.toBeFocused();
});

test('the picture falls into parts, which are cleaned, pointed at and taken', async ({ page }) => {
  await findParts(page);
  const list = parts(page).getByRole('list', { name: 'Parts found' });
  await expect(list.getByRole('listitem').first()).toBeVisible();
  const count = async () =>
    Number(
      /\d+/.exec(
        await parts(page)
          .getByText(/^\d+ parts?$/)
          .innerText(),
      )![0],
    );
  const before = await count();

  // The sliders act at once, without the network.
  await page.getByRole('button', { name: 'Cleaning' }).click();
  const cleaning = page.getByRole('region', { name: 'Cleaning' });
  await cleaning.getByLabel('Merge inside', { exact: true }).last().fill('1');
  await cleaning.getByLabel('Merge IoU', { exact: true }).last().fill('1');
  await expect.poll(count).toBeGreaterThan(before);
  await cleaning.getByRole('button', { name: 'Back to defaults' }).click();
  await expect.poll(count).toBe(before);
  await cleaning.getByLabel('Merge inside', { exact: true }).last().fill('1');
  await cleaning.getByLabel('Merge IoU', { exact: true }).last().fill('1');
  await expect.poll(count).toBeGreaterThan(before);

  await list.getByRole('button', { name: /^Take Part 2,/ }).click();
  await expect(undo(page, 'Take Part 2')).toBeEnabled();
  await expect(region(page)).toContainText('1 shape');
  await list.getByRole('button', { name: /^Take Part 1,/ }).click({ modifiers: ['Shift'] });
  await expect(undo(page, 'Add Part 1')).toBeEnabled();
  await expect(region(page)).toContainText('2 shapes');
  await page.keyboard.press('Control+z');
  await expect(undo(page, 'Take Part 2')).toBeEnabled();

  await list.getByRole('checkbox', { name: 'Choose Part 1', exact: true }).check();
  await list.getByRole('checkbox', { name: 'Choose Part 3', exact: true }).check();
  await parts(page).getByRole('button', { name: 'Take chosen' }).click();
  await expect(undo(page, 'Take 2 parts')).toBeEnabled();
  await expect(region(page)).toContainText('2 shapes');
  await page.keyboard.press('Control+z');
  await expect(region(page)).toContainText('1 shape');

  // Pointed at on the canvas, a part is lit in the list.
  await smartSelect(page);
  await page.mouse.move(...(await place(page, 0.5, 0.5)));
  await expect(list.locator('[data-lit]')).toHaveCount(1);
  await click(page, 0.5, 0.5);
  await expect(page.getByRole('button', { name: /^Undo: Take Part \d+$/ })).toBeEnabled();
});

test('the product is found by what can be noticed, follows its threshold, and is shown', async ({ page }) => {
  const product = parts(page).getByText(/^\d+% of the picture is product$/);
  const foreground = page.getByRole('switch', { name: 'Foreground', exact: true });
  await parts(page).getByLabel('On the product only').check();
  await expect(product).toBeVisible();
  await expect(foreground).toBeChecked();
  const share = async () => parseInt(await product.innerText());
  const before = await share();
  const threshold = parts(page).getByRole('textbox', { name: 'Threshold' });
  await threshold.fill('0.3');
  await expect.poll(share).toBeLessThan(before);
  await threshold.fill('0.5');
  await expect(parts(page).getByText(/^Nothing lies above it|^\d+% of the picture/)).toBeVisible();
  await threshold.fill('0.12');
  await expect.poll(share).toBe(before);
  await parts(page).getByLabel('On the product only').uncheck();
  await expect(foreground).not.toBeChecked();
  await expect(threshold).toHaveCount(0);
});

test('a search for parts is cancelled while it runs, leaves nothing, and can be begun anew', async ({ page }) => {
  const release = holdDecoder();
  const asked = page.context().waitForEvent('request', (request) => request.url().endsWith('sam-test.decoder.onnx'));
  await page.keyboard.press('Shift+j');
  await asked;
  // It waits for the network now, and cannot have ended.
  await expect(parts(page).getByRole('progressbar', { name: 'Finding parts' })).toBeVisible();
  await parts(page).getByRole('button', { name: 'Cancel' }).click();
  release();
  await expect(parts(page).getByRole('button', { name: 'Find parts' })).toBeVisible();
  await expect(parts(page).getByText(/^\d+ parts?$/)).toHaveCount(0);
  await expect(page.getByRole('alert')).toHaveCount(0);
  await findParts(page);
});

test('axe finds nothing serious', async ({ page }) => {
  await findParts(page);
  await page.getByRole('button', { name: 'Cleaning' }).click();
  await smartSelect(page);
  expect(await seriousFindings(page)).toEqual([]);
});
