import type { Progress } from '../../worker/api';

/** “about 2 min left”, from how it went so far; empty until there is something to go by. */
export function timeLeft({ done, total }: Progress, startedAt: number, now = performance.now()): string {
  const elapsed = (now - startedAt) / 1000;
  if (done === 0 || total <= done || elapsed < 1) return '';
  const seconds = (elapsed / done) * (total - done);
  if (seconds < 10) return 'a few seconds left';
  if (seconds < 90) return `about ${Math.ceil(seconds / 10) * 10} s left`;
  return `about ${Math.ceil(seconds / 60)} min left`;
}

/** “about 40 minutes”: in the unit people count in; no more exact than such guesses are. @param seconds at least 0. */
export function durationText(seconds: number): string {
  if (seconds < 10) return 'a few seconds';
  if (seconds < 90) return `about ${Math.ceil(seconds / 10) * 10} seconds`;
  const minutes = seconds / 60;
  if (minutes < 90) return `about ${rounded(minutes)} minutes`;
  const hours = minutes / 60;
  if (hours < 36) return `about ${rounded(hours)} hours`;
  return `about ${rounded(hours / 24)} days`;
}

/** Two digits; steps of five from twenty on. */
function rounded(value: number): number {
  if (value >= 20) return Math.round(value / 5) * 5;
  return value >= 10 ? Math.round(value) : Number(value.toFixed(value < 3 ? 1 : 0));
}
