import { Button } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import classes from './app.module.css';

/** What is left when the page itself fails: the work is saved, and a reload takes it up again. */
export class Rescue extends Component<{ children: ReactNode }, { message: string | null }> {
  override state: { message: string | null } = { message: null };

  static getDerivedStateFromError(error: unknown) {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    if (this.state.message === null) return this.props.children;
    return (
      <main className={classes.rescue} role="alert">
        <h1>The page has stopped</h1>
        <p>Your work is saved. Reload to go on; if it happens again, report this: {this.state.message}</p>
        <Button onClick={() => location.reload()}>Reload</Button>
      </main>
    );
  }
}
