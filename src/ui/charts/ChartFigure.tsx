import type { ReactNode } from 'react';
import classes from './charts.module.css';

interface Props {
  readonly title: string;
  /** At the right of the title. */
  readonly aside?: ReactNode;
  /** The plot, which says nothing to those who do not see. */
  readonly children: ReactNode;
  /** The same in words and numbers. */
  readonly values?: ReactNode;
}

/** A chart with its title, and its values for those who do not see or point. */
export function ChartFigure({ title, aside, children, values }: Props) {
  return (
    <figure className={classes.figure} aria-label={title}>
      <figcaption className={classes.caption}>
        <h3>{title}</h3>
        {aside}
      </figcaption>
      {children}
      {values}
    </figure>
  );
}

interface TableProps {
  readonly title: string;
  readonly caption: string;
  readonly xLabel: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly place: string; readonly cells: readonly string[] }[];
}

export function ValuesTable({ title, caption, xLabel, columns, rows }: TableProps) {
  return (
    <details className={classes.values}>
      <summary>Values as a table</summary>
      <div className={classes.valuesScroller} tabIndex={0} role="group" aria-label={`${title}: values`}>
        <table>
          <caption>{caption}</caption>
          <thead>
            <tr>
              <th scope="col">{xLabel}</th>
              {columns.map((label) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ place, cells }) => (
              <tr key={place}>
                <th scope="row">{place}</th>
                {cells.map((cell, k) => (
                  <td key={k}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
