import { useMemo, type PointerEvent } from 'react';
import { GOOD } from '../../../evaluation/evaluator';
import { scoreHistogram, type Histogram } from '../../../evaluation/histogram';
import type { Scored } from '../../../evaluation/threshold';
import { kindTitle } from '../../../project/evaluation-text';
import { kindColour } from '../../charts/plot';
import classes from './evaluate.module.css';
import type { Run } from './use-run';

const BINS = 48;
/** More rows than this are one: all that is anomalous. */
const MOST_KINDS = 3;
/** In units of the drawing, which is stretched to the width there is. */
const [WIDTH, ROW] = [480, 34];

/** Where the scores of good and anomalous images lie, and where the threshold parts them. */
export function ScoreHistogram({
  run: { details, kinds, threshold },
  low,
  high,
  onMove,
  onDone,
}: {
  run: Run;
  low: number;
  high: number;
  onMove(threshold: number): void;
  onDone(threshold: number): void;
}) {
  const rows = useMemo(() => rowsOf(details.images, kinds), [details, kinds]);
  const histogram = useMemo(
    () =>
      scoreHistogram(
        rows.flatMap(({ images }) => images),
        BINS,
      ),
    [rows],
  );
  const place = (score: number) => ((score - low) / (high - low)) * WIDTH;
  const scoreAt = (event: PointerEvent<SVGSVGElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return low + Math.min(1, Math.max(0, (event.clientX - left) / width)) * (high - low);
  };
  return (
    <div className={classes.histogram}>
      {/* The slider below does the same by key. */}
      <svg
        viewBox={`0 0 ${WIDTH} ${rows.length * ROW}`}
        preserveAspectRatio="none"
        style={{ height: rows.length * ROW }}
        aria-hidden
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          onMove(scoreAt(event));
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) onMove(scoreAt(event));
        }}
        onPointerUp={(event) => onDone(scoreAt(event))}
      >
        {rows.map(({ name, colour }, i) => (
          <Bars key={name} {...{ histogram, name, place, threshold }} colour={colour} bottom={(i + 1) * ROW} />
        ))}
        <line
          x1={place(threshold)}
          x2={place(threshold)}
          y1={0}
          y2={rows.length * ROW}
          className={classes.thresholdLine}
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <div className={classes.histogramNames}>
        {rows.map(({ name, title, colour, images }) => {
          const called = images.filter(({ score }) => score > threshold).length;
          return (
            <span key={name} style={{ height: ROW }}>
              <b style={{ color: `var(${colour})` }}>{title}</b>
              <span>
                {called} of {images.length} called
              </span>
            </span>
          );
        })}
      </div>
    </div>
  );
}

function Bars({
  histogram: { low, high, bins, counts },
  name,
  colour,
  bottom,
  place,
  threshold,
}: {
  histogram: Histogram;
  name: string;
  colour: string;
  bottom: number;
  place(score: number): number;
  threshold: number;
}) {
  const own = counts.get(name);
  if (!own) return null;
  const highest = Math.max(...own);
  const edge = (bin: number) => low + (bin / bins) * (high - low);
  return (
    <g fill={`var(${colour})`}>
      <line
        x1={0}
        x2={WIDTH}
        y1={bottom}
        y2={bottom}
        className={classes.histogramBase}
        vectorEffect="non-scaling-stroke"
      />
      {Array.from(own, (count, bin) => {
        if (count === 0) return null;
        const height = Math.max(2, (count / highest) * (ROW - 14));
        const [from, to] = [place(edge(bin)), place(edge(bin + 1))];
        const called = edge(bin + 1) > threshold;
        return (
          <rect
            key={bin}
            x={from}
            y={bottom - height}
            width={Math.max(0.8, to - from - 0.8)}
            height={height}
            opacity={called ? 1 : 0.4}
          />
        );
      })}
    </g>
  );
}

function rowsOf(images: readonly Scored[], kinds: readonly string[]) {
  const few = kinds.length <= MOST_KINDS;
  const list = few ? kinds : kinds.length > 0 ? [ANOMALOUS] : [];
  return [GOOD, ...list]
    .map((name) => ({
      name,
      title: kindTitle(name),
      colour: kindColour(name === GOOD ? -1 : list.indexOf(name)),
      images: images
        .map(({ subset, score }) => ({ score, subset: few || subset === GOOD ? subset : ANOMALOUS }))
        .filter(({ subset }) => subset === name),
    }))
    .filter((row) => row.images.length > 0);
}

const ANOMALOUS = 'anomalous';
