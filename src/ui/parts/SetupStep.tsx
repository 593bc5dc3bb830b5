import type { ReactNode } from 'react';
import classes from './setup.module.css';

interface Props {
  readonly number: number;
  readonly title: string;
  readonly children: ReactNode;
}

/** One of the things that are chosen before something long begins. */
export function SetupStep({ number, title, children }: Props) {
  return (
    <section className={classes.step} aria-label={title}>
      <h2>
        <span aria-hidden>{number}</span>
        {title}
      </h2>
      {children}
    </section>
  );
}
