import { Button, SegmentedControl } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { IconInfoCircle, IconX } from '@tabler/icons-react';
import { useMemo, useRef, useState } from 'react';
import { meanCurve } from '../../../evaluation/curve-sample';
import type { Curve } from '../../../evaluation/curves';
import { disagreements, type Disagreement } from '../../../evaluation/disagreement';
import { GOOD, PRO_LIMITS, SPRO_LIMITS } from '../../../evaluation/evaluator';
import { limitName, type Figures } from '../../../evaluation/figures';
import { rankScores } from '../../../evaluation/scores';
import type { EvaluatedImage, EvaluationDetails, EvaluationRecord } from '../../../project/evaluation';
import { differenceText, figureText, kindTitle, scoreText } from '../../../project/evaluation-text';
import { useProject, useSession, useStudio } from '../../app/context';
import { CurveChart, type CurveSeries } from '../../charts/CurveChart';
import { DASHES, kindColour } from '../../charts/plot';
import classes from './evaluate.module.css';
import { Picture, VerdictIcon, VERDICTS } from './EvaluatedGrid';
import { heatRangeOf } from './use-run';

interface Compared {
  readonly record: EvaluationRecord;
  /** Null while they are read, or where they are gone. */
  readonly details: EvaluationDetails | null;
  /** A CSS variable. */
  readonly colour: string;
  readonly dash: readonly number[] | undefined;
}

/** Evaluations beside each other: the first is what the others are held against. */
export function Comparison({ ids }: { ids: readonly string[] }) {
  const { evaluating } = useStudio();
  const evaluations = useProject((state) => state.document.evaluations);
  const known = useSession((state) => state.evaluation.details);
  const runs = useMemo(
    () =>
      ids.flatMap((id, i): Compared[] => {
        const record = evaluations[id];
        if (!record) return [];
        const details = known.get(record.details);
        const colour = i === 0 ? '--accent' : kindColour(i - 1);
        return [
          {
            record,
            details: details && 'images' in details ? details : null,
            colour,
            dash: DASHES[i % DASHES.length],
          },
        ];
      }),
    [ids, evaluations, known],
  );
  const spro = runs.every(({ record }) => record.figures.au_spro !== null);
  const limits = spro ? SPRO_LIMITS : PRO_LIMITS;
  const [chosen, setLimit] = useState(0.05);
  const limit = limits.includes(chosen) ? chosen : limits[0];
  return (
    <section className={classes.view} aria-label="Comparison">
      <header className={classes.viewHead}>
        <div className={classes.titles}>
          <h1>Comparing {runs.length} evaluations</h1>
          <p>Differences are to {runs[0]?.record.name}, which was chosen first.</p>
        </div>
        <Button variant="default" leftSection={<IconX size={15} />} onClick={() => evaluating.compare([])}>
          End comparison
        </Button>
      </header>
      <div className={classes.body}>
        <Sameness runs={runs} />
        <div className={classes.limitRow}>
          <h2 id="compared-limit">{spro ? 'AU-sPRO' : 'AUPRO'} up to a false-positive rate of</h2>
          <SegmentedControl
            size="xs"
            aria-labelledby="compared-limit"
            value={limitName(limit)}
            onChange={(value) => setLimit(Number(value))}
            data={limits.map((each) => ({ value: limitName(each), label: String(each) }))}
          />
        </div>
        <FiguresBeside runs={runs} limit={limit} />
        <CurvesTogether runs={runs} spro={spro} limit={limit} />
        <Disagreements runs={runs} />
      </div>
    </section>
  );
}

/** Says so where figures are of different images. */
function Sameness({ runs }: { runs: readonly Compared[] }) {
  const [first, ...others] = runs.map(({ record }) => record);
  const sets = new Set([first, ...others].map(({ testSet }) => testSet.object));
  const counts = new Set([first, ...others].map(({ figures: { images } }) => `${images.good}/${images.anomalous}`));
  const rules = new Set([first, ...others].map(({ scoreRule }) => scoreRule));
  const notes = [
    ...(sets.size > 1
      ? [
          `These are evaluations of different test sets (${[...sets].join(', ')}): their figures say nothing about each other.`,
        ]
      : counts.size > 1
        ? ['These evaluations are not of the same number of images, so differences are partly those of the images.']
        : []),
    ...(rules.size > 1 ? ['Image scores follow different rules: the detector’s own, and the maximum of the map.'] : []),
  ];
  return notes.map((note) => (
    <p key={note} className={classes.note}>
      <IconInfoCircle size={15} aria-hidden />
      <span>{note}</span>
    </p>
  ));
}

function FiguresBeside({ runs, limit }: { runs: readonly Compared[]; limit: number }) {
  const rows = rowsOf(
    runs.map(({ record }) => record.figures),
    limit,
  );
  return (
    <div className={classes.tableCard} tabIndex={0} role="group" aria-label="Figures beside each other">
      <table className={`${classes.table} ${classes.beside}`}>
        <caption>Figures</caption>
        <thead>
          <tr>
            <th scope="col">Figure</th>
            {runs.map(({ record, colour }) => (
              <th key={record.id} scope="col">
                <i className={classes.swatch} style={{ background: `var(${colour})` }} />
                <span>{record.name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, values, lead }) => {
            const best = Math.max(...values.flatMap((value) => value ?? []));
            return (
              <tr key={name} data-lead={lead || undefined}>
                <th scope="row">{name}</th>
                {values.map((value, i) => {
                  const [base] = values;
                  const difference = value === null || base === null ? null : value - base;
                  return (
                    <td key={i}>
                      <span data-best={(value !== null && value === best) || undefined}>{figureText(value)}</span>
                      {i > 0 && (
                        <em data-sign={Math.sign(Number((difference ?? 0).toFixed(3)))}>
                          {differenceText(difference)}
                        </em>
                      )}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

interface Row {
  readonly name: string;
  readonly values: readonly (number | null)[];
  readonly lead: boolean;
}

/** What one of them has at least; of the kinds of anomalies the areas up to the limit alone. */
function rowsOf(all: readonly Figures[], chosen: number): Row[] {
  const kinds = [...new Set(all.flatMap((figures) => Object.keys(figures.aupro_by_subset)))].sort();
  const rows: Row[] = [];
  const add = (name: string, value: (figures: Figures) => number | null | undefined, lead = true) =>
    rows.push({ name, lead, values: all.map((figures) => value(figures) ?? null) });
  add('Image AUROC', (figures) => figures.image_auroc);
  for (const kind of kinds) add(kindTitle(kind), (figures) => figures.image_auroc_by_subset[kind], false);
  add('Image AP', (figures) => figures.image_ap);
  add('Pixel AUROC', (figures) => figures.pixel_auroc);
  add('Pixel AP', (figures) => figures.pixel_ap);
  for (const limit of PRO_LIMITS) add(`AUPRO ${limit}`, (figures) => figures.aupro?.[limitName(limit)]);
  for (const kind of kinds) {
    add(`${kindTitle(kind)}, up to ${chosen}`, (figures) => figures.aupro_by_subset[kind]?.[limitName(chosen)], false);
  }
  for (const limit of SPRO_LIMITS) add(`AU-sPRO ${limit}`, (figures) => figures.au_spro?.mean?.[limitName(limit)]);
  for (const kind of kinds) {
    add(`${kindTitle(kind)}, sPRO up to ${chosen}`, (figures) => figures.au_spro?.[kind]?.[limitName(chosen)], false);
  }
  return rows.filter(({ values }) => values.some((value) => value !== null));
}

function CurvesTogether({ runs, spro, limit }: { runs: readonly Compared[]; spro: boolean; limit: number }) {
  const series = useMemo(() => {
    const draw = (curveOf: (details: EvaluationDetails) => Curve | null): CurveSeries[] =>
      runs.flatMap(({ record, details, colour, dash }) => {
        const curve = details && curveOf(details);
        return curve ? [{ label: record.name, colour, dash, curve }] : [];
      });
    const ranked = new Map(runs.map(({ details }) => [details, details && ranking(details)]));
    return {
      overlap: draw((details) => (spro ? meanSpro(details) : details.curves.pro)),
      roc: draw((details) => ranked.get(details)?.roc ?? null),
      precision: draw((details) => ranked.get(details)?.precisionRecall ?? null),
    };
  }, [runs, spro]);
  return (
    <div className={classes.curves}>
      <CurveChart
        title={spro ? 'Saturated region overlap, mean of kinds' : 'Region overlap (PRO)'}
        xLabel="False-positive rate"
        yLabel={spro ? 'Mean sPRO' : 'Mean PRO'}
        xMax={Math.min(1, limit * 1.25)}
        limit={limit}
        series={series.overlap}
      />
      <CurveChart title="ROC of images" xLabel="False-positive rate" yLabel="True-positive rate" series={series.roc} />
      <CurveChart title="Precision and recall of images" xLabel="Recall" yLabel="Precision" series={series.precision} />
    </div>
  );
}

function ranking({ images }: EvaluationDetails) {
  const scores = (good: boolean) => images.filter(({ subset }) => (subset === GOOD) === good).map(({ score }) => score);
  return rankScores(scores(true), scores(false));
}

function meanSpro({ curves }: EvaluationDetails): Curve | null {
  const each = curves.subsets.flatMap(({ spro }) => spro ?? []);
  return each.length > 0 ? meanCurve(each) : null;
}

const ROW = 132;
const TILE = 104;

/** Images that one calls anomalous and another does not, each at its own threshold. */
function Disagreements({ runs }: { runs: readonly Compared[] }) {
  const read = runs.flatMap(({ record, details, colour }) => (details ? [{ record, details, colour }] : []));
  const found = useMemo(() => {
    const ready = runs.flatMap(({ record, details }) =>
      details ? [{ images: details.images, threshold: record.threshold }] : [],
    );
    return ready.length === runs.length ? disagreements(ready) : null;
  }, [runs]);
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used in this render alone
  const rows = useVirtualizer({
    count: found?.differing.length ?? 0,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 3,
  });
  if (!found) return null;
  const { common, differing } = found;
  return (
    <section className={classes.disagreements} aria-label="Images with different verdicts">
      <h2>Where they disagree</h2>
      <p className={classes.hint} role="status">
        {common === 0
          ? 'They have no image in common.'
          : differing.length === 0
            ? `Of the ${common} images they have in common, all have the same verdict, each at its own threshold.`
            : `${differing.length} of the ${common} images they have in common have different verdicts, each at its own threshold.`}
      </p>
      {differing.length > 0 && (
        <div ref={scroller} className={classes.differing} tabIndex={0} role="group" aria-label="Images">
          <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
            {rows.getVirtualItems().map(({ index, start, key }) => (
              <div
                key={key}
                className={classes.differingRow}
                style={{ transform: `translateY(${start}px)`, height: ROW }}
              >
                <Differing of={differing[index]} runs={read} />
              </div>
            ))}
          </div>
        </div>
      )}
    </section>
  );
}

function Differing({
  of: { path, images, verdicts },
  runs,
}: {
  of: Disagreement<EvaluatedImage>;
  runs: readonly { readonly record: EvaluationRecord; readonly details: EvaluationDetails; readonly colour: string }[];
}) {
  const studio = useStudio();
  const [{ subset, defects }] = images;
  const open = (id: string) => {
    studio.evaluating.show(id);
    studio.session.setState({ evaluationTab: 'images' });
    studio.evaluating.view(path);
  };
  return (
    <>
      <span className={classes.differingName}>
        <strong>{path.slice(path.indexOf('/') + 1)}</strong>
        <span>{defects.length > 0 ? defects.map(({ name }) => kindTitle(name)).join(', ') : kindTitle(subset)}</span>
      </span>
      {runs.map(({ record, details, colour }, i) => (
        <button
          key={record.id}
          type="button"
          className={classes.shot}
          data-verdict={verdicts[i]}
          style={{ width: TILE }}
          aria-label={`${record.name}: ${VERDICTS[verdicts[i]]}, ${path}`}
          title={record.name}
          onClick={() => open(record.id)}
        >
          <span className={classes.picture} style={{ height: TILE }}>
            <Picture image={images[i]} side={TILE} range={heatRangeOf(record, details)} />
            <span className={classes.verdict}>
              <VerdictIcon verdict={verdicts[i]} />
              {VERDICTS[verdicts[i]]}
            </span>
          </span>
          <span className={classes.shotText}>
            <i className={classes.swatch} style={{ background: `var(${colour})` }} />
            <b>{scoreText(images[i].score)}</b>
          </span>
        </button>
      ))}
    </>
  );
}
