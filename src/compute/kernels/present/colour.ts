/** How a raster becomes colours. RGB and grey rasters are shown as they are when nothing is said. */
export interface PresentOptions {
  /**
   * For one channel: colours from `low` to `high`, RGBA 8-bit, not premultiplied, at least one. A transparent first
   * colour makes an overlay that shows only where there is something.
   */
  readonly colourMap?: Uint8ClampedArray;
  /** The value shown black, or in the map's first colour. Default 0. */
  readonly low?: number;
  /** The value shown white, or in the map's last colour. Default 1; must differ from `low`. */
  readonly high?: number;
}

/** The options with every default filled in. @throws RangeError if they do not fit the raster. */
export function presentation(
  channels: number,
  { colourMap, low = 0, high = 1 }: PresentOptions,
): { colourMap: Uint8ClampedArray | null; entries: number; low: number; high: number } {
  if (channels !== 1 && channels !== 3) throw new RangeError(`An image has 1 or 3 channels, not ${channels}.`);
  if (!Number.isFinite(low) || !Number.isFinite(high) || low === high) {
    throw new RangeError(`Values from ${low} to ${high} cannot be shown.`);
  }
  if (!colourMap) return { colourMap: null, entries: 0, low, high };
  if (channels !== 1) throw new RangeError('A colour map needs one channel.');
  if (colourMap.length === 0 || colourMap.length % 4 !== 0) throw new RangeError('A colour map holds RGBA colours.');
  return { colourMap, entries: colourMap.length / 4, low, high };
}
