import { createRaster, type Raster } from '../../../core/raster';

/** source · scale + offset, clamped to [low, high] (which may be infinite); any channel count. */
export function affineValues(source: Raster, scale: number, offset: number, low: number, high: number): Raster {
  const out = createRaster(source.width, source.height, source.channels);
  for (let i = 0; i < out.data.length; i++) {
    out.data[i] = Math.min(high, Math.max(low, source.data[i] * scale + offset));
  }
  return out;
}
