/** Steps over which the learning rate grows to its peak. */
const WARM_UP_STEPS = 20;
/** Share of the run after which it falls, and what it falls to. */
const FALL_FROM = 0.5;
const LEAST = 0.02;

/**
 * Learning rate of a step, counted from 0: a linear warm-up, then constant, then half a cosine from the peak down to 2 %
 * of it over the second half of the run. pix2pixHD and DeepSIM, too, let it fall over their second half.
 * @param peak at full height.
 * @param steps of the whole run.
 */
export function learningRate(peak: number, step: number, steps: number): number {
  const falling = Math.min(1, Math.max(0, (step / steps - FALL_FROM) / (1 - FALL_FROM)));
  const decay = LEAST + ((1 - LEAST) * (1 + Math.cos(Math.PI * falling))) / 2;
  return peak * decay * Math.min(1, (step + 1) / WARM_UP_STEPS);
}

/** Weight of something that comes in after share `start` of the run, over the next `ramp`; 0 to 1. */
export function rampedIn(progress: number, start: number, ramp: number): number {
  return Math.min(1, Math.max(0, (progress - start) / ramp));
}
