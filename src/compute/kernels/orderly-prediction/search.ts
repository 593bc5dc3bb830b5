import { WINDOW_RADIUS } from '../windows/cpu';

/** The shifts at which a patch is compared with its surroundings: (u, v) ≠ 0, multiples of the stride within ±radius. */
export interface Search {
  /** px, a multiple of the stride, at most {@link MOST_RADIUS}. */
  readonly radius: number;
  /** px from one shift to the next. */
  readonly stride: number;
}

/** Wu et al. search no farther; beyond, a search takes seconds. */
export const MOST_RADIUS = 10;

/** Wu et al. 2013: the whole 21×21 neighbourhood, 440 shifts. */
export const FULL_SEARCH: Search = { radius: 10, stride: 1 };

/** What lies farther out is never read: the search radius and the patch's own. */
export function reachOf({ radius }: Search): number {
  return radius + WINDOW_RADIUS;
}

/** The least deviation in noise, grey levels: below it likeness is a matter of noise alone. */
export const LEAST_SIGMA = 8;
/** A weight below e^−40 of the largest changes nothing. */
export const NEGLIGIBLE = 40;

/**
 * Two alike pixels give a mean halfway between levels. It is rounded up, and so is what lies this little below it, lest
 * the last bits of single precision decide.
 */
export const TIE = 1 / 4096;

/** @throws RangeError unless the shifts are whole, some, and within {@link MOST_RADIUS}. */
export function requireSearch({ radius, stride }: Search): void {
  const whole = Number.isInteger(radius) && Number.isInteger(stride);
  if (!whole || stride < 1 || radius < stride || radius > MOST_RADIUS || radius % stride !== 0) {
    throw new RangeError(
      `A search needs a radius of 1 to ${MOST_RADIUS} px that is a multiple of its stride, not ${radius} by ${stride}.`,
    );
  }
}
