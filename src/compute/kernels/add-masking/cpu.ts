import { createRaster, type Raster } from '../../../core/raster';
import { OVERLAP } from './constants';

/**
 * a + b − .3·min(a, b): what two effects hide together, less what both hide (the nonlinear additivity model for masking,
 * Yang et al. 2005). One channel each, not negative.
 */
export function addMasking(a: Raster, b: Raster): Raster {
  const out = createRaster(a.width, a.height);
  for (let i = 0; i < out.data.length; i++) {
    out.data[i] = a.data[i] + b.data[i] - OVERLAP * Math.min(a.data[i], b.data[i]);
  }
  return out;
}
