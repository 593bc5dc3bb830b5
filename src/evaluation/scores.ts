import { rankingTask, type Ranking } from './curves';
import { ScoreCounts, writeKeys } from './score-counts';
import { sweep } from './sweep';

/** The keys of a few scores, ascending. */
export function keysOf(scores: readonly number[]): Uint32Array {
  const keys = new Uint32Array(scores.length);
  writeKeys(Float32Array.from(scores), keys);
  return keys.sort();
}

export function countsOf(scores: readonly number[]): ScoreCounts {
  const counts = new ScoreCounts();
  counts.add(keysOf(scores));
  return counts;
}

/**
 * How well scores part anomalous things from good ones.
 * @param good finite float32 scores, in any order; as are those of `anomalous`.
 * @returns null unless there are some of both.
 */
export function rankScores(good: readonly number[], anomalous: readonly number[]): Ranking | null {
  if (good.length === 0 || anomalous.length === 0) return null;
  const task = rankingTask([countsOf(good)], [{ keys: keysOf(anomalous), weight: 1 }]);
  sweep([task]);
  return task.result();
}
