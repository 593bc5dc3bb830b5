import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useMemo, useRef, type ReactNode } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { sampleCurve } from '../../evaluation/curve-sample';
import type { Curve } from '../../evaluation/curves';
import { figureText, scoreText } from '../../project/evaluation-text';
import { ChartFigure, ValuesTable } from './ChartFigure';
import classes from './charts.module.css';
import { CHART_HEIGHT, plotStyle } from './plot';

export interface CurveSeries {
  readonly label: string;
  /** A CSS variable. */
  readonly colour: string;
  readonly dash?: readonly number[];
  readonly curve: Curve;
}

interface Props {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** The axis goes from 0 to there. */
  readonly xMax?: number;
  /** Up to where the area is taken. */
  readonly limit?: number;
  readonly series: readonly CurveSeries[];
  /** At the right of the title. */
  readonly aside?: ReactNode;
}

const PLACES = 501;

/** Curves over [0, 1], with values at the pointer, and the same as a table for those who do not see or point. */
export function CurveChart({ title, xLabel, yLabel, xMax = 1, limit, series, aside }: Props) {
  const { ref: sized, width } = useElementSize<HTMLDivElement>();
  const holder = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('dark');
  const sampled = useMemo(() => {
    const places = Array.from({ length: PLACES }, (_, i) => (i / (PLACES - 1)) * xMax);
    return { places, samples: series.map(({ curve }) => sampleCurve(curve, places)) };
  }, [series, xMax]);

  useEffect(() => {
    const element = holder.current;
    if (!element || width === 0) return;
    const plot = new UPlot(
      optionsOf({ xLabel, yLabel, xMax, limit, series, width, element, samples: sampled.samples }),
      [sampled.places, ...sampled.samples.map((samples) => samples.map(({ y }) => y))],
      element,
    );
    return () => plot.destroy();
    // The colours are read from the page, so a change of theme draws anew.
  }, [sampled, series, width, xLabel, yLabel, xMax, limit, scheme]);

  return (
    <ChartFigure
      title={title}
      aside={aside}
      values={series.length > 0 && <CurveTable {...{ title, xLabel, yLabel, xMax, series }} />}
    >
      <div ref={sized} className={classes.sized}>
        {series.length > 0 ? (
          <div ref={holder} className={classes.plot} aria-hidden />
        ) : (
          <p className={classes.undefined}>Not defined for this test set.</p>
        )}
      </div>
    </ChartFigure>
  );
}

/** Shares of the axis at which the table reads the curves. */
const ROWS = [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

function CurveTable({ title, xLabel, yLabel, xMax = 1, series }: Omit<Props, 'limit' | 'aside'>) {
  const places = ROWS.map((share) => share * xMax);
  const columns = series.map(({ curve }) => sampleCurve(curve, places));
  return (
    <ValuesTable
      {...{ title, xLabel }}
      caption={`${yLabel} by ${xLabel.toLowerCase()}`}
      columns={series.map(({ label }) => label)}
      rows={places.map((place, i) => ({
        place: figureText(place),
        cells: columns.map((column) => figureText(column[i].y)),
      }))}
    />
  );
}

function optionsOf({
  xLabel,
  yLabel,
  xMax,
  limit,
  series,
  width,
  element,
  samples,
}: Omit<Props, 'title' | 'aside' | 'xMax'> & {
  readonly xMax: number;
  readonly width: number;
  readonly element: HTMLElement;
  readonly samples: readonly (readonly { readonly threshold: number }[])[];
}): UPlot.Options {
  const { colour, axis } = plotStyle(element);
  return {
    width,
    height: CHART_HEIGHT,
    padding: [8, 10, 0, 0],
    scales: { x: { time: false, range: [0, xMax] }, y: { range: [0, 1] } },
    axes: [
      { ...axis(xLabel), size: 30, space: 44 },
      { ...axis(yLabel), size: 34, space: 34 },
    ],
    legend: { markers: { dash: (_, k) => (series[k - 1]?.dash ? 'dashed' : 'solid') } },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    series: [
      { label: xLabel, value: (_, value) => (value === null ? '' : figureText(value)) },
      ...series.map(({ label, colour: own, dash }, k): UPlot.Series => ({
        label,
        stroke: colour(own),
        width: 2,
        dash: dash && [...dash],
        points: { show: false },
        value: (_, value, __, at) =>
          value === null || at === null ? '' : `${figureText(value)} above ${scoreText(samples[k][at].threshold)}`,
      })),
    ],
    hooks: limit === undefined ? {} : { drawClear: [(plot) => drawLimit(plot, limit, colour)] },
  };
}

/** Shades what the area is taken of, and draws a line where it ends. */
function drawLimit(plot: UPlot, limit: number, colour: (name: string) => string): void {
  const { ctx, bbox } = plot;
  const at = Math.round(plot.valToPos(limit, 'x', true));
  ctx.save();
  ctx.fillStyle = colour('--accent-soft');
  ctx.fillRect(bbox.left, bbox.top, at - bbox.left, bbox.height);
  ctx.strokeStyle = colour('--accent');
  ctx.lineWidth = Math.max(1, devicePixelRatio);
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(at, bbox.top);
  ctx.lineTo(at, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}
