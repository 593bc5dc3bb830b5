// Retakes the README's pictures from the production build: `node scripts/screenshots.mjs` (needs `npm run build` first).
import path from 'node:path';
import { ensureChromium, root } from './setup.mjs';

const { chromium } = await import('playwright');
const { preview } = await import('vite');
const server = await preview({ root, preview: { port: 4198 } });
const browser = await chromium.launch({
  executablePath: await ensureChromium(),
  args: ['--no-sandbox', '--disable-background-networking'],
});

async function open(colorScheme) {
  const page = await (await browser.newContext({ colorScheme, viewport: { width: 1440, height: 900 } })).newPage();
  page.setDefaultTimeout(180_000);
  await page.goto(server.resolvedUrls.local[0]);
  await page.getByRole('button', { name: 'Open the demo' }).click();
  await settled(page);
  return page;
}

async function settled(page) {
  await page.getByRole('region', { name: 'Measures' }).waitFor();
  await page.getByText('Working', { exact: true }).waitFor({ state: 'hidden' });
}

const shoot = (page, name) => page.screenshot({ path: path.join(root, 'docs/images', `${name}.png`) });

const dark = await open('dark');
await dark.getByRole('group', { name: 'View' }).getByRole('button').nth(3).click();
await settled(dark);
await shoot(dark, 'synthesize-dark');
await dark.context().close();

const light = await open('light');
await light.keyboard.press('k');
await light.getByRole('region', { name: 'Kept' }).getByRole('listitem').first().waitFor();
await light.keyboard.press('2');
await settled(light);
await shoot(light, 'replace-light');
await light.keyboard.press('Alt+3');
await light.getByLabel('Category').waitFor();
await shoot(light, 'export');
await light.keyboard.press('Alt+1');
await light.getByRole('group', { name: 'Images' }).waitFor();
await shoot(light, 'dataset');

await browser.close();
await server.close();
process.exit(0);
