// Takes the pictures of the README from the production build, all or some: node scripts/screenshots.mjs [NAME …]
import path from 'node:path';
import { drag, goTo, openCamera, openDemo, settled, WIDE } from './pictures.mjs';
import { root } from './setup.mjs';

const camera = await openCamera(path.join(root, 'docs/images'));
const wanted = process.argv.slice(2);

/** @param names the pictures that `take` takes: it runs if one of them is wanted. */
async function scene(names, colorScheme, take, size = WIDE) {
  if (wanted.length > 0 && !names.some((name) => wanted.includes(name))) return;
  const page = await camera.open(colorScheme, size);
  await take(page, (name) => camera.shot(page, name));
  await page.context().close();
}

/** The shipped detector over the demo's bottles. */
async function evaluate(page) {
  await goTo(page, 'Evaluate');
  await page.getByRole('radio', { name: /Bottle/ }).click();
  await page.getByRole('main').getByRole('button', { name: 'Evaluate', exact: true }).click();
  await page.getByRole('tab', { name: 'Figures' }).waitFor();
}

await scene(['synthesize-grid', 'synthesize-wipe', 'dataset', 'export'], 'dark', async (page, shot) => {
  await openDemo(page);
  await page.keyboard.press('g');
  await settled(page);
  await shot('synthesize-grid');
  await page.keyboard.press('k');
  await page.getByRole('region', { name: 'Kept' }).getByRole('listitem').first().waitFor();
  await page.keyboard.press('w');
  await page.keyboard.press('2');
  await settled(page);
  await shot('synthesize-wipe');
  await page.keyboard.press('k');
  await page.getByRole('region', { name: 'Kept' }).getByRole('listitem').nth(1).waitFor();
  await page.keyboard.press('Alt+1');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await shot('dataset');
  await page.keyboard.press('Alt+5');
  await page.getByRole('heading', { name: 'Kept results' }).waitFor();
  await shot('export');
});

await scene(['evaluate-figures'], 'dark', async (page, shot) => {
  await evaluate(page);
  await shot('evaluate-figures');
});

await scene(['evaluate-images'], 'light', async (page, shot) => {
  await evaluate(page);
  await page.getByRole('tab', { name: 'Images and threshold' }).click();
  await page.getByRole('group', { name: 'Images, worst first' }).getByRole('button').first().waitFor();
  await shot('evaluate-images');
});

await scene(['synthesize-heat'], 'dark', async (page, shot) => {
  await openDemo(page);
  await page.keyboard.press('s');
  await page.getByRole('region', { name: 'Detector' }).getByRole('switch', { name: 'Heat map' }).click();
  const scores = page.getByRole('status', { name: 'Anomaly scores' });
  await scores.getByText('Result').waitFor();
  await scores.getByText('Photograph').waitFor();
  await settled(page);
  await shot('synthesize-heat');
});

// With the shipped segmentation network: as many minutes as the machine needs for a grid of points.
await scene(['synthesize-parts'], 'dark', async (page, shot) => {
  await openDemo(page);
  const parts = page.getByRole('region', { name: 'Parts', exact: true });
  await parts.getByRole('button', { name: 'Find parts' }).click();
  await parts.getByText(/^\d+ parts?$/).waitFor();
  await shot('synthesize-parts');
});

await scene(['synthesize-light'], 'light', async (page, shot) => {
  await openDemo(page);
  await page.keyboard.press('r');
  await drag(page, [0.42, 0.4], [0.6, 0.62]);
  await settled(page);
  await page.keyboard.press('3');
  await settled(page);
  await shot('synthesize-light');
});

await scene(
  ['synthesize-small'],
  'dark',
  async (page, shot) => {
    await openDemo(page);
    await shot('synthesize-small');
  },
  { width: 1024, height: 768 },
);

await camera.close();
