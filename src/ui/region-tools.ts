import type { Draft as Mutable } from 'immer';
import { bakeRegion } from '../core/bake';
import { combineSchema, type Combine, type RegionShape } from '../core/recipe';
import { workingSize } from '../core/size';
import type { Draft, ImageRecord } from '../project/document';
import type { ProjectStore } from '../project/store';
import { inverted } from './canvas/shapes';
import { commonOf, indexAfterRemoval, movedRow, regionOnto, rowAt, rowsOf, titleOf, type RegionRow } from './regions';
import type { SessionStore } from './session';

/** What these tools need of the studio. */
export interface RegionHost {
  readonly project: ProjectStore;
  readonly session: SessionStore;
  readonly image: ImageRecord | null;
  readonly draft: Draft | null;
  draftOf(imageId: string): Draft;
  /** The images of the open image's dataset, in their order. */
  siblings(): readonly ImageRecord[];
  /** Those of them that may lend their edges: the normal ones. */
  donors(): readonly ImageRecord[];
  edit(label: string, recipe: (draft: Mutable<Draft>) => void, mergeKey?: string): void;
  notify(notice: { kind: 'error' | 'warning' | 'info'; title: string; message: string }): void;
}

/** Shapes `from` … `to` of the draft. */
type Range = Pick<RegionRow, 'from' | 'to'>;

/** Everything a person does to the region as a whole or from its list, each a step of the history. */
export class RegionTools {
  constructor(private readonly host: RegionHost) {}

  get #shapes(): readonly RegionShape[] {
    return this.host.draft?.shapes ?? [];
  }

  // ------------------------------------------------------------------------------------------------------- the list

  /** An empty name gives the shape the name of its kind back. */
  rename(index: number, name: string): void {
    const trimmed = name.trim().slice(0, 120);
    const shape = this.#shapes.at(index);
    if (!shape || trimmed === titleOf(shape)) return;
    this.host.edit('Rename shape', ({ shapes }) => {
      if (trimmed === '') delete shapes[index].name;
      else shapes[index].name = trimmed;
    });
  }

  setCombine(range: Range, combine: Combine): void {
    const label = { add: 'Add shape', subtract: 'Subtract shape', intersect: 'Intersect shape' }[combine];
    this.#change(range, label, (shape) => void (shape.combine = combine));
  }

  /** Add, subtract, intersect, and round again: one key for all three. */
  cycleCombine(): void {
    const index = this.#selected;
    if (index === null) return;
    const order = combineSchema.options;
    const next = order[(order.indexOf(this.#shapes[index].combine) + 1) % order.length];
    this.setCombine({ from: index, to: index }, next);
  }

  toggleHidden(range: Range): void {
    const hide = commonOf(this.#shapes, range, 'hidden') !== true;
    this.#change(range, hide ? 'Hide shape' : 'Show shape', (shape) => {
      if (hide) shape.hidden = true;
      else delete shape.hidden;
    });
  }

  toggleLocked(range: Range): void {
    const lock = commonOf(this.#shapes, range, 'locked') !== true;
    this.#change(range, lock ? 'Lock shape' : 'Unlock shape', (shape) => {
      if (lock) shape.locked = true;
      else delete shape.locked;
    });
  }

  /** Takes shapes out of the region; locked ones stay. */
  remove({ from, to }: Range): void {
    const shapes = this.#shapes;
    const locked = shapes.slice(from, to + 1).filter((shape) => shape.locked);
    if (locked.length === to - from + 1) {
      this.host.notify({
        kind: 'warning',
        title: 'Not deleted',
        message: `“${titleOf(locked[0])}” is locked. Unlock it in the region’s list first.`,
      });
      return;
    }
    this.host.edit(to > from ? 'Delete strokes' : 'Delete shape', (draft) => {
      if (locked.length === 0) draft.shapes.splice(from, to - from + 1);
      else draft.shapes = shapes.filter((shape, i) => i < from || i > to || shape.locked) as typeof draft.shapes;
    });
    const { selectedShape } = this.host.session.getState();
    if (selectedShape === null) return;
    this.#select(locked.length === 0 ? indexAfterRemoval(selectedShape, from, to) : null);
  }

  /** Moves a line of the list past the one above (later shapes are joined last) or below. */
  move(row: RegionRow, direction: 'up' | 'down'): void {
    const moved = movedRow(this.#shapes, row, direction);
    if (!moved) return;
    this.host.edit(
      direction === 'up' ? 'Raise shape' : 'Lower shape',
      (draft) => void (draft.shapes = moved.shapes as typeof draft.shapes),
    );
    this.#select(moved.from);
  }

  /** {@link move} for the picked shape, from wherever the focus is. */
  moveSelected(direction: 'up' | 'down'): void {
    const row = this.#selectedRow;
    if (row) this.move(row, direction);
  }

  /** Picks the shape one line up or down the list. */
  selectNext(direction: 'up' | 'down'): void {
    const rows = rowsOf(this.#shapes, new Set());
    if (rows.length === 0) return;
    const selected = this.#selected;
    const at = selected === null ? -1 : rowAt(rows, selected);
    const step = direction === 'up' ? -1 : 1;
    const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step));
    this.#select(rows[next].to);
  }

  get #selected(): number | null {
    const { selectedShape } = this.host.session.getState();
    return selectedShape !== null && selectedShape < this.#shapes.length ? selectedShape : null;
  }

  get #selectedRow(): RegionRow | null {
    const selected = this.#selected;
    if (selected === null) return null;
    const rows = rowsOf(this.#shapes, new Set());
    const row = rows[rowAt(rows, selected)];
    return row.kind === 'strokes' ? { kind: 'stroke', from: selected, to: selected } : row;
  }

  #select(selectedShape: number | null): void {
    this.host.session.setState({ selectedShape });
  }

  #change({ from, to }: Range, label: string, change: (shape: Mutable<RegionShape>) => void): void {
    if (from < 0 || to >= this.#shapes.length) return;
    this.host.edit(label, ({ shapes }) => {
      for (let i = from; i <= to; i++) change(shapes[i]);
    });
  }

  // ------------------------------------------------------------------------------------------------ the whole region

  /** Widens the region by so many px on every side; below 0 narrows it. */
  growBy(step: number): void {
    const draft = this.host.draft;
    if (!draft) return;
    const grow = Math.min(MOST_GROWTH, Math.max(-MOST_GROWTH, draft.grow + step));
    this.host.edit(step > 0 ? 'Grow region' : 'Shrink region', (next) => void (next.grow = grow), 'grow');
  }

  /** The complement. Exact; where an intersection stands in the way, all shapes become one mask first. */
  invert(): void {
    const { draft } = this.host;
    const { opened } = this.host.session.getState();
    if (!draft || !opened || draft.shapes.length === 0) return;
    const shapes = inverted(draft.shapes, opened) ?? [
      bakeRegion(draft.shapes, opened.width, opened.height, 'Inverted mask', true),
    ];
    this.host.edit('Invert region', (next) => {
      next.shapes = shapes as typeof next.shapes;
      // What grew the region shrinks its complement.
      next.grow = -next.grow;
    });
    this.#select(null);
  }

  /** All shapes as one mask; what is hidden goes. The region stays what it is. */
  flatten(): void {
    const { draft } = this.host;
    const { opened } = this.host.session.getState();
    if (!draft || !opened || draft.shapes.length === 0) return;
    const mask = bakeRegion(draft.shapes, opened.width, opened.height, 'Joined mask');
    this.host.edit('Join into one mask', (next) => void (next.shapes = [mask as (typeof next.shapes)[number]]));
    this.#select(0);
  }

  // --------------------------------------------------------------------------------------------------- other images

  /** The next image of the dataset, round the end; null where this is the only one. */
  next(): ImageRecord | null {
    const siblings = this.host.siblings();
    const at = siblings.findIndex(({ id }) => id === this.host.image?.id);
    return at < 0 || siblings.length < 2 ? null : siblings[(at + 1) % siblings.length];
  }

  /** The other images of the dataset that show no defect; all of them where nothing is known of defects. */
  normals(): readonly ImageRecord[] {
    return this.host.donors();
  }

  applyToNext(): void {
    const next = this.next();
    if (next) this.applyTo([next]);
  }

  /** Puts the region onto other images, in place of theirs, as one step of the history. Each takes it in its own size. */
  applyTo(targets: readonly ImageRecord[]): void {
    const { draft, image } = this.host;
    if (!draft || !image || targets.length === 0) return;
    const from = workingSize(image);
    const named = targets.length === 1 ? targets[0].name : `${targets.length} images`;
    const drafts = targets.map((target) => regionOnto(this.host.draftOf(target.id), draft, from, workingSize(target)));
    this.host.project.getState().apply(`Apply region to ${named}`, (document) => {
      for (const next of drafts) document.drafts[next.imageId] = next as Mutable<Draft>;
    });
    this.host.session.setState({ announced: `Region applied to ${named}` });
    this.host.notify({ kind: 'info', title: `Region applied to ${named}`, message: 'Undo takes it back.' });
  }
}

/** The slider's ends, px. */
export const MOST_GROWTH = 32;
