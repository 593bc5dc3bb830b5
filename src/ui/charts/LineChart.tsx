import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useMemo, useRef, type ReactNode } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { scoreText } from '../../project/evaluation-text';
import { ChartFigure, ValuesTable } from './ChartFigure';
import classes from './charts.module.css';
import { CHART_HEIGHT, plotStyle } from './plot';
import { runningMean } from './running-mean';

export interface Line {
  readonly label: string;
  /** A CSS variable. */
  readonly colour: string;
  readonly dash?: readonly number[];
  readonly width?: number;
  /** Ascending. */
  readonly x: readonly number[];
  /** As long as `x`; what is not finite is left out. */
  readonly y: readonly number[];
  /** The place that is marked with a ring. */
  readonly mark?: number | null;
}

interface Props {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  /** What the axis reaches at least; null: as far as the lines go. */
  readonly xMax?: number | null;
  readonly logarithmic?: boolean;
  /** Weight of what was before in a running mean, [0, 1): it is drawn over the values, which are faint then. */
  readonly smoothing?: number;
  /** Whether single values are seen as points. */
  readonly points?: boolean;
  readonly aside?: ReactNode;
  /** Where there is no line. */
  readonly empty: string;
  /** Below the plot. */
  readonly foot?: ReactNode;
}

/** Lines that may grow while they are looked at, with values at the pointer and as a table. */
export function LineChart(props: Props) {
  const { title, xLabel, yLabel, lines, xMax = null, logarithmic = false, smoothing = 0, points = false } = props;
  const { ref: sized, width } = useElementSize<HTMLDivElement>();
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const scheme = useComputedColorScheme('dark');
  const drawn = useMemo(() => drawnOf(lines, smoothing, logarithmic), [lines, smoothing, logarithmic]);
  const latest = useRef({ drawn, lines, xMax });
  useEffect(() => {
    latest.current = { drawn, lines, xMax };
  });
  // New values of the same lines need no new plot.
  const text = JSON.stringify({ series: drawn.map(seriesOf), logarithmic, points, xLabel, yLabel } satisfies Form);
  const form = useMemo(() => JSON.parse(text) as Form, [text]);

  useEffect(() => {
    const element = holder.current;
    if (!element || width === 0) return;
    const { series, logarithmic, points, xLabel, yLabel } = form;
    const { colour, axis } = plotStyle(element);
    const made = new UPlot(
      {
        width,
        height: CHART_HEIGHT,
        padding: [8, 10, 0, 0],
        scales: {
          x: {
            time: false,
            range: (_, low, high) => [Math.min(low ?? 0, 0), Math.max(high ?? 1, latest.current.xMax ?? 1)],
          },
          y: logarithmic ? { distr: 3 } : {},
        },
        axes: [
          { ...axis(xLabel), size: 30, space: 56 },
          {
            ...axis(yLabel),
            size: 46,
            space: 30,
            values: (_, splits) => splits.map((each) => (each === null ? '' : scoreText(each))),
          },
        ],
        legend: { markers: { dash: (_, k) => (series[k - 1]?.dash ? 'dashed' : 'solid') } },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        series: [
          { label: xLabel, value: (_, value) => (value === null ? '' : String(Math.round(value))) },
          ...series.map(({ label, colour: own, width: thick, dash, faint }): UPlot.Series => ({
            label,
            stroke: colour(own),
            width: faint ? 1 : thick,
            alpha: faint ? 0.3 : 1,
            dash: dash && [...dash],
            spanGaps: true,
            points: points ? { show: true, size: 4, fill: colour(own) } : { show: false },
            class: faint ? classes.faint : undefined,
            value: (_, value) => (value === null || value === undefined ? '' : scoreText(value)),
          })),
        ],
        hooks: { draw: [(self) => drawMarks(self, latest.current.lines, colour)] },
      },
      dataOf(latest.current.drawn),
      element,
    );
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
    // The colours are read from the page, so a change of theme draws anew.
  }, [form, width, scheme]);

  useEffect(() => {
    plot.current?.setData(dataOf(drawn));
  }, [drawn, xMax]);

  return (
    <ChartFigure
      title={title}
      aside={props.aside}
      values={lines.length > 0 && <LineTable {...{ title, xLabel, yLabel, lines }} />}
    >
      <div ref={sized} className={classes.sized}>
        {lines.length > 0 ? (
          <div ref={holder} className={classes.plot} aria-hidden />
        ) : (
          <p className={classes.undefined}>{props.empty}</p>
        )}
      </div>
      {props.foot}
    </ChartFigure>
  );
}

/** What a plot is made for; with another one it is made anew. */
interface Form {
  readonly series: readonly {
    readonly label: string;
    readonly colour: string;
    readonly dash?: readonly number[];
    readonly width: number;
    readonly faint: boolean;
  }[];
  readonly logarithmic: boolean;
  readonly points: boolean;
  readonly xLabel: string;
  readonly yLabel: string;
}

function seriesOf({ line: { label, colour, dash, width = 1.75 }, faint }: Drawn): Form['series'][number] {
  return { label, colour, dash, width, faint };
}

interface Drawn {
  readonly line: Line;
  readonly y: readonly (number | null)[];
  readonly faint: boolean;
}

/** With smoothing every line is drawn twice: as it is, and over it the running mean. */
function drawnOf(lines: readonly Line[], smoothing: number, logarithmic: boolean): Drawn[] {
  const shown = (values: readonly number[]) =>
    values.map((value) => (Number.isFinite(value) && (!logarithmic || value > 0) ? value : null));
  const smooth = (line: Line): Drawn => ({ line, y: shown(runningMean(line.y, smoothing)), faint: false });
  if (smoothing === 0) return lines.map((line) => ({ line, y: shown(line.y), faint: false }));
  return [...lines.map((line) => ({ line, y: shown(line.y), faint: true })), ...lines.map(smooth)];
}

function dataOf(drawn: readonly Drawn[]): UPlot.AlignedData {
  if (drawn.length === 0) return [[]];
  return UPlot.join(drawn.map(({ line, y }): UPlot.AlignedData => [[...line.x], [...y]]));
}

/** A ring about each line's marked place. */
function drawMarks(plot: UPlot, lines: readonly Line[], colour: (name: string) => string): void {
  const { ctx } = plot;
  for (const { mark, x, y, colour: own } of lines) {
    const at = mark === null || mark === undefined ? -1 : x.indexOf(mark);
    if (at < 0 || !Number.isFinite(y[at])) continue;
    const [left, top] = [plot.valToPos(x[at], 'x', true), plot.valToPos(y[at], 'y', true)];
    ctx.save();
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.strokeStyle = colour(own);
    ctx.beginPath();
    ctx.arc(left, top, 6 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.stroke();
    ctx.restore();
  }
}

/** Rows of the table at most; of more they are taken evenly, the last among them. */
const ROWS = 24;

function LineTable({ title, xLabel, yLabel, lines }: Pick<Props, 'title' | 'xLabel' | 'yLabel' | 'lines'>) {
  const all = [...new Set(lines.flatMap(({ x }) => x))].sort((a, b) => a - b);
  const count = Math.min(ROWS, all.length);
  const places = Array.from(
    { length: count },
    (_, i) => all[Math.round((i * (all.length - 1)) / Math.max(1, count - 1))],
  );
  return (
    <ValuesTable
      {...{ title, xLabel }}
      caption={`${yLabel} by ${xLabel.toLowerCase()}`}
      columns={lines.map(({ label }) => label)}
      rows={places.map((place) => ({
        place: String(place),
        cells: lines.map(({ x, y }) => {
          const value = y[x.indexOf(place)];
          return Number.isFinite(value) ? scoreText(value) : '–';
        }),
      }))}
    />
  );
}
