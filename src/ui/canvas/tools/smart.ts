import type { Box } from '../../../core/mask';
import type { Prompt, PromptPoint } from '../../../models/sam/segmenter';
import type { Point, Size } from '../viewport';
import { effectiveMode, LEAST_DRAG, type Modifiers, type RegionMode, type ToolEvent } from './tool';

/**
 * Smart select: points at parts and lets the segmentation network find their outlines. Unlike the drawing tools it makes
 * no shape itself; it says what to ask, and the answer comes later.
 */
export type SmartState =
  | { readonly phase: 'idle' }
  /** Something is pointed at, with the pointer or with a crosshair that keys move. */
  | { readonly phase: 'pointing'; readonly at: Point; readonly by: 'pointer' | 'keys' }
  /** Just taken: what came of it is looked at until the pointer goes on. */
  | { readonly phase: 'resting'; readonly at: Point; readonly by: 'pointer' | 'keys' }
  | { readonly phase: 'pressed'; readonly from: Point; readonly modifiers: Modifiers }
  | { readonly phase: 'boxing'; readonly from: Point; readonly to: Point; readonly modifiers: Modifiers };

export type SmartEvent =
  | Exclude<ToolEvent, { readonly type: 'finish' }>
  /** Enter. */
  | { readonly type: 'finish'; readonly modifiers: Modifiers }
  /** An arrow key: by so many steps. */
  | { readonly type: 'arrow'; readonly dx: number; readonly dy: number }
  /** The pointer has left the canvas. */
  | { readonly type: 'leave' };

/** What to ask the network, or to stop asking. Prompts are in pixels of the image. */
export type Ask =
  | { readonly kind: 'hover'; readonly prompt: Prompt }
  | { readonly kind: 'drop' }
  | { readonly kind: 'take'; readonly prompt: Prompt; readonly mode: RegionMode }
  /** Another point for the part just taken: 1 more of this, 0 less. */
  | { readonly kind: 'refine'; readonly point: PromptPoint };

export interface SmartSettings {
  readonly mode: RegionMode;
  readonly image: Size;
  /** Length of one screen pixel in image pixels. */
  readonly pixel: number;
  /** A part is picked that points can refine. */
  readonly refinable: boolean;
}

export interface SmartStep {
  readonly state: SmartState;
  readonly ask?: Ask;
}

export const SMART_IDLE: SmartState = { phase: 'idle' };

/** Screen pixels that an arrow key moves the crosshair. */
const ARROW_STEP = 4;

export function stepSmart(state: SmartState, event: SmartEvent, settings: SmartSettings): SmartStep {
  switch (event.type) {
    case 'down':
      return { state: { phase: 'pressed', from: event.point, modifiers: event.modifiers } };
    case 'move':
      return move(state, event.point, settings);
    case 'up':
      return release(state, event.point, settings);
    case 'arrow':
      return arrow(state, event, settings);
    case 'finish':
      return finish(state, event.modifiers, settings);
    case 'leave':
      return state.phase === 'pointing' && state.by === 'pointer' ? dropped : { state };
    case 'cancel':
      return dropped;
    case 'back':
      return { state };
  }
}

/** The box being dragged, within the image; null when none is. */
export function boxOf(state: SmartState, image: Size): Box | null {
  if (state.phase !== 'boxing') return null;
  const { from, to } = state;
  const x = Math.max(0, Math.min(from.x, to.x));
  const y = Math.max(0, Math.min(from.y, to.y));
  const width = Math.min(image.width, Math.max(from.x, to.x)) - x;
  const height = Math.min(image.height, Math.max(from.y, to.y)) - y;
  return width >= 1 && height >= 1 ? { x, y, width, height } : null;
}

/** Where the crosshair is; null while the pointer points. */
export function crosshairOf(state: SmartState): Point | null {
  return (state.phase === 'pointing' || state.phase === 'resting') && state.by === 'keys' ? state.at : null;
}

const dropped: SmartStep = { state: SMART_IDLE, ask: { kind: 'drop' } };

function move(state: SmartState, point: Point, { image, pixel }: SmartSettings): SmartStep {
  switch (state.phase) {
    case 'pressed':
    case 'boxing': {
      if (state.phase === 'pressed' && distance(state.from, point) < LEAST_DRAG * pixel) return { state };
      const boxing: SmartState = { ...state, phase: 'boxing', to: point };
      const box = boxOf(boxing, image);
      return { state: boxing, ask: box ? { kind: 'hover', prompt: { points: [], box } } : { kind: 'drop' } };
    }
    case 'resting':
      if (distance(state.at, point) < 2 * LEAST_DRAG * pixel) return { state };
      return pointing(point, 'pointer', image);
    case 'idle':
    case 'pointing':
      return pointing(point, 'pointer', image);
  }
}

function pointing(at: Point, by: 'pointer' | 'keys', image: Size): SmartStep {
  if (!inside(at, image)) return dropped;
  return { state: { phase: 'pointing', at, by }, ask: { kind: 'hover', prompt: pointAt(at) } };
}

function release(state: SmartState, point: Point, settings: SmartSettings): SmartStep {
  if (state.phase === 'pressed') return take(state.from, 'pointer', state.modifiers, settings);
  if (state.phase !== 'boxing') return { state };
  const box = boxOf({ ...state, to: point }, settings.image);
  if (!box) return dropped;
  return {
    state: { phase: 'resting', at: point, by: 'pointer' },
    ask: { kind: 'take', prompt: { points: [], box }, mode: effectiveMode(settings.mode, state.modifiers) },
  };
}

function take(at: Point, by: 'pointer' | 'keys', modifiers: Modifiers, settings: SmartSettings): SmartStep {
  if (!inside(at, settings.image)) return dropped;
  const state: SmartState = { phase: 'resting', at, by };
  if (settings.refinable && modifiers.shift !== modifiers.alt) {
    return { state, ask: { kind: 'refine', point: { ...at, label: modifiers.shift ? 1 : 0 } } };
  }
  return { state, ask: { kind: 'take', prompt: pointAt(at), mode: effectiveMode(settings.mode, modifiers) } };
}

function arrow(state: SmartState, { dx, dy }: { dx: number; dy: number }, { image, pixel }: SmartSettings): SmartStep {
  // A press under way is the pointer's.
  if (state.phase === 'pressed' || state.phase === 'boxing') return { state };
  const step = Math.max(1, ARROW_STEP * pixel);
  // From where the pointer is, else from the middle.
  const from = state.phase === 'idle' ? { x: image.width / 2, y: image.height / 2 } : state.at;
  const at = {
    x: Math.min(image.width - 1, Math.max(0, from.x + dx * step)),
    y: Math.min(image.height - 1, Math.max(0, from.y + dy * step)),
  };
  return pointing(at, 'keys', image);
}

function finish(state: SmartState, modifiers: Modifiers, settings: SmartSettings): SmartStep {
  switch (state.phase) {
    case 'idle':
      // Enter first shows where the keys begin.
      return arrow(state, { dx: 0, dy: 0 }, settings);
    case 'pointing':
      return take(state.at, state.by, modifiers, settings);
    case 'resting':
    case 'pressed':
    case 'boxing':
      return { state };
  }
}

function pointAt({ x, y }: Point): Prompt {
  return { points: [{ x, y, label: 1 }] };
}

function inside({ x, y }: Point, { width, height }: Size): boolean {
  return x >= 0 && y >= 0 && x < width && y < height;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
