import { useMemo } from 'react';
import type { TrainingRunRecord } from '../../../project/training';
import { figureText } from '../../../project/evaluation-text';
import { useSession, useStudio } from '../../app/context';
import { RecordList } from '../../parts/RecordList';
import { STATE_TITLES, stateOf, TASK_TITLES } from '../../training-text';
import type { TrainingUnderWay } from '../../training-view';

/** The training runs that are kept in this browser, youngest first. */
export function TrainingList({ onRemove }: { onRemove(id: string): void }) {
  const { training } = useStudio();
  const runs = useSession((state) => state.training.runs);
  const underWay = useSession((state) => state.training.underWay);
  const current = useSession((state) => state.trainingId);
  const compared = useSession((state) => state.training.compared);
  const records = useMemo(
    () =>
      (runs ?? []).map((record) => ({
        ...{ id: record.id, name: record.name, createdAt: record.createdAt },
        notes: notesOf(record, underWay),
        held: stateOf(record, underWay) === 'elsewhere' || underWay?.id === record.id ? 'Pause it first.' : null,
      })),
    [runs, underWay],
  );
  return (
    <RecordList
      title="Training runs"
      noun="training run"
      newLabel="New training run"
      removeLabel="Delete…"
      empty={runs ? 'What you train is kept here, in this browser.' : 'Reading the list…'}
      {...{ records, current, compared, onRemove }}
      onShow={(id) => training.show(id)}
      onCompare={(ids) => training.compare(ids)}
      onRename={(id, name) => void training.rename(id, name)}
    />
  );
}

function notesOf(record: TrainingRunRecord, underWay: TrainingUnderWay | null): string[] {
  const { config, dataset, best } = record;
  const state = stateOf(record, underWay);
  const own = underWay?.id === record.id ? underWay : null;
  const share = Math.floor((100 * (own?.step?.step ?? record.step)) / (own?.steps ?? config.steps));
  const progress = state === 'done' ? STATE_TITLES.done : `${STATE_TITLES[state]}, ${share}\u00a0%`;
  const score = best ? ` · best ${figureText(best.score)}` : '';
  return [`${TASK_TITLES[config.what]} · ${dataset}`, `${progress}${score}`];
}
