import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StudioError } from '../core/errors';
import type { DatasetRecord, ImageRecord } from '../project/document';
import { MemoryPersistence } from '../project/persistence';
import { createProjectStore, type ProjectStore } from '../project/store';
import type { TrainingRunRecord } from '../project/training';
import type { GeneratorConfig } from '../training/run/config';
import { defaultDetectorConfig, defaultGeneratorConfig } from '../training/run/defaults';
import type { ModelInfo, SamplePictures, TrainingNews, TrainingPlan, TrainingRequest } from '../worker/api';
import { createSession, type SessionStore } from './session';
import { ask, imageOf, settled, type Asked } from './testing';
import { Training } from './training';
import { samplesKey } from './training-view';

vi.mock('comlink', () => ({ proxy: <T>(value: T) => value }));
const saved = vi.hoisted(() => vi.fn());
vi.mock('./save-file', async (original) => ({ ...(await original<object>()), saveBlob: saved }));

const INIT = { id: 'shipped', sha256: 'a'.repeat(64) };
const CIRCUMSTANCES = { images: 40, side: 256, multiple: 8, backend: 'cpu', init: INIT, seed: 1 } as const;
const CONFIG: GeneratorConfig = { ...defaultGeneratorConfig(CIRCUMSTANCES), steps: 100, validateEvery: 10 };
const PLAN: TrainingPlan = {
  config: CONFIG,
  multiple: 8,
  backend: 'cpu',
  device: 'The processor computes.',
  training: 36,
  heldOut: 4,
};
const TRAY: DatasetRecord = {
  ...{ id: 'd', name: 'Tray', layout: 'mvtec-ad', description: '', licence: 'yours', builtIn: false },
  ...{ trainedSet: null, addedAt: 0 },
};

function record(id: string, change: Partial<TrainingRunRecord> = {}): TrainingRunRecord {
  return {
    ...{
      id,
      name: id,
      createdAt: 1,
      updatedAt: 1,
      config: CONFIG,
      dataset: 'Tray',
      images: [imageOf('i1')],
      heldOut: 1,
    },
    ...{ state: 'paused', problem: null, step: 20, saved: 20, batch: 1, seconds: 4, since: 0, backend: 'cpu' },
    ...{
      curve: { steps: [20], losses: { total: [1] } },
      measurements: [],
      best: null,
      samples: [],
      usedAs: null,
      corrections: [],
    },
    ...change,
  };
}

class Bitmap {
  closed = false;
  readonly width = 1;
  close(): void {
    this.closed = true;
  }
}
const pictures = (): SamplePictures[] => [
  { name: 'a.png', pictures: [{ title: 'Result', bitmap: new Bitmap() as unknown as ImageBitmap }] },
];
const closed = (samples: readonly SamplePictures[]) =>
  samples.every((sample) => sample.pictures.every(({ bitmap }) => (bitmap as unknown as Bitmap).closed));

let project: ProjectStore;
let session: SessionStore;
let training: Training;
/** What the worker keeps, and what was asked of it. */
let stored: TrainingRunRecord[];
type Run = { job: string; onNews: (news: TrainingNews) => void };
let begun: Asked<Run & { request: TrainingRequest }, TrainingRunRecord>[];
let resumed: Asked<Run & { id: string; steps: number | null }, TrainingRunRecord>[];
let asked: Asked<{ id: string; step: number }, readonly SamplePictures[]>[];
const notify = vi.fn();
const worker = {
  cancel: vi.fn(async () => undefined),
  expectedStepSeconds: vi.fn(async () => 2),
  planTraining: vi.fn(async (task: string): Promise<TrainingPlan> =>
    task === 'detector' ? { ...PLAN, config: defaultDetectorConfig(CIRCUMSTANCES) } : PLAN,
  ),
  removeTraining: vi.fn(async (id: string) => void (stored = stored.filter((each) => each.id !== id))),
  renameTraining: vi.fn(async (id: string, name: string) => ({ ...stored.find((each) => each.id === id)!, name })),
  train: (job: string, request: TrainingRequest, onNews: Run['onNews']) => ask(begun, { job, request, onNews }),
  resumeTraining: (job: string, id: string, steps: number | null, onNews: Run['onNews']) =>
    ask(resumed, { job, id, steps, onNews }),
  trainedNetwork: vi.fn(async () => ({ name: 'Tray-generator.onnx', file: new Blob(['onnx']) })),
  trainingRuns: vi.fn(async (): Promise<readonly TrainingRunRecord[]> => stored),
  trainingSamples: (id: string, step: number) => ask(asked, { id, step }),
};
const useTrained = vi.fn(async (): Promise<ModelInfo | null> => ({ title: 'run' }) as ModelInfo);
const evaluating = { show: vi.fn(), chooseMaps: vi.fn(), chooseTestSet: vi.fn(async () => undefined) };

const view = () => session.getState().training;
const setup = () => view().setup;

function add(...images: ImageRecord[]): void {
  project.getState().apply('Import', (document) => {
    document.datasets.d = TRAY;
    for (const image of images) document.images[image.id] = image as (typeof document.images)[string];
  });
}

beforeEach(async () => {
  vi.clearAllMocks();
  stored = [];
  [begun, resumed, asked] = [[], [], []];
  project = createProjectStore(new MemoryPersistence());
  session = createSession(null);
  const listNetworks = async () => undefined;
  training = new Training({ project, session, worker, notify, useTrained, listNetworks, evaluating });
  add(...Array.from({ length: 40 }, (_, i) => imageOf(`i${i}`)));
  session.setState({ ready: true, page: 'train' });
  await settled();
});

const step = (number: number, change: object = {}): TrainingNews => ({
  ...{ kind: 'step', step: number, losses: { total: 1 / number }, rate: 1e-3, batch: 2, seconds: 0.5, secondsLeft: 9 },
  ...change,
});

/** A run that has begun, with its record. */
async function start(change: Partial<TrainingRunRecord> = {}) {
  const ended = training.start();
  await settled();
  const [run] = begun.splice(0);
  const { id, name } = run.request;
  const own = (now: Partial<TrainingRunRecord> = {}) => record(id, { name, state: 'running', ...change, ...now });
  run.onNews({ kind: 'record', record: own({ step: 0, saved: null }) });
  return { ...run, id, ended, own };
}

describe('what is to be trained', () => {
  it('is planned for the photographs that are chosen, and timed', async () => {
    expect(worker.planTraining).toHaveBeenCalledWith('generator', training.photographs(), expect.any(Number));
    expect(training.photographs()).toHaveLength(40);
    expect(setup()).toMatchObject({ plan: PLAN, planError: null, timing: false, pace: 2 / 256 ** 2 });
  });

  it('says why it cannot be', async () => {
    worker.planTraining.mockRejectedValueOnce(new StudioError('bad-layout', 'training', 'Sizes differ.'));
    training.choosePhotographs('one');
    await settled();
    expect(setup()).toMatchObject({ plan: null, planError: { code: 'bad-layout', message: 'Sizes differ.' } });
    await training.start();
    expect(begun).toEqual([]);
    training.choosePhotographs('train');
    await settled();
    expect(setup()).toMatchObject({ plan: PLAN, planError: null });
  });

  it('is of the latest choice, in whatever order plans arrive', async () => {
    let late!: (plan: TrainingPlan) => void;
    worker.planTraining.mockImplementationOnce(() => new Promise((resolve) => (late = resolve)));
    training.choosePhotographs('one', 'i7');
    training.chooseTask('detector');
    await settled();
    late(PLAN);
    await settled();
    expect(setup().plan!.config.what).toBe('detector');
    expect(training.photographs().map(({ id }) => id)).toEqual(['i7']);
  });

  it('keeps what was changed until another network is chosen', async () => {
    training.change({ size: 128 });
    training.choosePhotographs('one');
    await settled();
    expect(setup().changes).toEqual({ size: 128 });
    training.chooseTask('detector');
    expect(setup().changes).toEqual({});
  });

  it('is planned anew when photographs are added or another network is used', async () => {
    worker.planTraining.mockClear();
    add(imageOf('i40'));
    await settled();
    expect(worker.planTraining.mock.lastCall).toMatchObject(['generator', { length: 41 }, expect.any(Number)]);
    session.setState({ weightsLoading: true });
    session.setState({ weightsLoading: false });
    await settled();
    expect(worker.planTraining).toHaveBeenCalledTimes(2);
  });

  it('does not begin with settings that are out of range', async () => {
    training.change({ size: 250 });
    await training.start();
    expect(begun).toEqual([]);
  });
});

describe('a run', () => {
  it('goes from its start to its record, step by step', async () => {
    training.setName(' Mine ');
    training.change({ steps: 60 });
    const { request, onNews, id, own, answer, ended } = await start();
    expect(request).toMatchObject({ name: 'Mine', dataset: 'Tray', images: { length: 40 } });
    expect(request.config).toMatchObject({ steps: 60, validateEvery: 3 });
    expect(session.getState().trainingId).toBe(id);
    onNews({ kind: 'preparing', progress: { done: 3, total: 40, label: 'a.png' } });
    expect(view().underWay).toMatchObject({ preparing: { done: 3 }, step: null });
    onNews(step(1));
    onNews(step(2, { secondsLeft: 8 }));
    await vi.waitFor(() => expect(view().underWay!.step!.step).toBe(2));
    expect(view().underWay).toMatchObject({ preparing: null, secondsLeft: 8, picturesPerSecond: 4, steps: 60 });
    expect(view().underWay!.since.map((each) => each.step)).toEqual([1, 2]);
    onNews({ kind: 'record', record: own({ step: 2 }) });
    expect(view().underWay!.since).toEqual([]);
    const best = { step: 60, score: 0.7, values: {} };
    await answer(own({ state: 'done', step: 60, best }));
    await ended;
    expect(view().underWay).toBeNull();
    expect(view().runs).toMatchObject([{ id, state: 'done' }]);
    expect(notify).toHaveBeenLastCalledWith(expect.objectContaining({ kind: 'info', title: '“Mine” is trained' }));
    // The next one is another.
    expect(setup()).toMatchObject({ name: '', changes: {} });
  });

  it('gets a name of its own', async () => {
    stored = [record('r', { name: 'Tray, generator' })];
    session.setState({ page: 'dataset' });
    session.setState({ page: 'train' });
    await settled();
    const { request } = await start();
    expect(request.name).toBe('Tray, generator 2');
  });

  it('is paused and gone on with, longer if that is wanted', async () => {
    const { job, id, own, answer, ended } = await start();
    expect(training.toggles).toBe(true);
    void training.pause();
    void training.pause();
    expect(worker.cancel.mock.calls).toEqual([[job]]);
    expect(view().underWay!.pausing).toBe(true);
    expect(training.toggles).toBe(false);
    await answer(own({ state: 'paused' }));
    await ended;
    expect(view()).toMatchObject({ underWay: null, error: null });
    expect(notify).not.toHaveBeenCalled();
    void training.toggle();
    await settled();
    expect(resumed).toMatchObject([{ id, steps: null }]);
    // Under way, it is paused first.
    const [first] = resumed.splice(0);
    const longer = training.extend(id, 300);
    await settled();
    expect(worker.cancel).toHaveBeenLastCalledWith(first.job);
    await first.answer(own({ state: 'paused' }));
    expect(resumed).toMatchObject([{ id, steps: 300 }]);
    expect(view().underWay).toMatchObject({ id, steps: 300 });
    await resumed[0].answer(own({ state: 'done' }));
    await longer;
  });

  it('is one at a time', async () => {
    stored = [record('old')];
    const { id } = await start();
    await training.start();
    await training.resume('old');
    expect(begun).toEqual([]);
    expect(resumed).toEqual([]);
    await training.remove(id);
    expect(worker.removeTraining).not.toHaveBeenCalled();
  });

  it('that cannot begin says why, and leaves what was chosen', async () => {
    const ended = training.start();
    await settled();
    training.setName('Kept');
    await begun[0].fail(new StudioError('missing-weights', 'training', 'There is no generator to start from.'));
    await ended;
    expect(view()).toMatchObject({ underWay: null, error: { message: 'There is no generator to start from.' } });
    expect(session.getState().trainingId).toBeNull();
  });

  it('that has a problem says so, and can be gone on with', async () => {
    const { own, answer, ended, id } = await start();
    const problem = { code: 'device-lost', stage: 'training', message: 'The GPU was lost.' } as const;
    await answer(own({ state: 'paused', problem }));
    await ended;
    expect(notify).toHaveBeenCalledWith({
      ...{ kind: 'warning', title: '“Tray, generator” has stopped' },
      message: 'The GPU was lost. It can be gone on with.',
    });
    expect(view().runs).toMatchObject([{ id, problem }]);
    expect(training.toggles).toBe(true);
  });

  it('takes no news of a run that has ended: they come another way than its answer', async () => {
    const { own, answer, ended, onNews } = await start();
    await answer(own({ state: 'paused', step: 30 }));
    await ended;
    onNews({ kind: 'record', record: own({ step: 29 }) });
    onNews(step(30));
    await settled();
    expect(view()).toMatchObject({ underWay: null, runs: [{ state: 'paused', step: 30 }] });
  });

  it('ends with the worker, which can no longer answer', async () => {
    const { id, onNews, own } = await start();
    onNews({ kind: 'record', record: own({ step: 50, saved: 40 }) });
    const error = { code: 'internal', stage: 'compute', message: 'Computing has stopped.' } as const;
    session.setState({ computeError: error });
    expect(view().underWay).toBeNull();
    expect(view().runs).toMatchObject([{ id, state: 'paused', step: 40, problem: error }]);
  });
});

describe('runs that are kept', () => {
  const arrive = async (...runs: TrainingRunRecord[]) => {
    stored = runs;
    session.setState({ page: 'dataset' });
    session.setState({ page: 'train' });
    await settled();
  };

  it('are listed after a reload, and the one shown is shown again if it is still there', async () => {
    const storage = new Map([['logical-studio/session/1', JSON.stringify({ page: 'train', trainingId: 'r2' })]]);
    session = createSession({ getItem: (key) => storage.get(key) ?? null, setItem: () => undefined });
    stored = [record('r2'), record('r1')];
    training = new Training({
      ...{ project, session, worker, notify, useTrained, evaluating },
      listNetworks: async () => undefined,
    });
    session.setState({ ready: true });
    await settled();
    expect(view().runs).toMatchObject([{ id: 'r2', state: 'paused' }, { id: 'r1' }]);
    expect(session.getState().trainingId).toBe('r2');
    expect(view().underWay).toBeNull();
    expect(training.toggles).toBe(true);
    await arrive(record('r1'));
    expect(session.getState().trainingId).toBeNull();
  });

  it('are renamed', async () => {
    await arrive(record('r1'));
    await training.rename('r1', ' Better ');
    await training.rename('r1', '  ');
    expect(worker.renameTraining.mock.calls).toEqual([['r1', 'Better']]);
    expect(view().runs).toMatchObject([{ name: 'Better' }]);
    worker.renameTraining.mockRejectedValueOnce(new StudioError('storage-full', 'storage', 'The disk is full.'));
    await training.rename('r1', 'Best');
    expect(notify).toHaveBeenCalledWith(expect.objectContaining({ kind: 'error', message: 'The disk is full.' }));
    expect(view().runs).toMatchObject([{ name: 'Better' }]);
  });

  it('are deleted, unless that fails', async () => {
    await arrive(record('r1', { createdAt: 2 }), record('r2'));
    training.show('r1');
    worker.removeTraining.mockRejectedValueOnce(new StudioError('storage-failed', 'storage', 'It is locked.'));
    await training.remove('r1');
    expect(view()).toMatchObject({ runs: { length: 2 }, busy: null });
    await training.remove('r1');
    expect(view()).toMatchObject({ runs: [{ id: 'r2' }], busy: null });
    expect(session.getState().trainingId).toBe('r2');
  });

  it('are compared until fewer than two are left', async () => {
    await arrive(record('r1'), record('r2'));
    training.compare(['r1', 'r2']);
    expect(view().compared).toEqual(['r1', 'r2']);
    await training.remove('r2');
    expect(view().compared).toEqual(['r1']);
    training.show('r1');
    expect(view().compared).toEqual([]);
  });

  it('of another page are listed anew once that page has let go of them', async () => {
    let free: () => void = () => undefined;
    const request = vi.fn(async (_name: string, _options: object, then: () => void) => {
      await new Promise<void>((resolve) => (free = resolve));
      then();
    });
    vi.stubGlobal('navigator', { locks: { request } });
    await arrive(record('r1', { state: 'running' }));
    expect(view().runs?.[0].state).toBe('running');
    expect(request).toHaveBeenCalledWith('logical-studio/training/r1', { mode: 'shared' }, expect.any(Function));
    stored = [record('r1', { state: 'paused' })];
    free();
    await settled();
    expect(view().runs?.[0].state).toBe('paused');
    vi.unstubAllGlobals();
  });

  it('are used, and known to be', async () => {
    await arrive(record('r1'));
    const used = record('r1', { usedAs: 'r1, step 20' });
    useTrained.mockImplementationOnce(async () => ((stored = [used]), { title: 'r1, step 20' } as ModelInfo));
    expect(await training.use('r1')).toBe(true);
    expect(view().runs).toEqual([used]);
    useTrained.mockResolvedValueOnce(null);
    expect(await training.use('r1')).toBe(false);
    expect(view().busy).toBeNull();
  });

  it('are saved as files', async () => {
    await arrive(record('r1'));
    await training.download('r1');
    expect(worker.trainedNetwork).toHaveBeenCalledWith('r1');
    expect(saved).toHaveBeenCalledWith('Tray-generator.onnx', expect.any(Blob));
    worker.trainedNetwork.mockRejectedValueOnce(new StudioError('file-vanished', 'storage', 'It is gone.'));
    await training.download('r1');
    expect(notify).toHaveBeenCalledWith(expect.objectContaining({ kind: 'error', message: 'It is gone.' }));
    expect(view().busy).toBeNull();
  });

  it('lead to Evaluate with the test set of their dataset', async () => {
    await arrive(record('r1'));
    await training.evaluate('r1');
    expect(session.getState().page).toBe('evaluate');
    expect(evaluating.show).toHaveBeenCalledWith(null);
    expect(evaluating.chooseMaps).toHaveBeenCalledWith('detector');
    expect(evaluating.chooseTestSet).toHaveBeenCalledWith('imported', 'd');
  });

  it('that cannot be listed say so', async () => {
    worker.trainingRuns.mockRejectedValueOnce(new StudioError('storage-failed', 'storage', 'No storage here.'));
    await arrive();
    expect(view().runs).toEqual([]);
    expect(notify).toHaveBeenCalledWith(expect.objectContaining({ kind: 'error', message: 'No storage here.' }));
  });
});

describe('samples', () => {
  it('come with the news while a run is looked at, and are not read as well', async () => {
    const { id, onNews, own } = await start();
    onNews({ kind: 'record', record: own({ samples: [0] }) });
    const first = pictures();
    onNews({ kind: 'samples', step: 0, samples: first });
    await settled();
    expect(asked).toEqual([]);
    expect(view().samples.get(samplesKey(id, 0))).toBe(first);
    const again = pictures();
    onNews({ kind: 'samples', step: 0, samples: again });
    expect([closed(first), closed(again)]).toEqual([true, false]);
  });

  it('of a run that nobody looks at are closed at once, and read when somebody does', async () => {
    const { id, onNews, own } = await start();
    training.show(null);
    onNews({ kind: 'record', record: own({ samples: [0] }) });
    const unseen = pictures();
    onNews({ kind: 'samples', step: 0, samples: unseen });
    expect(closed(unseen)).toBe(true);
    training.show(id);
    expect(asked).toMatchObject([{ id, step: 0 }]);
    const read = pictures();
    await asked[0].answer(read);
    expect(view().samples.get(samplesKey(id, 0))).toBe(read);
  });

  it('are read for the first and the chosen step; few are kept, all others closed', async () => {
    const steps = Array.from({ length: 30 }, (_, i) => 10 * i);
    stored = [record('r1', { samples: steps }), record('r2')];
    session.setState({ page: 'dataset' });
    session.setState({ page: 'train' });
    await settled();
    training.show('r1');
    expect(asked.map((each) => each.step)).toEqual([0, 290]);
    const read: SamplePictures[][] = [];
    const answerAll = async () => {
      for (const each of asked.splice(0)) {
        read.push(pictures());
        await each.answer(read[read.length - 1]);
      }
    };
    await answerAll();
    for (const each of steps.slice(1, -1)) {
      training.showStep(each);
      await answerAll();
    }
    const open = read.filter((each) => !closed(each));
    expect(open).toHaveLength(12);
    expect([...view().samples.values()].every((each) => open.includes(each as SamplePictures[]))).toBe(true);
    expect(view().samples.has(samplesKey('r1', 0))).toBe(true);
    // Those of another run are not needed at all.
    training.show('r2');
    await training.remove('r1');
    expect(read.every(closed)).toBe(true);
    expect(view().samples.size).toBe(0);
  });

  it('that arrive when the run was deleted are closed', async () => {
    stored = [record('r1', { samples: [0] })];
    session.setState({ page: 'dataset' });
    session.setState({ page: 'train' });
    await settled();
    training.show('r1');
    await training.remove('r1');
    const late = pictures();
    await asked[0].answer(late);
    expect(closed(late)).toBe(true);
  });

  it('that are gone say so', async () => {
    stored = [record('r1', { samples: [0] })];
    session.setState({ page: 'dataset' });
    session.setState({ page: 'train' });
    await settled();
    training.show('r1');
    await asked[0].fail(new StudioError('file-vanished', 'storage', 'The pictures are gone.'));
    expect(view().samples.get(samplesKey('r1', 0))).toMatchObject({ message: 'The pictures are gone.' });
  });
});
