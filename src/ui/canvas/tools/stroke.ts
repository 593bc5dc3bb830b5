import type { RegionShape } from '../../../core/recipe';
import type { ToolMachine, ToolSettings } from './tool';

/** Brush and eraser: a stroke of round dabs. The brush adds, or subtracts with Alt; the eraser the other way round. */
export type StrokeState =
  | { readonly phase: 'idle' }
  | {
      readonly phase: 'drawing';
      /** x, y pairs. Grows in place: a stroke of thousands of points must not be copied at every move. */
      readonly points: number[];
      readonly radius: number;
      readonly softness: number;
      readonly combine: 'add' | 'subtract';
    };

const IDLE: StrokeState = { phase: 'idle' };

export function strokeTool(kind: 'brush' | 'eraser'): ToolMachine<StrokeState> {
  const shapeOf = (state: Extract<StrokeState, { phase: 'drawing' }>): RegionShape => ({
    kind: 'brush',
    combine: state.combine,
    points: state.points,
    radius: state.radius,
    softness: state.softness,
  });

  return {
    idle: IDLE,
    step(state, event, settings) {
      switch (event.type) {
        case 'down': {
          const adds = (kind === 'brush') !== event.modifiers.alt;
          const { radius, softness } = settings.brush;
          const combine = adds ? 'add' : 'subtract';
          return {
            state: { phase: 'drawing', points: [event.point.x, event.point.y], radius, softness, combine },
          };
        }
        case 'move':
          if (state.phase === 'drawing') append(state.points, event.point.x, event.point.y, spacing(settings));
          return { state };
        case 'up':
          if (state.phase === 'idle') return { state };
          append(state.points, event.point.x, event.point.y, spacing(settings));
          return { state: IDLE, commit: { shape: shapeOf(state), replace: false } };
        case 'cancel':
          return { state: IDLE };
        case 'finish':
        case 'back':
          return { state };
      }
    },
    growing: (state) => (state.phase === 'idle' ? null : { shape: shapeOf(state), replace: false }),
  };
}

/** Points nearer than this to the last one add nothing that shows: a tenth of the radius, at least half a pixel. */
function spacing({ brush, pixel }: ToolSettings): number {
  return Math.max(0.5 * pixel, brush.radius * 0.1);
}

function append(points: number[], x: number, y: number, least: number): void {
  const dx = x - points[points.length - 2];
  const dy = y - points[points.length - 1];
  if (dx * dx + dy * dy >= least * least) points.push(x, y);
}
