import type { Backend, DeviceRaster } from '../../compute/backend';

/** How well the generator, given the photograph's own edges, remakes the photograph. */
export interface ReconstructionFit {
  /** Mean SSIM, [−1, 1]. */
  readonly ssim: number;
  /** Mean absolute difference of values in [0, 1]. */
  readonly l1: number;
}

/**
 * Compares a photograph with what the generator made of its edges. Both RGB in [0, 1], one size. Reads back the SSIM
 * map and both pictures, so it belongs to opening an image, not to the live path.
 */
export async function reconstructionFit(
  backend: Backend,
  photo: DeviceRaster,
  generated: DeviceRaster,
): Promise<ReconstructionFit> {
  const map = backend.ssim(photo, generated);
  try {
    const [ssim, a, b] = await Promise.all([map, photo, generated].map((raster) => backend.download(raster)));
    let similarity = 0;
    for (const value of ssim.data) similarity += value;
    let difference = 0;
    for (let i = 0; i < a.data.length; i++) difference += Math.abs(a.data[i] - b.data[i]);
    return { ssim: similarity / ssim.data.length, l1: difference / a.data.length };
  } finally {
    backend.release(map);
  }
}

/** Metadata entry of a generator's file with the limits within which a picture counts as one of its product, JSON. */
export const GENERATOR_FIT = 'generator.fit';

/**
 * Whether the picture is of what the generator was trained on: its reconstruction is as good as that of nearly all
 * pictures it was measured on. The limits come from the shipped one's card or from the file of one that was trained in
 * the studio. Without limits, no picture counts.
 */
export function belongsToTrainedSet(fit: ReconstructionFit, limits: ReconstructionFit | null): boolean {
  return limits !== null && fit.ssim >= limits.ssim && fit.l1 <= limits.l1;
}
