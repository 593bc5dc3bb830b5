import { Checkbox, useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
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
  /** Named in the legend only. */
  readonly hidden?: boolean;
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
  /** Lets the legend show and hide lines. */
  onToggle?(label: string, shown: boolean): void;
}

/** Lines that may grow while they are looked at, with values at the pointer and as a table. */
export function LineChart(props: Props) {
  const { title, xLabel, yLabel, lines, xMax = null, logarithmic = false, smoothing = 0, points = false } = props;
  const { ref: sized, width } = useElementSize<HTMLDivElement>();
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const scheme = useComputedColorScheme('dark');
  const drawn = useMemo(
    () =>
      drawnOf(
        lines.filter(({ hidden }) => !hidden),
        smoothing,
        logarithmic,
      ),
    [lines, smoothing, logarithmic],
  );
  /** Where the pointer is, on the axis. */
  const [place, setPlace] = useState<number | null>(null);
  const latest = useRef({ drawn, xMax });
  useEffect(() => {
    latest.current = { drawn, xMax };
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
        padding: [8, 22, 0, 0],
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
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        series: [
          {},
          ...series.map(({ label, colour: own, width: thick, dash, faint }): UPlot.Series => ({
            label,
            stroke: colour(own),
            width: faint ? 1 : thick,
            alpha: faint ? 0.3 : 1,
            dash: dash && [...dash],
            spanGaps: true,
            points: points ? { show: true, size: 4, fill: colour(own) } : { show: false },
          })),
        ],
        hooks: {
          draw: [(self) => drawMarks(self, latest.current.drawn, colour)],
          setCursor: [
            ({ data, cursor: { idx } }) => setPlace(idx === null || idx === undefined ? null : (data[0][idx] ?? null)),
          ],
        },
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
        {drawn.length > 0 ? (
          <div ref={holder} className={classes.plot} aria-hidden />
        ) : (
          <p className={classes.undefined}>{props.empty}</p>
        )}
      </div>
      <Legend {...{ lines, drawn, place, xLabel }} onToggle={props.onToggle} />
      {props.foot}
    </ChartFigure>
  );
}

/** Names the lines, with their values at the pointer. */
function Legend({
  lines,
  drawn,
  place,
  xLabel,
  onToggle,
}: Pick<Props, 'lines' | 'xLabel' | 'onToggle'> & {
  readonly drawn: readonly Drawn[];
  readonly place: number | null;
}) {
  const valueOf = (line: Line) => {
    const own = drawn.find((each) => each.line === line && !each.faint);
    const value = place === null ? null : own?.y[line.x.indexOf(place)];
    return value === null || value === undefined ? '' : scoreText(value);
  };
  if (lines.length === 0) return null;
  return (
    <div className={classes.legend}>
      {lines.map((line) => (
        <span key={line.label} className={classes.legendLine}>
          {onToggle ? (
            <Checkbox
              size="xs"
              color={`var(${line.colour})`}
              iconColor="var(--panel)"
              label={line.label}
              checked={!line.hidden}
              onChange={(event) => onToggle(line.label, event.currentTarget.checked)}
            />
          ) : (
            <>
              <i
                style={{ borderTopColor: `var(${line.colour})`, borderTopStyle: line.dash ? 'dashed' : 'solid' }}
                aria-hidden
              />
              {line.label}
            </>
          )}
          <output aria-hidden>{valueOf(line)}</output>
        </span>
      ))}
      <span className={classes.legendPlace} aria-hidden>
        {place === null ? '' : `${xLabel} ${Math.round(place)}`}
      </span>
    </div>
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
function drawMarks(plot: UPlot, drawn: readonly Drawn[], colour: (name: string) => string): void {
  const { ctx } = plot;
  for (const { faint, line } of drawn) {
    const { mark, x, y, colour: own } = line;
    if (faint) continue;
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
