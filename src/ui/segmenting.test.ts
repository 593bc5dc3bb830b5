import { describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors';
import { RleBuilder, type Rle } from '../core/rle';
import type { Prompt } from '../models/sam/segmenter';
import { EMPTY_DOCUMENT, newDraft, type Draft } from '../project/document';
import { createProjectStore } from '../project/store';
import { DEFAULT_PART_SETTINGS, type PartSettings } from '../synthesis/parts/refine';
import type { MaskProposal, ModelInfo, OpenedImage, PartProposal, PartsFound, Progress } from '../worker/api';
import { Segmenting, type SegmentingHost } from './segmenting';
import { createSession } from './session';
import { ask, imageOf, settled, type Asked } from './testing';

const SIDE = 40;

function rectangle(x: number, y: number, width: number, height: number): Rle {
  const builder = new RleBuilder(SIDE, SIDE);
  for (let row = y; row < y + height; row++) builder.push(row * SIDE + x, row * SIDE + x + width);
  return builder.build();
}

/** Best first, and neither the smallest nor the largest: the network's way. */
const PROPOSALS: readonly MaskProposal[] = [
  { mask: rectangle(8, 8, 10, 10), quality: 0.9 },
  { mask: rectangle(2, 2, 30, 30), quality: 0.8 },
  { mask: rectangle(9, 9, 4, 4), quality: 0.7 },
];
const AREAS = { fine: 16, best: 100, coarse: 900 };

const PARTS: readonly PartProposal[] = [
  { id: 'board', mask: rectangle(0, 0, 40, 20), quality: 0.8 },
  { id: 'pin', mask: rectangle(10, 2, 6, 6), quality: 0.9 },
  { id: 'screw', mask: rectangle(4, 30, 3, 3), quality: 0.7 },
];

const NETWORK: ModelInfo = {
  id: 'sam-nano',
  title: 'SAM-nano',
  task: 'segmentation',
  licence: 'CC0',
  bytes: 1,
  sha256: 'b'.repeat(64),
  state: 'shipped',
};

interface Question {
  readonly prompt: Prompt;
  readonly hover: boolean;
}

function setUp() {
  const session = createSession(null);
  const project = createProjectStore({
    load: async () => ({ document: EMPTY_DOCUMENT, problems: [] }),
    save: async () => undefined,
  });
  const asked: Asked<Question, readonly MaskProposal[]>[] = [];
  const refined: PartSettings[] = [];
  const prepared: Asked<{ job: string; progress: (progress: Progress) => void }, void>[] = [];
  const run: { progress: (progress: Progress) => void; found: (found: PartsFound) => void }[] = [];
  const cancelled: string[] = [];
  let fail: ((error: unknown) => void) | null = null;
  let parts = PARTS;
  const fresh = (id: string): Draft => project.getState().document.drafts[id] ?? newDraft(id, 1);
  const host: SegmentingHost = {
    session,
    worker: {
      prepareSegmentation: (job, _, progress) => ask(prepared, { job, progress }),
      segment: (_, prompt, hover = false) => ask(asked, { prompt, hover }),
      models: async () => [NETWORK],
      everything: (_job, _image, _grid, progress) =>
        new Promise((resolve, reject) => {
          run.push({ progress, found: resolve });
          fail = reject;
        }),
      refine: async (_, settings) => {
        refined.push(settings);
        return parts;
      },
      cancel: async (job) => {
        cancelled.push(job);
        fail?.(new StudioError('cancelled', 'model', 'Cancelled.'));
      },
    },
    get image() {
      const { imageId } = session.getState();
      return imageId === null ? null : imageOf(imageId, SIDE);
    },
    get draft() {
      return this.image && fresh(this.image.id);
    },
    edit(label, recipe) {
      const { imageId } = session.getState();
      project.getState().apply(label, (document) => {
        document.drafts[imageId!] ??= structuredClone(fresh(imageId!));
        recipe(document.drafts[imageId!]);
      });
    },
    selectShape: (selectedShape) => session.setState({ selectedShape }),
  };
  const segmenting = new Segmenting(host);
  const open = (id: string) => {
    session.setState({ imageId: id, selectedShape: null });
    session.setState({ opened: { imageId: id, width: SIDE, height: SIDE } as OpenedImage });
  };
  const findParts = async () => {
    const finding = segmenting.findParts();
    run.at(-1)!.found({ candidates: 9, settings: { ...DEFAULT_PART_SETTINGS, quality: 0.7 } });
    await finding;
    await settled();
  };
  open('a');
  return {
    ...{ session, project, segmenting, asked, prepared, refined, run, cancelled, open, findParts },
    view: () => session.getState(),
    shapes: () => host.draft!.shapes,
    setParts: (next: readonly PartProposal[]) => (parts = next),
  };
}

type Setting = ReturnType<typeof setUp>;

const at = (x: number, y: number): Prompt => ({ points: [{ x, y, label: 1 }] });

/** Takes the part at 10, 10 as it was answered. */
async function take({ segmenting, asked }: Setting, mode: Parameters<Segmenting['take']>[1] = 'replace') {
  const taking = segmenting.take(at(10, 10), mode);
  await settled();
  await asked.at(-1)!.answer(PROPOSALS);
  await taking;
}

describe('hovering', () => {
  it('asks for the newest alone, and shows the last answer until the next', async () => {
    const { segmenting, asked, view } = setUp();
    for (const x of [1, 2, 3, 4]) segmenting.hover(at(x, 1));
    expect(asked.map(({ prompt }) => prompt.points[0].x)).toEqual([1]);
    await asked[0].answer(PROPOSALS);
    expect(asked.map(({ prompt }) => prompt.points[0].x)).toEqual([1, 4]);
    expect(view().smart.hovered?.prompt).toEqual(at(1, 1));
    await asked[1].answer([]);
    expect(view().smart.hovered).toMatchObject({ prompt: at(4, 1), proposals: [] });
    segmenting.drop();
    expect(view().smart.hovered).toBeNull();
  });

  it('forgets an answer that comes after the pointer has left or another image was opened', async () => {
    const { segmenting, asked, view, open } = setUp();
    segmenting.hover(at(1, 1));
    segmenting.drop();
    await asked[0].answer(PROPOSALS);
    expect(view().smart.hovered).toBeNull();
    segmenting.hover(at(2, 2));
    open('b');
    await asked[1].answer(PROPOSALS);
    expect(view().smart.hovered).toBeNull();
  });

  it('has the picture read when the tool is taken up, and says how far that is', async () => {
    const { session, segmenting, asked, prepared, view } = setUp();
    session.setState({ tool: 'smart' });
    expect(view().smart.reading).toMatchObject({ done: 0 });
    const progress = { done: 1, total: 2, label: 'Reading the picture…' };
    prepared[0].progress(progress);
    expect(view().smart.reading).toEqual(progress);
    // A hover meanwhile waits for the same reading.
    segmenting.hover(at(1, 1));
    expect(view().smart.reading).toEqual(progress);
    await prepared[0].answer();
    expect(view().smart).toMatchObject({ reading: null, hovered: null });
    await asked[0].answer(PROPOSALS);
    segmenting.hover(at(2, 1));
    expect(view().smart.reading).toBeNull();
    session.setState({ tool: 'lasso' });
    session.setState({ tool: 'smart' });
    expect(prepared).toHaveLength(1);
  });

  it('has the next picture read in place of the one that was left', async () => {
    const { session, open, prepared, cancelled, view } = setUp();
    session.setState({ tool: 'smart' });
    open('b');
    expect(cancelled).toEqual([prepared[0].job]);
    prepared[0].progress({ done: 1, total: 2, label: 'a' });
    await prepared[0].fail(new StudioError('cancelled', 'model', 'Cancelled.'));
    expect(view().smart).toMatchObject({ reading: { done: 0, label: 'b.png' }, error: null });
    session.setState({ tool: 'lasso' });
    expect(cancelled).toEqual(prepared.map(({ job }) => job));
    expect(view().smart.reading).toBeNull();
  });

  it('has the picture read again by another network', async () => {
    const { session, segmenting, prepared } = setUp();
    session.setState({ tool: 'smart' });
    await prepared[0].answer();
    segmenting.networkChanged();
    expect(prepared).toHaveLength(2);
  });

  it('says that the picture is read for a first answer that nothing prepared', async () => {
    const { segmenting, asked, view } = setUp();
    segmenting.hover(at(1, 1));
    expect(view().smart.reading).not.toBeNull();
    await asked[0].answer(PROPOSALS);
    expect(view().smart.reading).toBeNull();
  });

  it('shows a failure as a sentence, but not that a hover was overtaken', async () => {
    const { segmenting, asked, view } = setUp();
    segmenting.hover(at(1, 1));
    await asked[0].fail(new StudioError('cancelled', 'compute', 'Overtaken.'));
    expect(view().smart.error).toBeNull();
    segmenting.hover(at(1, 1));
    await asked[1].fail(new StudioError('missing-weights', 'model', 'No network.'));
    expect(view().smart).toMatchObject({ error: { message: 'No network.' }, reading: null });
    segmenting.drop();
    expect(view().smart.error).toBeNull();
  });
});

describe('taking', () => {
  it.each([
    ['replace', 'Take smart selection', 'add', 1],
    ['add', 'Add smart selection', 'add', 2],
    ['subtract', 'Subtract smart selection', 'subtract', 2],
    ['intersect', 'Intersect with smart selection', 'intersect', 2],
  ] as const)('by %s is one step: %s', async (mode, label, combine, count) => {
    const setting = setUp();
    const { segmenting, project, shapes, view } = setting;
    segmenting.hover({ points: [], box: { x: 1, y: 1, width: 5, height: 5 } });
    await setting.asked[0].answer([{ mask: rectangle(1, 1, 5, 5), quality: 1 }]);
    await segmenting.take({ points: [], box: { x: 1, y: 1, width: 5, height: 5 } }, 'replace');
    // The hover had answered that already.
    expect(setting.asked).toHaveLength(1);
    await take(setting, mode);
    expect(shapes()).toHaveLength(count);
    expect(shapes().at(-1)).toMatchObject({
      kind: 'mask',
      combine,
      prompt: { ...at(10, 10), model: { id: 'sam-nano', sha256: NETWORK.sha256 } },
    });
    expect(view()).toMatchObject({ selectedShape: count - 1, announced: expect.stringContaining('100 px²') });
    expect(project.getState().history.undoLabel).toBe(label);
    project.getState().undo();
    expect(shapes()).toHaveLength(1);
  });

  it('refines what was taken with points, each from what the one before has made, also after undo', async () => {
    const setting = setUp();
    const { segmenting, asked, prepared, project, shapes, session } = setting;
    session.setState({ tool: 'smart' });
    await prepared[0].answer();
    await take(setting);
    const both = [segmenting.refine({ x: 30, y: 30, label: 1 }), segmenting.refine({ x: 3, y: 3, label: 0 })];
    await settled();
    expect(asked.at(-1)!.prompt.points).toHaveLength(2);
    await asked.at(-1)!.answer(PROPOSALS);
    expect(asked.at(-1)!.prompt.points.map(({ label }) => label)).toEqual([1, 1, 0]);
    await asked.at(-1)!.answer(PROPOSALS);
    await Promise.all(both);
    expect(shapes()).toHaveLength(1);
    expect(shapes()[0]).toMatchObject({ prompt: { points: [{ x: 10 }, { x: 30 }, { x: 3, label: 0 }] } });
    expect(project.getState().history.undoLabel).toBe('Less of the part');
    project.getState().undo();
    session.setState({ selectedShape: null });
    segmenting.resume();
    expect(session.getState().selectedShape).toBe(0);
    const again = segmenting.refine({ x: 5, y: 35, label: 0 });
    await settled();
    expect(asked.at(-1)!.prompt.points.map(({ x }) => x)).toEqual([10, 30, 5]);
    await asked.at(-1)!.answer(PROPOSALS);
    await again;
    expect(shapes()[0]).toMatchObject({ prompt: { points: [{ x: 10 }, { x: 30 }, { x: 5 }] } });
  });

  it('steps through the proposals by size, for the part taken and for the hover', async () => {
    const setting = setUp();
    const { segmenting, asked, prepared, shapes, view, session } = setting;
    session.setState({ tool: 'smart' });
    await prepared[0].answer();
    expect(segmenting.canCycle).toBe(false);
    await take(setting);
    const count = asked.length;
    await segmenting.cycle(1);
    expect(view().smart.detail).toBe('coarse');
    expect(shapes()[0]).toMatchObject({ kind: 'mask' });
    expect(setting.project.getState().history.undoLabel).toBe('Coarsest proposal');
    expect(view().announced).toContain(`${AREAS.coarse} px²`);
    await segmenting.cycle(1);
    expect(view().smart.detail).toBe('fine');
    expect(view().announced).toContain(`${AREAS.fine} px²`);
    await segmenting.cycle(-1);
    await segmenting.cycle(-1);
    expect(view().announced).toContain(`${AREAS.best} px²`);
    expect(asked).toHaveLength(count);
    segmenting.hover(at(20, 20));
    await asked.at(-1)!.answer(PROPOSALS);
    const before = shapes();
    await segmenting.cycle(1);
    expect(view().smart.detail).toBe('coarse');
    expect(shapes()).toEqual(before);
  });

  it('takes nothing where nothing is, and says so', async () => {
    const { segmenting, asked, shapes, view } = setUp();
    const taking = segmenting.take(at(1, 1), 'replace');
    await settled();
    await asked[0].answer([]);
    await taking;
    expect(shapes()).toEqual([]);
    expect(view().smart.error?.message).toMatch(/Nothing was found here/);
  });

  it('goes on after a failure, and changes no other image', async () => {
    const setting = setUp();
    const { segmenting, asked, shapes, open, project } = setting;
    const failing = segmenting.take(at(1, 1), 'replace');
    await settled();
    await asked[0].fail(new StudioError('out-of-memory', 'model', 'No memory.'));
    await failing;
    expect(setting.view().smart.error?.message).toBe('No memory.');
    const late = segmenting.take(at(2, 2), 'replace');
    await settled();
    open('b');
    await asked[1].answer(PROPOSALS);
    await late;
    expect(project.getState().document.drafts).toEqual({});
    await take(setting);
    expect(shapes()).toHaveLength(1);
  });

  it('does not make two steps of a double click', async () => {
    const setting = setUp();
    await take(setting);
    await take(setting);
    setting.project.getState().undo();
    expect(setting.shapes()).toEqual([]);
  });
});

describe('parts', () => {
  it('are found with progress, begin with the settings measured for the network, and can be cancelled', async () => {
    const { segmenting, run, refined, view, cancelled } = setUp();
    const finding = segmenting.findParts();
    run[0].progress({ done: 64, total: 256, label: 'a.png' });
    expect(view().parts?.job?.progress?.done).toBe(64);
    run[0].found({ candidates: 9, settings: { ...DEFAULT_PART_SETTINGS, quality: 0.7 } });
    await finding;
    await settled();
    expect(refined.at(-1)?.quality).toBe(0.7);
    expect(view().parts).toMatchObject({ job: null, parts: PARTS });
    expect(new Set(view().parts!.colours.values()).size).toBe(3);

    const again = segmenting.findParts();
    await segmenting.cancelParts();
    await again;
    expect(cancelled).toHaveLength(1);
    // What was found before is still there, and nothing is said of an error.
    expect(view().parts).toMatchObject({ job: null, parts: PARTS, error: null });
  });

  it('follow the sliders, the newest alone; what is chosen stays chosen', async () => {
    const { segmenting, findParts, refined, view, setParts } = setUp();
    await findParts();
    segmenting.choose('pin', true);
    segmenting.choose('screw', true);
    const colours = view().parts!.colours;
    setParts(PARTS.slice(0, 2));
    for (const quality of [0.71, 0.75, 0.8]) segmenting.setSettings({ quality });
    await settled();
    expect(refined.map(({ quality }) => quality)).toEqual([0.7, 0.71, 0.8]);
    expect(view().parts!.parts.map(({ id }) => id)).toEqual(['board', 'pin']);
    setParts(PARTS);
    segmenting.resetSettings();
    await settled();
    expect(refined.at(-1)?.quality).toBe(0.7);
    expect([...view().parts!.chosen]).toEqual(['pin', 'screw']);
    expect(view().parts!.colours).toEqual(colours);
  });

  it('follow the foreground', async () => {
    const { session, findParts, refined } = setUp();
    await findParts();
    session.setState({ foreground: rectangle(0, 0, 10, 10) });
    await settled();
    expect(refined).toHaveLength(2);
  });

  it('are pointed at before the network is asked, the smallest first, while they are shown', async () => {
    const { session, segmenting, findParts, asked, view, shapes } = setUp();
    await findParts();
    segmenting.hover(at(11, 3));
    expect(view().parts?.lit).toBe('pin');
    segmenting.hover(at(30, 3));
    expect(view().parts?.lit).toBe('board');
    expect(asked).toHaveLength(0);
    await segmenting.take(at(11, 3), 'replace');
    expect(shapes()).toMatchObject([{ kind: 'mask', name: 'Part 2', combine: 'add' }]);
    segmenting.hover(at(30, 35));
    expect(view().parts?.lit).toBeNull();
    expect(asked).toHaveLength(1);
    const { layers } = view();
    session.setState({ layers: { ...layers, parts: { ...layers.parts, visible: false } } });
    segmenting.hover(at(11, 3));
    expect(view().parts?.lit).toBeNull();
  });

  it('are taken one by one or all that are chosen, each time in one step', async () => {
    const { segmenting, findParts, project, shapes } = setUp();
    await findParts();
    segmenting.takePart('screw', 'replace');
    segmenting.takePart('pin', 'add');
    expect(shapes().map((shape) => shape.name)).toEqual(['Part 3', 'Part 2']);
    expect(project.getState().history.undoLabel).toBe('Add Part 2');
    segmenting.chooseAll(true);
    segmenting.takeChosen('replace');
    expect(shapes()).toHaveLength(3);
    project.getState().undo();
    expect(shapes()).toHaveLength(2);
    segmenting.takeChosen('intersect');
    expect(shapes().at(-1)).toMatchObject({ combine: 'intersect', name: '3 parts' });
    project.getState().undo();
    project.getState().undo();
    project.getState().undo();
    expect(shapes()).toEqual([]);
  });

  it('stay with their image while another one is open, and go with the network', async () => {
    const { segmenting, findParts, open, view, cancelled } = setUp();
    await findParts();
    segmenting.choose('pin', true);
    const searching = segmenting.findParts();
    open('b');
    await searching;
    expect(cancelled).toHaveLength(1);
    expect(view().parts).toBeNull();
    open('a');
    await settled();
    expect(view().parts).toMatchObject({ job: null, parts: PARTS, chosen: new Set(['pin']) });
    segmenting.networkChanged();
    expect(view()).toMatchObject({ parts: null, partSettings: null });
    open('b');
    open('a');
    expect(view().parts).toBeNull();
  });

  it('say in place what went wrong', async () => {
    const { segmenting, view, run } = setUp();
    const finding = segmenting.findParts();
    run[0].found(Promise.reject(new StudioError('missing-weights', 'model', 'No network.')) as unknown as PartsFound);
    await finding;
    expect(view().parts).toMatchObject({ job: null, error: { message: 'No network.' } });
  });
});
