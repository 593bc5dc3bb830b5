import { proxy, type Remote } from 'comlink';
import type { Draft as Mutable } from 'immer';
import { reportOf, type ErrorReport } from '../core/errors';
import type { Operation, RegionShape } from '../core/recipe';
import { randomWarp } from '../core/tps';
import { Random } from '../core/random';
import type { BlobStore } from '../project/blobs';
import {
  newDraft,
  type Draft,
  type DraftSettings,
  type ImageRecord,
  type ProjectDocument,
  type Variant,
} from '../project/document';
import type { ProjectStore } from '../project/store';
import type { TrainingRunRecord } from '../project/training';
import type {
  ComputePreference,
  ImportBatch,
  ImportFile,
  ModelInfo,
  NetworkOffer,
  NetworkTask,
  Preview,
  PreviewRequest,
  StudioWorker,
} from '../worker/api';
import { closeBitmaps } from './bitmaps';
import { imagesOf } from './dataset-images';
import { newContext } from './canvas/compose';
import { centralShape, frameOf, moved, withFrame } from './canvas/shapes';
import { combineOf, type Commit, type Modifiers } from './canvas/tools/tool';
import { Detecting } from './detecting';
import { donorCandidates, donorOf } from './donor';
import { DonorParts } from './donor-parts';
import { Evaluating } from './evaluating';
import { LatestWins } from './latest';
import type { Pictures } from './pictures';
import { suggestRegion } from './suggest';
import { saveStream } from './save-stream';
import { EdgeCorrections } from './edge-corrections';
import { RegionTools } from './region-tools';
import { isDonorPart, placedTogether } from './regions';
import { Wand } from './wand';
import { Product } from './product';
import { randomSeed } from './random-seed';
import { Segmenting } from './segmenting';
import type { DatasetFilter, LayerId, LayerState, Page, SessionState, SessionStore } from './session';
import { Training } from './training';

/** What the canvas can be asked to do; there while it is on screen. */
export interface CanvasCommands {
  fit(): void;
  zoomTo(scale: number): void;
  zoomBy(factor: number): void;
  focus(): void;
  /** Enter, Backspace or Escape for the tool in hand; false if it had no use for it. */
  tool(event: 'finish' | 'back' | 'cancel', modifiers?: Modifiers): boolean;
  /** An arrow key for the tool in hand, by so many steps; false if it had no use for it. */
  arrow(dx: number, dy: number): boolean;
}

/** Tells the person; the app shows it as a notification. */
export interface Notice {
  readonly kind: 'error' | 'warning' | 'info';
  readonly title: string;
  readonly message: string;
}

/**
 * Everything a person can do, as methods: buttons, shortcuts and the command palette call these. Holds the project
 * (undone, saved), the session (neither) and the compute worker together; no component talks to the worker.
 */
export class Studio {
  #canvas: CanvasCommands | null = null;
  readonly #preview: LatestWins<{ request: PreviewRequest }, Preview>;
  readonly #fresh = new Map<string, Draft>();
  #requested: { draft: Draft; donor: ImageRecord | null; imageId: string } | null = null;
  /** Where the product is in the open image. */
  readonly product: Product;
  /** Smart select and the parts of the open image. */
  readonly segmenting: Segmenting;
  /** What the detector says of the open image. */
  readonly detecting: Detecting;
  #openings = 0;
  readonly #cancelled = new Set<string>();
  /** What is done to the region as a whole, or from its list. */
  readonly region = new RegionTools(this);
  readonly edges = new EdgeCorrections(this);
  readonly donorParts = new DonorParts(this);
  readonly wand = new Wand(this);
  /** Test sets, evaluations and their comparison. */
  readonly evaluating: Evaluating;
  /** Networks adapted to the person's photographs. */
  readonly training: Training;
  #candidates: { images: ProjectDocument['images']; imageId: string; donors: ImageRecord[] } | null = null;

  constructor(
    readonly project: ProjectStore,
    readonly session: SessionStore,
    readonly worker: Remote<StudioWorker>,
    readonly pictures: Pictures,
    evaluations: Pick<BlobStore, 'get'>,
    readonly notify: (notice: Notice) => void,
  ) {
    this.#preview = new LatestWins<{ request: PreviewRequest }, Preview>(({ request }) => worker.preview(request), {
      busy: (busy) => this.#set({ busy }),
      result: (preview, { request }, stale) => this.#showPreview(preview, request.draft, stale),
      error: (error) => {
        const report = reportOf(error, 'ui');
        if (report.code !== 'cancelled') this.#set({ previewError: report });
      },
      dropped: closeBitmaps,
    });
    // Before the parts: where the product was in the image before must be forgotten when theirs are cleaned anew.
    this.product = new Product(this);
    this.segmenting = new Segmenting(this);
    this.detecting = new Detecting(this);
    this.evaluating = new Evaluating(this, evaluations);
    this.training = new Training(this);
    project.subscribe((state, before) => {
      if (state.document !== before.document) this.#documentChanged();
      if (state.saving === 'failed' && before.saving !== 'failed' && state.saveError) {
        this.notify({ kind: 'error', title: 'Not saved', message: state.saveError.message });
      }
    });
  }

  /** The canvas on screen, if the page has one. */
  get canvas(): CanvasCommands | null {
    return this.#canvas;
  }

  attachCanvas(canvas: CanvasCommands | null): void {
    this.#canvas = canvas;
  }

  // ---------------------------------------------------------------------------------------------- start and compute

  /** Brings back what was saved and starts the compute worker. */
  async start(): Promise<void> {
    const computing = this.startCompute(this.session.getState().computePreference);
    let whole = false;
    try {
      const problems = await this.project.getState().restore();
      for (const message of problems) {
        this.notify({ kind: 'warning', title: 'Part of the project could not be read', message });
      }
      whole = problems.length === 0;
    } catch (error) {
      this.#tell('The project could not be read', error);
    }
    const { imageId, datasetId, page, evaluationId } = this.session.getState();
    const { images, datasets, evaluations } = this.document;
    const image = imageId === null ? undefined : images[imageId];
    this.#set({
      ready: true,
      imageId: null,
      datasetId: datasetId !== null && datasets[datasetId] ? datasetId : (Object.keys(datasets)[0] ?? null),
      page: image || page !== 'synthesize' ? page : 'dataset',
      evaluationId: evaluationId !== null && evaluations[evaluationId] ? evaluationId : null,
    });
    if (Object.keys(datasets).length === 0 && page !== 'evaluate' && page !== 'train') this.#set({ page: 'dataset' });
    await computing;
    // What could not be read may still need what it refers to.
    if (whole) await this.evaluating.sweep();
    if (image) await this.openImage(image.id);
  }

  async startCompute(computePreference: ComputePreference): Promise<void> {
    this.#set({ computePreference, computeStarting: true, computeError: null });
    try {
      const compute = await this.worker.start(computePreference);
      this.#set({ compute });
      // On another path the same draft may look (within tolerance) different, and a broken path may work again.
      this.#previewAnew();
      void this.detecting.findNetwork();
    } catch (error) {
      this.#set({ computeError: reportOf(error, 'ui') });
      this.#tell('The compute worker did not start', error);
    } finally {
      this.#set({ computeStarting: false });
    }
  }

  async listNetworks(): Promise<void> {
    try {
      const [networks, offers] = await Promise.all([this.worker.models(), this.worker.officials()]);
      // What is not there cannot be used, and has neither size nor licence to show.
      this.#set({ networks: networks.filter(({ state }) => state !== 'missing'), offers });
    } catch (error) {
      this.#tell('The networks could not be listed', error);
    }
  }

  /** Finds edges with the weights of this file from now on; null goes back to those that come with the studio. */
  async useWeights(file: File | null): Promise<void> {
    await this.#switchNetwork('edges', () => (file ? this.worker.useWeights(file) : this.worker.useShippedWeights()));
  }

  /** Segments with the two files of a SAM from now on; null goes back to the shipped network. */
  async useSegmenter(files: readonly File[] | null): Promise<void> {
    await this.#switchNetwork('segmentation', () =>
      files ? this.worker.useSegmenter(files) : this.worker.useShippedSegmenter(),
    );
  }

  /** Looks for anomalies with the detector of this file from now on; null goes back to the shipped one. */
  async useDetector(file: File | null): Promise<void> {
    await this.#switchNetwork('detector', () =>
      file ? this.worker.useDetector(file) : this.worker.useShippedDetector(),
    );
  }

  /** Makes pictures from edges with the generator of this file from now on; null goes back to the shipped one. */
  async useGenerator(file: File | null): Promise<void> {
    await this.#switchNetwork('generator', () =>
      file ? this.worker.useGenerator(file) : this.worker.useShippedGenerator(),
    );
  }

  /** Uses what a run has trained. @returns null if it cannot be used, which has been said. */
  useTrained({ id, config }: TrainingRunRecord): Promise<ModelInfo | null> {
    return this.#switchNetwork(config.what, () => this.worker.useTrained(id));
  }

  /** Uses a network of one file for what it is made for. */
  async useNetwork(file: File): Promise<void> {
    try {
      const task = await this.worker.taskOf(file);
      const use: Readonly<Record<typeof task, (file: File) => Promise<void>>> = {
        edges: (own) => this.useWeights(own),
        generator: (own) => this.useGenerator(own),
        detector: (own) => this.useDetector(own),
      };
      await use[task](file);
    } catch (error) {
      this.#tell('This network is not used', error);
    }
  }

  /** Uses a network that is stored already. */
  async useOffer({ id, source, task }: NetworkOffer): Promise<void> {
    await this.#switchNetwork(task, () =>
      source === 'official' ? this.worker.useOfficial(id) : this.worker.useOwn(task),
    );
  }

  /** Downloads an official network, whose licence the person has accepted by asking for it. */
  async downloadOffer({ id, title }: NetworkOffer): Promise<void> {
    if (this.session.getState().download) return;
    const job = crypto.randomUUID();
    this.#set({ download: { id, job, progress: null, startedAt: performance.now() } });
    try {
      const notKept = await this.worker.download(
        job,
        id,
        true,
        proxy((progress) => this.#set((state) => ({ download: state.download && { ...state.download, progress } }))),
      );
      if (notKept) this.notify({ kind: 'warning', title: `${title} is not stored`, message: notKept.message });
    } catch (error) {
      if (!this.#wasCancelled(job, error)) this.#tell(`${title} was not downloaded`, error);
    } finally {
      this.#set({ download: null });
    }
    await this.listNetworks();
  }

  async removeOffer({ id, title }: NetworkOffer): Promise<void> {
    try {
      await this.worker.removeNetwork(id);
    } catch (error) {
      this.#tell(`${title} was not removed`, error);
    }
    await this.listNetworks();
  }

  async #switchNetwork(task: NetworkTask, take: () => Promise<ModelInfo>): Promise<ModelInfo | null> {
    if (this.session.getState().weightsLoading) return null;
    let info: ModelInfo | null = null;
    this.#set({ weightsLoading: true });
    try {
      if (task === 'segmentation') await this.segmenting.cancelParts();
      info = await take();
      if (task === 'segmentation') this.segmenting.networkChanged();
      if (task === 'detector') await this.detecting.findNetwork();
      const { title, says } = CHANGED[task];
      const message = says(info);
      this.notify({
        kind: info.note === undefined ? 'info' : 'warning',
        title,
        message: info.note === undefined ? message : `${message} ${info.note}`,
      });
    } catch (error) {
      this.#tell('This network is not used', error);
    }
    this.#set({ weightsLoading: false });
    await this.listNetworks();
    // Edges are another picture; which renderers there are for an image depends on the generator.
    if ((task === 'edges' || task === 'generator') && this.image) await this.openImage(this.image.id, true);
    // The worker has begun anew, and knows nothing of the result that is shown.
    else this.#previewAnew();
    return info;
  }

  // ---------------------------------------------------------------------------------------------- datasets

  get document(): ProjectDocument {
    return this.project.getState().document;
  }

  /** Opens the bundled demo: its first pin tray, with an arbitrary region removed, so that there is something to see. */
  async openDemo(): Promise<void> {
    if (this.session.getState().demoOpening) return;
    this.#set({ demoOpening: true });
    try {
      const batches = await this.worker.demo();
      this.project.getState().apply(
        'Open the demo',
        (document) => {
          for (const batch of batches) addBatch(document, batch);
        },
        { undoable: false },
      );
      const tray = batches.find(({ dataset }) => dataset.trainedSet === 'pin_tray') ?? batches[0];
      const first = tray?.images.find(({ label, split }) => label === 'good' && split === 'train') ?? tray?.images[0];
      if (!first) return;
      this.#set({ datasetId: first.datasetId, page: 'synthesize' });
      await this.openImage(first.id);
      if (!this.document.drafts[first.id]) this.#suggest();
    } catch (error) {
      this.#tell('The demo could not be opened', error);
    } finally {
      this.#set({ demoOpening: false });
    }
  }

  /** Takes out one part, so that there is something to see, to move and to change. */
  #suggest(): void {
    const { opened } = this.session.getState();
    const draft = this.draft;
    if (!opened || draft?.shapes.length !== 0) return;
    const { width, height } = opened;
    const context = newContext({ willReadFrequently: true });
    context.canvas.width = width;
    context.canvas.height = height;
    context.drawImage(opened.edges, 0, 0);
    const shape = suggestRegion(context.getImageData(0, 0, width, height));
    if (shape) this.addShape({ shape, replace: true });
    else void this.surprise();
  }

  async importFiles(files: readonly ImportFile[], unreadable: readonly ErrorReport[] = []): Promise<void> {
    if (this.session.getState().importing) {
      this.notify({
        kind: 'warning',
        title: 'An import is running',
        message: 'Wait until it is done or cancel it, then add the next folder.',
      });
      return;
    }
    if (files.length === 0) {
      this.notify({
        kind: 'warning',
        title: 'Nothing to import',
        message: unreadable[0]?.message ?? 'There was no file in what you dropped. Drop images or a folder of images.',
      });
      return;
    }
    // Asks the browser not to clear what is imported when the disk gets full; a refusal changes nothing.
    void navigator.storage?.persist?.();
    const job = crypto.randomUUID();
    this.#set({
      importing: { job, progress: null, startedAt: performance.now() },
      problems: unreadable,
      page: 'dataset',
    });
    const known = Object.values(this.document.images).map(({ source }) => source.sha256);
    let shown = false;
    const onBatch = proxy((batch: ImportBatch, progress: NonNullable<SessionState['importing']>['progress']) => {
      this.project.getState().apply('Import photographs', (document) => addBatch(document, batch), { undoable: false });
      this.#set((state) => ({
        importing: state.importing && { ...state.importing, progress },
        problems: [...state.problems, ...batch.problems],
        ...(shown ? {} : { datasetId: batch.dataset.id, filter: NO_FILTER }),
      }));
      shown = true;
    });
    try {
      const summary = await this.worker.importFiles(job, files, known, onBatch);
      const problems = this.session.getState().problems.length;
      this.notify({
        kind: problems > 0 ? 'warning' : 'info',
        title: `${summary.imported} ${summary.imported === 1 ? 'image' : 'images'} imported`,
        message:
          problems > 0
            ? `${problems} ${problems === 1 ? 'file was' : 'files were'} left out; the list beside the images says why.`
            : `“${summary.dataset.name}” is ready. Pick an image to make the first anomaly.`,
      });
    } catch (error) {
      if (this.#wasCancelled(job, error)) {
        this.notify({ kind: 'info', title: 'Import cancelled', message: 'What was imported so far is kept.' });
      } else {
        const report = reportOf(error, 'ui');
        this.#set((state) => ({ problems: [...state.problems, report] }));
        this.#tell('Nothing more was imported', error);
      }
    } finally {
      this.#set({ importing: null });
    }
  }

  /** Cancels an import or an export. The call it belongs to ends with `cancelled` and cleans up. */
  async cancel(job: string): Promise<void> {
    this.#cancelled.add(job);
    await this.worker.cancel(job);
  }

  /** A stream that was cancelled ends with an error that has lost its code on the way between threads. */
  #wasCancelled(job: string, error: unknown): boolean {
    return this.#cancelled.delete(job) || reportOf(error, 'ui').code === 'cancelled';
  }

  removeDataset(id: string): void {
    const { name } = this.document.datasets[id];
    this.project.getState().apply(`Remove ${name}`, (document) => {
      const gone = new Set(Object.values(document.images).flatMap((image) => (image.datasetId === id ? image.id : [])));
      for (const imageId of gone) {
        delete document.images[imageId];
        delete document.drafts[imageId];
        delete document.corrections[imageId];
      }
      for (const variant of Object.values(document.variants)) {
        if (gone.has(variant.imageId)) delete document.variants[variant.id];
      }
      delete document.datasets[id];
    });
    this.#set((state) => ({
      datasetId: state.datasetId === id ? (Object.keys(this.document.datasets)[0] ?? null) : state.datasetId,
    }));
    this.notify({ kind: 'info', title: `“${name}” removed`, message: 'Undo brings it back, with its kept variants.' });
  }

  setFilter(filter: Partial<DatasetFilter>): void {
    this.#set((state) => ({ filter: { ...state.filter, ...filter } }));
  }

  // ---------------------------------------------------------------------------------------------- the open image

  go(page: Page): void {
    this.#set({ page });
  }

  /** Opens the page Synthesize with a photograph of this dataset, or with what is open. */
  async openForTrial(datasetId: string | null): Promise<void> {
    const open = this.image;
    const [first] = datasetId === null || open?.datasetId === datasetId ? [] : imagesOf(this.document, datasetId);
    this.go('synthesize');
    const image = first ?? open;
    if (image) await this.openImage(image.id);
    else this.go('dataset');
  }

  /** Leads to where an edge detector is taught the corrections of the open dataset. */
  teachEdges(): void {
    const { datasetId } = this.session.getState();
    this.training.show(null);
    this.training.chooseTask('edges');
    if (datasetId !== null) this.training.chooseDataset(datasetId);
    this.go('train');
  }

  /** @param again also if it is open already: its edges have changed. */
  async openImage(id: string, again = false): Promise<void> {
    const image = this.document.images[id];
    if (!image) return;
    if (this.session.getState().imageId === id && this.session.getState().opened && !again) return;
    const opening = ++this.#openings;
    this.#preview.clear();
    this.#requested = null;
    this.#set({
      imageId: id,
      datasetId: image.datasetId,
      opening: true,
      openError: null,
      previewError: null,
      measure: null,
      selectedShape: null,
      compareId: null,
    });
    try {
      const opened = await this.worker.openImage(image);
      if (opening !== this.#openings) {
        closeBitmaps(opened);
        return;
      }
      this.#replace({ opened, shown: null, opening: false });
      this.#requestPreview();
    } catch (error) {
      if (opening !== this.#openings) return;
      this.#replace({ opened: null, shown: null, opening: false });
      this.#set({ openError: reportOf(error, 'ui') });
    }
  }

  /** The image `step` places further in its dataset, round the end. */
  async openNeighbour(step: 1 | -1): Promise<void> {
    const image = this.image;
    if (!image) return;
    const siblings = this.siblings();
    const index = siblings.findIndex(({ id }) => id === image.id);
    await this.openImage(siblings[(index + step + siblings.length) % siblings.length].id);
  }

  /** The images of the open image's dataset, in their order. */
  siblings(): ImageRecord[] {
    const { image } = this;
    if (!image) return [];
    const { images } = this.document;
    const { datasetId } = image;
    if (this.#siblings?.images !== images || this.#siblings.datasetId !== datasetId) {
      this.#siblings = { images, datasetId, list: imagesOf(this.document, datasetId) };
    }
    return this.#siblings.list;
  }
  #siblings: { images: ProjectDocument['images']; datasetId: string; list: ImageRecord[] } | null = null;

  get image(): ImageRecord | null {
    const { imageId } = this.session.getState();
    return imageId === null ? null : (this.document.images[imageId] ?? null);
  }

  /** The open image's draft: what was edited, or else a fresh one in the manner of the last. */
  get draft(): Draft | null {
    const image = this.image;
    return image && this.draftOf(image.id);
  }

  draftOf(imageId: string): Draft {
    const edited = this.document.drafts[imageId];
    if (edited) {
      this.#manner = edited;
      return edited;
    }
    let fresh = this.#fresh.get(imageId);
    if (!fresh) {
      const { operation, feather, renderer, output, gradients, edgeOutput, groundTruth } =
        this.#manner ?? newDraft(imageId, 0);
      fresh = {
        ...newDraft(imageId, randomSeed()),
        ...{ operation, feather, renderer, output, gradients, edgeOutput, groundTruth },
      };
      this.#fresh.set(imageId, fresh);
    }
    return fresh;
  }
  #manner: Draft | null = null;

  /** Changes the open image's draft as one step of the history; with a `mergeKey`, as part of the running one. */
  edit(label: string, recipe: (draft: Mutable<Draft>) => void, mergeKey?: string): void {
    const draft = this.draft;
    if (!draft) return;
    this.project.getState().apply(
      label,
      (document) => {
        document.drafts[draft.imageId] ??= structuredClone(draft) as Mutable<Draft>;
        const next = document.drafts[draft.imageId];
        recipe(next);
        const placement = draft.shapes.some(isDonorPart) ? placedTogether(draft, next) : null;
        if (!placement) return;
        next.augmentation = { ...placement };
        for (const shape of next.shapes) if (isDonorPart(shape)) shape.placement = { ...placement };
      },
      mergeKey === undefined ? undefined : { mergeKey: `${draft.imageId}/${mergeKey}` },
    );
  }

  undo(): void {
    this.#travel('undo');
  }

  redo(): void {
    this.#travel('redo');
  }

  /** Undo and redo show what they change: another image's draft is opened. */
  #travel(direction: 'undo' | 'redo'): void {
    const { history } = this.project.getState();
    const label = direction === 'undo' ? history.undoLabel : history.redoLabel;
    if (label === null) return;
    const before = this.document.drafts;
    this.project.getState()[direction]();
    const after = this.document.drafts;
    const { imageId, page } = this.session.getState();
    const touched = Object.keys({ ...before, ...after }).filter((id) => before[id] !== after[id]);
    this.#set({ selectedShape: null, announced: `${direction === 'undo' ? 'Undone' : 'Redone'}: ${label}` });
    this.segmenting.resume();
    if (page === 'synthesize' && touched.length === 1 && touched[0] !== imageId && this.document.images[touched[0]]) {
      void this.openImage(touched[0]);
    }
  }

  // ---------------------------------------------------------------------------------------------- the region

  addShape({ shape, replace }: Commit): void {
    const label = shape.combine === 'subtract' ? `Subtract ${SHAPE_NAMES[shape.kind]}` : SHAPE_NAMES[shape.kind];
    this.edit(capitalised(label), (draft) => {
      // A patch that adds one shape costs the same however many there are.
      if (replace) draft.shapes = [];
      draft.shapes.push(shape as (typeof draft.shapes)[number]);
    });
    const at = (this.draft?.shapes.length ?? 0) - 1;
    this.#set({ selectedShape: frameOf(shape) && shape.kind !== 'brush' ? at : null });
  }

  /** The keyboard's way to a shape: in the middle, to be moved and resized with the arrows. */
  addCentralShape(): void {
    const { opened, tool, regionMode } = this.session.getState();
    if (!opened || (tool !== 'rectangle' && tool !== 'ellipse')) return;
    const shape = { ...centralShape(tool, opened), combine: combineOf(regionMode) };
    this.addShape({ shape, replace: regionMode === 'replace' });
  }

  replaceShape(index: number, shape: RegionShape, label: string, mergeKey?: string): void {
    this.edit(label, (draft) => void (draft.shapes[index] = shape as (typeof draft.shapes)[number]), mergeKey);
  }

  /** Moves (or with `resize`, widens) the picked shape, else the whole region. */
  nudge(dx: number, dy: number, resize = false): void {
    const draft = this.draft;
    if (!draft || draft.shapes.length === 0) return;
    const { selectedShape } = this.session.getState();
    const size = this.session.getState().opened ?? undefined;
    const change = (shape: RegionShape): RegionShape => {
      const frame = frameOf(shape, size);
      if (!resize || !frame) return moved(shape, dx, dy, size);
      const width = Math.max(2, frame.width + 2 * dx);
      const height = Math.max(2, frame.height + 2 * dy);
      const x = frame.x + (frame.width - width) / 2;
      const y = frame.y + (frame.height - height) / 2;
      return withFrame(shape, { ...frame, x, y, width, height }, size);
    };
    this.edit(
      resize ? 'Resize region' : 'Move region',
      (next) => {
        next.shapes = draft.shapes.map((shape, i) =>
          (selectedShape === null || selectedShape === i) && !shape.locked ? change(shape) : shape,
        ) as typeof next.shapes;
      },
      resize ? 'resize' : 'nudge',
    );
  }

  selectShape(selectedShape: number | null): void {
    if (this.session.getState().selectedShape !== selectedShape) this.#set({ selectedShape });
  }

  deleteShape(): void {
    const { selectedShape } = this.session.getState();
    if (selectedShape !== null) this.region.remove({ from: selectedShape, to: selectedShape });
  }

  clearRegion(): void {
    this.edit('Clear region', (draft) => void (draft.shapes = []));
    this.#set({ selectedShape: null });
  }

  /** An arbitrary region (LogicAL), on the product where that is known: from a new seed each time, or the one given. */
  async surprise(seed = randomSeed()): Promise<void> {
    const image = this.image;
    if (!image) return;
    try {
      const { surpriseShare, foreground } = this.session.getState();
      const shapes = await this.worker.randomRegion(image, seed, surpriseShare, foreground);
      if (this.image?.id !== image.id) return;
      this.edit('Arbitrary region', (draft) => void (draft.shapes = shapes as typeof draft.shapes));
      this.#set({ selectedShape: null });
    } catch (error) {
      this.#tell('No region was found', error);
    }
  }

  // ---------------------------------------------------------------------------------------------- how it is made

  setOperation(operation: Operation): void {
    const image = this.image;
    if (!image) return;
    if (operation !== 'remove' && this.donors().length === 0) {
      this.notify({
        kind: 'warning',
        title: `${capitalised(operation)} needs a donor`,
        message: 'This dataset has no other image to take edges from. Add a second photograph of the product.',
      });
      return;
    }
    this.edit(capitalised(operation), (draft) => void (draft.operation = operation));
  }

  donors(): readonly ImageRecord[] {
    const image = this.image;
    if (!image) return [];
    const { images } = this.document;
    if (this.#candidates?.images !== images || this.#candidates.imageId !== image.id) {
      this.#candidates = { images, imageId: image.id, donors: donorCandidates(this.document, image) };
    }
    return this.#candidates.donors;
  }

  donorOf(draft: DraftSettings): ImageRecord | null {
    return donorOf(draft, this.donors());
  }

  /** The donor `step` places further; `shuffle` takes any. */
  stepDonor(step: 1 | -1 | 'shuffle'): void {
    const draft = this.draft;
    const donors = this.donors();
    if (!draft || draft.operation === 'remove' || donors.length === 0) return;
    const now = donors.findIndex(({ id }) => id === this.donorOf(draft)?.id);
    const others = donors.filter((_, i) => i !== now);
    const next =
      step === 'shuffle'
        ? (others[Math.floor(Math.random() * others.length)] ?? donors[0])
        : donors[(now + step + donors.length) % donors.length];
    this.edit('Choose donor', (next_) => void (next_.donorId = next.id));
  }

  async randomAugmentation(): Promise<void> {
    const draft = this.draft;
    if (!draft) return;
    try {
      const augmentation = await this.worker.randomAugmentation(randomSeed());
      if (this.draft?.imageId === draft.imageId) {
        this.edit('Random placement', (next) => void (next.augmentation = augmentation));
      }
    } catch (error) {
      this.#tell('No placement was drawn', error);
    }
  }

  /** A new seed: another donor (unless one is named) and another warp. */
  reseed(): void {
    this.edit('New seed', (draft) => {
      draft.seed = randomSeed();
      if (draft.warp) draft.warp = warpOf(draft.seed);
    });
  }

  setWarp(on: boolean): void {
    this.edit(on ? 'Warp on' : 'Warp off', (draft) => void (draft.warp = on ? warpOf(draft.seed) : null));
  }

  // ---------------------------------------------------------------------------------------------- results

  async keep(): Promise<void> {
    const request = this.#currentRequest();
    if (!request || this.session.getState().keeping) return;
    if (request.draft.shapes.length === 0) {
      this.notify({ kind: 'warning', title: 'Nothing to keep yet', message: 'Draw a region first.' });
      return;
    }
    this.#set({ keeping: true });
    try {
      const name = nextName(this.document, request.image, request.draft.operation);
      const variant = await this.worker.keep(request, crypto.randomUUID(), name);
      this.project.getState().apply(`Keep ${name}`, (document) => {
        document.variants[variant.id] = variant as Mutable<Variant>;
      });
      this.#set({ announced: `Kept ${name}` });
    } catch (error) {
      this.#tell('This result was not kept', error);
    } finally {
      this.#set({ keeping: false });
    }
  }

  renameVariant(id: string, name: string): void {
    const trimmed = name.trim();
    if (trimmed === '' || trimmed === this.document.variants[id]?.name) return;
    this.project.getState().apply('Rename variant', (document) => void (document.variants[id].name = trimmed));
  }

  deleteVariant(id: string): void {
    const variant = this.document.variants[id];
    if (!variant) return;
    if (this.session.getState().compareId === id) this.compareWith(null);
    this.project.getState().apply(`Delete ${variant.name}`, (document) => void delete document.variants[id]);
  }

  /** Takes the variant's draft up again. */
  async restoreVariant(id: string): Promise<void> {
    const variant = this.document.variants[id];
    if (!variant) return;
    this.#set({ page: 'synthesize' });
    await this.openImage(variant.imageId);
    this.project.getState().apply(`Take up ${variant.name}`, (document) => {
      document.drafts[variant.imageId] = structuredClone(variant.draft) as Mutable<Draft>;
    });
    this.#set({ selectedShape: null });
  }

  /** Puts a kept variant where "before" is; null gives the photograph its place back. */
  compareWith(compareId: string | null): void {
    const { viewMode } = this.session.getState();
    const compares = viewMode === 'wipe' || viewMode === 'split';
    this.#set({ compareId, ...(compareId !== null && !compares ? { viewMode: 'wipe' as const } : {}) });
  }

  async copyRecipe(id: string): Promise<void> {
    const variant = this.document.variants[id];
    if (!variant) return;
    try {
      await navigator.clipboard.writeText(JSON.stringify(variant.recipe, null, 2));
      this.notify({
        kind: 'info',
        title: 'Recipe copied',
        message: 'Saved as a file, it remakes this result on the command line.',
      });
    } catch (error) {
      this.#tell('The recipe was not copied', error);
    }
  }

  // ---------------------------------------------------------------------------------------------- export

  /** The variants that would be exported, oldest first. */
  exportable(): Variant[] {
    const { unexported } = this.session.getState();
    return variantsInOrder(this.document).filter(({ id }) => !unexported.has(id));
  }

  async exportZip(category: string): Promise<void> {
    const chosen = this.exportable();
    if (chosen.length === 0 || this.session.getState().exporting) return;
    const variants = chosen.map((variant) => ({ variant, image: this.document.images[variant.imageId] }));
    const datasets = new Set(variants.map(({ image }) => image.datasetId));
    const normals = this.session.getState().includeNormals
      ? Object.values(this.document.images).filter(
          ({ datasetId, label, split }) => datasets.has(datasetId) && label === 'good' && split !== 'test',
        )
      : [];
    const job = crypto.randomUUID();
    try {
      const saved = await saveStream(`${category}.zip`, async () => {
        this.#set({ exporting: { job, progress: null, startedAt: performance.now() } });
        return this.worker.exportZip(
          job,
          { category, variants, normals },
          proxy((progress) =>
            this.#set((state) => ({ exporting: state.exporting && { ...state.exporting, progress } })),
          ),
        );
      });
      if (saved) {
        this.notify({
          kind: 'info',
          title: `${category}.zip saved`,
          message: `${variants.length} ${variants.length === 1 ? 'pair' : 'pairs'}${normals.length > 0 ? ` and ${normals.length} normal images` : ''}, with recipes and a manifest.`,
        });
      }
    } catch (error) {
      if (this.#wasCancelled(job, error)) {
        this.notify({ kind: 'info', title: 'Export cancelled', message: 'No file was written.' });
      } else this.#tell('The export failed', error);
    } finally {
      this.#set({ exporting: null });
    }
  }

  toggleExported(id: string, included: boolean): void {
    this.#set((state) => {
      const unexported = new Set(state.unexported);
      if (included) unexported.delete(id);
      else unexported.add(id);
      return { unexported };
    });
  }

  // ---------------------------------------------------------------------------------------------- view

  setLayer(id: LayerId, change: Partial<LayerState>): void {
    this.#set((state) => ({ layers: { ...state.layers, [id]: { ...state.layers[id], ...change } } }));
  }

  setBrush(change: Partial<SessionState['brush']>): void {
    this.#set((state) => ({ brush: { ...state.brush, ...change } }));
  }

  // ---------------------------------------------------------------------------------------------- inside

  #documentChanged(): void {
    const { imageId, compareId, datasetId, opened } = this.session.getState();
    if (datasetId === null || !this.document.datasets[datasetId]) {
      // Removed, or come back with undo: the page never stands before a list with nothing chosen.
      const first = Object.keys(this.document.datasets)[0] ?? null;
      if (first !== datasetId) this.#set({ datasetId: first });
    }
    if (compareId !== null && !this.document.variants[compareId]) this.#set({ compareId: null });
    if (imageId !== null && !this.document.images[imageId]) {
      this.#openings++;
      this.#preview.clear();
      this.#requested = null;
      this.#replace({ opened: null, shown: null, opening: false });
      this.#set({ imageId: null, measure: null, selectedShape: null, page: 'dataset' });
      return;
    }
    if (opened) this.#requestPreview();
  }

  #currentRequest(): PreviewRequest | null {
    const image = this.image;
    const draft = this.draft;
    return image && draft && { image, draft, donor: this.donorOf(draft) };
  }

  /** Shows what a shape being drawn will come to, where results come fast enough to follow the hand. */
  previewGrowing({ shape, replace }: Commit): void {
    const took = this.session.getState().shown?.preview.milliseconds ?? Infinity;
    const request = this.#currentRequest();
    if (took > LIVE_LIMIT || !request) return;
    const { draft } = request;
    this.#requested = null;
    this.#preview.request({
      request: { ...request, draft: { ...draft, shapes: [...(replace ? [] : draft.shapes), shape] } },
    });
  }

  /** Back to the draft, after a shape that came to nothing. */
  previewDraft(): void {
    this.#requestPreview();
  }

  /** Asks for a preview of the draft as it is now, if it is not the one shown or under way. */
  #requestPreview(): void {
    const request = this.#currentRequest();
    if (!request || !this.session.getState().opened) return;
    const { draft, donor, image } = request;
    const last = this.#requested;
    if (last && last.draft === draft && last.donor?.id === donor?.id && last.imageId === image.id) return;
    this.#requested = { draft, donor, imageId: image.id };
    if (draft.shapes.length === 0) {
      this.#preview.clear();
      this.#replace({ shown: null });
      this.#set({ measure: null, previewError: null });
      return;
    }
    this.#preview.request({ request });
  }

  #previewAnew(): void {
    this.#requested = null;
    this.#requestPreview();
  }

  #showPreview(preview: Preview, draft: Draft, stale: boolean): void {
    this.#replace({ shown: { preview, draft } });
    this.#set({ previewError: null });
    if (stale) return;
    this.worker.measure().then(
      (measure) => {
        if (this.session.getState().shown?.preview === preview) this.#set({ measure });
      },
      (error: unknown) => {
        const report = reportOf(error, 'ui');
        if (report.code !== 'cancelled' && this.session.getState().shown?.preview === preview) {
          this.#set({ measure: null, previewError: report });
        }
      },
    );
  }

  /** Sets pictures and closes those they replace; subscribers have let go of the old ones when setState returns. */
  #replace(next: Partial<Pick<SessionState, 'opened' | 'shown' | 'opening'>>): void {
    const { opened, shown } = this.session.getState();
    this.#set(next);
    if ('opened' in next && opened && opened !== next.opened) closeBitmaps(opened);
    if ('shown' in next && shown && shown !== next.shown) closeBitmaps(shown.preview);
  }

  #set(change: Partial<SessionState> | ((state: SessionState) => Partial<SessionState>)): void {
    this.session.setState(change);
  }

  #tell(title: string, error: unknown): void {
    const { code, message } = reportOf(error, 'ui');
    if (code !== 'cancelled') this.notify({ kind: 'error', title, message });
  }
}

/** What is said when another network does a task. */
const CHANGED: Readonly<Record<NetworkTask, { readonly title: string; says(info: ModelInfo): string }>> = {
  edges: { title: 'Edge detector changed', says: ({ title }) => `Edges now come from ${title}.` },
  segmentation: {
    title: 'Segmentation network changed',
    says: ({ title, state }) =>
      state === 'missing'
        ? 'No segmentation network is installed, so none finds parts now. Draw regions by hand.'
        : `${title} now finds the parts.`,
  },
  generator: {
    title: 'Generator changed',
    says: ({ title, state }) =>
      state === 'missing'
        ? 'No generator is installed, so results are rendered directly now.'
        : `${title} now makes pictures from edges.`,
  },
  detector: {
    title: 'Anomaly detector changed',
    says: ({ title, state }) =>
      state === 'missing'
        ? 'No anomaly detector is installed, so none looks for anomalies now.'
        : `${title} now looks for anomalies.`,
  },
};

const NO_FILTER: DatasetFilter = { query: '', split: null, label: null };

/** Results that take longer (ms) do not follow a shape while it is drawn: they would only delay the final one. */
const LIVE_LIMIT = 120;

const SHAPE_NAMES: Readonly<Record<RegionShape['kind'], string>> = {
  rectangle: 'rectangle',
  ellipse: 'ellipse',
  polygon: 'outline',
  brush: 'brush stroke',
  blob: 'arbitrary region',
  mask: 'mask',
};

function addBatch(document: Mutable<ProjectDocument>, { dataset, images }: ImportBatch): void {
  document.datasets[dataset.id] ??= dataset;
  for (const image of images) document.images[image.id] ??= image as Mutable<ImageRecord>;
}

export function variantsInOrder(document: ProjectDocument): Variant[] {
  return Object.values(document.variants).sort((a, b) => a.createdAt - b.createdAt);
}

/** `007 remove 2`: the image, the operation and the first number that is free. */
function nextName(document: ProjectDocument, image: ImageRecord, operation: Operation): string {
  const stem = `${image.name.replace(/\.[^.]+$/, '')} ${operation}`;
  const taken = new Set(Object.values(document.variants).map(({ name }) => name));
  for (let i = 1; ; i++) if (!taken.has(`${stem} ${i}`)) return `${stem} ${i}`;
}

function warpOf(seed: number) {
  return structuredClone(randomWarp(new Random(seed).fork('warp'))) as { offsets: number[] };
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
