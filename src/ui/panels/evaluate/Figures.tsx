import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { limitName } from '../../../evaluation/figures';
import { PRO_LIMITS, SPRO_LIMITS } from '../../../evaluation/evaluator';
import { figureText, kindTitle } from '../../../project/evaluation-text';
import { BreakdownTable } from './BreakdownTable';
import { OverlapCurves, RankingCurves } from './Curves';
import classes from './evaluate.module.css';
import { Notes } from './Notes';
import type { Run } from './use-run';

/** What the evaluation comes to: headline figures, by kind and defect, and the curves. */
export function Figures({ run }: { run: Run }) {
  const { figures } = run.record;
  const limits = figures.au_spro ? SPRO_LIMITS : PRO_LIMITS;
  const [chosen, setLimit] = useState(figures.au_spro ? 0.05 : 0.3);
  const limit = limits.includes(chosen) ? chosen : limits[0];
  return (
    <div className={classes.body}>
      <Notes run={run} />
      <Headline run={run} />
      <div className={classes.limitRow}>
        <h2 id="limit-title">{figures.au_spro ? 'AU-sPRO' : 'AUPRO'} up to a false-positive rate of</h2>
        <SegmentedControl
          size="xs"
          aria-labelledby="limit-title"
          value={limitName(limit)}
          onChange={(value) => setLimit(Number(value))}
          data={limits.map((each) => ({ value: limitName(each), label: String(each) }))}
        />
      </div>
      <div className={classes.tables}>
        <AreasTable run={run} limit={limit} />
        <BreakdownTable run={run} limit={limit} />
        <OverlapCurves run={run} limit={limit} />
      </div>
      <RankingCurves run={run} />
    </div>
  );
}

function Headline({ run: { record, kinds } }: { run: Run }) {
  const { figures } = record;
  const { aupro, au_spro: spro, image_auroc_by_subset: byKind } = figures;
  const few = kinds.length > 1 && kinds.length <= 3;
  const parts = (value: (kind: string) => number | null | undefined) =>
    few ? kinds.map((kind) => `${kindTitle(kind)} ${figureText(value(kind))}`) : [];
  return (
    <dl className={classes.headline}>
      <Tile name="Image AUROC" value={figures.image_auroc} notes={parts((kind) => byKind[kind])} />
      <Tile name="Image AP" value={figures.image_ap} />
      <Tile name="Pixel AUROC" value={figures.pixel_auroc} />
      <Tile name="Pixel AP" value={figures.pixel_ap} />
      <Tile
        name="AUPRO"
        at="0.3"
        value={aupro?.['0.3']}
        notes={[`Up to 0.05 ${figureText(aupro?.['0.05'])}`, `Up to 1 ${figureText(aupro?.['1.0'])}`]}
      />
      {spro && (
        <Tile name="AU-sPRO" at="0.05" value={spro.mean?.['0.05']} notes={parts((kind) => spro[kind]?.['0.05'])} />
      )}
    </dl>
  );
}

function Tile({
  name,
  at,
  value,
  notes = [],
}: {
  name: string;
  at?: string;
  value: number | null | undefined;
  notes?: readonly string[];
}) {
  return (
    <div className={classes.tile}>
      <dt>
        {name}
        {at && <sub>{at}</sub>}
      </dt>
      <dd>
        <strong title={value?.toString()}>{figureText(value)}</strong>
        {notes.map((note) => (
          <span key={note}>{note}</span>
        ))}
      </dd>
    </div>
  );
}

function AreasTable({ run: { record, kinds }, limit }: { run: Run; limit: number }) {
  const { aupro, aupro_by_subset: byKind, au_spro: spro } = record.figures;
  const limits = spro ? SPRO_LIMITS : PRO_LIMITS;
  const rows = spro
    ? [
        { name: 'AU-sPRO, mean', areas: spro.mean },
        ...kinds.map((kind) => ({ name: kindTitle(kind), areas: spro[kind] })),
        { name: 'AUPRO', areas: aupro },
      ]
    : [{ name: 'AUPRO', areas: aupro }, ...kinds.map((kind) => ({ name: kindTitle(kind), areas: byKind[kind] }))];
  return (
    <div className={classes.tableCard} tabIndex={0} role="group" aria-label="Areas by limit">
      <table className={classes.table}>
        <caption>Areas under the overlap curves</caption>
        <thead>
          <tr>
            <th scope="col">Up to rate</th>
            {limits.map((each) => (
              <th key={each} scope="col" data-chosen={each === limit || undefined}>
                {each}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, areas }, i) => (
            <tr key={name} data-lead={i === 0 || undefined}>
              <th scope="row">{name}</th>
              {limits.map((each) => {
                const value = areas?.[limitName(each)];
                // AUPRO is taken at fewer limits.
                const text = areas && value === undefined ? '' : figureText(value);
                return (
                  <td key={each} data-chosen={each === limit || undefined} title={value?.toString()}>
                    {text}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
