import { IDENTITY_AUGMENTATION, type Augmentation, type RegionShape } from '../core/recipe';
import type { Size } from '../core/size';
import { transferShapes } from '../core/transfer';
import type { Draft } from '../project/document';

/**
 * What the region's list does with the shapes of a draft, as functions on values: shapes are listed topmost first, and
 * strokes that follow each other are gathered, so that a thousand of them are one entry.
 */

/** Shapes `from` … `to` (included) of a draft, in one line of the list. */
export interface RegionRow {
  /** `strokes`: a run of brush strokes behind one heading; `stroke`: one of them, while the run is unfolded. */
  readonly kind: 'shape' | 'strokes' | 'stroke';
  readonly from: number;
  readonly to: number;
}

/** Fewer strokes than this are listed one by one. */
const LEAST_RUN = 4;

const KIND_TITLES: Readonly<Record<RegionShape['kind'], string>> = {
  rectangle: 'Rectangle',
  ellipse: 'Ellipse',
  polygon: 'Outline',
  brush: 'Brush stroke',
  blob: 'Arbitrary region',
  mask: 'Mask',
};

/** What a shape is called: as a person named it, or after its kind. */
export function titleOf(shape: RegionShape): string {
  if (shape.name !== undefined) return shape.name;
  if (shape.kind === 'mask' && shape.label !== '') return shape.label;
  return KIND_TITLES[shape.kind];
}

/**
 * The lines of the list, topmost shape first.
 * @param unfolded the first shapes of the runs of strokes that are shown one by one
 */
export function rowsOf(shapes: readonly RegionShape[], unfolded: ReadonlySet<number>): RegionRow[] {
  const rows: RegionRow[] = [];
  for (let to = shapes.length - 1; to >= 0;) {
    let from = to;
    if (gathers(shapes[to])) while (from > 0 && gathers(shapes[from - 1])) from--;
    if (to - from + 1 < LEAST_RUN) {
      for (let i = to; i >= from; i--) rows.push({ kind: 'shape', from: i, to: i });
    } else {
      rows.push({ kind: 'strokes', from, to });
      if (unfolded.has(from)) for (let i = to; i >= from; i--) rows.push({ kind: 'stroke', from: i, to: i });
    }
    to = from - 1;
  }
  return rows;
}

/** A stroke with a name was meant to be found again. */
function gathers(shape: RegionShape): boolean {
  return shape.kind === 'brush' && shape.name === undefined;
}

/** The line that stands for a shape: its own, or the heading of the run it is folded into. -1 where there is none. */
export function rowAt(rows: readonly RegionRow[], index: number): number {
  const own = rows.findIndex(({ kind, from, to }) => kind !== 'strokes' && from === index && to === index);
  return own >= 0 ? own : rows.findIndex(({ from, to }) => from <= index && index <= to);
}

export interface Reordered {
  readonly shapes: RegionShape[];
  /** Where the first of the moved shapes is now. */
  readonly from: number;
}

/**
 * The shapes with those of one line moved past the next line above (`up`) or below it; null where there is none. A
 * stroke of an unfolded run moves within its run.
 */
export function movedRow(
  shapes: readonly RegionShape[],
  { kind, from, to }: RegionRow,
  direction: 'up' | 'down',
): Reordered | null {
  const rows = rowsOf(shapes, new Set());
  const at = rows.findIndex((row) => row.from <= from && to <= row.to);
  if (at < 0) return null;
  const run = rows[at];
  let past: { readonly from: number; readonly to: number } | undefined;
  if (kind === 'stroke') {
    const other = direction === 'up' ? to + 1 : from - 1;
    past = other >= run.from && other <= run.to ? { from: other, to: other } : undefined;
  } else {
    past = rows[direction === 'up' ? at - 1 : at + 1];
  }
  if (!past) return null;
  const block = shapes.slice(from, to + 1);
  const other = shapes.slice(past.from, past.to + 1);
  const start = Math.min(from, past.from);
  const middle = direction === 'up' ? [...other, ...block] : [...block, ...other];
  return {
    shapes: [...shapes.slice(0, start), ...middle, ...shapes.slice(start + middle.length)],
    from: direction === 'up' ? start + other.length : start,
  };
}

/** Where shape `index` is after shapes `from` … `to` were taken out; null if it was one of them. */
export function indexAfterRemoval(index: number, from: number, to: number): number | null {
  if (index < from) return index;
  return index > to ? index - (to - from + 1) : null;
}

/** Whether all shapes of a line are hidden, locked, or joined alike; null where they differ. */
export function commonOf<K extends 'hidden' | 'locked' | 'combine'>(
  shapes: readonly RegionShape[],
  { from, to }: Pick<RegionRow, 'from' | 'to'>,
  key: K,
): NonNullable<RegionShape[K]> | null {
  const valueOf = (shape: RegionShape) => (shape[key] ?? false) as NonNullable<RegionShape[K]>;
  const first = valueOf(shapes[from]);
  for (let i = from + 1; i <= to; i++) if (valueOf(shapes[i]) !== first) return null;
  return first;
}

/** The part of a draft in which a donor's part and the donor's edges are placed. */
interface Placed {
  readonly shapes: readonly RegionShape[];
  readonly augmentation: Augmentation;
}

/**
 * A donor's part lies where the donor's edges are laid: M = A(part) goes with A(Pⱼ) (LogicAL Eq. 1). Whichever of the
 * two an edit has moved, the other follows.
 * @returns what both should be now; null where they agree already
 */
export function placedTogether(before: Placed, after: Placed): Augmentation | null {
  const parts = after.shapes.filter(isDonorPart);
  if (parts.length === 0) return null;
  const placements = parts.map(({ placement }) => placement ?? IDENTITY_AUGMENTATION);
  if (placements.every((placement) => sameAugmentation(placement, after.augmentation))) return null;
  if (!sameAugmentation(before.augmentation, after.augmentation)) return after.augmentation;
  const changed = placements.findIndex((placement) => !sameAugmentation(placement, before.augmentation));
  return changed >= 0 ? placements[changed] : after.augmentation;
}

export type DonorPart = Extract<RegionShape, { kind: 'mask' }>;

export function isDonorPart(shape: RegionShape): shape is DonorPart {
  return shape.kind === 'mask' && shape.donor === true;
}

export function sameAugmentation(a: Augmentation, b: Augmentation): boolean {
  return (
    a.flipX === b.flipX &&
    a.flipY === b.flipY &&
    a.scale === b.scale &&
    a.rotation === b.rotation &&
    a.translateX === b.translateX &&
    a.translateY === b.translateY
  );
}

/**
 * A draft with the region of another image's in place of its own, in its own size. The donor's parts bring the donor
 * and its placement with them: without, they would be a mask over nothing in particular.
 */
export function regionOnto(draft: Draft, source: Draft, from: Size, to: Size): Draft {
  const factor = Math.sqrt((to.width * to.height) / (from.width * from.height));
  const { grow, feather } = source;
  const within = (value: number) => Math.min(64, Math.max(-64, value * factor));
  const region = { shapes: transferShapes(source.shapes, from, to), grow: within(grow), feather: within(feather) };
  if (!source.shapes.some(isDonorPart)) return { ...draft, ...region };
  const { operation, augmentation } = source;
  // An image is not its own donor: there the seed chooses another.
  const donorId = source.donorId === draft.imageId ? null : source.donorId;
  return { ...draft, ...region, operation, augmentation, donorId };
}
