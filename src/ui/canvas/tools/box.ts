import type { RegionShape } from '../../../core/recipe';
import type { Point } from '../viewport';
import type { RegionMode, ToolMachine } from './tool';
import { combineOf, effectiveMode, LEAST_DRAG } from './tool';

/** Rectangle and ellipse: dragged from corner to corner; with Ctrl or ⌘, equal sides. */
export type BoxState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'drawing'; readonly from: Point; readonly to: Point; readonly mode: RegionMode };

const IDLE: BoxState = { phase: 'idle' };

export function boxTool(kind: 'rectangle' | 'ellipse'): ToolMachine<BoxState> {
  const shapeOf = ({ from, to, mode }: Extract<BoxState, { phase: 'drawing' }>): RegionShape => {
    const x = Math.min(from.x, to.x);
    const y = Math.min(from.y, to.y);
    const width = Math.abs(to.x - from.x);
    const height = Math.abs(to.y - from.y);
    const combine = combineOf(mode);
    return kind === 'rectangle'
      ? { kind, combine, x, y, width, height, rotation: 0 }
      : { kind, combine, cx: x + width / 2, cy: y + height / 2, rx: width / 2, ry: height / 2, rotation: 0 };
  };

  return {
    idle: IDLE,
    step(state, event, settings) {
      switch (event.type) {
        case 'down': {
          const mode = effectiveMode(settings.mode, event.modifiers);
          return { state: { phase: 'drawing', from: event.point, to: event.point, mode } };
        }
        case 'move':
          if (state.phase === 'idle') return { state };
          return { state: { ...state, to: corner(state.from, event.point, event.modifiers.mod) } };
        case 'up': {
          if (state.phase === 'idle') return { state };
          const drawn = { ...state, to: corner(state.from, event.point, event.modifiers.mod) };
          const least = LEAST_DRAG * settings.pixel;
          const width = Math.abs(drawn.to.x - drawn.from.x);
          const height = Math.abs(drawn.to.y - drawn.from.y);
          if (width < least || height < least) return { state: IDLE };
          return { state: IDLE, commit: { shape: shapeOf(drawn), replace: drawn.mode === 'replace' } };
        }
        case 'cancel':
          return { state: IDLE };
        case 'finish':
        case 'back':
          return { state };
      }
    },
    growing: (state) => (state.phase === 'idle' ? null : { shape: shapeOf(state), replace: state.mode === 'replace' }),
  };
}

function corner(from: Point, to: Point, equalSides: boolean): Point {
  if (!equalSides) return to;
  const side = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  return { x: from.x + Math.sign(to.x - from.x || 1) * side, y: from.y + Math.sign(to.y - from.y || 1) * side };
}
