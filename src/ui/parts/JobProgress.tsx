import { Progress } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Progress as JobSteps } from '../../worker/api';
import setup from './setup.module.css';

interface Props {
  readonly label: string;
  /** Null before the first news. */
  readonly progress: JobSteps | null;
  /** At the right of how many are done. */
  readonly aside?: ReactNode;
  /** At the right of what is being done. */
  readonly action?: ReactNode;
}

/** How far a job is that goes through pictures, and which it is at. */
export function JobProgress({ label, progress, aside, action }: Props) {
  return (
    <div className={setup.progress} role="group" aria-label={label}>
      <div className={setup.progressHead}>
        <span>{progress && progress.done > 0 ? `${progress.done} of ${progress.total}` : 'Starting'}</span>
        {aside}
      </div>
      <Progress
        size={6}
        aria-label={`${label}, progress`}
        value={progress ? (100 * progress.done) / Math.max(1, progress.total) : 0}
      />
      <div className={setup.progressFoot}>
        <span title={progress?.label}>{progress?.label}</span>
        {action}
      </div>
    </div>
  );
}
