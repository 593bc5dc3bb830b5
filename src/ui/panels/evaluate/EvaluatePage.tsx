import { useMemo } from 'react';
import { useProject, useSession, useStudio } from '../../app/context';
import { EvaluatedPictures } from '../../evaluated-pictures';
import classes from '../../parts/records.module.css';
import { Comparison } from './Comparison';
import { EvaluationList } from './EvaluationList';
import { PicturesContext } from './pictures';
import { RunView } from './RunView';
import { Setup } from './Setup';

/** Holds detectors against images whose defects are known. */
export function EvaluatePage() {
  const id = useSession((state) => state.evaluationId);
  const record = useProject((state) => (id === null ? undefined : state.document.evaluations[id]));
  const compared = useSession((state) => state.evaluation.compared);
  const { evaluating } = useStudio();
  const pictures = useMemo(() => new EvaluatedPictures(evaluating.store), [evaluating]);
  return (
    <PicturesContext.Provider value={pictures}>
      <div className={classes.page}>
        <EvaluationList />
        {compared.length > 1 ? (
          <Comparison ids={compared} />
        ) : record ? (
          <RunView key={record.id} record={record} />
        ) : (
          <Setup />
        )}
      </div>
    </PicturesContext.Provider>
  );
}
