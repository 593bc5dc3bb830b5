import { createRaster, type Raster } from '../../../core/raster';
import { backgroundLuminance, padWithZeros } from '../windows/cpu';
import { GRADIENTS } from './constants';

/**
 * Contrast masking: the difference that edges and textures hide (Wu et al. 2013, after Chou & Li 1995), in grey levels:
 * CM = |g′·(.0001·B + .115) + ½ − .01·B| with g′ = 80·log₄(1 + g/80), where g is the largest of four directional 5×5
 * gradients over 16 and B the background luminance. Zeros outside.
 * @param grey one channel of whole grey levels, 0–255; the orderly prediction, in the whole map.
 */
export function contrastMasking(grey: Raster): Raster {
  const { width, height } = grey;
  const out = createRaster(width, height);
  const background = backgroundLuminance(grey);
  const { data, stride } = padWithZeros(grey, 2);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const g = largestGradient(data, (y + 2) * stride + x + 2, stride) / 16;
      const masked = 80 * (Math.log2(1 + g / 80) / 2);
      const b = background[y * width + x];
      out.data[y * width + x] = Math.abs(masked * (0.0001 * b + 0.115) + 0.5 - 0.01 * b);
    }
  }
  return out;
}

/** At sample `i` of a picture of `stride` samples a row. */
function largestGradient(data: Float64Array, i: number, stride: number): number {
  let largest = 0;
  for (const gradient of GRADIENTS) {
    let sum = 0;
    for (let tap = 0; tap < gradient.length; tap++) {
      if (gradient[tap] === 0) continue;
      const offset = (Math.floor(tap / 5) - 2) * stride + (tap % 5) - 2;
      sum += gradient[tap] * (data[i + offset] - data[i - offset]);
    }
    largest = Math.max(largest, Math.abs(sum));
  }
  return largest;
}
