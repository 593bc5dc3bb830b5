import { createRaster, type Raster } from '../../../core/raster';

/**
 * 1 where 1 − ssim > threshold and within > 0, else 0. One channel each. Difference and threshold are rounded to
 * float32, as a shader does, so that every backend decides every pixel alike.
 */
export function changeMask(ssim: Raster, within: Raster, threshold: number): Raster {
  const out = createRaster(ssim.width, ssim.height);
  const limit = Math.fround(threshold);
  for (let i = 0; i < out.data.length; i++) {
    out.data[i] = Math.fround(1 - ssim.data[i]) > limit && within.data[i] > 0 ? 1 : 0;
  }
  return out;
}
