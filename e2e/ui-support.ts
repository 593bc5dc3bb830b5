import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import sharp from 'sharp';

/** A product photograph for tests: a plain board with a few parts on it, different for every seed. PNG bytes. */
export async function photograph(seed: number, side = 96): Promise<Buffer> {
  const parts = Array.from({ length: 4 }, (_, i) => {
    const x = side * (0.28 + 0.44 * (i % 2)) + ((seed * 7 + i * 3) % 5) - 2;
    const y = side * (0.28 + 0.44 * Math.floor(i / 2)) + ((seed * 5 + i) % 5) - 2;
    return `<circle cx="${x}" cy="${y}" r="${side * 0.13}" fill="hsl(${(seed * 47 + i * 90) % 360} 60% 55%)"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><rect width="100%" height="100%" fill="#cfc4b4"/>${parts.join('')}</svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

/** Adds photographs `board-1.png`, `board-2.png` … and opens the first, on which nothing is drawn yet. */
export async function openPhotographs(page: Page, count: number): Promise<void> {
  const files = await Promise.all(
    Array.from({ length: count }, async (_, i) => ({
      name: `board-${i + 1}.png`,
      mimeType: 'image/png',
      buffer: await photograph(i + 1),
    })),
  );
  await page.getByTestId('files-input').setInputFiles(files);
  await page.getByRole('button', { name: 'board-1.png', exact: true }).click();
  await expect(page.getByText('Draw a region on the picture')).toBeVisible({ timeout: 180_000 });
}

/** Opens the studio with nothing in it. */
export async function openStudio(page: Page): Promise<void> {
  // A dialog of the browser cannot be answered by a test; without it the studio downloads like other browsers do.
  await page.addInitScript(() => {
    delete (window as { showSaveFilePicker?: unknown }).showSaveFilePicker;
  });
  await page.goto('/');
  await expect(page.getByRole('button', { name: 'Open the demo' })).toBeVisible();
}

/** Waits until nothing is being computed and a result with its measures is on screen. */
export async function resultShown(page: Page): Promise<void> {
  await expect(page.getByRole('region', { name: 'Measures' })).toBeVisible({ timeout: 180_000 });
  await expect(page.getByText('Working', { exact: true })).toHaveCount(0, { timeout: 180_000 });
}

export async function openDemo(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open the demo' }).click();
  await resultShown(page);
}

/** Drags over the canvas; positions are shares of its width and height. */
export async function drag(page: Page, from: [number, number], to: [number, number], steps = 6): Promise<void> {
  const box = await page.getByTestId('canvas').boundingBox();
  if (!box) throw new Error('The canvas is not on screen.');
  const at = ([x, y]: [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps });
  await page.mouse.up();
}

/** Drops files on the window, over whatever is open. */
export async function drop(page: Page, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const encoded = Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')] as const);
  await page.evaluate((list) => {
    const dataTransfer = new DataTransfer();
    for (const [name, base64] of list) {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      dataTransfer.items.add(new File([bytes], name));
    }
    for (const type of ['dragenter', 'dragover', 'drop']) {
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    }
  }, encoded);
}

/** What axe finds serious or critical, named so that a failure says where to look. @param within a selector; else the page. */
export async function seriousFindings(page: Page, within?: string): Promise<string[]> {
  const builder = new AxeBuilder({ page });
  const { violations } = await (within === undefined ? builder : builder.include(within)).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}
