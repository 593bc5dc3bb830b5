import type { BinaryMask } from '../core/mask';
import type { Random } from '../core/random';
import type { RegionShape } from '../core/recipe';
import { randomRequest, type RandomRequest, type RandomSettings } from './recipes';

/** LogicAL's region strategies: parts of the picture, random shapes, either with the same chance. */
export type RegionKind = 'semantic' | 'arbitrary' | 'mixed';

/** A picture that anomalies can be drawn on. */
export interface Drawable {
  /** Of the working size, px. */
  readonly width: number;
  readonly height: number;
  /** The renderer that suits the picture. */
  renderer(): Promise<'generator' | 'direct'>;
  /** Where its product is. */
  foreground(): Promise<BinaryMask>;
  /** One of its parts as a region; null if it has none. */
  part(random: Random): Promise<RegionShape[] | null>;
}

export interface DrawSettings extends Pick<RandomSettings, 'operations' | 'share'> {
  readonly regions: RegionKind;
}

/**
 * A random request for a picture (LogicAL section 3.1): a part of it or a random shape on its product, operation and
 * augmentation. Null when a part was wanted and the picture has none.
 */
export async function drawRequest(
  random: Random,
  picture: Drawable,
  { regions, ...settings }: DrawSettings,
): Promise<RandomRequest | null> {
  const renderer = await picture.renderer();
  const semantic = regions === 'semantic' || (regions === 'mixed' && random.fork('kind').chance(0.5));
  const part = semantic ? await picture.part(random.fork('part')) : null;
  if (semantic && !part) return null;
  const where = part ? { shapes: part } : { foreground: await picture.foreground() };
  return randomRequest(random, picture, { ...settings, renderer, ...where });
}
