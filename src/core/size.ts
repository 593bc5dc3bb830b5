export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The longest side pictures are worked on at, px: beyond it the edge network takes seconds on a CPU. */
export const WORKING_SIDE = 768;

/** Size after fitting into `maxSide`, proportions kept, at least 1 px a side. */
export function fitInside(width: number, height: number, maxSide: number): { width: number; height: number } {
  const scale = Math.min(1, maxSide / Math.max(width, height));
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

/** The size a photograph of this size is worked on at: what regions are measured in. */
export function workingSize({ width, height }: Size): { width: number; height: number } {
  return fitInside(width, height, WORKING_SIDE);
}
