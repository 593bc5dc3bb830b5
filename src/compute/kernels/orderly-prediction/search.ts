import { WINDOW_RADIUS } from '../windows/cpu';

/** A patch is compared with those at every shift within so many px, along each axis: 440 shifts (Wu et al. 2013). */
export const SEARCH_RADIUS = 10;

/** What lies farther out is never read: the search radius and the patch's own. */
export const REACH = SEARCH_RADIUS + WINDOW_RADIUS;

/** The least deviation in noise, grey levels: below it likeness is a matter of noise alone. */
export const LEAST_SIGMA = 8;

/**
 * Two alike pixels give a mean halfway between levels. It is rounded up, and so is what lies this little below it, lest
 * the last bits of single precision decide.
 */
export const TIE = 1 / 4096;
