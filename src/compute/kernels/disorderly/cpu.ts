import { createRaster, type Raster } from '../../../core/raster';
import { localVariance, smooth } from '../windows/cpu';
import { PROTECTION, PROTECTION_TAPS, RESIDUAL_TAPS, SMOOTH_DEVIATION } from './constants';

/**
 * Disorderly content: what the orderly prediction leaves of the picture, R = |I − I′| (Wu et al. 2013), in grey levels.
 * Where I is smooth (7×7 deviation below 10) the lesser of R and its Gaussian mean (7×7, σ 7/3). On edges, which the eye
 * follows, only a fifth of it counts: times Gaussian 5×5 σ .8 of 1 − .8·edges. Zeros outside.
 * @param edges 1 on an edge and around it, else 0.
 */
export function disorderly(grey: Raster, orderly: Raster, edges: Raster): Raster {
  const { width, height } = grey;
  const residual = createRaster(width, height);
  const open = createRaster(width, height);
  for (let i = 0; i < residual.data.length; i++) {
    residual.data[i] = Math.abs(grey.data[i] - orderly.data[i]);
    open.data[i] = 1 - PROTECTION * edges.data[i];
  }
  const mean = smooth(residual, RESIDUAL_TAPS);
  const share = smooth(open, PROTECTION_TAPS);
  const variance = localVariance(grey);
  const out = createRaster(width, height);
  for (let i = 0; i < out.data.length; i++) {
    const value = residual.data[i];
    out.data[i] = share[i] * (variance[i] < SMOOTH_DEVIATION ** 2 ? Math.min(value, mean[i]) : value);
  }
  return out;
}
