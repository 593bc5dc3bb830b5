import type { Operation } from '../core/recipe';

/** What the checks of this file look at; every raster, wherever it lives, has it. */
export interface Shape {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** A mirror at the half sample, d c b a | a b c d | d c b a: the index of `i` in a line of `n`, for any whole `i`. */
export function mirror(i: number, n: number): number {
  const period = 2 * n;
  const m = ((i % period) + period) % period;
  return m < n ? m : period - 1 - m;
}

export function describeShape({ width, height, channels }: Shape): string {
  return `${channels}×${height}×${width}`;
}

/** @throws RangeError unless the raster has one channel. */
export function requireOneChannel(raster: Shape, what: string): void {
  if (raster.channels !== 1) throw new RangeError(`The ${what} needs one channel, not ${raster.channels}.`);
}

/** @throws RangeError unless all have the same width and height. */
export function requireSameSize(first: Shape, ...others: Shape[]): void {
  for (const other of others) {
    if (other.width !== first.width || other.height !== first.height) {
      throw new RangeError(`Rasters differ in size: ${describeShape(first)} and ${describeShape(other)}.`);
    }
  }
}

/** @throws RangeError unless all have the same width, height and channels. */
export function requireSameShape(first: Shape, ...others: Shape[]): void {
  requireSameSize(first, ...others);
  for (const other of others) {
    if (other.channels !== first.channels) {
      throw new RangeError(`Rasters differ in channels: ${describeShape(first)} and ${describeShape(other)}.`);
    }
  }
}

/** @throws RangeError unless width and height are whole and positive. */
export function requireSize(width: number, height: number): void {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new RangeError(`A raster needs a whole, positive width and height, got ${width}×${height}.`);
  }
}

/** @throws RangeError unless `radius` is finite and not negative. */
export function requireRadius(radius: number): void {
  if (!(radius >= 0 && radius < Infinity)) throw new RangeError(`A radius is finite and not negative, got ${radius}.`);
}

/** @throws RangeError unless `border` is whole and not negative. */
export function requireBorder(border: number): void {
  if (!Number.isInteger(border) || border < 0)
    throw new RangeError(`A border is whole and not negative, got ${border}.`);
}

/** @throws RangeError unless `threshold` lies in (0, 1]. */
export function requireShare(threshold: number): void {
  if (!(threshold > 0 && threshold <= 1)) throw new RangeError(`A threshold lies in (0, 1], got ${threshold}.`);
}

/** @throws RangeError unless all have one channel and one size. */
export function requirePlanes(what: string, first: Shape, ...others: Shape[]): void {
  for (const raster of [first, ...others]) requireOneChannel(raster, what);
  requireSameSize(first, ...others);
}

/** @throws RangeError unless `low` ≤ `high` and scale and offset are finite. */
export function requireAffineValues(scale: number, offset: number, low: number, high: number): void {
  if (!Number.isFinite(scale) || !Number.isFinite(offset) || !(low <= high)) {
    throw new RangeError(`Values cannot be mapped by ${scale}·v + ${offset} into [${low}, ${high}].`);
  }
}

/**
 * Which donor an edge edit reads: none for remove, whatever was passed.
 * @throws RangeError if the operation needs one and there is none.
 */
export function donorFor<T>(operation: Operation, donor: T | null): T | null {
  if (operation === 'remove') return null;
  if (donor === null) throw new RangeError(`The operation ${operation} needs a donor.`);
  return donor;
}
