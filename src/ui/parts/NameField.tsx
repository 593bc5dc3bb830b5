import type { KeyboardEvent } from 'react';
import classes from './parts.module.css';

interface Props {
  readonly label: string;
  readonly name: string;
  readonly className: string;
  /** `name` is null where the old one stays; with `stay` the keyboard goes on from here. */
  onDone(name: string | null, stay: boolean): void;
}

/** A name that is changed where it stands: Enter or leaving it takes the new one, Escape keeps the old. */
export function NameField({ label, name, className, onDone }: Props) {
  const keys = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === 'Enter') onDone(event.currentTarget.value, true);
    if (event.key === 'Escape') onDone(null, true);
    event.stopPropagation();
  };
  return (
    <input
      autoFocus
      className={`${classes.nameField} ${className}`}
      aria-label={label}
      maxLength={120}
      defaultValue={name}
      onFocus={(event) => event.currentTarget.select()}
      onBlur={(event) => onDone(event.currentTarget.value, false)}
      onKeyDown={keys}
    />
  );
}
