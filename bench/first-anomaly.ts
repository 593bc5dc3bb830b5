import { median } from './report';
import { openDemo, withStudio } from './studio-page';

/** Seconds from the click on “Open the demo” to the first anomaly on screen; production build, empty profile each time. */
export async function benchFirstAnomaly(): Promise<void> {
  await withStudio('first anomaly', async (open) => {
    const seconds: number[] = [];
    for (let i = 0; i < 3; i++) {
      const page = await open();
      const start = performance.now();
      await openDemo(page);
      seconds.push((performance.now() - start) / 1000);
      await page.context().close();
    }
    console.log(
      `first anomaly after opening the demo: ${median(seconds).toFixed(1)} s (${seconds.map((s) => s.toFixed(1)).join(', ')})`,
    );
  });
}
