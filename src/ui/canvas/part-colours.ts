import { boxGap } from '../../core/rle';
import type { PartProposal } from '../../worker/api';

/** Okabe and Ito's colours, which people with any kind of colour vision tell apart; without their black. */
export const PART_COLOURS = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'] as const;

/** Parts closer than this share of the image's longer side should differ in colour. */
const NEAR = 0.04;

/**
 * A colour for each part, so that parts that lie close together differ wherever seven colours suffice. A part that has
 * a colour keeps it: what a slider leaves as it is does not change its looks.
 * @param known colours of parts, by id
 * @returns colours of these parts, by id
 */
export function colourParts(parts: readonly PartProposal[], known: ReadonlyMap<string, string>): Map<string, string> {
  const colours = new Map<string, string>();
  for (const { id } of parts) {
    const colour = known.get(id);
    if (colour !== undefined) colours.set(id, colour);
  }
  const used = new Map<string, number>(PART_COLOURS.map((colour) => [colour, 0]));
  for (const colour of colours.values()) used.set(colour, (used.get(colour) ?? 0) + 1);
  for (const { id, mask } of parts) {
    if (colours.has(id) || !mask.box) continue;
    const reach = (NEAR * Math.max(mask.width, mask.height)) ** 2;
    const near = new Map<string, number>();
    for (const other of parts) {
      const colour = colours.get(other.id);
      if (colour === undefined || !other.mask.box || boxGap(mask.box, other.mask.box) > reach) continue;
      near.set(colour, (near.get(colour) ?? 0) + 1);
    }
    // The fewest neighbours have it; of those, the fewest parts at all.
    const cost = (colour: string) => (near.get(colour) ?? 0) * 10_000 + (used.get(colour) ?? 0);
    const best = PART_COLOURS.reduce((a, b) => (cost(b) < cost(a) ? b : a));
    colours.set(id, best);
    used.set(best, (used.get(best) ?? 0) + 1);
  }
  return colours;
}
