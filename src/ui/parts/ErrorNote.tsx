import { IconAlertTriangle } from '@tabler/icons-react';
import classes from './parts.module.css';

/** What went wrong, in a sentence, where it was asked for. */
export function ErrorNote({ message }: { readonly message: string }) {
  return (
    <p className={classes.error} role="alert">
      <IconAlertTriangle size={14} aria-hidden />
      {message}
    </p>
  );
}
