import { useMemo } from 'react';
import type { EvaluationRecord } from '../../../project/evaluation';
import { figureText } from '../../../project/evaluation-text';
import { useProject, useSession, useStudio } from '../../app/context';
import { RecordList } from '../../parts/RecordList';

/** The evaluations that are kept with the project, youngest first. */
export function EvaluationList() {
  const { evaluating } = useStudio();
  const evaluations = useProject((state) => state.document.evaluations);
  const current = useSession((state) => state.evaluationId);
  const running = useSession((state) => state.evaluation.running !== null);
  const compared = useSession((state) => state.evaluation.compared);
  const records = useMemo(
    () =>
      Object.values(evaluations)
        .sort((a, b) => b.createdAt - a.createdAt)
        .map(({ id, name, createdAt, figures }) => ({ id, name, createdAt, notes: [noteOf(figures)] })),
    [evaluations],
  );
  return (
    <RecordList
      title="Evaluations"
      noun="evaluation"
      newLabel={running ? 'Evaluation running' : 'New evaluation'}
      removeLabel="Remove"
      empty="What you evaluate is kept here with the project."
      {...{ records, current, compared }}
      onShow={(id) => evaluating.show(id)}
      onCompare={(ids) => evaluating.compare(ids)}
      onRename={(id, name) => evaluating.rename(id, name)}
      onRemove={(id) => evaluating.remove(id)}
    />
  );
}

function noteOf(figures: EvaluationRecord['figures']): string {
  const areas = figures.au_spro
    ? `sPRO\u00a0${figureText(figures.au_spro.mean?.['0.05'])}`
    : `PRO\u00a0${figureText(figures.aupro?.['0.3'])}`;
  return `AUROC\u00a0${figureText(figures.image_auroc)} · ${areas}`;
}
