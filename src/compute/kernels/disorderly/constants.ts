import { gaussianWindow, WINDOW_RADIUS } from '../windows/cpu';

/** Below this local deviation, grey levels, a region is smooth and the residual in it is averaged. */
export const SMOOTH_DEVIATION = 10;
/** 7 taps, σ 7/3. */
export const RESIDUAL_TAPS = gaussianWindow(WINDOW_RADIUS, 7 / 3);
/** 5 taps, σ .8, by which the protection of edges fades. */
export const PROTECTION_TAPS = gaussianWindow(2, 0.8);
/** Share of the residual that is taken away on an edge. */
export const PROTECTION = 0.8;
