import type { Raster } from '../../core/raster';
import type { Random } from '../../core/random';
import { addNoise, applyLight, randomLight } from '../augmentation/light';

/** One training sample of the detector: rasters of one size, values in [0, 1]. */
export interface DetectorSample {
  /** What it is shown, RGB: perhaps with an anomaly. */
  readonly shown: Raster;
  /** The normal picture, RGB. */
  readonly image: Raster;
  /** The normal picture's JND map and edge strength e1, one channel each. */
  readonly jnd: Raster;
  readonly edges: Raster;
  /** 1 where what is shown is abnormal, else 0. */
  readonly mask: Raster;
}

/** Where the detector's samples come from. What is drawn depends on the generator of chance alone. */
export interface SampleSource {
  /** A normal picture as it is. */
  normal(random: Random, signal?: AbortSignal): Promise<DetectorSample>;
  /** A synthetic anomaly. */
  anomaly(random: Random, signal?: AbortSignal): Promise<DetectorSample>;
}

/** A picture that is not trained on, and where it is abnormal; null: nowhere. */
export interface HeldOutPicture {
  readonly name: string;
  readonly shown: Raster;
  readonly mask: Raster | null;
}

/** How often what is shown is noisy, and the noise's greatest deviation. */
const NOISE_SHARE = 0.3;
const GREATEST_NOISE = 0.02;

/** Under another light, in what is shown and in what it should have been; sometimes with noise in what is shown. */
export function varied(sample: DetectorSample, random: Random): DetectorSample {
  const light = randomLight(random.fork('light'));
  const chance = random.fork('noise');
  const shown = applyLight(sample.shown, light);
  const noisy = chance.chance(NOISE_SHARE);
  return {
    ...sample,
    shown: noisy ? addNoise(shown, chance, chance.uniform(0, GREATEST_NOISE)) : shown,
    image: applyLight(sample.image, light),
  };
}
