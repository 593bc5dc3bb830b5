import { openGrey } from '../core/grey-opening';
import {
  createMask,
  dilateMask,
  erodeMask,
  fillHoles,
  labelComponents,
  removeSpecks,
  thresholdMask,
  type BinaryMask,
  type Components,
} from '../core/mask';
import type { Raster } from '../core/raster';

/**
 * Where the product is, told from its just noticeable differences: what has structure or texture hides more than a plain
 * ground does. The supplement (section 6) takes a foreground from a thresholded JND map and asks of it only that it
 * keeps parts of the key components; a higher threshold leaves reflections and packaging out. Few pixels come near the
 * maximum, so thresholds are low: at .12 trays, tiles and bottles are foreground and the bottle's ground is not; at .2
 * parts of pins and of the label are left.
 */
export const FOREGROUND_THRESHOLD = 0.12;

/** An outline exceeds the level of what it runs between by so much of it, and by so many times the picture's grain. */
const OUTLINE_CONTRAST = 0.2;
const OUTLINE_GRAIN = 2;
/** Half the width of an outline in a map, px, however small the picture: the windows of the JND are as wide. */
const OUTLINE_RADIUS = 4;
/** Share of a body that must lie above the threshold for all of it to count. */
const LEAST_SHARE = 0.02;
/** Areas below this share of the image are specks. */
const SPECK = 5e-4;

/** The foregrounds of one JND map: what does not depend on the threshold is found once. */
export class Foreground {
  readonly #gap: number;
  /** Bodies, found when first needed. */
  #bodies: Components | null = null;

  /** @param map JND map over its maximum, one channel in [0, 1]: `quickJndMap` (compute/jnd). */
  constructor(private readonly map: Raster) {
    this.#gap = Math.max(1, Math.max(map.width, map.height) / 64);
  }

  /**
   * The pixels above the threshold, closed to areas over 1/64 of the longer side, and the plain bodies that hold enough
   * of them; holes filled, specks below .05 % of the image dropped. A higher threshold never gives more.
   * @param threshold [0, 1].
   */
  above(threshold = FOREGROUND_THRESHOLD): BinaryMask {
    if (!(threshold >= 0 && threshold <= 1)) throw new RangeError(`A threshold lies in [0, 1], got ${threshold}.`);
    const closed = fillHoles(this.#closed(thresholdMask(this.map, threshold), this.#gap));
    const foreground = removeSpecks(closed, SPECK * closed.data.length);
    this.#bodies ??= labelComponents(this.#outlined());
    const { labels, areas, count } = this.#bodies;
    const held = new Int32Array(count + 1);
    for (let i = 0; i < labels.length; i++) held[labels[i]] += foreground.data[i];
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] > 0 && held[labels[i]] >= LEAST_SHARE * areas[labels[i]]) foreground.data[i] = 1;
    }
    return fillHoles(foreground);
  }

  /**
   * Bodies: what outlines enclose. A plain body hides no more than its ground, whatever the threshold, but its outline
   * does: there the map exceeds its own opening, the level to either side of a line. Grain does so everywhere; half of
   * the picture is taken for that. Outlines are closed over gaps, and what they enclose must be broad: a line across the
   * ground encloses nothing.
   */
  #outlined(): BinaryMask {
    const { width, height, data } = this.map;
    const reach = Math.max(OUTLINE_RADIUS, this.#gap);
    const level = openGrey(this.map, Math.round(reach)).data;
    const contrasts = data.map((value, i) => (level[i] > 0 ? value / level[i] - 1 : 0));
    const grain = contrasts.toSorted()[contrasts.length >> 1];
    const least = Math.max(OUTLINE_CONTRAST, OUTLINE_GRAIN * grain);
    const lines = createMask(width, height);
    for (let i = 0; i < data.length; i++) lines.data[i] = contrasts[i] > least ? 1 : 0;
    const enclosed = fillHoles(this.#closed(lines, 1.5 * reach));
    return dilateMask(erodeMask(enclosed, 2 * reach), 2 * reach);
  }

  #closed(mask: BinaryMask, gap: number): BinaryMask {
    return erodeMask(dilateMask(mask, gap), gap);
  }
}
