import { Select, Switch } from '@mantine/core';
import { useMemo } from 'react';
import { byError } from '../../../evaluation/error-order';
import { GOOD } from '../../../evaluation/evaluator';
import { verdictOf, type Verdict } from '../../../evaluation/threshold';
import { countText, kindTitle } from '../../../project/evaluation-text';
import { useSession, useStudio } from '../../app/context';
import classes from './evaluate.module.css';
import { EvaluatedGrid, VERDICTS } from './EvaluatedGrid';
import { ThresholdPanel } from './ThresholdPanel';
import { heatRangeOf, type Run } from './use-run';
import { Viewer } from './Viewer';

/** The images of an evaluation, worst first, with what thresholds make of them. */
export function Images({ run }: { run: Run }) {
  const { record, details, threshold } = run;
  const { images } = details;
  const filter = useSession((state) => state.evaluation.filter);
  const order = useMemo(() => byError(images, threshold), [images, threshold]);
  const shown = useMemo(
    () =>
      order
        .map((i) => images[i])
        .filter(
          (image) =>
            (filter.subset === null || image.subset === filter.subset) &&
            (filter.defect === null || image.defects.some(({ name }) => name === filter.defect)) &&
            (filter.verdict === null || verdictOf(image, threshold) === filter.verdict),
        ),
    [images, order, filter, threshold],
  );
  const range = heatRangeOf(record, details);
  return (
    <div className={classes.images}>
      <ThresholdPanel run={run} />
      <section className={classes.gallery} aria-label="Images">
        <Filters run={run} count={shown.length} />
        {shown.length > 0 ? (
          <EvaluatedGrid images={shown} threshold={threshold} range={range} />
        ) : (
          <p className={classes.centre}>No image is so. Clear a filter, or move the threshold.</p>
        )}
      </section>
      <Viewer run={run} images={shown} range={range} />
    </div>
  );
}

function Filters({ run: { details, kinds }, count }: { run: Run; count: number }) {
  const studio = useStudio();
  const { evaluating } = studio;
  const { subset, defect, verdict } = useSession((state) => state.evaluation.filter);
  const layers = useSession((state) => state.evaluationLayers);
  const { images } = details;
  const defects = useMemo(() => {
    const own = images.filter((image) => subset === null || image.subset === subset);
    return [...new Set(own.flatMap((image) => image.defects.map(({ name }) => name)))].sort();
  }, [images, subset]);
  return (
    <div className={classes.filters}>
      <Select
        w={140}
        aria-label="Kind"
        placeholder="All kinds"
        clearable
        data={[GOOD, ...kinds].map((value) => ({ value, label: kindTitle(value) }))}
        value={subset}
        onChange={(value) => evaluating.setFilter({ subset: value, defect: null })}
      />
      <Select
        w={160}
        aria-label="Defect"
        placeholder="All defects"
        clearable
        searchable={defects.length > 8}
        disabled={defects.length === 0}
        data={defects.map((value) => ({ value, label: kindTitle(value) }))}
        value={defect}
        onChange={(value) => evaluating.setFilter({ defect: value })}
      />
      <Select
        w={140}
        aria-label="Verdict"
        placeholder="All verdicts"
        clearable
        data={Object.entries(VERDICTS).map(([value, label]) => ({ value, label }))}
        value={verdict}
        onChange={(value) => evaluating.setFilter({ verdict: value as Verdict | null })}
      />
      <Switch
        label="Heat maps"
        checked={layers.gridHeat}
        onChange={(event) =>
          studio.session.setState({ evaluationLayers: { ...layers, gridHeat: event.currentTarget.checked } })
        }
      />
      <span className={classes.tally} role="status">
        {count === images.length ? countText(count, 'image') : `${count} of ${images.length}`}
      </span>
    </div>
  );
}
