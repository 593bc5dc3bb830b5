import { rasterFromMask } from '../../core/mask';
import { encodeMask } from '../../core/mask-codec';
import type { EncodedMask, RegionShape } from '../../core/recipe';
import { maskFromRle, type Rle } from '../../core/rle';

/** A mask of runs as recipes and the user interface hold masks. */
export function encodedOf(mask: Rle): EncodedMask {
  return encodeMask(rasterFromMask(maskFromRle(mask)));
}

/** The region that is a part: LogicAL's semantic region. */
export function partRegion(mask: Rle, label: string): RegionShape[] {
  return [{ kind: 'mask', combine: 'add', mask: encodedOf(mask), label }];
}
