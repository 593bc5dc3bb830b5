import { Button } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useSession, useStudio } from '../../app/context';

/** Pauses the run, or goes on with it. */
export function Toggle({ id }: { readonly id: string }) {
  const { training } = useStudio();
  const pausing = useSession((state) => state.training.underWay?.pausing ?? false);
  const runs = useSession((state) => state.training.underWay?.id ?? null);
  if (runs === id) {
    return (
      <Button
        variant="default"
        leftSection={<IconPlayerPause size={15} />}
        loading={pausing}
        aria-keyshortcuts="Shift+P"
        onClick={() => void training.pause()}
      >
        Pause
      </Button>
    );
  }
  return (
    <Button
      leftSection={<IconPlayerPlay size={15} />}
      disabled={runs !== null}
      title={runs === null ? undefined : 'Another run is under way. Pause it first.'}
      aria-keyshortcuts="Shift+P"
      onClick={() => void training.resume(id)}
    >
      Go on
    </Button>
  );
}
