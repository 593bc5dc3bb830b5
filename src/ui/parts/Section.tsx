import { Collapse } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronRight } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './parts.module.css';

interface Props {
  readonly title: string;
  readonly children: ReactNode;
  /** At the right of the title. */
  readonly aside?: ReactNode;
}

export function Section({ title, children, aside }: Props) {
  return (
    <section className={classes.section} aria-label={title}>
      <div className={classes.sectionHead}>
        <h2 className={classes.sectionTitle}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** A section that opens and closes; `note` tells the state of what is folded away. */
export function FoldSection({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  const [open, { toggle }] = useDisclosure(false);
  return (
    <section className={classes.section} aria-label={title}>
      <button type="button" className={classes.fold} aria-expanded={open} onClick={toggle}>
        <IconChevronRight size={14} aria-hidden />
        <span className={classes.sectionTitle}>{title}</span>
        {note && <span className={classes.foldNote}>{note}</span>}
      </button>
      <Collapse expanded={open} transitionDuration={120}>
        <div style={{ paddingTop: 8 }}>{children}</div>
      </Collapse>
    </section>
  );
}
