import { Button, Group, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import type { TrainingRunRecord } from '../../../project/training';
import { useSession, useStudio } from '../../app/context';
import pageClasses from '../../parts/records.module.css';
import { Comparison } from './Comparison';
import { Preparing } from './Preparing';
import { RunView } from './RunView';
import { Setup } from './Setup';
import classes from './train.module.css';
import { TrainingList } from './TrainingList';

/** Adapts networks to photographs of the normal product. */
export function TrainPage() {
  const id = useSession((state) => state.trainingId);
  const runs = useSession((state) => state.training.runs);
  const compared = useSession((state) => state.training.compared);
  const beginning = useSession((state) => state.training.underWay?.id === id);
  const [removing, setRemoving] = useState<TrainingRunRecord | null>(null);
  const record = runs?.find((each) => each.id === id);
  const remove = (removed: string) => setRemoving(runs?.find((each) => each.id === removed) ?? null);
  return (
    <div className={pageClasses.page}>
      <TrainingList onRemove={remove} />
      {compared.length > 1 ? (
        <Comparison ids={compared} />
      ) : record ? (
        <RunView key={record.id} record={record} onRemove={remove} />
      ) : beginning ? (
        <Preparing />
      ) : (
        <Setup />
      )}
      <Removal record={removing} onClose={() => setRemoving(null)} />
    </div>
  );
}

/** Runs are no part of the project: there is no undo, so it is asked before. */
function Removal({ record, onClose }: { readonly record: TrainingRunRecord | null; onClose(): void }) {
  const { training } = useStudio();
  return (
    <Modal
      opened={record !== null}
      onClose={onClose}
      title={`Delete “${record?.name}”?`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Text size="sm">
        Its checkpoint, its trained weights and its sample pictures are deleted, and this cannot be undone.
        {Boolean(record?.usedAs) && ' What is used of it stays in use.'}
      </Text>
      <Group justify="flex-end" mt="md" gap="xs">
        <Button variant="default" data-autofocus onClick={onClose}>
          Keep it
        </Button>
        <Button
          className={classes.danger}
          onClick={() => {
            if (record) void training.remove(record.id);
            onClose();
          }}
        >
          Delete
        </Button>
      </Group>
    </Modal>
  );
}
