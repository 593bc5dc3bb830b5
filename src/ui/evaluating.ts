import { proxy } from 'comlink';
import { reportOf, StudioError, type ErrorReport } from '../core/errors';
import { mapEnding } from '../datasets/map-endings';
import { GOOD } from '../evaluation/evaluator';
import type { Explanation } from '../models/detector/form';
import type { BlobStore } from '../project/blobs';
import {
  decodeDetails,
  type EvaluatedImage,
  type EvaluationDetails,
  type EvaluationRecord,
} from '../project/evaluation';
import { importedTestSets } from '../project/imported-test-sets';
import type { ProjectStore } from '../project/store';
import type { ImportFile, MapsChoice, ModelInfo, StudioWorker, TestSetChoice, TestSetInfo } from '../worker/api';
import {
  ALL_IMAGES,
  type EvaluationSetup,
  type EvaluationView,
  type ImageFilter,
  type TestSetKind,
} from './evaluation-view';
import type { SessionStore } from './session';

/** What evaluating needs of the studio. */
export interface EvaluatingHost {
  readonly project: ProjectStore;
  readonly session: SessionStore;
  readonly worker: Pick<StudioWorker, 'cancel' | 'evaluate' | 'explain' | 'findMaps' | 'sweepEvaluations' | 'testSets'>;
  notify(notice: {
    readonly kind: 'error' | 'warning' | 'info';
    readonly title: string;
    readonly message: string;
  }): void;
  useDetector(file: File | null): Promise<void>;
  readonly detecting: { findNetwork(): Promise<void> };
}

/** Details kept in memory: a megabyte or two each. */
const KEPT_DETAILS = 6;

/** The imported datasets that can be evaluated on; `object` is the dataset's id. */
export function importedInfos(document: Parameters<typeof importedTestSets>[0]): TestSetInfo[] {
  return importedTestSets(document).map(({ dataset: { id, name, layout }, images }) => {
    const good = images.filter(({ label }) => label === GOOD).length;
    return { object: id, title: name, layout, good, anomalous: images.length - good, problem: null };
  });
}

/** Evaluations: what is to be evaluated, the evaluation under way, and those that are kept with the project. */
export class Evaluating {
  readonly #reading = new Set<string>();

  constructor(
    private readonly host: EvaluatingHost,
    /** Details, photographs, maps and ground truth. */
    readonly store: Pick<BlobStore, 'get'>,
  ) {
    host.session.subscribe((state, before) => {
      if (state.page === 'evaluate' && (before.page !== 'evaluate' || !before.ready)) void this.#arrive();
      if (state.evaluationId !== before.evaluationId || state.evaluation.compared !== before.evaluation.compared) {
        this.#readShown();
      }
    });
    host.project.subscribe((state, before) => {
      if (state.document.evaluations !== before.document.evaluations) this.#recordsChanged();
      // What was imported can be removed again.
      if (this.#setup.testSet?.kind === 'imported' && !this.testSetInfo()) this.#setUp({ testSet: null });
    });
  }

  /** Removes what evaluations that are gone have left. Once, when the project was read as a whole. */
  async sweep(): Promise<void> {
    const details = Object.values(this.#records).map((record) => record.details);
    try {
      await this.host.worker.sweepEvaluations(details);
    } catch {
      // What is left behind is a matter of space only.
    }
  }

  // ------------------------------------------------------------------------------------------------------- what is next

  /** Takes what was dropped or chosen for what it is: a detector, maps, or a test set. */
  async take(files: readonly ImportFile[], unreadable: readonly ErrorReport[] = []): Promise<void> {
    if (unreadable.length > 0 || files.length === 0) {
      const message = unreadable[0]?.message ?? 'There was no file in what you dropped. Drop a folder.';
      this.host.notify({
        kind: 'warning',
        title: files.length > 0 ? 'Not all was read' : 'Nothing to evaluate',
        message,
      });
    }
    if (files.length === 0) return;
    const detector = files.find(({ path }) => /\.onnx$/i.test(path));
    if (files.length === 1 && detector) return this.useDetector(detector.file);
    const maps = files.filter(({ path }) => mapEnding(path)).length;
    // A test set may come with a few maps beside it, and maps with a few pictures.
    return maps > files.length / 2 ? this.takeMaps(files) : this.takeTestSet(files);
  }

  async takeTestSet(files: readonly ImportFile[]): Promise<void> {
    const folder = { name: folderName(files), files, sets: null, error: null };
    this.#setUp({ folder, testSet: null });
    this.#show(null);
    try {
      const sets = await this.host.worker.testSets(files);
      if (this.#setup.folder?.files !== files) return;
      this.#setUp({ folder: { ...folder, sets } });
      const [first] = sets.filter(({ problem }) => !problem);
      if (first) await this.chooseTestSet('folder', first.object);
    } catch (error) {
      if (this.#setup.folder?.files === files) {
        this.#setUp({ folder: { ...folder, sets: [], error: reportOf(error, 'import') } });
      }
    }
  }

  async takeMaps(files: readonly ImportFile[]): Promise<void> {
    this.#setUp({ maps: 'maps', mapsFolder: { name: folderName(files), files, found: null, error: null } });
    this.#show(null);
    await this.#findMaps();
  }

  async chooseTestSet(kind: TestSetKind, object: string): Promise<void> {
    this.#setUp({ testSet: { kind, object } });
    await this.#findMaps();
  }

  chooseMaps(maps: EvaluationSetup['maps']): void {
    this.#setUp({ maps });
  }

  /** Looks for anomalies with the detector of this file from now on, wherever the studio does; null: the shipped one. */
  async useDetector(file: File | null): Promise<void> {
    this.#setUp({ maps: 'detector' });
    await this.host.useDetector(file);
    this.#withoutDetector();
  }

  /** The chosen test set's description; null while none is. */
  testSetInfo(): TestSetInfo | null {
    const { testSet, demo, folder } = this.#setup;
    const list = { demo, folder: folder?.sets, imported: importedInfos(this.host.project.getState().document) }[
      testSet?.kind ?? 'demo'
    ];
    return list?.find(({ object, problem }) => object === testSet?.object && !problem) ?? null;
  }

  async #findMaps(): Promise<void> {
    const { mapsFolder } = this.#setup;
    const testSet = this.#testSetChoice();
    if (!mapsFolder || !testSet) return;
    const asked = { ...mapsFolder, found: null, error: null };
    this.#setUp({ mapsFolder: asked });
    let answer: Pick<typeof mapsFolder, 'found' | 'error'>;
    try {
      answer = { found: await this.host.worker.findMaps(testSet, mapsFolder.files), error: null };
    } catch (error) {
      answer = { found: null, error: reportOf(error, 'import') };
    }
    // Another test set or folder was chosen meanwhile: that is looked up by itself.
    if (this.#setup.mapsFolder === asked) this.#setUp({ mapsFolder: { ...asked, ...answer } });
  }

  #testSetChoice(): TestSetChoice | null {
    const { testSet, folder } = this.#setup;
    if (!testSet) return null;
    if (testSet.kind === 'demo') return { kind: 'demo', object: testSet.object };
    if (testSet.kind === 'imported') {
      const sets = importedTestSets(this.host.project.getState().document);
      const set = sets.find(({ dataset }) => dataset.id === testSet.object);
      return set ? { kind: 'imported', ...set } : null;
    }
    return folder && { kind: 'folder', object: testSet.object, files: folder.files };
  }

  /** Lists what there is to choose from. */
  async #arrive(): Promise<void> {
    this.#readShown();
    await Promise.all([this.#askDetector(), this.#setup.demo ? undefined : this.#askDemo()]);
  }

  async #askDemo(): Promise<void> {
    try {
      this.#setUp({ demo: await this.host.worker.testSets(null) });
    } catch (error) {
      this.#tell('The demo’s test sets could not be listed', error);
    }
  }

  async #askDetector(): Promise<void> {
    if (this.#detector === undefined) await this.host.detecting.findNetwork();
    this.#withoutDetector();
  }

  /** Without a detector, maps are what there is. */
  #withoutDetector(): void {
    if (!this.#detector) this.#setUp({ maps: 'maps' });
  }

  /** In use; null where there is none, undefined until it was asked for. */
  get #detector(): ModelInfo | null | undefined {
    return this.host.session.getState().detection.network;
  }

  // ------------------------------------------------------------------------------------------------------- one under way

  /** Evaluates what is chosen, and shows it. */
  async start(): Promise<void> {
    const testSet = this.#testSetChoice();
    const info = this.testSetInfo();
    const maps = this.#mapsChoice();
    if (!testSet || !info || !maps || this.#view.running) return;
    const job = crypto.randomUUID();
    const title = `${info.title}, ${maps.kind === 'maps' ? maps.name : (this.#detector?.title ?? 'detector')}`;
    this.#change({ error: null, running: { job, title, progress: null, startedAt: performance.now() } });
    try {
      const record = await this.host.worker.evaluate(
        job,
        { testSet, maps },
        proxy((progress) => this.#change(({ running }) => ({ running: running && { ...running, progress } }))),
      );
      const named = { ...record, name: this.#freeName(record.name) };
      this.host.project.getState().apply(
        `Evaluate ${named.name}`,
        (document) => {
          document.evaluations[named.id] = named as (typeof document.evaluations)[string];
        },
        { undoable: false },
      );
      this.#change({ running: null });
      this.#show(named.id);
      this.host.session.setState({ announced: `Evaluated: ${named.name}` });
    } catch (error) {
      this.#change({ running: null });
      const report = reportOf(error, 'evaluation');
      if (report.code === 'cancelled') {
        const message = 'Nothing of it was kept; what you chose is still chosen.';
        this.host.notify({ kind: 'info', title: 'Evaluation cancelled', message });
      } else this.#change({ error: report });
    }
  }

  async cancel(): Promise<void> {
    const { running } = this.#view;
    if (running) await this.host.worker.cancel(running.job);
  }

  #mapsChoice(): MapsChoice | null {
    const { maps, mapsFolder } = this.#setup;
    if (maps === 'detector') return this.#detector ? { kind: 'detector' } : null;
    return mapsFolder?.found ? { kind: 'maps', name: mapsFolder.name, files: mapsFolder.files } : null;
  }

  // ------------------------------------------------------------------------------------------------------- those there are

  /** Shows an evaluation; null: what the next one is of. */
  show(id: string | null): void {
    this.#change({ compared: [] });
    this.#show(id);
  }

  /** Puts evaluations beside each other, the first as what the others are held against; with fewer than two ends it. */
  compare(compared: readonly string[]): void {
    this.#change({ compared });
  }

  rename(id: string, name: string): void {
    const trimmed = name.trim();
    if (trimmed === '' || trimmed === this.#records[id]?.name) return;
    this.host.project.getState().apply('Rename evaluation', (document) => {
      document.evaluations[id].name = trimmed;
    });
  }

  remove(id: string): void {
    const record = this.#records[id];
    if (!record) return;
    this.host.project.getState().apply(`Remove ${record.name}`, (document) => {
      delete document.evaluations[id];
    });
    this.host.notify({ kind: 'info', title: `“${record.name}” removed`, message: 'Undo brings it back.' });
  }

  /**
   * What the detector in use shows of a photograph besides its map; the caller closes it.
   * @returns null if it is not the one that the evaluation was made with, or cannot show this.
   */
  explain(image: EvaluatedImage, explain: Explanation, sha256: string): Promise<ImageBitmap | null> {
    return image.photo ? this.host.worker.explain(image.photo, explain, sha256) : Promise.resolve(null);
  }

  setFilter(filter: Partial<ImageFilter>): void {
    this.#change((view) => ({ filter: { ...view.filter, ...filter } }));
  }

  view(path: string | null): void {
    this.#change({ viewed: path });
  }

  /** While a slider is moved: nothing is written yet. */
  dragThresholds(change: { readonly threshold?: number; readonly pixelThreshold?: number }): void {
    this.#change(({ dragged }) => ({ dragged: { ...dragged, ...change } }));
  }

  /** Calls images above this score anomalous, or outlines such pixels. */
  setThresholds(change: { readonly threshold?: number; readonly pixelThreshold?: number | null }): void {
    const { evaluationId } = this.host.session.getState();
    this.#change({ dragged: null });
    if (evaluationId === null || !this.#records[evaluationId]) return;
    this.host.project.getState().apply('Move a threshold', (document) => {
      Object.assign(document.evaluations[evaluationId], change);
    });
  }

  #show(evaluationId: string | null): void {
    this.#change({ dragged: null, filter: ALL_IMAGES, viewed: null, error: null });
    this.host.session.setState({ evaluationId });
  }

  #readShown(): void {
    const { evaluationId, evaluation, page } = this.host.session.getState();
    if (page !== 'evaluate') return;
    const wanted = new Set([...(evaluationId === null ? [] : [evaluationId]), ...evaluation.compared]);
    for (const id of wanted) {
      const record = this.#records[id];
      if (record) void this.#readDetails(record, wanted);
    }
  }

  async #readDetails({ details: id }: EvaluationRecord, shown: ReadonlySet<string>): Promise<void> {
    const known = this.#view.details.get(id);
    if (this.#reading.has(id) || (known && 'images' in known)) return;
    this.#reading.add(id);
    let details: EvaluationDetails | ErrorReport;
    try {
      details = decodeDetails(await this.store.get(id));
    } catch (error) {
      details = reportOf(goneError(error), 'storage');
    }
    this.#reading.delete(id);
    const needed = new Set([...shown].map((each) => this.#records[each]?.details));
    this.#change((view) => {
      const entries = [...view.details].filter(([each]) => each !== id);
      const spare = entries
        .filter(([each]) => !needed.has(each))
        .slice(0, Math.max(0, entries.length + 1 - KEPT_DETAILS));
      const gone = new Set(spare.map(([each]) => each));
      return { details: new Map([...entries.filter(([each]) => !gone.has(each)), [id, details]]) };
    });
  }

  #recordsChanged(): void {
    const { evaluationId, evaluation } = this.host.session.getState();
    if (evaluationId !== null && !this.#records[evaluationId]) {
      const rest = Object.values(this.#records).sort((a, b) => b.createdAt - a.createdAt);
      this.#show(rest[0]?.id ?? null);
    }
    const compared = evaluation.compared.filter((id) => this.#records[id]);
    if (compared.length < evaluation.compared.length) this.#change({ compared });
  }

  #freeName(name: string): string {
    const taken = new Set(Object.values(this.#records).map((record) => record.name));
    let free = name;
    for (let i = 2; taken.has(free); i++) free = `${name} ${i}`;
    return free;
  }

  get #records(): Readonly<Record<string, EvaluationRecord>> {
    return this.host.project.getState().document.evaluations;
  }

  get #view(): EvaluationView {
    return this.host.session.getState().evaluation;
  }

  get #setup(): EvaluationSetup {
    return this.#view.setup;
  }

  #setUp(change: Partial<EvaluationSetup>): void {
    this.#change(({ setup }) => ({ setup: { ...setup, ...change }, error: null }));
  }

  #change(change: Partial<EvaluationView> | ((view: EvaluationView) => Partial<EvaluationView>)): void {
    this.host.session.setState(({ evaluation }) => ({
      evaluation: { ...evaluation, ...(typeof change === 'function' ? change(evaluation) : change) },
    }));
  }

  #tell(title: string, error: unknown): void {
    this.host.notify({ kind: 'error', title, message: reportOf(error, 'evaluation').message });
  }
}

/** The store speaks of pictures; here it is the details that are gone. */
function goneError(error: unknown): unknown {
  if (!(error instanceof StudioError && error.code === 'file-vanished')) return error;
  const message =
    'The details of this evaluation are gone: the browser has cleared part of its storage. Its figures are still here; evaluate again for the rest.';
  return new StudioError('file-vanished', 'storage', message, { cause: error });
}

/** How people call what they chose: the folder all of it lies in, else the only file, else how many there are. */
function folderName(files: readonly ImportFile[]): string {
  const tops = new Set(files.map(({ path }) => path.split('/')[0]));
  return tops.size === 1 ? [...tops][0] : `${files.length} files`;
}
