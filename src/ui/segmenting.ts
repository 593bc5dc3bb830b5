import { proxy } from 'comlink';
import type { Draft as Mutable } from 'immer';
import { reportOf } from '../core/errors';
import { rleHas, rleUnionOf, type Rle } from '../core/rle';
import type { Prompt, PromptPoint } from '../models/sam/segmenter';
import type { Draft, ImageRecord } from '../project/document';
import { DEFAULT_PART_SETTINGS, type PartSettings } from '../synthesis/parts/refine';
import type { PartProposal, StudioWorker } from '../worker/api';
import { SerialQueue } from '../worker/jobs';
import { colourParts } from './canvas/part-colours';
import { combineOf, type RegionMode } from './canvas/tools/tool';
import type { Point } from './canvas/viewport';
import { LatestWins } from './latest';
import { Pointing, type Pointed } from './pointing';
import { maskShape, nextDetail, proposalOf, type Detail, type MaskShape } from './proposals';
import type { PartsView, SmartView } from './segmentation-view';
import type { SessionState, SessionStore } from './session';

/** What segmenting needs of the studio. */
export interface SegmentingHost {
  readonly session: SessionStore;
  readonly worker: Pick<
    StudioWorker,
    'prepareSegmentation' | 'segment' | 'everything' | 'refine' | 'models' | 'cancel'
  >;
  readonly image: ImageRecord | null;
  readonly draft: Draft | null;
  edit(label: string, recipe: (draft: Mutable<Draft>) => void, mergeKey?: string): void;
  selectShape(index: number | null): void;
}

/** Images whose parts are kept while another one is open; the worker keeps the masks of as many. */
const KEPT_IMAGES = 4;

/** Smart select and the parts of the open image. Each thing taken is one step of the history. */
export class Segmenting {
  readonly #pointing: Pointing;
  readonly #refining: LatestWins<
    { image: ImageRecord; settings: PartSettings; foreground: Rle | null },
    readonly PartProposal[]
  >;
  /** One click after the other: each begins from what the one before has made of the region. */
  readonly #clicks = new SerialQueue();
  /** What the network proposed for the shape taken last, so that another proposal needs no asking. */
  #taken: { readonly shape: MaskShape; readonly pointed: Pointed } | null = null;
  readonly #kept = new Map<string, PartsView>();

  constructor(private readonly host: SegmentingHost) {
    this.#pointing = new Pointing(host.worker, {
      reading: (reading) => this.#smart({ reading }),
      hovered: (hovered) => {
        if (hovered.imageId === host.image?.id) this.#smart({ hovered, error: null });
      },
      failed: (error) => this.#fail(error),
    });
    this.#refining = new LatestWins(
      ({ image, settings, foreground }) => host.worker.refine(image, settings, foreground),
      {
        busy: () => undefined,
        result: (parts, { image }) => this.#showParts(image.id, parts),
        error: (error, { image }) => this.#change(image.id, { error: reportOf(error, 'ui') }),
        dropped: () => undefined,
      },
    );
    host.session.subscribe((state, before) => {
      if (state.opened !== before.opened)
        this.#openedChanged(state.opened?.imageId ?? null, before.opened?.imageId ?? null);
      if (state.tool !== before.tool) {
        this.drop();
        if (state.tool === 'smart') this.#begin();
        else this.#pointing.leave();
      }
      if (state.foreground !== before.foreground) this.#refine();
    });
  }

  // ------------------------------------------------------------------------------------------------------- smart select

  /** Lights up what a prompt means: a part that is shown there, else what the network says. */
  hover(prompt: Prompt): void {
    const { image } = this.host;
    if (!image || this.#state.opened?.imageId !== image.id) return;
    const part = this.#partOf(prompt);
    this.light(part?.id ?? null);
    if (part) this.#dropHover();
    else this.#pointing.hover(image, prompt);
  }

  /** Nothing is pointed at any more. */
  drop(): void {
    this.light(null);
    this.#dropHover();
    if (this.#state.smart.error) this.#smart({ error: null });
  }

  /** Takes what a prompt means into the region, in one step of the history. */
  take(prompt: Prompt, mode: RegionMode): Promise<void> {
    const part = this.#partOf(prompt);
    if (part) {
      this.takePart(part.id, mode);
      this.#dropHover();
      return Promise.resolve();
    }
    return this.#click(async (image) => {
      const [pointed, model] = await Promise.all([this.#answer(image, prompt), this.#pointing.network()]);
      if (this.host.image?.id !== image.id) return;
      const proposal = proposalOf(pointed.proposals, prompt, this.#state.smart.detail);
      if (!proposal) return this.#sayNothingFound(prompt);
      const asked = { prompt, model };
      const shape = maskShape(proposal.mask, {
        combine: combineOf(mode),
        label: 'smart select',
        name: 'Smart selection',
        asked,
      });
      this.#add(`${VERBS[mode]} smart selection`, [shape], mode);
      this.#taken = { shape, pointed };
      this.#announce(`Part of ${AREA.format(proposal.mask.area)} px² ${TAKEN[mode]}`);
    });
  }

  /** The picked shape, if points can refine it: index and shape. */
  get refinable(): { readonly index: number; readonly shape: MaskShape & { prompt: object } } | null {
    const { selectedShape } = this.#state;
    const shape = selectedShape === null ? undefined : this.host.draft?.shapes[selectedShape];
    return selectedShape !== null && canRefine(shape) ? { index: selectedShape, shape } : null;
  }

  /** Asks again for the picked part, with one point more. */
  refine(point: PromptPoint): Promise<void> {
    return this.#click(async (image) => {
      const target = this.refinable;
      if (!target) return;
      const { prompt: old } = target.shape;
      const prompt: Prompt = { points: [...old.points, point], ...(old.box && { box: old.box }) };
      const [pointed, model] = await Promise.all([this.#answer(image, prompt), this.#pointing.network()]);
      const proposal = proposalOf(pointed.proposals, prompt, this.#state.smart.detail);
      if (!this.#still(image, target)) return;
      if (!proposal) return this.#sayNothingFound(prompt);
      this.#replace(
        target,
        proposal.mask,
        { prompt, model },
        point.label === 1 ? 'More of the part' : 'Less of the part',
        pointed,
      );
    });
  }

  /** Chooses among the network's proposals: for the hover, or else for the part just taken. */
  async setDetail(detail: Detail): Promise<void> {
    const { hovered } = this.#state.smart;
    this.#smart({ detail });
    if (hovered) return;
    await this.#click(async (image) => {
      const target = this.refinable;
      if (!target) return;
      const { model, ...prompt } = target.shape.prompt;
      const pointed = await this.#proposalsOf(image, target.shape);
      const proposal = proposalOf(pointed.proposals, prompt, this.#state.smart.detail);
      if (!proposal || !this.#still(image, target)) return;
      this.#replace(target, proposal.mask, { prompt, model }, DETAIL_STEPS[this.#state.smart.detail], pointed);
    });
  }

  /** The next coarser proposal, or with −1 the next finer, round the end. */
  async cycle(step: 1 | -1): Promise<void> {
    const { smart } = this.#state;
    const { image } = this.host;
    const target = this.refinable;
    if (smart.hovered) {
      const { proposals, prompt } = smart.hovered;
      await this.setDetail(nextDetail(proposals, prompt, smart.detail, step));
    } else if (target && image) {
      const pointed = await this.#click(() => this.#proposalsOf(image, target.shape));
      if (pointed) await this.setDetail(nextDetail(pointed.proposals, pointed.prompt, smart.detail, step));
    }
  }

  /** Whether there are proposals to choose from. */
  get canCycle(): boolean {
    return this.#state.tool === 'smart' && (this.#state.smart.hovered !== null || this.refinable !== null);
  }

  /** Picks the region's last part, so that refining goes on: after undo, or when an image is opened again. */
  resume(): void {
    const shapes = this.host.draft?.shapes ?? [];
    if (this.#state.tool === 'smart' && canRefine(shapes.at(-1))) this.host.selectShape(shapes.length - 1);
  }

  // ------------------------------------------------------------------------------------------------------- parts

  /** Asks the network what lies at each point of a grid. What was found before stays until this has found something. */
  async findParts(): Promise<void> {
    const { image } = this.host;
    const { opened, partsGrid } = this.#state;
    if (!image || opened?.imageId !== image.id || this.#state.parts?.job) return;
    const job = crypto.randomUUID();
    const before = this.#state.parts ?? noParts(image.id);
    this.#set({ parts: { ...before, job: { job, progress: null, startedAt: performance.now() }, error: null } });
    try {
      const found = await this.host.worker.everything(
        job,
        image,
        partsGrid,
        proxy((progress) => {
          const { parts } = this.#state;
          if (parts?.job?.job === job) this.#set({ parts: { ...parts, job: { ...parts.job, progress } } });
        }),
      );
      this.#change(image.id, { job: null, found });
      // Who asks for parts wants to see them.
      const { layers } = this.#state;
      if (!layers.parts.visible) this.#set({ layers: { ...layers, parts: { ...layers.parts, visible: true } } });
      this.#refine();
    } catch (error) {
      const report = reportOf(error, 'ui');
      this.#change(image.id, { job: null, error: report.code === 'cancelled' ? null : report });
    }
  }

  async cancelParts(): Promise<void> {
    const job = this.#state.parts?.job;
    if (job) await this.host.worker.cancel(job.job);
  }

  /** How raw masks become parts: as set, else as was measured for the network. */
  get settings(): PartSettings {
    const { partSettings, parts } = this.#state;
    return partSettings ?? parts?.found?.settings ?? DEFAULT_PART_SETTINGS;
  }

  setSettings(change: Partial<PartSettings>): void {
    this.#set({ partSettings: { ...this.settings, ...change } });
    this.#refine();
  }

  resetSettings(): void {
    this.#set({ partSettings: null });
    this.#refine();
  }

  light(id: string | null): void {
    const { parts } = this.#state;
    if (parts && parts.lit !== id) this.#set({ parts: { ...parts, lit: id } });
  }

  choose(id: string, chosen: boolean): void {
    const { parts } = this.#state;
    if (!parts) return;
    const next = new Set(parts.chosen);
    if (chosen) next.add(id);
    else next.delete(id);
    this.#set({ parts: { ...parts, chosen: next } });
  }

  chooseAll(chosen: boolean): void {
    const { parts } = this.#state;
    if (parts) this.#set({ parts: { ...parts, chosen: new Set(chosen ? parts.parts.map(({ id }) => id) : []) } });
  }

  takePart(id: string, mode: RegionMode): void {
    this.#takeParts((part) => part.id === id, mode);
  }

  /** Takes all that are chosen, in one step. */
  takeChosen(mode: RegionMode): void {
    const chosen = this.#state.parts?.chosen;
    if (chosen) this.#takeParts(({ id }) => chosen.has(id), mode);
  }

  /** The part shown at a place of the image: the smallest, for larger ones can be taken beside it. */
  partAt({ x, y }: Point): PartProposal | null {
    const { parts, layers, peeking } = this.#state;
    if (!parts || !layers.parts.visible || peeking) return null;
    return parts.parts.findLast(({ mask }) => rleHas(mask, x, y)) ?? null;
  }

  // ------------------------------------------------------------------------------------------------------- the network

  /** Forgets what the network before found: another sees other things. */
  networkChanged(): void {
    this.#pointing.forget();
    this.#refining.clear();
    this.#kept.clear();
    this.#taken = null;
    this.#smart({ hovered: null, error: null });
    this.#set({ parts: null, partSettings: null });
    if (this.#state.tool === 'smart') this.#begin();
  }

  // ------------------------------------------------------------------------------------------------------- inside

  get #state() {
    return this.host.session.getState();
  }

  #set(change: Partial<SessionState> | ((state: SessionState) => Partial<SessionState>)): void {
    this.host.session.setState(change);
  }

  #smart(change: Partial<SmartView>): void {
    this.#set(({ smart }) => ({ smart: { ...smart, ...change } }));
  }

  #announce(announced: string): void {
    this.#set({ announced });
  }

  #showParts(imageId: string, parts: readonly PartProposal[]): void {
    const known = this.#state.parts?.colours ?? new Map<string, string>();
    this.#change(imageId, { parts, colours: new Map([...known, ...colourParts(parts, known)]), error: null });
  }

  /** A change of an image's parts, whether it is open or not. */
  #change(imageId: string, change: Partial<PartsView>): void {
    const { parts } = this.#state;
    if (parts?.imageId === imageId) this.#set({ parts: { ...parts, ...change } });
    else {
      const kept = this.#kept.get(imageId);
      if (kept) this.#kept.set(imageId, { ...kept, ...change });
    }
  }

  #openedChanged(now: string | null, before: string | null): void {
    if (now === before) return;
    const { parts } = this.#state;
    this.#pointing.leave();
    this.#refining.clear();
    this.#taken = null;
    this.#smart({ hovered: null, error: null });
    if (parts) {
      // Nobody waits for the rest of what was left.
      void this.cancelParts();
      this.#kept.delete(parts.imageId);
      this.#kept.set(parts.imageId, { ...parts, lit: null });
      for (const oldest of this.#kept.keys()) {
        if (this.#kept.size <= KEPT_IMAGES) break;
        this.#kept.delete(oldest);
      }
    }
    const kept = now === null ? undefined : this.#kept.get(now);
    this.#set({ parts: kept ?? null });
    if (kept?.found) this.#refine();
    if (this.#state.tool === 'smart') this.#begin();
  }

  /** The tool is taken up: the picture is read at once, so that the first hover finds it read. */
  #begin(): void {
    const { opened } = this.#state;
    const { image } = this.host;
    if (!opened || image?.id !== opened.imageId) return;
    if (this.#state.selectedShape === null) this.resume();
    this.#pointing.prepare(image).catch((error: unknown) => this.#fail(error));
  }

  #dropHover(): void {
    this.#pointing.drop();
    if (this.#state.smart.hovered) this.#smart({ hovered: null });
  }

  #fail(error: unknown): void {
    const report = reportOf(error, 'ui');
    if (report.code !== 'cancelled') this.#smart({ error: report });
  }

  #sayNothingFound({ box }: Prompt): void {
    const message = box
      ? 'Nothing was found in this box. Draw it closer about the part.'
      : 'Nothing was found here. Point at another place, or drag a box about the part.';
    this.#smart({ error: { code: 'bad-argument', stage: 'ui', message } });
  }

  /** Runs after the clicks before it; a failure is shown in place. */
  #click<T>(work: (image: ImageRecord) => Promise<T>): Promise<T | undefined> {
    const { image } = this.host;
    if (!image) return Promise.resolve(undefined);
    return this.#clicks.run(async () => {
      if (this.host.image?.id !== image.id) return undefined;
      try {
        this.#smart({ error: null });
        return await work(image);
      } catch (error) {
        this.#fail(error);
        return undefined;
      } finally {
        this.#dropHover();
      }
    });
  }

  /** What the hover has answered already need not be asked again. */
  async #answer(image: ImageRecord, prompt: Prompt): Promise<Pointed> {
    const { hovered } = this.#state.smart;
    return hovered?.imageId === image.id && samePrompt(hovered.prompt, prompt)
      ? hovered
      : this.#pointing.ask(image, prompt);
  }

  /** The proposals a shape was chosen from: remembered, or asked for again with its prompt. */
  async #proposalsOf(image: ImageRecord, shape: MaskShape & { prompt: object }): Promise<Pointed> {
    if (this.#taken && samePrompt(this.#taken.pointed.prompt, shape.prompt)) return this.#taken.pointed;
    const { model: _, ...prompt } = shape.prompt;
    return this.#pointing.ask(image, prompt);
  }

  /** Whether a shape is still the picked one, as it was when the network was asked. */
  #still(image: ImageRecord, target: { index: number; shape: MaskShape }): boolean {
    return this.host.image?.id === image.id && this.refinable?.shape === target.shape;
  }

  #add(label: string, shapes: readonly MaskShape[], mode: RegionMode): void {
    const last = this.host.draft?.shapes.at(-1);
    // A second click on the same place, as of a double click, is no second step.
    const again = shapes.length === 1 && last?.kind === 'mask' && sameMask(last, shapes[0]);
    if (again && (mode !== 'replace' || this.host.draft?.shapes.length === 1)) return;
    this.host.edit(label, (draft) => {
      if (mode === 'replace') draft.shapes = [];
      draft.shapes.push(...structuredClone(shapes as Mutable<MaskShape>[]));
    });
    this.host.selectShape((this.host.draft?.shapes.length ?? 0) - 1);
  }

  #replace(
    { index, shape: old }: { index: number; shape: MaskShape },
    mask: Rle,
    asked: Parameters<typeof maskShape>[1]['asked'],
    label: string,
    pointed: Pointed,
  ): void {
    const shape = { ...old, ...maskShape(mask, { combine: old.combine, label: old.label, name: old.name, asked }) };
    if (shape.mask.data === old.mask.data && samePrompt(shape.prompt!, old.prompt!)) return;
    this.host.edit(label, (draft) => void (draft.shapes[index] = structuredClone(shape)));
    this.#taken = { shape, pointed };
    this.#announce(`${label}: ${AREA.format(mask.area)} px²`);
  }

  /** The part a prompt of a single point means, where parts are shown. */
  #partOf({ points, box }: Prompt): PartProposal | null {
    return !box && points.length === 1 ? this.partAt(points[0]) : null;
  }

  #takeParts(wanted: (part: PartProposal) => boolean, mode: RegionMode): void {
    const { parts } = this.#state;
    if (!parts || parts.imageId !== this.host.image?.id) return;
    const named = parts.parts.map((part, i) => ({ part, name: partName(i) })).filter(({ part }) => wanted(part));
    if (named.length === 0) return;
    const what = named.length === 1 ? named[0].name : `${named.length} parts`;
    const combine = combineOf(mode);
    // What lies in all of several parts is mostly nothing; what lies in any of them is meant.
    const shapes =
      mode === 'intersect' && named.length > 1
        ? [maskShape(rleUnionOf(named.map(({ part }) => part.mask)), { combine, label: 'parts', name: what })]
        : named.map(({ part, name }) => maskShape(part.mask, { combine, label: 'part', name }));
    this.#add(`${VERBS[mode]} ${what}`, shapes, mode);
    this.#announce(`${what} ${TAKEN[mode]}`);
  }

  /** The parts follow the settings and the foreground. */
  #refine(): void {
    const { image } = this.host;
    const { parts, foreground } = this.#state;
    if (image && parts?.found && parts.imageId === image.id) {
      this.#refining.request({ image, settings: this.settings, foreground });
    }
  }
}

/** What a part is called, by its place in the order of size. */
export function partName(index: number): string {
  return `Part ${index + 1}`;
}

const AREA = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

const VERBS: Readonly<Record<RegionMode, string>> = {
  replace: 'Take',
  add: 'Add',
  subtract: 'Subtract',
  intersect: 'Intersect with',
};

const TAKEN: Readonly<Record<RegionMode, string>> = {
  replace: 'taken',
  add: 'added',
  subtract: 'subtracted',
  intersect: 'intersected',
};

const DETAIL_STEPS: Readonly<Record<Detail, string>> = {
  best: 'Best proposal',
  fine: 'Finest proposal',
  middle: 'Middle proposal',
  coarse: 'Coarsest proposal',
};

function noParts(imageId: string): PartsView {
  return { imageId, job: null, found: null, parts: [], colours: new Map(), chosen: new Set(), lit: null, error: null };
}

/** A shape that was moved no longer lies where its points are; a locked one stays as it is. */
function canRefine(
  shape: Draft['shapes'][number] | undefined,
): shape is MaskShape & { prompt: NonNullable<MaskShape['prompt']> } {
  return shape?.kind === 'mask' && shape.prompt !== undefined && !shape.placement && !shape.locked;
}

function sameMask(a: MaskShape, b: MaskShape): boolean {
  return a.combine === b.combine && a.mask.data === b.mask.data && !a.placement;
}

function samePrompt(a: Prompt, b: Prompt): boolean {
  const sameBox =
    a.box === b.box ||
    (a.box &&
      b.box &&
      a.box.x === b.box.x &&
      a.box.y === b.box.y &&
      a.box.width === b.box.width &&
      a.box.height === b.box.height);
  return (
    !!sameBox &&
    a.points.length === b.points.length &&
    a.points.every(({ x, y, label }, i) => x === b.points[i].x && y === b.points[i].y && label === b.points[i].label)
  );
}
