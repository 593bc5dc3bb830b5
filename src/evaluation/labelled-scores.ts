import { rankingTask } from './curves';
import { floatBelow, ScoreCounts, writeKeys } from './score-counts';
import { sweep } from './sweep';

/** Figures of scores in memory, each marked as wanted (1) or not (0). */

/**
 * Average precision of scores, Σ (R_n − R_{n−1}) P_n over distinct scores in descending order, exact.
 * @param wanted 1 for what is to be found, 0 for the rest; as long as the scores, with some of both.
 * @throws RangeError if one kind is missing or a score is not finite.
 */
export function averagePrecision(scores: Float32Array, wanted: Uint8Array): number {
  const keys = new Uint32Array(scores.length);
  if (writeKeys(scores, keys) >= 0) throw new RangeError('A score is no finite number.');
  const { positives, others } = split(keys, wanted);
  if (positives.length === 0 || others.length === 0) throw new RangeError('Scores of both kinds are needed.');
  const negatives = new ScoreCounts();
  negatives.add(others);
  const task = rankingTask([negatives], [{ keys: positives.sort(), weight: 1 }]);
  sweep([task]);
  return task.result().averagePrecision;
}

/**
 * The threshold above which scores agree best with the labels by F1 = 2·TP / (2·TP + FP + FN); of several the highest. It
 * lies halfway to the next lower score, or just below the lowest.
 * @param wanted as for {@link averagePrecision}, but may all be 1.
 * @throws RangeError if none is wanted or a score is not finite.
 */
export function thresholdOfBestF1(scores: Float32Array | Float64Array, wanted: Uint8Array): number {
  if (!scores.every(Number.isFinite)) throw new RangeError('A score is no finite number.');
  const { positives, others } = split(scores, wanted);
  if (positives.length === 0) throw new RangeError('Scores of what is to be found are needed.');
  positives.sort();
  others.sort();
  let [best, threshold] = [-1, 0];
  let alarms = others.length;
  // Downwards; only at a positive's score can F1 rise.
  for (let i = positives.length - 1; i >= 0; i--) {
    while (alarms > 0 && others[alarms - 1] >= positives[i]) alarms--;
    // Of equal scores all are found at once.
    if (positives[i - 1] === positives[i]) continue;
    const found = positives.length - i;
    const f1 = (2 * found) / (found + (others.length - alarms) + positives.length);
    if (f1 <= best) continue;
    const below = Math.max(positives[i - 1] ?? -Infinity, others[alarms - 1] ?? -Infinity);
    best = f1;
    threshold = Number.isFinite(below) ? halfway(below, positives[i]) : floatBelow(positives[i]);
  }
  return threshold;
}

/** A threshold that parts two scores: at least `lower` and below `upper`. */
export function halfway(lower: number, upper: number): number {
  const middle = lower + (upper - lower) / 2;
  return middle < upper ? middle : lower;
}

function split<T extends Uint32Array | Float32Array | Float64Array>(values: T, wanted: Uint8Array) {
  if (values.length !== wanted.length) throw new RangeError('There must be as many labels as scores.');
  const [positives, others] = [1, 0].map((kind) => values.filter((_: number, i: number) => wanted[i] === kind) as T);
  return { positives, others };
}
