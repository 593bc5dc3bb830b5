import type { Curve } from '../evaluation/curves';
import { sampleCurve } from '../evaluation/curve-sample';
import { Html, html } from './html';

export interface SvgSeries {
  readonly label: string;
  /** Its colour is `var(--kind-<kind>)` of the document it stands in. */
  readonly kind: number;
  readonly curve: Curve;
}

export interface CurveDrawing {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** The axis goes from 0 to there. */
  readonly xMax: number;
  /** Up to where the area is taken. */
  readonly limit?: number;
  readonly series: readonly SvgSeries[];
}

const [WIDTH, HEIGHT] = [360, 270];
const [LEFT, RIGHT, TOP, BOTTOM] = [46, 12, 26, 40];
const LINE = 15;

/** Curves over [0, 1] as an SVG that needs nothing else. */
export function curveSvg({ title, xLabel, yLabel, xMax, limit, series }: CurveDrawing): Html {
  const height = HEIGHT + series.length * LINE;
  const x = (value: number) => fixed(LEFT + (value / xMax) * (WIDTH - LEFT - RIGHT));
  const y = (value: number) => fixed(TOP + (1 - value) * (HEIGHT - TOP - BOTTOM));
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  // Of a part of the axis: fifths of the way to the limit.
  const step = limit === undefined || xMax === 1 ? 0.2 : limit / 5;
  const places = Array.from({ length: Math.floor(xMax / step + 1e-9) + 1 }, (_, i) => i * step);
  const end = WIDTH - RIGHT;
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}" class="curve">
    <text class="title" x="${LEFT}" y="14">${title}</text>
    ${
      limit === undefined
        ? new Html('')
        : html`<rect class="area" x="${LEFT}" y="${TOP}" width="${fixed(x(limit) - LEFT)}" height="${y(0) - TOP}" />
            <line class="limit" x1="${x(limit)}" x2="${x(limit)}" y1="${TOP}" y2="${y(0)}" />`
    }
    ${ticks.map(
      (tick) =>
        html`<line class="grid" x1="${LEFT}" x2="${end}" y1="${y(tick)}" y2="${y(tick)}" />
          <text class="tick" x="${LEFT - 6}" y="${y(tick) + 3.5}" text-anchor="end">${tick}</text>`,
    )}
    ${places.map(
      (place) =>
        html`<line class="grid" x1="${x(place)}" x2="${x(place)}" y1="${TOP}" y2="${y(0)}" />
          <text class="tick" x="${x(place)}" y="${y(0) + 14}" text-anchor="middle"
            >${Number(place.toPrecision(3))}</text
          >`,
    )}
    <text class="label" x="${(LEFT + end) / 2}" y="${y(0) + 30}" text-anchor="middle">${xLabel}</text>
    <text class="label" transform="translate(11 ${(TOP + y(0)) / 2}) rotate(-90)" text-anchor="middle">${yLabel}</text>
    ${series.map(
      ({ kind, curve }) => html`<path style="stroke:var(--kind-${kind})" d="${pathOf(curve, xMax, x, y)}" />`,
    )}
    ${series.map(
      ({ label, kind }, i) =>
        html`<line
            style="stroke:var(--kind-${kind});stroke-width:3"
            x1="${LEFT}"
            x2="${LEFT + 16}"
            y1="${HEIGHT + i * LINE}"
            y2="${HEIGHT + i * LINE}"
          />
          <text class="label" x="${LEFT + 22}" y="${HEIGHT + i * LINE + 4}">${label}</text>`,
    )}
  </svg>`;
}

/** The curve's own points, up to the end of the axis. */
function pathOf(curve: Curve, xMax: number, x: (value: number) => number, y: (value: number) => number): string {
  const points: string[] = [];
  for (let i = 0; i < curve.x.length && curve.x[i] <= xMax; i++) points.push(`${x(curve.x[i])} ${y(curve.y[i])}`);
  const [end] = sampleCurve(curve, [xMax]);
  if (end.y !== null) points.push(`${x(xMax)} ${y(end.y)}`);
  return points.length > 0 ? `M${points.join('L')}` : '';
}

function fixed(value: number): number {
  return Number(value.toFixed(2));
}
