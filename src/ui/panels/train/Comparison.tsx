import { Button, Select } from '@mantine/core';
import { IconInfoCircle, IconX } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { differenceText, figureText } from '../../../project/evaluation-text';
import type { TrainingRunRecord } from '../../../project/training';
import { useSession, useStudio } from '../../app/context';
import { LineChart, type Line } from '../../charts/LineChart';
import { DASHES, kindColour } from '../../charts/plot';
import view from '../../parts/view.module.css';
import { isMade, lossTitle, measureTitle, SCORES, settingRows } from '../../training-text';
import { plotted } from '../../training-curves';
import { samplesKey } from '../../training-view';
import { ChartSettings } from './Charts';
import { Picture } from './Samples';
import classes from './train.module.css';

interface Compared {
  readonly record: TrainingRunRecord;
  /** A CSS variable. */
  readonly colour: string;
  readonly dash: readonly number[] | undefined;
}

/** Runs beside each other: the first is what the others are held against. */
export function Comparison({ ids }: { readonly ids: readonly string[] }) {
  const { training } = useStudio();
  const runs = useSession((state) => state.training.runs);
  const compared = useMemo(
    () =>
      ids.flatMap((id, i): Compared[] => {
        const record = runs?.find((each) => each.id === id);
        const colour = i === 0 ? '--accent' : kindColour(i - 1);
        return record ? [{ record, colour, dash: DASHES[i % DASHES.length] }] : [];
      }),
    [ids, runs],
  );
  const [first] = compared;
  const tasks = new Set(compared.map(({ record }) => record.config.what));
  return (
    <section className={view.view} aria-label="Comparison">
      <header className={view.viewHead}>
        <div className={view.titles}>
          <h1>Comparing {compared.length} runs</h1>
          <p>Differences are to {first?.record.name}, which was chosen first.</p>
        </div>
        <Button variant="default" leftSection={<IconX size={15} />} onClick={() => training.compare([])}>
          End comparison
        </Button>
      </header>
      <div className={view.body}>
        {tasks.size > 1 && (
          <p className={view.note}>
            <IconInfoCircle size={15} aria-hidden />
            <span>These runs train different networks: their losses and scores say nothing about each other.</span>
          </p>
        )}
        <Curves compared={compared} />
        <div className={classes.watch}>
          <Measurements compared={compared} />
          <Differences compared={compared} />
        </div>
        {tasks.size === 1 && <Results compared={compared} />}
      </div>
    </section>
  );
}

function Curves({ compared }: { readonly compared: readonly Compared[] }) {
  const { logarithmic, smoothing } = useSession((state) => state.trainingCharts);
  const names = useMemo(
    () => [...new Set(compared.flatMap(({ record }) => Object.keys(record.curve.losses)))],
    [compared],
  );
  const [chosen, setChosen] = useState('total');
  const loss = names.includes(chosen) ? chosen : (names[0] ?? '');
  const losses = useMemo(
    () =>
      compared.flatMap(({ record: { name, curve }, colour, dash }): Line[] => {
        const y = curve.losses[loss];
        return y ? [{ label: name, colour, dash, x: curve.steps, y: plotted(y) }] : [];
      }),
    [compared, loss],
  );
  const scores = useMemo(
    () =>
      compared.flatMap(({ record: { name, measurements, best }, colour, dash }): Line[] =>
        measurements.length === 0
          ? []
          : [
              {
                ...{ label: name, colour, dash, mark: best?.step ?? null },
                x: measurements.map(({ step }) => step),
                y: measurements.map(({ score }) => score),
              },
            ],
      ),
    [compared],
  );
  return (
    <>
      <div className={classes.charts}>
        <LineChart
          title="Score on held-out photographs"
          xLabel="Step"
          yLabel="Score"
          lines={scores}
          points
          empty="None was measured yet."
        />
        <LineChart
          title="Loss"
          xLabel="Step"
          yLabel={loss === '' ? 'Loss' : lossTitle(loss)}
          lines={losses}
          {...{ logarithmic, smoothing }}
          empty="None has done a step yet."
          aside={
            <>
              <ChartSettings />
              <Select
                aria-label="Which loss"
                w={150}
                allowDeselect={false}
                data={names.map((value) => ({ value, label: lossTitle(value) }))}
                value={loss === '' ? null : loss}
                onChange={(next) => next !== null && setChosen(next)}
              />
            </>
          }
        />
      </div>
    </>
  );
}

/** The best measurements, with differences. */
function Measurements({ compared }: { readonly compared: readonly Compared[] }) {
  const best = compared.map(({ record }) => record.best);
  const names = [...new Set(best.flatMap((each) => Object.keys(each?.values ?? {})))];
  const [first] = compared;
  const rows = [
    {
      name: first ? SCORES[first.record.config.what] : 'Score',
      values: best.map((each) => each?.score ?? null),
    },
    ...names.map((name) => ({ name: measureTitle(name), values: best.map((each) => each?.values[name] ?? null) })),
  ];
  return (
    <div className={view.tableCard} tabIndex={0} role="group" aria-label="Best measurements beside each other">
      <table className={`${view.table} ${view.beside}`}>
        <caption>Best measurements</caption>
        <Columns compared={compared} lead="Measure" />
        <tbody>
          {rows.map(({ name, values }) => (
            <tr key={name} data-lead>
              <th scope="row">{name}</th>
              {values.map((value, i) => (
                <td key={i}>
                  <span>{figureText(value)}</span>
                  {i > 0 && <em>{differenceText(value === null || values[0] === null ? null : value - values[0])}</em>}
                </td>
              ))}
            </tr>
          ))}
          <tr>
            <th scope="row">At step</th>
            {best.map((each, i) => (
              <td key={i}>{each?.step ?? '–'}</td>
            ))}
          </tr>
        </tbody>
      </table>
    </div>
  );
}

/** The settings that are not the same. */
function Differences({ compared }: { readonly compared: readonly Compared[] }) {
  const settings = compared.map(
    ({ record: { config, dataset, images, heldOut } }) =>
      new Map([
        ['Dataset', dataset],
        ['Photographs', String(images.length)],
        ['Held out', String(heldOut)],
        ...settingRows(config).map(({ name, value }) => [name, value] as const),
      ]),
  );
  const names = [...new Set(settings.flatMap((each) => [...each.keys()]))];
  const differing = names.filter((name) => new Set(settings.map((each) => each.get(name))).size > 1);
  return (
    <div className={view.tableCard} tabIndex={0} role="group" aria-label="Settings that differ">
      <table className={`${view.table} ${view.beside}`}>
        <caption>Settings that differ</caption>
        <Columns compared={compared} lead="Setting" />
        <tbody>
          {differing.map((name) => (
            <tr key={name} data-lead>
              <th scope="row">{name}</th>
              {settings.map((each, i) => (
                <td key={i}>{each.get(name) ?? '–'}</td>
              ))}
            </tr>
          ))}
          {differing.length === 0 && (
            <tr>
              <td colSpan={1 + compared.length}>None: what differs is what was done with the runs since.</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function Columns({ compared, lead }: { readonly compared: readonly Compared[]; readonly lead: string }) {
  return (
    <thead>
      <tr>
        <th scope="col">{lead}</th>
        {compared.map(({ record, colour }) => (
          <th key={record.id} scope="col">
            <i className={view.swatch} style={{ background: `var(${colour})` }} />
            <span>{record.name}</span>
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** What each makes of the first pictures, at its latest measurement. */
function Results({ compared }: { readonly compared: readonly Compared[] }) {
  const known = useSession((state) => state.training.samples);
  const each = compared.map(({ record }) => {
    const latest = record.samples.findLast((step) => known.has(samplesKey(record.id, step)));
    const samples = latest === undefined ? undefined : known.get(samplesKey(record.id, latest));
    return samples && !('code' in samples) ? samples : [];
  });
  const names = [...new Set(each.flatMap((samples) => samples.map(({ name }) => name)))];
  if (names.length === 0) return null;
  return (
    <section className={classes.card} aria-label="Samples beside each other">
      <div className={classes.cardHead}>
        <h2>Latest samples</h2>
      </div>
      <div className={classes.samples} tabIndex={0} role="group" aria-label="Samples">
        {names.map((name) => (
          <div key={name} className={classes.sample}>
            <h3 title={name}>{name}</h3>
            <div className={classes.sampleCells}>
              {each.flatMap((samples, i) => {
                const { record } = compared[i];
                const own = samples.find((sample) => sample.name === name)?.pictures ?? [];
                const made = own.filter(({ title }) => i === 0 || isMade(record.config.what, title));
                return made.map(({ title, bitmap }) => {
                  const whose = isMade(record.config.what, title) ? record.name : null;
                  const label = whose === null ? title : `${title}, ${whose}`;
                  return (
                    <figure key={`${record.id}/${title}`}>
                      <Picture bitmap={bitmap} label={`${label}, of ${name}`} />
                      <figcaption>
                        {title}
                        {whose !== null && <span title={whose}>{whose}</span>}
                      </figcaption>
                    </figure>
                  );
                });
              })}
            </div>
          </div>
        ))}
      </div>
    </section>
  );
}
