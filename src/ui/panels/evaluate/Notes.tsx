import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import { countText } from '../../../project/evaluation-text';
import classes from './evaluate.module.css';
import type { Run } from './use-run';

/** What is not in the figures, and why: first of all, so that nobody takes a part for the whole. */
export function Notes({ run: { record, details } }: { run: Run }) {
  const { problems, notes } = details;
  const unseen = problems.length - record.leftOut;
  const { good, anomalous } = record.figures.images;
  return (
    <>
      {problems.length > 0 && (
        <details className={classes.leftOut}>
          <summary>
            <IconAlertTriangle size={15} aria-hidden />
            {record.leftOut > 0
              ? `${record.leftOut} of ${record.leftOut + good + anomalous} test images could not be evaluated and are in no figure.`
              : ''}
            {unseen > 0 ? ` ${countText(unseen, 'image')} cannot be shown.` : ''}
          </summary>
          <ul tabIndex={0} aria-label="Images with problems">
            {problems.map(({ path, message }) => (
              <li key={path}>{message}</li>
            ))}
          </ul>
        </details>
      )}
      {notes.map((note) => (
        <p key={note} className={classes.note}>
          <IconInfoCircle size={15} aria-hidden />
          <span>{note}</span>
        </p>
      ))}
    </>
  );
}
