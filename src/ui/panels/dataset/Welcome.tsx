import { Button } from '@mantine/core';
import { IconFolderPlus, IconLock, IconPhotoPlus, IconPlayerPlayFilled } from '@tabler/icons-react';
import { useSession, useShell, useStudio } from '../../app/context';
import { Pipeline } from './Pipeline';
import classes from './welcome.module.css';

/** The first thing a person sees. */
export function Welcome() {
  const studio = useStudio();
  const shell = useShell();
  const opening = useSession((state) => state.demoOpening);
  return (
    <div className={classes.welcome}>
      <div className={classes.card}>
        <Pipeline />
        <h1 className={classes.title}>Make the defects your camera has not seen yet</h1>
        <p className={classes.lead}>
          Change the edges of a product photograph, and see the picture that follows: parts missing, swapped or doubled,
          each with its exact mask.
        </p>
        <div className={classes.actions}>
          <Button
            size="md"
            leftSection={<IconPlayerPlayFilled size={15} />}
            loading={opening}
            onClick={() => void studio.openDemo()}
          >
            Open the demo
          </Button>
          <Button size="md" variant="default" leftSection={<IconFolderPlus size={17} />} onClick={shell.chooseFolder}>
            Open a folder
          </Button>
        </div>
        <p className={classes.drop}>
          Or drop a folder of your own photographs anywhere in this window.{' '}
          <button type="button" className={classes.link} onClick={shell.chooseFiles}>
            <IconPhotoPlus size={14} aria-hidden /> Choose single photographs
          </button>
        </p>
      </div>
      <p className={classes.promise}>
        <IconLock size={14} aria-hidden /> Nothing leaves this machine: your photographs stay in this browser, and it
        all works offline.
      </p>
    </div>
  );
}
