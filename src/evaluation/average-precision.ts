import { rankingTask } from './curves';
import { ScoreCounts, writeKeys } from './score-counts';
import { sweep } from './sweep';

/**
 * Average precision of scores, Σ (R_n − R_{n−1}) P_n over distinct scores in descending order, exact.
 * @param wanted 1 for what is to be found, 0 for the rest; as long as the scores, with some of both.
 * @throws RangeError if one kind is missing or a score is not finite.
 */
export function averagePrecision(scores: Float32Array, wanted: Uint8Array): number {
  if (scores.length !== wanted.length) throw new RangeError('There must be as many labels as scores.');
  const keys = new Uint32Array(scores.length);
  if (writeKeys(scores, keys) >= 0) throw new RangeError('A score is no finite number.');
  const positives = keys.filter((_, i) => wanted[i] === 1).sort();
  const negatives = new ScoreCounts();
  negatives.add(keys.filter((_, i) => wanted[i] === 0));
  if (positives.length === 0 || negatives.total === 0) throw new RangeError('Average precision takes both kinds.');
  const task = rankingTask([negatives], [{ keys: positives, weight: 1 }]);
  sweep([task]);
  return task.result().averagePrecision;
}
