import { useMemo } from 'react';
import { useProject, useSession, useStudio } from '../../app/context';
import { EvaluatedPictures } from '../../evaluated-pictures';
import classes from './evaluate.module.css';
import { EvaluationList } from './EvaluationList';
import { PicturesContext } from './pictures';
import { RunView } from './RunView';
import { Setup } from './Setup';

/** Holds detectors against images whose defects are known. */
export function EvaluatePage() {
  const id = useSession((state) => state.evaluationId);
  const record = useProject((state) => (id === null ? undefined : state.document.evaluations[id]));
  const { evaluating } = useStudio();
  const pictures = useMemo(() => new EvaluatedPictures(evaluating.store), [evaluating]);
  return (
    <PicturesContext.Provider value={pictures}>
      <div className={classes.page}>
        <EvaluationList />
        {record ? <RunView key={record.id} record={record} /> : <Setup />}
      </div>
    </PicturesContext.Provider>
  );
}
