import type { Page } from 'playwright';

export interface HeatLatency {
  /** Milliseconds from a change of the region until its result is shown. */
  readonly picture: number;
  /** … until the heat map of that result is. */
  readonly heat: number;
}

/** Grows the region by a pixel and measures, in the page, how long result and heat map take. The heat map is on. */
export async function heatLatency(page: Page): Promise<HeatLatency> {
  const shown = page.evaluate(
    () =>
      new Promise<{ picture: number; heat: number }>((resolve) => {
        const started = performance.now();
        let picture: number | null = null;
        const observer = new MutationObserver(() => {
          // The score is outdated from the new result on until its heat map is there.
          const outdated = document.querySelector('[aria-label="Anomaly scores"] [data-outdated]') !== null;
          if (outdated) picture ??= performance.now() - started;
          else if (picture !== null) {
            observer.disconnect();
            resolve({ picture, heat: performance.now() - started });
          }
        });
        observer.observe(document.body, { subtree: true, childList: true, attributes: true });
      }),
  );
  await page.keyboard.press('>');
  return shown;
}
