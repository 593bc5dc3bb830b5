import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StudioError } from '../core/errors';
import { MemoryBlobStore } from '../project/blobs';
import type { DatasetRecord, ImageRecord } from '../project/document';
import { encodeDetails, type EvaluationDetails, type EvaluationRecord } from '../project/evaluation';
import { MemoryPersistence } from '../project/persistence';
import { createProjectStore, type ProjectStore } from '../project/store';
import type { EvaluateRequest, ImportFile, MapsFound, ModelInfo, Progress, TestSetInfo } from '../worker/api';
import { Evaluating, importedInfos } from './evaluating';
import { createSession, type SessionStore } from './session';
import { imageOf } from './testing';

vi.mock('comlink', () => ({ proxy: <T>(value: T) => value }));

const file = (path: string): ImportFile => ({ path, file: new File([], path) });
const set = (object: string, problem: string | null = null): TestSetInfo => ({
  object,
  title: object.toUpperCase(),
  layout: 'mvtec-loco',
  good: 2,
  anomalous: 3,
  problem: problem === null ? null : { code: 'bad-layout', stage: 'import', message: problem },
});
const FOUND: MapsFound = { total: 5, found: 4, unused: 0, missing: [], example: 'maps/a.npy' };
const DETECTOR = { id: 'd', title: 'Watcher', task: 'detector', sha256: 'a'.repeat(64) } as ModelInfo;
const DETAILS: EvaluationDetails = {
  ownThresholds: null,
  images: [],
  curves: { pixel: null, pro: null, subsets: [] },
  notes: [],
  problems: [],
};

function record(id: string, details: string, change: Partial<EvaluationRecord> = {}): EvaluationRecord {
  return {
    id,
    name: 'Pins, maps',
    createdAt: Number(id.replace(/\D/g, '')) || 1,
    testSet: { object: 'pins', title: 'Pins', layout: 'mvtec-loco', builtIn: true },
    detector: { kind: 'maps', name: 'maps', sha256: null },
    scoreRule: 'maximum',
    figures: {
      images: { good: 1, anomalous: 1 },
      image_auroc: 1,
      image_ap: 1,
      pixel_auroc: 1,
      pixel_ap: 1,
      aupro: null,
      aupro_by_subset: {},
      au_spro: null,
      au_spro_by_defect: null,
      image_auroc_by_subset: {},
    },
    leftOut: 0,
    threshold: 0.5,
    pixelThreshold: 0.4,
    details,
    ...change,
  };
}

let project: ProjectStore;
let session: SessionStore;
let store: MemoryBlobStore;
let evaluating: Evaluating;
let details: string;
const notify = vi.fn();
const useDetector = vi.fn(async () => undefined);
let network: ModelInfo | null;
const findNetwork = vi.fn(async () => session.setState(({ detection }) => ({ detection: { ...detection, network } })));
const worker = {
  cancel: vi.fn(async () => undefined),
  evaluate:
    vi.fn<(job: string, request: EvaluateRequest, step: (progress: Progress) => void) => Promise<EvaluationRecord>>(),
  explain: vi.fn(async () => null),
  findMaps: vi.fn(async (): Promise<MapsFound> => FOUND),
  sweepEvaluations: vi.fn(async (_: readonly string[]) => undefined),
  testSets: vi.fn(async (files: readonly ImportFile[] | null) => (files ? [set('own')] : [set('pins'), set('cups')])),
};

const view = () => session.getState().evaluation;
const setup = () => view().setup;
const records = () => project.getState().document.evaluations;
const settled = () => vi.waitFor(() => expect(setup().demo).not.toBeNull());

beforeEach(async () => {
  vi.clearAllMocks();
  worker.evaluate.mockReset();
  network = DETECTOR;
  project = createProjectStore(new MemoryPersistence());
  session = createSession(null);
  store = new MemoryBlobStore();
  details = await store.put(encodeDetails(DETAILS));
  evaluating = new Evaluating({ project, session, worker, notify, useDetector, detecting: { findNetwork } }, store);
  session.setState({ ready: true, page: 'evaluate' });
  await settled();
});

/** An evaluation that ends when it is told to. */
function running() {
  let end!: { resolve: (record: EvaluationRecord) => void; reject: (error: unknown) => void };
  worker.evaluate.mockImplementation(() => new Promise((resolve, reject) => (end = { resolve, reject })));
  const started = evaluating.start();
  return { end: () => end, started };
}

describe('what was imported', () => {
  const image = (id: string, change: Partial<ImageRecord>): ImageRecord => ({
    ...imageOf(id),
    split: 'test',
    path: `lamp/test/good/${id}.png`,
    ...change,
  });
  const lamp: DatasetRecord = {
    ...{ id: 'L', name: 'Lamp', layout: 'mvtec-ad', description: '', licence: 'yours', builtIn: false },
    ...{ trainedSet: null, addedAt: 0 },
  };
  const lit = { label: 'lit', path: 'lamp/test/lit/c.png', masks: [imageOf('m').source] };
  const add = (dataset: DatasetRecord, ...images: ImageRecord[]) =>
    project.getState().apply('Import', (document) => {
      document.datasets[dataset.id] = dataset;
      for (const each of images) document.images[each.id] = { ...each, datasetId: dataset.id };
    });

  it('can be evaluated on, until it is removed', async () => {
    add(lamp, image('a', {}), image('b', { split: 'train' }), image('c', lit));
    const infos = importedInfos(project.getState().document);
    expect(infos).toEqual([{ object: 'L', title: 'Lamp', layout: 'mvtec-ad', good: 1, anomalous: 1, problem: null }]);
    await evaluating.chooseTestSet('imported', 'L');
    const { started, end } = running();
    const [, request] = worker.evaluate.mock.calls[0];
    expect(request.testSet).toMatchObject({ kind: 'imported', dataset: lamp, images: [{ id: 'a' }, { id: 'c' }] });
    end().resolve(record('e1', details));
    await started;
    project.getState().apply('Remove', (document) => void delete document.datasets.L);
    expect(setup().testSet).toBeNull();
  });

  it('is left out without test images, without ground truth, as part of the studio, or where the split is not kept', () => {
    add(lamp, image('a', {}), image('c', { ...lit, masks: [] }));
    add({ ...lamp, id: 'M' }, image('d', { split: 'train' }));
    add({ ...lamp, id: 'N', builtIn: true }, image('e', {}), image('f', lit));
    add({ ...lamp, id: 'O', layout: 'visa' }, image('g', lit));
    expect(importedInfos(project.getState().document)).toEqual([]);
  });
});

describe('what is next', () => {
  it('lists the demo and the detector when the page is first shown', () => {
    expect(setup().demo!.map(({ object }) => object)).toEqual(['pins', 'cups']);
    expect(setup()).toMatchObject({ maps: 'detector', testSet: null });
    expect(findNetwork).toHaveBeenCalledTimes(1);
  });

  it('without a detector maps are what there is', async () => {
    session.setState({ page: 'dataset', detection: { ...session.getState().detection, network: null } });
    session.setState({ page: 'evaluate' });
    await vi.waitFor(() => expect(setup().maps).toBe('maps'));
    network = null;
    await evaluating.useDetector(new File([], 'none.onnx'));
    expect(setup().maps).toBe('maps');
  });

  it('takes a folder for what most of it is', async () => {
    await evaluating.take([file('x/test/good/0.png'), file('x/test/good/1.png'), file('x/a.npy')]);
    expect(setup()).toMatchObject({ folder: { name: 'x' }, testSet: { kind: 'folder', object: 'own' } });
    await evaluating.take([file('m/0.npy'), file('m/1.tiff'), file('m/log.txt')]);
    expect(setup()).toMatchObject({ maps: 'maps', mapsFolder: { name: 'm', found: FOUND } });
    const onnx = file('net.onnx');
    await evaluating.take([onnx]);
    expect(useDetector).toHaveBeenCalledWith(onnx.file);
    expect(setup().maps).toBe('detector');
    await evaluating.take([]);
    expect(notify).toHaveBeenLastCalledWith(expect.objectContaining({ title: 'Nothing to evaluate' }));
  });

  it('chooses the first object of a folder that can be used', async () => {
    worker.testSets.mockResolvedValueOnce([set('caps', 'caps has no ground truth.'), set('lids')]);
    await evaluating.takeTestSet([file('s/caps/test/good/0.png')]);
    expect(setup().testSet).toEqual({ kind: 'folder', object: 'lids' });
    expect(evaluating.testSetInfo()).toMatchObject({ object: 'lids' });
  });

  it('says what is wrong with a folder, and forgets an answer about an earlier one', async () => {
    worker.testSets.mockRejectedValueOnce(new StudioError('bad-layout', 'import', 'No test set here.'));
    await evaluating.takeTestSet([file('x.png')]);
    expect(setup().folder).toMatchObject({ sets: [], error: { message: 'No test set here.' } });
    let late!: (sets: TestSetInfo[]) => void;
    worker.testSets.mockImplementationOnce(() => new Promise((resolve) => (late = resolve)));
    const first = evaluating.takeTestSet([file('old/0.png')]);
    await evaluating.takeTestSet([file('new/0.png')]);
    late([set('old')]);
    await first;
    expect(setup().folder).toMatchObject({ name: 'new', sets: [{ object: 'own' }] });
  });

  it('looks maps up anew for another test set', async () => {
    await evaluating.takeMaps([file('m/0.npy')]);
    expect(worker.findMaps).not.toHaveBeenCalled();
    await evaluating.chooseTestSet('demo', 'pins');
    expect(setup().mapsFolder!.found).toEqual(FOUND);
    worker.findMaps.mockRejectedValueOnce(new StudioError('bad-map', 'import', 'None fits.'));
    await evaluating.chooseTestSet('demo', 'cups');
    expect(setup().mapsFolder).toMatchObject({ found: null, error: { message: 'None fits.' } });
    expect(worker.findMaps.mock.lastCall).toEqual([{ kind: 'demo', object: 'cups' }, [expect.anything()]]);
  });
});

describe('an evaluation under way', () => {
  it('shows its progress, and is kept and shown when it is done', async () => {
    await evaluating.chooseTestSet('demo', 'pins');
    const { end, started } = running();
    expect(view().running).toMatchObject({ title: 'PINS, Watcher', progress: null });
    const [, request, onProgress] = worker.evaluate.mock.lastCall!;
    expect(request).toEqual({ testSet: { kind: 'demo', object: 'pins' }, maps: { kind: 'detector' } });
    onProgress({ done: 1, total: 5, label: 'a.png' });
    expect(view().running!.progress).toEqual({ done: 1, total: 5, label: 'a.png' });
    end().resolve(record('e1', details));
    await started;
    expect(view().running).toBeNull();
    expect(session.getState().evaluationId).toBe('e1');
    expect(records().e1.name).toBe('Pins, maps');
    await vi.waitFor(() => expect(view().details.get(details)).toMatchObject({ images: [] }));
    // Making it is no step of the history.
    expect(project.getState().history.canUndo).toBe(false);
  });

  it('gets a name of its own', async () => {
    await evaluating.chooseTestSet('demo', 'pins');
    for (const id of ['e1', 'e2', 'e3']) {
      worker.evaluate.mockResolvedValueOnce(record(id, details));
      await evaluating.start();
    }
    expect(Object.values(records()).map(({ name }) => name)).toEqual(['Pins, maps', 'Pins, maps 2', 'Pins, maps 3']);
  });

  it('that is cancelled leaves what was chosen', async () => {
    await evaluating.chooseTestSet('demo', 'pins');
    const { end, started } = running();
    const { job } = view().running!;
    await evaluating.cancel();
    expect(worker.cancel).toHaveBeenCalledWith(job);
    end().reject(new StudioError('cancelled', 'evaluation', 'Cancelled.'));
    await started;
    expect(view()).toMatchObject({ running: null, error: null });
    expect(setup().testSet).toEqual({ kind: 'demo', object: 'pins' });
    expect(records()).toEqual({});
  });

  it('that fails says why until something else is chosen', async () => {
    await evaluating.chooseTestSet('demo', 'pins');
    worker.evaluate.mockRejectedValueOnce(new StudioError('bad-map', 'import', 'No map could be read.'));
    await evaluating.start();
    expect(view().error).toMatchObject({ message: 'No map could be read.' });
    await evaluating.chooseTestSet('demo', 'cups');
    expect(view().error).toBeNull();
  });

  it('does not begin without all it needs, or twice', async () => {
    await evaluating.start();
    evaluating.chooseMaps('maps');
    await evaluating.chooseTestSet('demo', 'pins');
    await evaluating.start();
    expect(worker.evaluate).not.toHaveBeenCalled();
    evaluating.chooseMaps('detector');
    const { end, started } = running();
    await evaluating.start();
    expect(worker.evaluate).toHaveBeenCalledTimes(1);
    end().reject(new StudioError('cancelled', 'evaluation', 'Cancelled.'));
    await started;
  });
});

describe('evaluations that are kept', () => {
  const keep = (...list: EvaluationRecord[]) =>
    project.getState().apply('keep', (document) => {
      for (const each of list) document.evaluations[each.id] = each as (typeof document.evaluations)[string];
    });

  it('are renamed and removed, and come back with undo', async () => {
    keep(record('e1', details), record('e2', details));
    evaluating.show('e2');
    evaluating.rename('e2', '  Better ');
    expect(records().e2.name).toBe('Better');
    evaluating.rename('e2', '   ');
    expect(records().e2.name).toBe('Better');
    evaluating.remove('e2');
    expect(session.getState().evaluationId).toBe('e1');
    project.getState().undo();
    expect(records().e2.name).toBe('Better');
    evaluating.remove('e1');
    evaluating.remove('e2');
    expect(session.getState().evaluationId).toBeNull();
  });

  it('thresholds are written when the slider is let go, and can be undone', () => {
    keep(record('e1', details));
    evaluating.show('e1');
    evaluating.dragThresholds({ threshold: 0.7 });
    evaluating.dragThresholds({ pixelThreshold: 0.1 });
    expect(view().dragged).toEqual({ threshold: 0.7, pixelThreshold: 0.1 });
    expect(records().e1.threshold).toBe(0.5);
    evaluating.setThresholds({ threshold: 0.8 });
    expect(view().dragged).toBeNull();
    expect(records().e1).toMatchObject({ threshold: 0.8, pixelThreshold: 0.4 });
    project.getState().undo();
    expect(records().e1.threshold).toBe(0.5);
  });

  it('whose details are gone say so', async () => {
    keep(record('e1', 'f'.repeat(64)));
    evaluating.show('e1');
    await vi.waitFor(() =>
      expect(view().details.get('f'.repeat(64))).toMatchObject({
        code: 'file-vanished',
        message: expect.stringMatching(/details of this evaluation are gone.*evaluate again/),
      }),
    );
  });

  it('keeps the details of a few in memory, and of those that are shown', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 9; i++) {
      const id = await store.put(encodeDetails({ ...DETAILS, notes: [`number ${i}`] }));
      ids.push(id);
      keep(record(`e${i}`, id));
      evaluating.show(`e${i}`);
      await vi.waitFor(() => expect(view().details.has(id)).toBe(true));
    }
    expect([...view().details.keys()]).toEqual(ids.slice(-6));
  });

  it('tells the worker what to keep when the studio starts', async () => {
    keep(record('e1', details));
    await evaluating.sweep();
    expect(worker.sweepEvaluations).toHaveBeenCalledWith([details]);
    worker.sweepEvaluations.mockRejectedValueOnce(new Error('no storage'));
    await evaluating.sweep();
    expect(notify).not.toHaveBeenCalled();
  });
});
