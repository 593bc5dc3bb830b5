// Takes the pictures of docs/training.md from the production build: node scripts/training-pictures.mjs [GENERATOR.onnx]
// Trains a small run for that, which takes minutes on a processor, from a generator that has not seen the product: the
// pictures there are were taken with c1c00df24115, which was shipped before one that knows all demo scenes.
import './register.mjs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { goTo, openCamera, openDemo } from './pictures.mjs';
import { root } from './setup.mjs';

const SIZE = '64';
const STEPS = '60';

const camera = await openCamera(path.join(root, 'docs/images'));
const shot = (name) => camera.shot(page, name);
const page = await camera.open('dark');
const [generator] = process.argv.slice(2);
if (generator) {
  const { drop } = await import('../e2e/ui-support.ts');
  await drop(page, { [path.basename(generator)]: await readFile(generator) });
  await page.getByRole('alert').filter({ hasText: 'Generator changed' }).getByRole('button').click();
}
await openDemo(page);
await goTo(page, 'Train');
const main = page.getByRole('main');
await main.getByRole('combobox', { name: 'Dataset' }).click();
await page.getByRole('option', { name: 'Terminal link' }).click();
await page.getByLabel('Name', { exact: true }).fill('Terminal link');
await page.getByLabel('Image size, px').fill(SIZE);
await page.getByRole('textbox', { name: 'Steps', exact: true }).fill(STEPS);
await main.getByText(/^This takes /).waitFor();
await shot('training-setup');

await page.getByRole('button', { name: 'Start training' }).click();
const progress = page.getByRole('group', { name: 'Progress of the run' });
// Some measurements on: the curves have a course, and samples are not those of the start.
await progress.getByText(/^Step 2[0-9] of/).waitFor();
await page.getByRole('slider', { name: 'Step of the samples' }).waitFor();
await shot('training-run');

await progress.getByText('Done').waitFor();
await page.getByRole('alert').filter({ hasText: 'is trained' }).getByRole('button').click();
await page
  .getByRole('button', { name: /^Enlarge / })
  .first()
  .click();
const dialog = page.getByRole('dialog');
await dialog.getByRole('img').first().waitFor();
await shot('training-samples');
await page.keyboard.press('Escape');
await dialog.waitFor({ state: 'hidden' });

await page.getByRole('button', { name: 'Use this generator' }).click();
await page.getByText('This generator makes the pictures now.').waitFor();
await page.getByRole('button', { name: 'Train a detector with it' }).click();
await page.getByLabel('Image size, px').fill(SIZE);
await page.getByRole('textbox', { name: 'Steps', exact: true }).fill('300');
await main.getByText(/^This takes /).waitFor();
await shot('training-detector');
await camera.close();
