import { createRaster, type Raster } from '../../../core/raster';
import { backgroundLuminance } from '../windows/cpu';

/**
 * Luminance adaptation: the difference from a flat background that the eye does not see (Chou & Li 1995, as Wu et al.
 * 2013 use it), in grey levels. Dark backgrounds, B ≤ 127, are lifted to round(32 + B·95/127) first, for a screen in a
 * lit room; then LA = 17·(1 − √(B/127)) + 3 for B ≤ 127, else 3/128·(B − 127) + 3. Values in [3, 11.5].
 * @param grey one channel of whole grey levels, 0–255.
 */
export function luminanceAdaptation(grey: Raster): Raster {
  const out = createRaster(grey.width, grey.height);
  const background = backgroundLuminance(grey);
  for (let i = 0; i < out.data.length; i++) out.data[i] = adaptation(background[i]);
  return out;
}

function adaptation(background: number): number {
  if (background > 127) return (3 / 128) * (background - 127) + 3;
  const lifted = Math.floor(32 + (background * 95) / 127 + 0.5);
  return 17 * (1 - Math.sqrt(lifted / 127)) + 3;
}
