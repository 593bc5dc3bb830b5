import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { preview } from 'vite';
import { median } from './report';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Seconds from the click on “Open the demo” to the first anomaly on screen; production build, empty profile each time. */
export async function benchFirstAnomaly(): Promise<void> {
  if (!existsSync(new URL('../dist/index.html', import.meta.url))) {
    console.log('first anomaly: skipped, there is no production build (npm run build)');
    return;
  }
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
  const server = await preview({ root, preview: { port: 4199 } });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] });
  const seconds: number[] = [];
  for (let i = 0; i < 3; i++) {
    const page = await (await browser.newContext()).newPage();
    await page.goto(server.resolvedUrls!.local[0]);
    const button = page.getByRole('button', { name: 'Open the demo' });
    await button.waitFor();
    const start = performance.now();
    await button.click();
    await page.getByRole('region', { name: 'Measures' }).waitFor({ timeout: 120_000 });
    seconds.push((performance.now() - start) / 1000);
    await page.context().close();
  }
  await browser.close();
  await server.close();
  console.log(
    `first anomaly after opening the demo: ${median(seconds).toFixed(1)} s (${seconds.map((s) => s.toFixed(1)).join(', ')})`,
  );
}
