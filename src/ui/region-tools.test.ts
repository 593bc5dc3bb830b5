import type { Draft as Mutable } from 'immer';
import { describe, expect, it } from 'vitest';
import type { RegionShape } from '../core/recipe';
import { newDraft, type Draft, type ImageRecord } from '../project/document';
import { MemoryPersistence } from '../project/persistence';
import { createProjectStore } from '../project/store';
import type { OpenedImage } from '../worker/api';
import { RegionTools, type RegionHost } from './region-tools';
import { createSession } from './session';

function imageOf(id: string, width: number, height: number): ImageRecord {
  return {
    ...{ id, datasetId: 'd', name: `${id}.png`, path: `${id}.png`, width, height, bytes: 1 },
    ...{ thumbnail: null, split: 'train', label: 'good', masks: [] },
    source: { kind: 'url', url: `${id}.png`, sha256: 'a'.repeat(64) },
  };
}

/** `large` is worked on at 768 × 384: what is above the working size is not what regions are measured in. */
const IMAGES = [imageOf('small', 100, 100), imageOf('large', 3072, 1536), imageOf('wide', 200, 100)];

const box = (x: number, more: Partial<RegionShape> = {}): RegionShape =>
  ({ kind: 'rectangle', combine: 'add', x, y: 10, width: 20, height: 20, rotation: 0, ...more }) as RegionShape;

function setUp(shapes: readonly RegionShape[]) {
  const session = createSession(null);
  const project = createProjectStore(new MemoryPersistence());
  const notices: string[] = [];
  const draftOf = (id: string): Draft => project.getState().document.drafts[id] ?? newDraft(id, 1);
  const host: RegionHost = {
    ...{ project, session, draftOf },
    get image() {
      return IMAGES.find(({ id }) => id === session.getState().imageId) ?? null;
    },
    get draft() {
      return this.image && draftOf(this.image.id);
    },
    siblings: () => IMAGES,
    donors: () => IMAGES.filter(({ id }) => id !== session.getState().imageId),
    edit(label, recipe, mergeKey) {
      const { draft } = this;
      project.getState().apply(
        label,
        (document) => {
          document.drafts[draft!.imageId] ??= structuredClone(draft) as Mutable<Draft>;
          recipe(document.drafts[draft!.imageId]);
        },
        mergeKey === undefined ? undefined : { mergeKey },
      );
    },
    notify: ({ message }) => notices.push(message),
  };
  session.setState({ imageId: 'small', opened: { imageId: 'small', width: 100, height: 100 } as OpenedImage });
  host.edit('Draw', (draft) => void (draft.shapes = shapes as typeof draft.shapes));
  return { tools: new RegionTools(host), session, project, notices, draftOf, shapes: () => draftOf('small').shapes };
}

describe('applying a region to siblings', () => {
  it('of other sizes: each takes it in its own working size, all in one step', () => {
    const { tools, project, draftOf, notices } = setUp([box(10)]);
    tools.applyTo(IMAGES.slice(1));
    expect(draftOf('large').shapes).toEqual([{ ...box(76.8), y: 38.4, width: 153.6, height: 76.8 }]);
    expect(draftOf('wide').shapes).toEqual([box(20, { width: 40 })]);
    expect(draftOf('small').shapes).toEqual([box(10)]);
    expect(notices).toHaveLength(1);
    expect(project.getState().history.undoLabel).toBe('Apply region to 2 images');
    project.getState().undo();
    expect([draftOf('large').shapes, draftOf('wide').shapes]).toEqual([[], []]);
    project.getState().redo();
    expect(draftOf('wide').shapes).toEqual([box(20, { width: 40 })]);
  });

  it('replaces the region that was there, and undo gives it back', () => {
    const { tools, project, draftOf } = setUp([box(10)]);
    const own = { ...newDraft('wide', 5), shapes: [box(1)], operation: 'merge' as const };
    project.getState().apply('Draw there', (document) => void (document.drafts.wide = own as Mutable<Draft>));
    tools.applyTo([IMAGES[2]]);
    expect(draftOf('wide')).toMatchObject({ seed: 5, operation: 'merge', shapes: [box(20, { width: 40 })] });
    project.getState().undo();
    expect(draftOf('wide')).toEqual(own);
  });

  it('to the next one goes round the end', () => {
    const { tools, session } = setUp([box(10)]);
    expect(tools.next()?.id).toBe('large');
    session.setState({ imageId: 'wide' });
    expect(tools.next()?.id).toBe('small');
  });
});

describe('locked shapes', () => {
  it('are not deleted, and the person is told which', () => {
    const { tools, shapes, notices } = setUp([box(1, { locked: true, name: 'lid' })]);
    tools.remove({ from: 0, to: 0 });
    expect(shapes()).toHaveLength(1);
    expect(notices).toEqual(['“lid” is locked. Unlock it in the region’s list first.']);
  });

  it('stay where the rest of their line goes', () => {
    const { tools, shapes } = setUp([box(1), box(2, { locked: true }), box(3), box(4)]);
    tools.remove({ from: 0, to: 2 });
    expect(shapes()).toEqual([box(2, { locked: true }), box(4)]);
  });
});

describe('the region as a whole', () => {
  it('is inverted with its growth, and twice is where it began', () => {
    const { tools, session, shapes, draftOf, project } = setUp([box(10)]);
    session.setState({ selectedShape: 0 });
    tools.growBy(4);
    tools.invert();
    expect(draftOf('small').grow).toBe(-4);
    expect(session.getState().selectedShape).toBeNull();
    const once = shapes();
    tools.invert();
    expect(draftOf('small').grow).toBe(4);
    expect(shapes()).toEqual([box(10)]);
    project.getState().undo();
    expect(shapes()).toEqual(once);
  });

  it('grows up to the ends of its slider', () => {
    const { tools, draftOf } = setUp([box(10)]);
    for (let i = 0; i < 50; i++) tools.growBy(1);
    expect(draftOf('small').grow).toBe(32);
    for (let i = 0; i < 90; i++) tools.growBy(-1);
    expect(draftOf('small').grow).toBe(-32);
  });

  it('is joined into one mask that is picked; without shapes nothing happens', () => {
    const { tools, session, shapes, project } = setUp([box(10), box(40)]);
    tools.flatten();
    expect(shapes()).toMatchObject([{ kind: 'mask', label: 'Joined mask' }]);
    expect(session.getState().selectedShape).toBe(0);
    const empty = setUp([]);
    empty.tools.flatten();
    empty.tools.invert();
    expect(empty.shapes()).toEqual([]);
    expect(project.getState().history.undoLabel).toBe('Join into one mask');
  });
});

it('moving the picked shape keeps it picked, and one key walks through add, subtract and intersect', () => {
  const { tools, session, shapes } = setUp([box(1), box(2), box(3)]);
  session.setState({ selectedShape: 0 });
  tools.moveSelected('up');
  expect(shapes()).toEqual([box(2), box(1), box(3)]);
  expect(session.getState().selectedShape).toBe(1);
  const seen = [1, 2, 3].map(() => {
    tools.cycleCombine();
    return shapes()[1].combine;
  });
  expect(seen).toEqual(['subtract', 'intersect', 'add']);
});
