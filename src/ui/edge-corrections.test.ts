import { describe, expect, it } from 'vitest';
import { readMarks } from '../core/edge-marks';
import type { RegionShape } from '../core/recipe';
import { newDraft, type Draft, type ImageRecord } from '../project/document';
import { MemoryPersistence } from '../project/persistence';
import { createProjectStore } from '../project/store';
import { EdgeCorrections, type CorrectionHost } from './edge-corrections';
import { createSession, type LayerState } from './session';

const IMAGE: ImageRecord = {
  ...{ id: 'i', datasetId: 'd', name: 'a.png', path: 'a.png', width: 40, height: 30, bytes: 1, thumbnail: null },
  ...{ source: { kind: 'url', url: 'a.png', sha256: '0'.repeat(64) }, split: 'train', label: 'good', masks: [] },
};
const box = (x: number, y: number, width: number, height: number): RegionShape => ({
  ...{ kind: 'rectangle', combine: 'add', rotation: 0 },
  ...{ x, y, width, height },
});

function open() {
  const project = createProjectStore(new MemoryPersistence());
  const session = createSession(null);
  const layers: Partial<LayerState>[] = [];
  const host: CorrectionHost = {
    project,
    session,
    image: IMAGE,
    get draft(): Draft {
      return project.getState().document.drafts.i ?? newDraft('i', 1);
    },
    setLayer: (_, change) => void layers.push(change),
  };
  const draw = (...shapes: RegionShape[]) =>
    project.getState().apply('Draw', ({ drafts }) => {
      drafts.i = { ...newDraft('i', 1), shapes };
    });
  return { project, corrections: new EdgeCorrections(host), draw, layers };
}

const count = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0);

describe('corrections of edges', () => {
  it('take the region over and give it up, in one step that can be undone', () => {
    const { project, corrections, draw, layers } = open();
    corrections.mark('edge');
    expect(corrections.current).toBeNull();
    draw(box(0, 0, 10, 2));
    corrections.mark('edge');
    draw(box(5, 0, 10, 2));
    corrections.mark('plain');
    const { edge, plain } = readMarks(corrections.current!.marks);
    expect([edge.width, edge.height]).toEqual([40, 30]);
    expect([count(edge.data), count(plain.data)]).toEqual([10, 20]);
    expect(project.getState().document.drafts.i.shapes).toEqual([]);
    expect(layers[0].visible).toBe(true);

    project.getState().undo();
    expect(project.getState().document.drafts.i.shapes).toHaveLength(1);
    expect(count(readMarks(corrections.current!.marks).edge.data)).toBe(20);
  });

  it('are taken back where the region lies, and altogether', () => {
    const { project, corrections, draw } = open();
    draw(box(0, 0, 10, 2));
    corrections.mark('edge');
    draw(box(0, 0, 4, 2));
    corrections.mark(null);
    expect(count(readMarks(corrections.current!.marks).edge.data)).toBe(12);
    corrections.clear();
    expect(project.getState().document.corrections).toEqual({});
    project.getState().undo();
    expect(corrections.current).not.toBeNull();
  });

  it('follow a region that is grown', () => {
    const { project, corrections, draw } = open();
    draw(box(10, 10, 4, 4));
    project.getState().apply('Grow', ({ drafts }) => void (drafts.i.grow = 2));
    corrections.mark('plain');
    expect(count(readMarks(corrections.current!.marks).plain.data)).toBeGreaterThan(40);
  });
});
