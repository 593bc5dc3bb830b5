import type { Point } from '../viewport';
import type { Commit, RegionMode, ToolMachine } from './tool';
import { combineOf, effectiveMode, LEAST_DRAG } from './tool';

/** Lasso: an outline drawn in one drag and closed by letting go. */
export type LassoState =
  { readonly phase: 'idle' } | { readonly phase: 'drawing'; readonly points: number[]; readonly mode: RegionMode };

const LASSO_IDLE: LassoState = { phase: 'idle' };

export const lassoTool: ToolMachine<LassoState> = {
  idle: LASSO_IDLE,
  step(state, event, settings) {
    switch (event.type) {
      case 'down': {
        const mode = effectiveMode(settings.mode, event.modifiers);
        return { state: { phase: 'drawing', points: [event.point.x, event.point.y], mode } };
      }
      case 'move': {
        if (state.phase === 'idle') return { state };
        const { points } = state;
        const dx = event.point.x - points[points.length - 2];
        const dy = event.point.y - points[points.length - 1];
        if (Math.hypot(dx, dy) >= settings.pixel) points.push(event.point.x, event.point.y);
        return { state };
      }
      case 'up': {
        if (state.phase === 'idle') return { state };
        const points = simplify(state.points, settings.pixel / 2);
        if (points.length < 6 || areaOf(points) < (LEAST_DRAG * settings.pixel) ** 2) return { state: LASSO_IDLE };
        return { state: LASSO_IDLE, commit: commitOf(points, state.mode) };
      }
      case 'cancel':
        return { state: LASSO_IDLE };
      case 'finish':
      case 'back':
        return { state };
    }
  },
  growing: (state) => (state.phase === 'idle' ? null : commitOf([...state.points], state.mode)),
};

/**
 * Polygon: a corner per click; closed by a click on the first corner, a double click or Enter. Backspace takes the last
 * corner back, Escape all of them.
 */
export type PolygonState =
  | { readonly phase: 'idle' }
  | {
      readonly phase: 'drawing';
      readonly points: readonly number[];
      /** Where the pointer is: the corner that would come next. */
      readonly next: Point;
      readonly mode: RegionMode;
    };

const POLYGON_IDLE: PolygonState = { phase: 'idle' };
/** A click this near to the first corner (screen px) closes the polygon. */
const CLOSING = 10;

export const polygonTool: ToolMachine<PolygonState> = {
  idle: POLYGON_IDLE,
  step(state, event, settings) {
    switch (event.type) {
      case 'down': {
        const { point } = event;
        if (state.phase === 'idle') {
          const mode = effectiveMode(settings.mode, event.modifiers);
          return { state: { phase: 'drawing', points: [point.x, point.y], next: point, mode } };
        }
        const first = Math.hypot(point.x - state.points[0], point.y - state.points[1]);
        if (state.points.length >= 6 && first <= CLOSING * settings.pixel) return close(state);
        const last = Math.hypot(point.x - state.points.at(-2)!, point.y - state.points.at(-1)!);
        // The second press of a double click lands on the corner the first one made.
        if (last < LEAST_DRAG * settings.pixel) return { state };
        return { state: { ...state, points: [...state.points, point.x, point.y], next: point } };
      }
      case 'move':
        return state.phase === 'idle' ? { state } : { state: { ...state, next: event.point } };
      case 'up':
        return { state };
      case 'finish':
        return state.phase === 'idle' ? { state } : close(state);
      case 'back':
        if (state.phase === 'idle') return { state };
        if (state.points.length <= 2) return { state: POLYGON_IDLE };
        return { state: { ...state, points: state.points.slice(0, -2) } };
      case 'cancel':
        return { state: POLYGON_IDLE };
    }
  },
  growing: (state) =>
    state.phase === 'idle' ? null : commitOf([...state.points, state.next.x, state.next.y], state.mode),
};

function close(state: Extract<PolygonState, { phase: 'drawing' }>) {
  if (state.points.length < 6) return { state };
  return { state: POLYGON_IDLE, commit: commitOf([...state.points], state.mode) };
}

function commitOf(points: number[], mode: RegionMode): Commit {
  return { shape: { kind: 'polygon', combine: combineOf(mode), points }, replace: mode === 'replace' };
}

/** Area inside an outline of x, y pairs (shoelace), px². */
export function areaOf(points: readonly number[]): number {
  let twice = 0;
  for (let i = 0; i < points.length; i += 2) {
    const j = (i + 2) % points.length;
    twice += points[i] * points[j + 1] - points[j] * points[i + 1];
  }
  return Math.abs(twice) / 2;
}

/** Douglas and Peucker: drops points that lie within `tolerance` of the line through those kept. x, y pairs. */
export function simplify(points: readonly number[], tolerance: number): number[] {
  const count = points.length / 2;
  if (count <= 2) return [...points];
  const keep = new Uint8Array(count);
  keep[0] = keep[count - 1] = 1;
  const pending: [number, number][] = [[0, count - 1]];
  for (let range = pending.pop(); range; range = pending.pop()) {
    const [first, last] = range;
    let far = -1;
    let distance = tolerance;
    for (let i = first + 1; i < last; i++) {
      const d = distanceToSegment(points, i, first, last);
      if (d > distance) [far, distance] = [i, d];
    }
    if (far < 0) continue;
    keep[far] = 1;
    pending.push([first, far], [far, last]);
  }
  return points.filter((_, i) => keep[i >> 1] === 1);
}

function distanceToSegment(points: readonly number[], i: number, first: number, last: number): number {
  const ax = points[first * 2];
  const ay = points[first * 2 + 1];
  const dx = points[last * 2] - ax;
  const dy = points[last * 2 + 1] - ay;
  const px = points[i * 2] - ax;
  const py = points[i * 2 + 1] - ay;
  const squared = dx * dx + dy * dy;
  const t = squared === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / squared));
  return Math.hypot(px - t * dx, py - t * dy);
}
