import { UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { breakdown, type BreakdownRow } from '../../../evaluation/breakdown';
import { limitName } from '../../../evaluation/figures';
import { figureText, kindTitle, percentText } from '../../../project/evaluation-text';
import { useStudio } from '../../app/context';
import { kindColour } from '../../charts/plot';
import classes from './evaluate.module.css';
import type { Run } from './use-run';

interface Column {
  readonly id: string;
  readonly title: string;
  /** What the title says in full. */
  readonly hint?: string;
  value(row: BreakdownRow): number | string | null;
  text(row: BreakdownRow): string;
}

/** Figures by kind of anomaly and kind of defect. A name leads to its images. */
export function BreakdownTable({ run, limit }: { run: Run; limit: number }) {
  const studio = useStudio();
  const { record, details, threshold, pixelThreshold, kinds } = run;
  const [sorting, setSorting] = useState<{ id: string; descending: boolean }>({ id: 'name', descending: false });
  const rows = useMemo(
    () => breakdown(details.images, record.figures, threshold, pixelThreshold),
    [details, record.figures, threshold, pixelThreshold],
  );
  const columns = columnsOf(record.figures.au_spro ? 'AU-sPRO' : 'AUPRO', limit);
  const { value } = columns.find(({ id }) => id === sorting.id) ?? columns[0];
  const sorted = inGroups(rows, value, sorting.descending);
  const sortBy = (id: string) =>
    setSorting({ id, descending: id === sorting.id ? !sorting.descending : id !== 'name' });
  const showImages = ({ subset, defect }: BreakdownRow) => {
    studio.evaluating.setFilter({ subset, defect, verdict: null });
    studio.session.setState({ evaluationTab: 'images' });
  };
  return (
    <div
      className={`${classes.tableCard} ${classes.breakdown}`}
      tabIndex={0}
      role="group"
      aria-label="By kind and defect"
    >
      <table className={classes.table}>
        <caption>By kind of anomaly and defect</caption>
        <thead>
          <tr>
            {columns.map(({ id, title, hint }) => {
              const by = sorting.id === id;
              const Arrow = sorting.descending ? IconArrowDown : IconArrowUp;
              return (
                <th
                  key={id}
                  scope="col"
                  title={hint}
                  aria-sort={by ? (sorting.descending ? 'descending' : 'ascending') : 'none'}
                >
                  <UnstyledButton className={classes.sort} onClick={() => sortBy(id)}>
                    {title}
                    {by && <Arrow size={12} aria-hidden />}
                  </UnstyledButton>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={`${row.subset}/${row.defect ?? ''}`} data-lead={row.defect === null || undefined}>
              <th scope="row">
                <UnstyledButton className={classes.rowName} onClick={() => showImages(row)}>
                  {row.defect === null && (
                    <i
                      className={classes.swatch}
                      style={{ background: `var(${kindColour(kinds.indexOf(row.subset))})` }}
                    />
                  )}
                  {kindTitle(row.defect ?? row.subset)}
                </UnstyledButton>
              </th>
              {columns.slice(1).map((column) => (
                <td key={column.id}>{column.text(row)}</td>
              ))}
            </tr>
          ))}
          {sorted.length === 0 && (
            <tr>
              <td colSpan={columns.length}>No anomalous image was evaluated.</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function columnsOf(area: string, limit: number): Column[] {
  const key = limitName(limit);
  return [
    { id: 'name', title: 'Kind', value: ({ subset, defect }) => defect ?? subset, text: () => '' },
    { id: 'images', title: 'Images', value: ({ images }) => images, text: ({ images }) => String(images) },
    {
      id: 'auroc',
      title: 'AUROC',
      hint: 'Image AUROC: its images against the good ones',
      value: ({ imageAuroc }) => imageAuroc,
      text: ({ imageAuroc }) => figureText(imageAuroc),
    },
    {
      id: 'area',
      title: `${area} ${limit}`,
      hint: `${area} up to a false-positive rate of ${limit}`,
      value: ({ areas }) => areas?.[key] ?? null,
      text: ({ areas }) => figureText(areas?.[key]),
    },
    {
      id: 'recall',
      title: 'Recall',
      hint: 'Share of its images called anomalous at the image threshold',
      value: ({ recall }) => recall,
      text: ({ recall }) => percentText(recall),
    },
    {
      id: 'found',
      title: 'Found',
      hint: 'Share of what is needed of its defects that the pixel threshold outlines, on average',
      value: ({ found }) => found,
      text: ({ found }) => percentText(found),
    },
  ];
}

/** Sorted, with the defects of a kind behind it; what has no value comes last either way. */
function inGroups(rows: readonly BreakdownRow[], value: Column['value'], descending: boolean): readonly BreakdownRow[] {
  const compare = (a: BreakdownRow, b: BreakdownRow): number => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const order = typeof x === 'string' ? x.localeCompare(String(y)) : x - Number(y);
    return descending ? -order : order;
  };
  const leads = rows.filter(({ defect }) => defect === null).sort(compare);
  return leads.flatMap((lead) => [
    lead,
    ...rows.filter(({ subset, defect }) => subset === lead.subset && defect !== null).sort(compare),
  ]);
}
