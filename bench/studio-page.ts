import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright';
import { preview } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Serves the production build and runs the work with a function that opens it in Chromium, each time with an empty
 * profile; prints why and does nothing where there is no build.
 */
export async function withStudio(what: string, work: (open: () => Promise<Page>) => Promise<void>): Promise<void> {
  if (!existsSync(new URL('../dist/index.html', import.meta.url))) {
    console.log(`${what}: skipped, there is no production build (npm run build)`);
    return;
  }
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
  const server = await preview({ root, preview: { port: 4199 } });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] });
  try {
    await work(async () => {
      const page = await (await browser.newContext()).newPage();
      await page.goto(server.resolvedUrls!.local[0]);
      await page.getByRole('button', { name: 'Open the demo' }).waitFor();
      return page;
    });
  } finally {
    await browser.close();
    await server.close();
  }
}

/** Opens the demo and waits for its first anomaly. */
export async function openDemo(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open the demo' }).click();
  await page.getByRole('region', { name: 'Measures' }).waitFor({ timeout: 120_000 });
}
