import { to8, type Image8, type Raster } from '../../../core/raster';
import { presentation, type PresentOptions } from './colour';

/** A raster of 1 or 3 channels as 8-bit RGBA, not premultiplied: what `present` puts on a canvas, for machines without GPU. */
export function paint(raster: Raster, options: PresentOptions = {}): Image8 {
  const { width, height, channels, data } = raster;
  const { colourMap, entries, low, high } = presentation(channels, options);
  const plane = width * height;
  const out = new Uint8ClampedArray(plane * 4);
  const share = (value: number) => Math.min(1, Math.max(0, (value - low) / (high - low)));
  for (let i = 0; i < plane; i++) {
    if (colourMap) {
      const entry = Math.floor(share(data[i]) * (entries - 1) + 0.5);
      for (let c = 0; c < 4; c++) out[4 * i + c] = colourMap[4 * entry + c];
    } else {
      for (let c = 0; c < 3; c++) out[4 * i + c] = to8(share(data[channels === 3 ? c * plane + i : i]));
      out[4 * i + 3] = 255;
    }
  }
  return { width, height, data: out };
}
