/**
 * The four directional gradients (Chou & Li 1995): the weights of the first twelve of the window's 25 taps in reading
 * order; the last twelve are the same, turned about the centre and negated, and the centre is 0. Across a horizontal
 * edge, a vertical one, a falling and a rising diagonal. The weights of a side add up to 16.
 */
export const GRADIENTS: readonly (readonly number[])[] = [
  [0, 0, 0, 0, 0, 1, 3, 8, 3, 1, 0, 0],
  [0, 1, 0, -1, 0, 0, 3, 0, -3, 0, 0, 8],
  [0, 0, 1, 0, 0, 0, 8, 3, 0, 0, 1, 3],
  [0, 0, 1, 0, 0, 0, 0, 3, 8, 0, -1, -3],
];
