import { createRaster, type Raster } from '../../../core/raster';
import type { Operation } from '../../../core/recipe';

/**
 * LogicAL Eq. 1 in edge strength P (the paper writes it for E = 1 − P): remove (1−M)·P; replace M·A + (1−M)·P;
 * merge M·min(1, A + P) + (1−M)·P. Everything one channel of one size in [0, 1]; `donor` = A(Pᵢ) is not read by remove.
 */
export function editEdges(operation: Operation, strength: Raster, donor: Raster | null, mask: Raster): Raster {
  const out = createRaster(strength.width, strength.height);
  const p = strength.data;
  const m = mask.data;
  if (operation === 'remove') {
    for (let i = 0; i < p.length; i++) out.data[i] = (1 - m[i]) * p[i];
    return out;
  }
  if (donor === null) throw new RangeError(`The operation ${operation} needs a donor.`);
  const a = donor.data;
  if (operation === 'replace') {
    for (let i = 0; i < p.length; i++) out.data[i] = m[i] * a[i] + (1 - m[i]) * p[i];
  } else {
    for (let i = 0; i < p.length; i++) out.data[i] = m[i] * Math.min(1, a[i] + p[i]) + (1 - m[i]) * p[i];
  }
  return out;
}
