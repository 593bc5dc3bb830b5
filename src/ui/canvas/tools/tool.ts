import type { Combine, RegionShape } from '../../../core/recipe';
import type { Point } from '../viewport';

/**
 * Tools are state machines: a pure function from (state, event, settings) to the next state and, when a shape is
 * finished, what to do with it. They know nothing of the canvas, the store or React.
 */
export interface Modifiers {
  readonly shift: boolean;
  readonly alt: boolean;
  /** Ctrl or ⌘. */
  readonly mod: boolean;
}

export const NO_MODIFIERS: Modifiers = { shift: false, alt: false, mod: false };

export type ToolEvent =
  | { readonly type: 'down' | 'move' | 'up'; readonly point: Point; readonly modifiers: Modifiers }
  /** Enter or double click. */
  | { readonly type: 'finish' }
  /** Backspace: take the last point back. */
  | { readonly type: 'back' }
  /** Escape, or the pointer was taken away. */
  | { readonly type: 'cancel' };

/** How a new shape meets the region there is: `replace` starts it anew. */
export type RegionMode = 'replace' | Combine;

export interface ToolSettings {
  readonly mode: RegionMode;
  readonly brush: { readonly radius: number; readonly softness: number };
  /** Length of one screen pixel in image pixels: how near is near, how short is a slip of the hand. */
  readonly pixel: number;
}

export interface Commit {
  readonly shape: RegionShape;
  /** Clear the region before adding the shape. */
  readonly replace: boolean;
}

export interface Step<State> {
  readonly state: State;
  readonly commit?: Commit;
}

export interface ToolMachine<State> {
  readonly idle: State;
  step(state: State, event: ToolEvent, settings: ToolSettings): Step<State>;
  /** What letting go now would come to, to be shown while it grows; null when nothing is being drawn. */
  growing(state: State): Commit | null;
}

/** Shift adds, Alt subtracts, both intersect; without them the mode that is set. */
export function effectiveMode(mode: RegionMode, modifiers: Modifiers): RegionMode {
  if (modifiers.shift && modifiers.alt) return 'intersect';
  if (modifiers.alt) return 'subtract';
  if (modifiers.shift) return 'add';
  return mode;
}

export function combineOf(mode: RegionMode): Combine {
  return mode === 'replace' ? 'add' : mode;
}

/** Drags shorter than this many screen pixels are slips. */
export const LEAST_DRAG = 3;
