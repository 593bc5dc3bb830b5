import { createRaster, type Raster } from '../../core/raster';
import type { Random } from '../../core/random';

/** A change of light: each channel times its gain, plus the offset, clamped to [0, 1]. */
export interface Light {
  readonly gains: readonly [red: number, green: number, blue: number];
  readonly offset: number;
}

/** Exposure U(.9, 1.1), white balance U(.97, 1.03) for each channel, a lift of U(±.04). */
export function randomLight(random: Random): Light {
  const exposure = random.uniform(0.9, 1.1);
  const gain = () => exposure * random.uniform(0.97, 1.03);
  return { gains: [gain(), gain(), gain()], offset: random.uniform(-0.04, 0.04) };
}

/** RGB in [0, 1] under another light. */
export function applyLight(picture: Raster, { gains, offset }: Light): Raster {
  const { width, height, channels, data } = picture;
  if (channels !== 3) throw new RangeError(`Light falls on RGB pictures, not on ${channels} channels.`);
  const out = createRaster(width, height, channels);
  const plane = width * height;
  for (let i = 0; i < data.length; i++) out.data[i] = clamp(data[i] * gains[Math.floor(i / plane)] + offset);
  return out;
}

/** RGB in [0, 1] with the camera's noise: normal, of standard deviation `deviation`, independent for each value. */
export function addNoise(picture: Raster, random: Random, deviation: number): Raster {
  const { width, height, channels, data } = picture;
  const out = createRaster(width, height, channels);
  for (let i = 0; i < data.length; i++) out.data[i] = clamp(data[i] + random.normal(0, deviation));
  return out;
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
