import { proxy } from 'comlink';
import { reportOf, type ErrorReport } from '../core/errors';
import type { Correction, ImageRecord } from '../project/document';
import type { ProjectStore } from '../project/store';
import { TRAINING_LOCK, type TrainingRunRecord, type TrainingTask } from '../project/training';
import type { TrainingConfig } from '../training/run/config';
import type { StepReport } from '../training/run/run';
import type { ModelInfo, SamplePictures, StudioWorker, TrainingNews } from '../worker/api';
import { randomSeed } from './random-seed';
import { saveBlob } from './save-file';
import type { SessionStore } from './session';
import { configOf, configProblem, correctedOf, photographChoices, photographsOf } from './training-setup';
import { TASK_TITLES } from './training-text';
import {
  samplesKey,
  type PhotographChoice,
  type TrainingCharts,
  type TrainingSettings,
  type TrainingSetup,
  type TrainingUnderWay,
  type TrainingView,
} from './training-view';

/** What training needs of the studio. */
export interface TrainingHost {
  readonly project: ProjectStore;
  readonly session: SessionStore;
  readonly worker: Pick<
    StudioWorker,
    | 'cancel'
    | 'expectedStepSeconds'
    | 'planTraining'
    | 'removeTraining'
    | 'renameTraining'
    | 'resumeTraining'
    | 'train'
    | 'trainedNetwork'
    | 'trainingRuns'
    | 'trainingSamples'
  >;
  notify(notice: {
    readonly kind: 'error' | 'warning' | 'info';
    readonly title: string;
    readonly message: string;
  }): void;
  /** Uses a run's network for its task; null if that came to nothing, which has been said. */
  useTrained(record: TrainingRunRecord): Promise<ModelInfo | null>;
  listNetworks(): Promise<void>;
  readonly evaluating: {
    show(id: string | null): void;
    chooseMaps(maps: 'detector' | 'maps'): void;
    chooseTestSet(kind: 'demo' | 'imported', object: string): Promise<void>;
  };
}

/** Steps are shown at most so often, ms: a small network on a GPU does many in a second. */
const SHOWN_EVERY = 200;
/** Steps over which the speed is taken. */
const PACE_STEPS = 20;
/** Steps whose sample pictures are kept in memory: a megabyte or two each. */
const KEPT_SAMPLES = 12;

/** Training runs: what is to be trained, the run under way, and those that are kept in the browser. */
export class Training {
  #planning = 0;
  /** What the plan was made of. */
  #planned: { readonly task: TrainingTask; readonly key: string } | null = null;
  #seed = randomSeed();
  #timing: string | null = null;
  /** Steps that are not shown yet, and when the last ones were. */
  #steps: StepReport[] = [];
  #recent: StepReport[] = [];
  #secondsLeft = 0;
  #shownAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Ends when the run under way does. */
  #ended: Promise<void> = Promise.resolve();
  readonly #reading = new Set<string>();
  /** Runs of other pages whose end is waited for. */
  readonly #watched = new Set<string>();
  /** Samples that are on their way with the news. */
  #coming: string | null = null;

  constructor(private readonly host: TrainingHost) {
    host.session.subscribe((state, before) => {
      if (state.page === 'train' && state.ready && (before.page !== 'train' || !before.ready)) void this.#arrive();
      if (state.page !== 'train') return;
      const { training } = state;
      if (state.datasetId !== before.datasetId) this.#plan();
      // Another network is in use: it is what the next run would start from.
      else if (before.weightsLoading && !state.weightsLoading) this.#plan(true);
      const asked = state.trainingId !== before.trainingId || training.runs !== before.training.runs;
      if (asked || training.shownStep !== before.training.shownStep || training.compared !== before.training.compared) {
        this.#readShown();
      }
    });
    host.session.subscribe((state, before) => {
      // The worker is gone, and with it the answer to what was asked of it.
      if (state.computeError && !before.computeError && state.computeError.stage === 'compute') {
        this.#workerGone(state.computeError);
      }
    });
    host.project.subscribe((state, before) => {
      const { images, datasets, corrections } = state.document;
      const old = before.document;
      if (images === old.images && datasets === old.datasets && corrections === old.corrections) return;
      if (this.host.session.getState().page === 'train') this.#plan();
    });
  }

  // ------------------------------------------------------------------------------------------------------- what is next

  chooseTask(task: TrainingTask): void {
    if (task === this.#setup.task) return;
    this.#setUp({ task, plan: null, planError: null, changes: {}, pace: null });
    this.#plan();
  }

  chooseDataset(datasetId: string): void {
    this.#setUp({ datasetId, which: null, imageId: null });
    this.#plan();
  }

  /** @param imageId the photograph that is trained on alone. */
  choosePhotographs(which: PhotographChoice, imageId: string | null = null): void {
    this.#setUp({ which, imageId });
    this.#plan();
  }

  change(changes: TrainingSettings): void {
    this.#setUp({ changes: { ...this.#setup.changes, ...changes } });
  }

  /** Back to the settings of the plan. */
  unchange(): void {
    this.#setUp({ changes: {} });
  }

  setName(name: string): void {
    this.#setUp({ name });
  }

  /** The dataset that the next run's photographs come from; null while there is none. */
  get datasetId(): string | null {
    const { datasets } = this.host.project.getState().document;
    const chosen = this.#setup.datasetId ?? this.host.session.getState().datasetId;
    return chosen !== null && datasets[chosen] ? chosen : (Object.keys(datasets)[0] ?? null);
  }

  get which(): PhotographChoice | null {
    const id = this.datasetId;
    if (id === null) return null;
    const choices = photographChoices(this.host.project.getState().document, id).map(({ which }) => which);
    const { which } = this.#setup;
    return which !== null && choices.includes(which) ? which : (choices[0] ?? null);
  }

  /** The photographs of the next run, in their order: those that were corrected, where edges are taught. */
  photographs(): ImageRecord[] {
    const [id, which] = [this.datasetId, this.which];
    const { document } = this.host.project.getState();
    if (id === null) return [];
    if (this.#setup.task === 'edges') return correctedOf(document, id);
    return which === null ? [] : photographsOf(document, id, which, this.#setup.imageId);
  }

  #correctionsOf(images: readonly ImageRecord[]): Correction[] {
    const { corrections } = this.host.project.getState().document;
    return images.flatMap(({ id }) => corrections[id] ?? []);
  }

  /** Asks what training would be with what is chosen. @param again though nothing has changed here. */
  #plan(again = false): void {
    const { task } = this.#setup;
    const images = this.photographs();
    const key = images.map(({ id }) => id).join('/');
    const { plan, planError } = this.#setup;
    const same = this.#planned?.task === task && this.#planned.key === key;
    if (same && !again && (plan || planError || images.length === 0)) return;
    this.#planned = { task, key };
    const planning = ++this.#planning;
    if (images.length === 0) {
      this.#setUp({ plan: null, planError: null });
      return;
    }
    this.#setUp({ planError: null });
    this.host.worker.planTraining(task, images, this.#seed).then(
      (made) => {
        if (planning !== this.#planning) return;
        const before = this.#setup.plan;
        const known = before?.config.init.sha256 === made.config.init.sha256 && before.backend === made.backend;
        this.#setUp({ plan: made, ...(known ? {} : { pace: null }) });
        if (this.#setup.pace === null) void this.#time(made.config);
      },
      (error: unknown) => {
        if (planning === this.#planning) this.#setUp({ plan: null, planError: reportOf(error, 'training') });
      },
    );
  }

  /** Times a step; what one takes grows with its pixels and pictures, so that once is enough for a network. */
  async #time(config: TrainingConfig): Promise<void> {
    // While a run computes, a step would take as long as both.
    if (this.#view.underWay) return;
    await this.#stopTiming();
    const job = crypto.randomUUID();
    this.#timing = job;
    this.#setUp({ timing: true });
    try {
      const seconds = await this.host.worker.expectedStepSeconds(job, config);
      if (this.#timing === job) this.#setUp({ pace: seconds / (config.batch * config.size * config.size) });
    } catch {
      // Without it there is no time to show before the first steps; why it cannot compute, starting says.
    }
    if (this.#timing !== job) return;
    this.#timing = null;
    this.#setUp({ timing: false });
  }

  async #stopTiming(): Promise<void> {
    const job = this.#timing;
    if (job === null) return;
    this.#timing = null;
    this.#setUp({ timing: false });
    await this.host.worker.cancel(job);
  }

  // ------------------------------------------------------------------------------------------------------- one under way

  /** Begins the run that is chosen, and shows it. */
  async start(): Promise<void> {
    const { plan, changes, name } = this.#setup;
    const [datasetId, images] = [this.datasetId, this.photographs()];
    if (!plan || datasetId === null || images.length === 0 || this.#view.underWay) return;
    const config = configOf(plan, changes);
    if (configProblem(config, plan)) return;
    const dataset = this.host.project.getState().document.datasets[datasetId].name;
    const id = crypto.randomUUID();
    const request = {
      id,
      name: this.#freeName(name.trim() || `${dataset}, ${TASK_TITLES[config.what].toLowerCase()}`),
      ...{ dataset, config, images },
      corrections: config.what === 'edges' ? this.#correctionsOf(images) : [],
    };
    this.host.session.setState({ trainingId: id });
    await this.#stopTiming();
    await this.#run(request, (job, onNews) => this.host.worker.train(job, request, onNews));
    // Another seed next time: the same run twice says nothing.
    this.#seed = randomSeed();
    this.#setUp({ name: '', changes: {} });
    this.#plan(true);
  }

  /** Goes on with a run where its last checkpoint was. @param steps of the whole run; null: as many as were asked for. */
  async resume(id: string, steps: number | null = null): Promise<void> {
    const record = this.#record(id);
    if (!record || this.#view.underWay) return;
    this.host.session.setState({ trainingId: id });
    await this.#stopTiming();
    const config = { ...record.config, steps: steps ?? record.config.steps };
    await this.#run({ id, name: record.name, config }, (job, onNews) =>
      this.host.worker.resumeTraining(job, id, steps, onNews),
    );
  }

  /** Stores the run under way and stops it, within a step. */
  async pause(): Promise<void> {
    const { underWay } = this.#view;
    if (!underWay || underWay.pausing) return;
    this.#change({ underWay: { ...underWay, pausing: true } });
    try {
      await this.host.worker.cancel(underWay.job);
    } catch (error) {
      this.#tell('The training was not paused', error);
    }
  }

  /** Makes a run longer or shorter and goes on with it; one under way is paused first. */
  async extend(id: string, steps: number): Promise<void> {
    if (this.#view.underWay?.id === id) {
      await this.pause();
      await this.#ended;
    }
    await this.resume(id, steps);
  }

  /** Pauses the run under way, or goes on with the one shown. */
  async toggle(): Promise<void> {
    const { trainingId } = this.host.session.getState();
    if (this.#view.underWay) await this.pause();
    else if (trainingId !== null) await this.resume(trainingId);
  }

  /** Whether {@link toggle} would do something. */
  get toggles(): boolean {
    const { underWay } = this.#view;
    if (underWay) return !underWay.pausing;
    const { trainingId } = this.host.session.getState();
    return trainingId !== null && this.#record(trainingId)?.state === 'paused';
  }

  async #run(
    { id, name, config }: { readonly id: string; readonly name: string; readonly config: TrainingConfig },
    begin: (job: string, onNews: (news: TrainingNews) => void) => Promise<TrainingRunRecord>,
  ): Promise<void> {
    const job = crypto.randomUUID();
    this.#steps = [];
    this.#recent = [];
    this.#coming = null;
    const underWay: TrainingUnderWay = {
      ...{ job, id, name, task: config.what, steps: config.steps },
      preparing: { done: 0, total: 1, label: '' },
      ...{ since: [], step: null, secondsLeft: null, picturesPerSecond: null, pausing: false },
    };
    this.#change({ underWay, error: null, shownStep: null, compared: [] });
    let ended: () => void = () => undefined;
    this.#ended = new Promise((resolve) => (ended = resolve));
    try {
      const record = await begin(
        job,
        proxy((news: TrainingNews) => this.#take(job, id, news)),
      );
      // The worker is gone meanwhile, and this was said.
      if (this.#view.underWay?.job !== job) return;
      this.#stopShowing();
      this.#change({ underWay: null });
      this.#put(record);
      this.#say(record);
    } catch (error) {
      if (this.#view.underWay?.job !== job) return;
      this.#stopShowing();
      const report = reportOf(error, 'training');
      this.#change({ underWay: null });
      if (!this.#record(id)) this.host.session.setState({ trainingId: null });
      if (report.code === 'cancelled') {
        const message = 'It was stopped before its first step; what you chose is still chosen.';
        this.host.notify({ kind: 'info', title: 'Training not begun', message });
      } else {
        this.#change({ error: report });
        if (this.host.session.getState().page !== 'train') this.#tell(`“${name}” does not train`, error);
        await this.#list();
      }
    } finally {
      ended();
    }
  }

  /** News may come after the run has ended: they take another way than its answer. */
  #take(job: string, id: string, news: TrainingNews): void {
    const current = this.#view.underWay?.job === job;
    if (news.kind === 'samples') {
      this.#coming = null;
      this.#keepSamples(samplesKey(id, news.step), news.samples);
    } else if (!current) {
      return;
    } else if (news.kind === 'preparing') {
      this.#changeUnderWay({ preparing: news.progress });
    } else if (news.kind === 'step') {
      this.#steps.push(news);
      this.#recent = [...this.#recent, news].slice(-PACE_STEPS);
      this.#secondsLeft = news.secondsLeft;
      this.#showSoon();
    } else {
      this.#showSteps();
      const { step, samples } = news.record;
      const latest = samples.at(-1);
      const isNew = latest !== undefined && !this.#record(id)?.samples.includes(latest);
      if (isNew && news.record.state === 'running') this.#coming = samplesKey(id, latest);
      this.#put(news.record);
      // What the record has need not be kept beside it.
      this.#change(({ underWay }) => ({
        underWay: underWay && { ...underWay, since: underWay.since.filter((each) => each.step > step) },
      }));
    }
  }

  #showSoon(): void {
    const wait = this.#shownAt + SHOWN_EVERY - performance.now();
    if (wait <= 0) this.#showSteps();
    else this.#timer ??= setTimeout(() => this.#showSteps(), wait);
  }

  #showSteps(): void {
    this.#stopTimer();
    const steps = this.#steps;
    if (steps.length === 0) return;
    this.#steps = [];
    this.#shownAt = performance.now();
    const sum = (of: (step: StepReport) => number) => this.#recent.reduce((total, each) => total + of(each), 0);
    const seconds = sum((each) => each.seconds);
    this.#change(({ underWay }) => ({
      underWay: underWay && {
        ...underWay,
        preparing: null,
        since: [...underWay.since, ...steps],
        step: steps[steps.length - 1],
        secondsLeft: this.#secondsLeft,
        picturesPerSecond: seconds > 0 ? sum(({ batch }) => batch) / seconds : null,
      },
    }));
  }

  #stopShowing(): void {
    this.#stopTimer();
    this.#coming = null;
    this.#steps = [];
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #say(record: TrainingRunRecord): void {
    const { name, step, best, problem, state } = record;
    if (problem) {
      const message = `${problem.message} It can be gone on with.`;
      this.host.notify({ kind: 'warning', title: `“${name}” has stopped`, message });
    } else if (state === 'done') {
      const message = best ? `Its best weights are those of step ${best.step}.` : `${step} steps are done.`;
      this.host.notify({ kind: 'info', title: `“${name}” is trained`, message });
    } else {
      this.host.session.setState({ announced: `Paused after ${step} steps: ${name}` });
    }
  }

  #workerGone(error: ErrorReport): void {
    const { underWay, runs } = this.#view;
    if (!underWay) return;
    this.#stopShowing();
    const stopped = (record: TrainingRunRecord): TrainingRunRecord =>
      record.id === underWay.id ? { ...record, state: 'paused', step: record.saved ?? 0, problem: error } : record;
    this.#change({ underWay: null, error, runs: runs && runs.map(stopped) });
  }

  // ------------------------------------------------------------------------------------------------------- those there are

  /** Shows a run; null: what the next one is to be. */
  show(id: string | null): void {
    this.#change({ compared: [], shownStep: null, error: null });
    this.host.session.setState({ trainingId: id });
  }

  /** Puts runs beside each other; with fewer than two ends it. */
  compare(compared: readonly string[]): void {
    this.#change({ compared, shownStep: null });
  }

  /** Shows the samples of a step; null: the latest there are. */
  showStep(shownStep: number | null): void {
    this.#change({ shownStep });
  }

  setCharts(change: Partial<TrainingCharts>): void {
    this.host.session.setState(({ trainingCharts }) => ({ trainingCharts: { ...trainingCharts, ...change } }));
  }

  async rename(id: string, name: string): Promise<void> {
    const trimmed = name.trim();
    if (trimmed === '' || trimmed === this.#record(id)?.name) return;
    try {
      this.#put(await this.host.worker.renameTraining(id, trimmed));
      this.#change(({ underWay }) => ({ underWay: underWay?.id === id ? { ...underWay, name: trimmed } : underWay }));
    } catch (error) {
      this.#tell('This run was not renamed', error);
    }
  }

  /** For good: a run is no part of the document, so undo does not bring it back. */
  async remove(id: string): Promise<void> {
    const record = this.#record(id);
    if (!record || this.#view.underWay?.id === id || this.#view.busy) return;
    this.#change({ busy: { id, what: 'remove' } });
    try {
      await this.host.worker.removeTraining(id);
      this.#change(({ runs, compared }) => ({
        runs: runs?.filter((each) => each.id !== id) ?? null,
        compared: compared.filter((each) => each !== id),
      }));
      if (this.host.session.getState().trainingId === id) this.show(this.#view.runs?.[0]?.id ?? null);
      this.#dropSamples(new Set());
      this.host.session.setState({ announced: `Deleted: ${record.name}` });
    } catch (error) {
      this.#tell(`“${record.name}” was not deleted`, error);
    }
    this.#change({ busy: null });
  }

  /** Uses the run's best weights for its task from now on. */
  async use(id: string): Promise<boolean> {
    const record = this.#record(id);
    if (!record || this.#view.busy) return false;
    this.#change({ busy: { id, what: 'use' } });
    const info = await this.host.useTrained(record);
    this.#change({ busy: null });
    if (info) await this.#list();
    return info !== null;
  }

  async download(id: string): Promise<void> {
    const record = this.#record(id);
    if (!record || this.#view.busy) return;
    this.#change({ busy: { id, what: 'download' } });
    try {
      const { name, file } = await this.host.worker.trainedNetwork(id);
      saveBlob(name, file);
    } catch (error) {
      this.#tell('The network was not saved', error);
    }
    this.#change({ busy: null });
  }

  /** Leads to Evaluate, with the detector in use and, where there is one, the test set of the run's dataset. */
  async evaluate(id: string): Promise<void> {
    const record = this.#record(id);
    if (!record) return;
    const { evaluating, session, project } = this.host;
    session.setState({ page: 'evaluate' });
    evaluating.show(null);
    evaluating.chooseMaps('detector');
    const [image] = record.images;
    const dataset = image && project.getState().document.datasets[image.datasetId];
    if (!dataset) return;
    if (dataset.builtIn && dataset.trainedSet !== null) await evaluating.chooseTestSet('demo', dataset.trainedSet);
    else if (!dataset.builtIn) await evaluating.chooseTestSet('imported', dataset.id);
  }

  /** Shows what there is to choose from and what there was. */
  async #arrive(): Promise<void> {
    this.#plan(true);
    void this.host.listNetworks();
    await this.#list();
    this.#readShown();
  }

  async #list(): Promise<void> {
    let runs: readonly TrainingRunRecord[];
    try {
      runs = await this.host.worker.trainingRuns();
    } catch (error) {
      this.#change(({ runs: known }) => ({ runs: known ?? [] }));
      this.#tell('The training runs could not be listed', error);
      return;
    }
    // What the run under way has told meanwhile is younger than the list.
    const { underWay } = this.#view;
    const own = underWay && this.#record(underWay.id);
    this.#change({ runs: own ? runs.map((each) => (each.id === own.id ? own : each)) : runs });
    const { trainingId } = this.host.session.getState();
    if (trainingId !== null && trainingId !== underWay?.id && !this.#record(trainingId)) this.show(null);
    for (const { id, state } of runs) if (state === 'running' && id !== underWay?.id) this.#watch(id);
  }

  /** Lists anew once the page that holds the run has let go of it: after a reload that takes a moment. */
  #watch(id: string): void {
    const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
    if (!locks || this.#watched.has(id)) return;
    this.#watched.add(id);
    void locks
      .request(`${TRAINING_LOCK}${id}`, { mode: 'shared' }, () => undefined)
      .then(() => {
        this.#watched.delete(id);
        return this.#list();
      });
  }

  // ------------------------------------------------------------------------------------------------------- samples

  /** Reads the samples that are shown and not there yet. */
  #readShown(): void {
    for (const { id, step } of this.#wanted()) void this.#readSamples(id, step);
  }

  /** What is shown: of each run the chosen step, or its latest, and its first. */
  #wanted(): { readonly id: string; readonly step: number }[] {
    const { compared, shownStep } = this.#view;
    const { trainingId } = this.host.session.getState();
    const ids = compared.length > 1 ? compared : trainingId === null ? [] : [trainingId];
    return ids.flatMap((id) => {
      const steps = this.#record(id)?.samples ?? [];
      const latest = steps.at(-1);
      if (latest === undefined) return [];
      const chosen = shownStep !== null && steps.includes(shownStep) ? shownStep : latest;
      return [...new Set([steps[0], chosen])].map((step) => ({ id, step }));
    });
  }

  async #readSamples(id: string, step: number): Promise<void> {
    const key = samplesKey(id, step);
    if (key === this.#coming || this.#reading.has(key) || this.#view.samples.has(key)) return;
    this.#reading.add(key);
    let samples: readonly SamplePictures[] | ErrorReport;
    try {
      samples = await this.host.worker.trainingSamples(id, step);
    } catch (error) {
      samples = reportOf(error, 'storage');
    }
    this.#reading.delete(key);
    this.#keepSamples(key, samples);
  }

  #keepSamples(key: string, samples: readonly SamplePictures[] | ErrorReport): void {
    const before = this.#view.samples.get(key);
    // Of a run that was deleted meanwhile, or that nobody looks at.
    const id = key.slice(0, key.lastIndexOf('/'));
    const { trainingId, training } = this.host.session.getState();
    const looked = id === trainingId || training.compared.includes(id);
    if (!looked || (!this.#record(id) && training.underWay?.id !== id)) {
      closePictures(samples);
      return;
    }
    this.#change((view) => ({
      samples: new Map([...view.samples].filter(([each]) => each !== key)).set(key, samples),
    }));
    if (before) closePictures(before);
    this.#dropSamples(new Set([key]));
  }

  /** Frees pictures that are not shown, but for the youngest few. */
  #dropSamples(also: ReadonlySet<string>): void {
    const needed = new Set([...also, ...this.#wanted().map(({ id, step }) => samplesKey(id, step))]);
    const { trainingId, training } = this.host.session.getState();
    const looked = new Set([...training.compared, ...(trainingId === null ? [] : [trainingId])]);
    const entries = [...training.samples];
    const spare = entries.filter(([key]) => !needed.has(key));
    const ofOthers = spare.filter(([key]) => !looked.has(key.slice(0, key.lastIndexOf('/'))));
    const tooMany = entries.length - ofOthers.length - KEPT_SAMPLES;
    const own = spare.filter((entry) => !ofOthers.includes(entry)).slice(0, Math.max(0, tooMany));
    const gone = new Map([...ofOthers, ...own]);
    if (gone.size === 0) return;
    this.#change({ samples: new Map(entries.filter(([key]) => !gone.has(key))) });
    // Whoever drew them has let go of them when the state is set.
    for (const samples of gone.values()) closePictures(samples);
  }

  // ------------------------------------------------------------------------------------------------------- inside

  #put(record: TrainingRunRecord): void {
    this.#change(({ runs }) => {
      const others = (runs ?? []).filter(({ id }) => id !== record.id);
      return { runs: [...others, record].sort((a, b) => b.createdAt - a.createdAt) };
    });
  }

  #record(id: string): TrainingRunRecord | null {
    return this.#view.runs?.find((each) => each.id === id) ?? null;
  }

  #freeName(name: string): string {
    const taken = new Set(this.#view.runs?.map((record) => record.name));
    let free = name;
    for (let i = 2; taken.has(free); i++) free = `${name} ${i}`;
    return free;
  }

  get #view(): TrainingView {
    return this.host.session.getState().training;
  }

  get #setup(): TrainingSetup {
    return this.#view.setup;
  }

  #setUp(change: Partial<TrainingSetup>): void {
    this.#change(({ setup }) => ({ setup: { ...setup, ...change } }));
  }

  #changeUnderWay(change: Partial<TrainingUnderWay>): void {
    this.#change(({ underWay }) => ({ underWay: underWay && { ...underWay, ...change } }));
  }

  #change(change: Partial<TrainingView> | ((view: TrainingView) => Partial<TrainingView>)): void {
    this.host.session.setState(({ training }) => ({
      training: { ...training, ...(typeof change === 'function' ? change(training) : change) },
    }));
  }

  #tell(title: string, error: unknown): void {
    const { code, message } = reportOf(error, 'training');
    if (code !== 'cancelled') this.host.notify({ kind: 'error', title, message });
  }
}

function closePictures(samples: readonly SamplePictures[] | ErrorReport): void {
  if ('code' in samples) return;
  for (const { pictures } of samples) for (const { bitmap } of pictures) bitmap.close();
}
