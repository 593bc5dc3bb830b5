import { SegmentedControl } from '@mantine/core';
import { useMemo, useState } from 'react';
import { GOOD } from '../../../evaluation/evaluator';
import { rankScores } from '../../../evaluation/scores';
import type { EvaluationDetails } from '../../../project/evaluation';
import { kindTitle } from '../../../project/evaluation-text';
import { CurveChart, type CurveSeries } from '../../charts/CurveChart';
import { kindColour } from '../../charts/plot';
import classes from './evaluate.module.css';
import type { Run } from './use-run';

/** More lines than this cannot be told apart. */
const MOST_KINDS = 4;
const ALL = '--accent';

/** What is found of the defects, against what is outlined beside them. */
export function OverlapCurves({ run: { record, details, kinds }, limit }: { run: Run; limit: number }) {
  const spro = record.figures.au_spro !== null;
  const overlap = useMemo(() => overlaps(details, kinds, spro), [details, kinds, spro]);
  return (
    <CurveChart
      title={spro ? 'Saturated region overlap (sPRO)' : 'Region overlap (PRO)'}
      xLabel="False-positive rate"
      yLabel={spro ? 'Mean sPRO' : 'Mean PRO'}
      // A little beyond the limit, so that it is seen.
      xMax={Math.min(1, limit * 1.25)}
      limit={limit}
      series={overlap}
    />
  );
}

/** ROC, and precision and recall, of images or pixels. */
export function RankingCurves({ run: { details, kinds } }: { run: Run }) {
  const [of, setOf] = useState<'image' | 'pixel'>('image');
  const ranked = useMemo(() => rankings(details, kinds), [details, kinds]);
  const { pixel } = details.curves;
  const roc = useMemo(
    (): readonly CurveSeries[] =>
      of === 'image'
        ? ranked.map(({ label, colour, ranking }) => ({ label, colour, curve: ranking.roc }))
        : pixel
          ? [{ label: 'All pixels', colour: ALL, curve: pixel.roc }]
          : [],
    [of, ranked, pixel],
  );
  const precision = useMemo(
    (): readonly CurveSeries[] =>
      of === 'image'
        ? ranked.map(({ label, colour, ranking }) => ({ label, colour, curve: ranking.precisionRecall }))
        : pixel
          ? [{ label: 'All pixels', colour: ALL, curve: pixel.precisionRecall }]
          : [],
    [of, ranked, pixel],
  );
  const toggle = (
    <SegmentedControl
      size="xs"
      aria-label="Curves over images or pixels"
      value={of}
      onChange={(value) => setOf(value as typeof of)}
      data={[
        { value: 'image', label: 'Images' },
        { value: 'pixel', label: 'Pixels' },
      ]}
    />
  );
  return (
    <div className={classes.curves}>
      <CurveChart title="ROC" xLabel="False-positive rate" yLabel="True-positive rate" series={roc} aside={toggle} />
      <CurveChart title="Precision and recall" xLabel="Recall" yLabel="Precision" series={precision} aside={toggle} />
    </div>
  );
}

function rankings({ images }: EvaluationDetails, kinds: readonly string[]) {
  const scores = (kept: (subset: string) => boolean) =>
    images.filter(({ subset }) => kept(subset)).map(({ score }) => score);
  const good = scores((subset) => subset === GOOD);
  const each = kinds.length > 1 && kinds.length <= MOST_KINDS ? kinds : [];
  return [
    {
      label: 'All',
      colour: ALL,
      ranking: rankScores(
        good,
        scores((subset) => subset !== GOOD),
      ),
    },
    ...each.map((kind, i) => ({
      label: kindTitle(kind),
      colour: kindColour(i),
      ranking: rankScores(
        good,
        scores((subset) => subset === kind),
      ),
    })),
  ].flatMap(({ ranking, ...rest }) => (ranking ? [{ ...rest, ranking }] : []));
}

function overlaps({ curves }: EvaluationDetails, kinds: readonly string[], spro: boolean): CurveSeries[] {
  const few = spro || kinds.length <= MOST_KINDS;
  const each = curves.subsets.flatMap((subset): CurveSeries[] => {
    const curve = spro ? subset.spro : subset.pro;
    return few && curve
      ? [{ label: kindTitle(subset.name), colour: kindColour(kinds.indexOf(subset.name)), curve }]
      : [];
  });
  // sPRO is a mean over kinds: there is no curve of all.
  return spro || !curves.pro
    ? each
    : [{ label: 'All', colour: ALL, curve: curves.pro }, ...(kinds.length > 1 ? each : [])];
}
