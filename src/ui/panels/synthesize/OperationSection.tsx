import type { ReactNode } from 'react';
import type { Operation } from '../../../core/recipe';
import type { DraftSettings } from '../../../project/document';
import { useStudio } from '../../app/context';
import { Section } from '../../parts/Section';
import classes from './synthesize.module.css';

const CHOICES: readonly { value: Operation; label: string; says: string; drawing: ReactNode }[] = [
  {
    value: 'remove',
    label: 'Remove',
    says: 'Erases the edges in the region: the part there goes missing.',
    drawing: (
      <>
        <path d="M18 5H8a3 3 0 0 0-3 3v18a3 3 0 0 0 3 3h28a3 3 0 0 0 3-3V16" className={classes.own} />
        <rect x="21" y="3" width="20" height="16" rx="3" className={classes.cut} />
      </>
    ),
  },
  {
    value: 'replace',
    label: 'Replace',
    says: 'Puts a donor’s edges in place of those in the region.',
    drawing: (
      <>
        <path d="M18 5H8a3 3 0 0 0-3 3v18a3 3 0 0 0 3 3h28a3 3 0 0 0 3-3V16" className={classes.own} />
        <circle cx="31" cy="11" r="7" className={classes.other} />
      </>
    ),
  },
  {
    value: 'merge',
    label: 'Merge',
    says: 'Adds a donor’s edges to those in the region.',
    drawing: (
      <>
        <rect x="5" y="5" width="34" height="24" rx="3" className={classes.own} />
        <circle cx="33" cy="11" r="7" className={classes.other} />
      </>
    ),
  },
];

/** The three cases of LogicAL's Eq. 1. */
export function OperationSection({ draft }: { draft: DraftSettings }) {
  const studio = useStudio();
  const chosen = CHOICES.find(({ value }) => value === draft.operation);
  return (
    <Section title="Operation">
      <div className={classes.operations} role="radiogroup" aria-label="Operation">
        {CHOICES.map(({ value, label, drawing }, i) => (
          <label key={value} className={classes.operation} data-chosen={value === draft.operation || undefined}>
            <input
              type="radio"
              name="operation"
              value={value}
              checked={value === draft.operation}
              onChange={() => studio.setOperation(value)}
            />
            <svg viewBox="0 0 44 34" aria-hidden>
              {drawing}
            </svg>
            <span>
              {label} <kbd aria-hidden>{i + 1}</kbd>
            </span>
          </label>
        ))}
      </div>
      <p className={classes.says}>{chosen?.says}</p>
    </Section>
  );
}
