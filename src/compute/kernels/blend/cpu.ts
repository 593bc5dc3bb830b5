import { createRaster, type Raster } from '../../../core/raster';

/**
 * under + mask·(over − under). Where the mask is 0 the result is `under` and where it is 1 `over`, bit for bit,
 * whatever the other holds. `mask` has one channel, in [0, 1]; the others one shape.
 */
export function blend(under: Raster, over: Raster, mask: Raster): Raster {
  const { width, height, channels } = under;
  const out = createRaster(width, height, channels);
  const plane = width * height;
  for (let i = 0; i < plane; i++) {
    const m = mask.data[i];
    for (let at = i; at < out.data.length; at += plane) {
      const u = under.data[at];
      const o = over.data[at];
      out.data[at] = m === 0 ? u : m === 1 ? o : u + m * (o - u);
    }
  }
  return out;
}
