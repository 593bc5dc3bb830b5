// Takes the pictures of the README from the production build: node scripts/screenshots.mjs [FOLDER]
//
// Needs `npm run build` and a Chromium (CHROMIUM_PATH, else /usr/bin/chromium).
import { openPictures } from './pictures.mjs';

const { open, shot, close } = await openPictures(process.argv[2]);

const settled = async (page) => {
  await page.getByRole('region', { name: 'Measures' }).waitFor({ timeout: 120_000 });
  await page.getByText('Working', { exact: true }).waitFor({ state: 'hidden', timeout: 120_000 });
};

const evaluate = async (page) => {
  await page.getByRole('navigation', { name: 'Steps' }).getByRole('button', { name: 'Evaluate' }).click();
  await page.getByRole('radio', { name: /Bottle/ }).click();
  await page.getByRole('main').getByRole('button', { name: 'Evaluate', exact: true }).click();
  await page.getByRole('tab', { name: 'Figures' }).waitFor({ timeout: 600_000 });
};

const drag = async (page, from, to) => {
  const box = await page.getByTestId('canvas').boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 8 });
  await page.mouse.up();
};

const wide = { width: 1440, height: 900 };
let page = await open('dark', wide);
await page.getByRole('button', { name: 'Open the demo' }).click();
await settled(page);
await page.keyboard.press('g');
await settled(page);
await shot(page, 'synthesize-grid');
await page.keyboard.press('k');
await page.getByRole('region', { name: 'Kept' }).getByRole('listitem').first().waitFor();
await page.keyboard.press('w');
await page.keyboard.press('2');
await settled(page);
await shot(page, 'synthesize-wipe');
await page.keyboard.press('k');
await page.getByRole('region', { name: 'Kept' }).getByRole('listitem').nth(1).waitFor();
await page.keyboard.press('Alt+1');
await page.getByRole('heading', { level: 1 }).waitFor();
await shot(page, 'dataset');
await page.keyboard.press('Alt+5');
await page.getByRole('heading', { name: 'Kept results' }).waitFor();
await shot(page, 'export');
await page.context().close();

page = await open('dark', wide);
await evaluate(page);
await shot(page, 'evaluate-figures');
await page.context().close();
page = await open('light', wide);
await evaluate(page);
await page.getByRole('tab', { name: 'Images and threshold' }).click();
await page.getByRole('group', { name: 'Images, worst first' }).getByRole('button').first().waitFor();
await shot(page, 'evaluate-images');
await page.context().close();

// With the shipped segmentation network: as many minutes as the machine needs for a grid of points.
page = await open('dark', wide);
await page.getByRole('button', { name: 'Open the demo' }).click();
await settled(page);
const parts = page.getByRole('region', { name: 'Parts', exact: true });
await parts.getByRole('button', { name: 'Find parts' }).click();
await parts.getByText(/^\d+ parts?$/).waitFor({ timeout: 600_000 });
await shot(page, 'synthesize-parts');
await page.context().close();

page = await open('light', wide);
await page.getByRole('button', { name: 'Open the demo' }).click();
await settled(page);
await page.keyboard.press('r');
await drag(page, [0.42, 0.4], [0.6, 0.62]);
await settled(page);
await page.keyboard.press('3');
await settled(page);
await shot(page, 'synthesize-light');
await page.context().close();

page = await open('dark', { width: 1024, height: 768 });
await page.getByRole('button', { name: 'Open the demo' }).click();
await settled(page);
await shot(page, 'synthesize-small');

await close();
