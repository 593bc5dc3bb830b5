/**
 * The exponential running mean of a line, without the bias that its start would have. Values that are not finite stay,
 * and are left out of the mean.
 * @param weight of what was before, [0, 1).
 */
export function runningMean(values: readonly number[], weight: number): number[] {
  let sum = 0;
  let total = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    sum = weight * sum + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return sum / total;
  });
}
