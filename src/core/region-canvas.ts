import { growInto, growReach } from './grow';
import type { Box } from './mask';
import { commonBox, featherInto, growBox, joinBoxes } from './mask';
import type { Raster } from './raster';
import { createRaster } from './raster';
import type { BrushShape } from './rasterize';
import { drawBrush, drawShape, reachOf } from './rasterize';
import type { RegionShape } from './recipe';

/** Shapes after which a group is closed: what an edit draws again is at most about its group. */
const GROUP_SIZE = 16;
/** What the layers of closed groups may take, bytes. Beyond it neighbours are merged. */
const LAYER_BYTES = 64 * 2 ** 20;

interface Entry {
  shape: RegionShape;
  /** Where the shape can change the canvas; null where it changes nothing. */
  readonly reach: Box | null;
}

/**
 * What a run of shapes does to each pixel. Adding takes a maximum, subtracting and intersecting take minima, and any
 * chain of these is one clamp: m ↦ min(high, max(low, m)). Drawing the shapes onto zeros gives `low`, onto ones `high`.
 * Null stands for a plane that is 0 (low) or 1 (high) throughout.
 */
interface Layer {
  low: Float32Array | null;
  high: Float32Array | null;
}

/** Neighbouring shapes; they have a layer, unless there is no room for any. Closed groups take no more. */
interface Group {
  entries: Entry[];
  layer: Layer | null;
  closed: boolean;
}

/**
 * The region mask of a list of shapes that changes as a person works: bit for bit what `rasterizeRegion` makes of the
 * same shapes. A shape added costs what its own box costs. Any other change (a stroke undone, a shape in the middle
 * hidden, moved or deleted) is drawn again inside its own box alone, from groups of shapes kept as {@link Layer}s, so
 * that what other shapes cost there does not count their segments. Memory is bounded whatever the number of shapes.
 */
export class RegionCanvas {
  readonly #drawn: Raster;
  readonly #grown: Raster;
  readonly #soft: Raster;
  readonly #featherReach: number;
  readonly #growReach: number;
  readonly #whole: Box;
  readonly #mostPlanes: number;
  #groups: Group[] = [];
  /** Planes of layers that were merged, for the next. */
  readonly #spare: Float32Array[] = [];
  /** A stroke in progress, which is no shape yet. */
  #pending: { stroke: BrushShape; box: Box | null } | null = null;
  #staleGrown: Box | null = null;
  #staleSoft: Box | null = null;

  /**
   * @param feather Gaussian σ, px
   * @param grow px, negative to shrink
   * @param layerBytes what may be kept of shapes drawn before
   */
  constructor(
    readonly width: number,
    readonly height: number,
    readonly feather = 0,
    readonly grow = 0,
    layerBytes = LAYER_BYTES,
  ) {
    this.#drawn = createRaster(width, height);
    this.#grown = grow === 0 ? this.#drawn : createRaster(width, height);
    this.#soft = feather > 0 ? createRaster(width, height) : this.#grown;
    this.#featherReach = Math.ceil(3 * feather);
    this.#growReach = growReach(grow);
    this.#whole = { x: 0, y: 0, width, height };
    this.#mostPlanes = Math.floor(layerBytes / (4 * width * height));
  }

  /** Everything drawn so far. The same object each time; later changes are made in place. */
  get mask(): Raster {
    if (this.#staleGrown) {
      growInto(this.#drawn, this.#grown, this.grow, this.#staleGrown);
      this.#staleGrown = null;
    }
    if (this.#staleSoft) {
      featherInto(this.#grown, this.#soft, this.feather, this.#staleSoft);
      this.#staleSoft = null;
    }
    return this.#soft;
  }

  /** The shapes that were added or shown, without a stroke in progress. */
  get shapes(): RegionShape[] {
    return this.#groups.flatMap(({ entries }) => entries.map(({ shape }) => shape));
  }

  /** Bytes held for the layers of shapes drawn before. */
  get layerBytes(): number {
    return this.#planes() * 4 * this.width * this.height;
  }

  /** Draws a shape over the others. Returns the box in which {@link mask} may have changed, null if there is none. */
  add(shape: RegionShape): Box | null {
    if (this.#pending) return this.show([...this.shapes, shape]);
    return this.#changed(this.#append([this.#entry(shape)]));
  }

  /**
   * Draws only the segments of a growing brush stroke after its point number `known` (0 draws all). Adding a stroke
   * piece by piece gives the same mask as adding it whole. It becomes a shape by {@link add} or {@link show}, and is
   * taken back by a {@link show} without it.
   * @throws RangeError for an intersecting stroke, whose effect reaches beyond its own segments.
   */
  extend(stroke: BrushShape, known: number): Box | null {
    if (stroke.combine === 'intersect') throw new RangeError('A stroke that intersects can only be added whole.');
    const box = drawBrush(this.#drawn, stroke, Math.max(0, known - 1), this.#whole);
    this.#pending = { stroke, box: joinBoxes(this.#pending?.box ?? null, box) };
    return this.#changed(box);
  }

  /**
   * Makes these the shapes of the canvas, drawing what differs from those it has. Shapes are compared by what they draw,
   * so copies cost no drawing. Returns the box in which {@link mask} may have changed, null if there is none.
   * @throws StudioError `bad-mask` for a damaged mask among them; then the canvas is as it was.
   */
  show(shapes: readonly RegionShape[]): Box | null {
    const before = this.#groups.flatMap(({ entries }) => entries);
    const next = this.#matched(before, shapes);
    const stays = new Set(next.filter((entry) => entry !== null));
    let dirty: Box | null = null;
    for (const entry of before) if (!stays.has(entry)) dirty = joinBoxes(dirty, entry.reach);

    const last = next.findLastIndex((entry) => entry !== null);
    const tail = shapes.slice(last + 1).map((shape) => this.#entry(shape));
    const upTo = next.slice(0, last + 1).map((entry, i) => entry ?? this.#entry(shapes[i]));
    // A damaged mask has been reported by now: from here on nothing fails half way.
    const pending = this.#pending;
    this.#pending = null;
    let settled = false;
    if (pending) {
      // The stroke in progress became the next shape: it is drawn already.
      settled = stays.size === before.length && last === before.length - 1;
      settled &&= tail.length > 0 && drawsAlike(tail[0].shape, pending.stroke);
      if (!settled) dirty = joinBoxes(dirty, pending.box);
    }
    if (stays.size < before.length || last + 1 > stays.size) {
      for (const entry of upTo) if (!stays.has(entry)) dirty = joinBoxes(dirty, entry.reach);
      this.#regroup(upTo, stays, dirty);
    }
    if (dirty) this.#redraw(dirty);
    if (settled) this.#record(tail.splice(0, 1)[0]);
    return this.#changed(joinBoxes(dirty, this.#append(tail)));
  }

  clear(): void {
    this.#groups = [];
    this.#spare.length = 0;
    this.#pending = null;
    for (const { data } of [this.#drawn, this.#grown, this.#soft]) data.fill(0);
    this.#staleGrown = null;
    this.#staleSoft = null;
  }

  /** For each shape its entry of before, null where it is new; entries keep their order. */
  #matched(before: readonly Entry[], shapes: readonly RegionShape[]): (Entry | null)[] {
    const next = new Array<Entry | null>(shapes.length).fill(null);
    const keep = (i: number, entry: Entry): void => {
      // The newest copy, so that comparing it next time is comparing an object with itself.
      entry.shape = shapes[i];
      next[i] = entry;
    };
    let from = 0;
    let toOld = before.length;
    let toNew = shapes.length;
    while (from < toOld && from < toNew && drawsAlike(before[from].shape, shapes[from])) keep(from, before[from++]);
    while (toOld > from && toNew > from && drawsAlike(before[toOld - 1].shape, shapes[toNew - 1])) {
      keep(--toNew, before[--toOld]);
    }
    const pairs: [number, number][] = [];
    if (toOld - from === toNew - from) {
      for (let i = from; i < toOld; i++) if (drawsAlike(before[i].shape, shapes[i])) pairs.push([i, i]);
    } else {
      // Shapes taken out, or put in: one list is part of the other, in order.
      const fewer = Math.min(toOld, toNew);
      let [i, k] = [from, from];
      while (i < toOld && k < toNew) {
        if (drawsAlike(before[i].shape, shapes[k])) pairs.push([i++, k++]);
        else if (toOld > toNew) i++;
        else k++;
      }
      if (pairs.length < fewer - from) pairs.length = 0;
    }
    for (const [i, k] of pairs) keep(k, before[i]);
    return next;
  }

  /** Puts new entries among those that stay, and brings the layers of groups that changed up to date. */
  #regroup(entries: readonly Entry[], stays: ReadonlySet<Entry>, dirty: Box | null): void {
    const groupOf = new Map<Entry, Group>();
    for (const group of this.#groups) for (const entry of group.entries) groupOf.set(entry, group);
    const old = this.#groups;
    const members = new Map<Group, Entry[]>();
    let current: Group | null = null;
    // A new entry joins the shape before it, or else the first that stays.
    const first = entries.find((entry) => stays.has(entry));
    for (const entry of entries) {
      current = groupOf.get(entry) ?? current ?? (first && groupOf.get(first)) ?? newGroup();
      const list = members.get(current);
      if (list) list.push(entry);
      else members.set(current, [entry]);
    }
    const counted = new Map(old.map((group) => [group, group.entries.length]));
    this.#groups = [];
    for (const [group, list] of members) {
      if (list.length > (counted.get(group) ?? 0) + GROUP_SIZE) {
        // Many came at once: groups of the usual size.
        for (let i = 0; i < list.length; i += GROUP_SIZE) {
          const part = { ...newGroup(), entries: list.slice(i, i + GROUP_SIZE) };
          this.#groups.push(part);
          this.#close(part);
        }
        continue;
      }
      const same = list.length === group.entries.length && list.every((entry, i) => entry === group.entries[i]);
      group.entries = list;
      this.#groups.push(group);
      if (!same && group.layer && dirty) this.#render(group, group.layer, dirty);
    }
    this.#bound();
  }

  /** Draws entries over everything; returns the box in which the drawing may have changed. */
  #append(entries: readonly Entry[]): Box | null {
    let i = 0;
    // Many at once are drawn into layers alone, which are then laid on.
    while (this.#mostPlanes >= 2 && entries.length - i >= GROUP_SIZE && (this.#groups.at(-1)?.closed ?? true)) {
      const group = { ...newGroup(), entries: entries.slice(i, i + GROUP_SIZE) };
      this.#close(group);
      const reach = reachOfAll(group.entries);
      if (group.layer && reach) clampBox(this.#drawn.data, this.width, group.layer, reach);
      this.#groups.push(group);
      this.#bound();
      i += GROUP_SIZE;
    }
    for (const entry of entries.slice(i)) {
      if (entry.reach) drawShape(this.#drawn, entry.shape, entry.reach);
      this.#record(entry);
    }
    return reachOfAll(entries);
  }

  /** Takes an entry that is drawn already as the last. */
  #record(entry: Entry): void {
    let group = this.#groups.at(-1);
    if (!group || group.closed) this.#groups.push((group = newGroup()));
    group.entries.push(entry);
    group.closed = group.entries.length >= GROUP_SIZE;
    if (this.#mostPlanes < 2) return;
    group.layer ??= { low: null, high: null };
    this.#make(group.layer, [entry]);
    if (entry.reach) for (const canvas of this.#planesOf(group.layer)) drawShape(canvas, entry.shape, entry.reach);
    this.#bound();
  }

  /** Gives a group its layer. */
  #close(group: Group): void {
    group.closed = true;
    if (this.#mostPlanes < 2) return;
    group.layer = { low: null, high: null };
    const reach = reachOfAll(group.entries);
    if (reach) this.#render(group, group.layer, reach);
  }

  /** Gives a layer the planes that these shapes need: a plane that is left out is one that they do not change. */
  #make(layer: Layer, entries: readonly Entry[]): void {
    for (const { shape, reach } of entries) {
      if (!reach) continue;
      if (shape.combine === 'add') layer.low ??= this.#plane(0);
      else layer.high ??= this.#plane(1);
    }
  }

  #plane(value: number): Float32Array {
    const plane = this.#spare.pop();
    if (plane) return plane.fill(value);
    const fresh = new Float32Array(this.width * this.height);
    return value === 0 ? fresh : fresh.fill(value);
  }

  #planesOf({ low, high }: Layer): Raster[] {
    const { width, height } = this;
    return [low, high].flatMap((data) => (data ? [{ width, height, channels: 1, data }] : []));
  }

  /** Makes a group's layer anew within `box`; outside it must be right already. */
  #render({ entries }: Group, layer: Layer, box: Box): void {
    this.#make(layer, entries);
    if (layer.low) fillBox(layer.low, this.width, box, 0);
    if (layer.high) fillBox(layer.high, this.width, box, 1);
    for (const canvas of this.#planesOf(layer)) drawEntries(canvas, entries, box);
  }

  /** Draws everything anew within `box`. */
  #redraw(box: Box): void {
    const { width } = this;
    const { data } = this.#drawn;
    fillBox(data, width, box, 0);
    for (const { entries, layer } of this.#groups) {
      if (!layer) {
        drawEntries(this.#drawn, entries, box);
        continue;
      }
      clampBox(data, width, layer, box);
    }
  }

  /** Merges neighbouring groups, small ones first, until their layers fit the room there is for them. */
  #bound(): void {
    while (this.#planes() > this.#mostPlanes) {
      let best = -1;
      let fewest = Infinity;
      for (let i = 0; i + 1 < this.#groups.length; i++) {
        const [a, b] = [this.#groups[i], this.#groups[i + 1]];
        const count = a.entries.length + b.entries.length;
        if (a.layer && b.layer && count < fewest) [best, fewest] = [i, count];
      }
      if (best < 0) {
        // A single layer that is still too much.
        for (const group of this.#groups) group.layer = null;
        return;
      }
      const [a, b] = this.#groups.splice(best, 2);
      this.#groups.splice(best, 0, {
        entries: [...a.entries, ...b.entries],
        layer: a.layer && b.layer && this.#merged(a.layer, b.layer, reachOfAll(b.entries)),
        closed: true,
      });
    }
  }

  /** The layer of one group's shapes followed by another's, which reach so far. Reuses the planes of the first. */
  #merged(first: Layer, second: Layer, reach: Box | null): Layer {
    const low = first.low ?? (second.low && this.#plane(0));
    const high = first.high ?? (second.high && this.#plane(1));
    for (const plane of [low, high]) if (plane && reach) clampBox(plane, this.width, second, reach);
    for (const plane of [second.low, second.high]) {
      if (plane && this.#spare.length < 2) this.#spare.push(plane);
    }
    return { low, high };
  }

  #planes(): number {
    let count = 0;
    for (const { layer } of this.#groups) count += (layer?.low ? 1 : 0) + (layer?.high ? 1 : 0);
    return count;
  }

  #entry(shape: RegionShape): Entry {
    return { shape, reach: reachOf(shape, this.width, this.height) };
  }

  #changed(box: Box | null): Box | null {
    if (!box) return null;
    let reach: Box | null = box;
    if (this.grow !== 0) {
      reach = growBox(box, this.#growReach, this.width, this.height);
      this.#staleGrown = joinBoxes(this.#staleGrown, reach);
    }
    if (reach && this.feather > 0) {
      reach = growBox(reach, this.#featherReach, this.width, this.height);
      this.#staleSoft = joinBoxes(this.#staleSoft, reach);
    }
    return reach;
  }
}

function newGroup(): Group {
  return { entries: [], layer: null, closed: false };
}

function fillBox(data: Float32Array, width: number, box: Box, value: number): void {
  for (let y = box.y; y < box.y + box.height; y++) {
    data.fill(value, y * width + box.x, y * width + box.x + box.width);
  }
}

function drawEntries(canvas: Raster, entries: readonly Entry[], box: Box): void {
  for (const { shape, reach } of entries) {
    const clip = reach && commonBox(reach, box);
    if (clip) drawShape(canvas, shape, clip);
  }
}

/** m ↦ min(high, max(low, m)) for the pixels of a box. */
function clampBox(data: Float32Array, width: number, { low, high }: Layer, box: Box): void {
  for (let y = box.y; y < box.y + box.height; y++) {
    const from = y * width + box.x;
    const to = from + box.width;
    if (low) for (let i = from; i < to; i++) if (low[i] > data[i]) data[i] = low[i];
    if (high) for (let i = from; i < to; i++) if (high[i] < data[i]) data[i] = high[i];
  }
}

function reachOfAll(entries: readonly Entry[]): Box | null {
  return entries.reduce<Box | null>((box, { reach }) => joinBoxes(box, reach), null);
}

/** Whether two shapes draw the same: equal but for what has no effect on the mask. */
export function drawsAlike(a: RegionShape, b: RegionShape): boolean {
  if (a === b) return true;
  if (a.hidden && b.hidden) return true;
  if (!a.hidden !== !b.hidden || a.kind !== b.kind || a.combine !== b.combine) return false;
  return sameFields(a, b);
}

const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['name', 'locked', 'hidden', 'label', 'donor', 'prompt']);

/** Whether the fields that count are equal; one that is undefined counts as left out. */
function sameFields(a: object, b: object): boolean {
  const [one, other] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  for (const key in one) if (!WITHOUT_EFFECT.has(key) && !sameValue(one[key], other[key])) return false;
  for (const key in other) {
    if (!WITHOUT_EFFECT.has(key) && one[key] === undefined && other[key] !== undefined) return false;
  }
  return true;
}

/** Deep equality of plain values. */
function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false;
  if (!Array.isArray(a) || !Array.isArray(b)) return !Array.isArray(a) && !Array.isArray(b) && sameFields(a, b);
  if (a.length !== b.length) return false;
  // Points are long lists of numbers: equal ones are told apart here.
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i] && !sameValue(a[i], b[i])) return false;
  return true;
}
