import type { ViewMode } from '../session';
import type { Point, Size } from './viewport';

/** What a pane shows: a stack of the layers that are switched on, or one picture alone. */
export type PaneContent = 'all' | 'before' | 'after' | 'wipe' | 'photo' | 'edges' | 'editedEdges' | 'result';

export interface Pane {
  readonly content: PaneContent;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const GAP = 1;

/** Divides the canvas. All panes share one viewport, so the same place is seen in each. */
export function panesOf(mode: ViewMode, { width, height }: Size): Pane[] {
  const half = { width: Math.max(1, (width - GAP) / 2), height: Math.max(1, (height - GAP) / 2) };
  switch (mode) {
    case 'single':
      return [{ content: 'all', x: 0, y: 0, width, height }];
    case 'wipe':
      return [{ content: 'wipe', x: 0, y: 0, width, height }];
    case 'split':
      return [
        { content: 'before', x: 0, y: 0, width: half.width, height },
        { content: 'after', x: half.width + GAP, y: 0, width: half.width, height },
      ];
    case 'grid':
      // Clockwise in the order in which one comes from the other.
      return [
        { content: 'photo', x: 0, y: 0, ...half },
        { content: 'edges', x: half.width + GAP, y: 0, ...half },
        { content: 'editedEdges', x: half.width + GAP, y: half.height + GAP, ...half },
        { content: 'result', x: 0, y: half.height + GAP, ...half },
      ];
  }
}

/** The pane under a point of the canvas; the first one for points on a gap. */
export function paneAt(panes: readonly Pane[], { x, y }: Point): Pane {
  return (
    panes.find((pane) => x >= pane.x && y >= pane.y && x < pane.x + pane.width && y < pane.y + pane.height) ?? panes[0]
  );
}
