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
