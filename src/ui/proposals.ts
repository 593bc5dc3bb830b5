import type { Combine, ModelRef, RegionShape } from '../core/recipe';
import { rleHas, type Rle } from '../core/rle';
import type { Prompt } from '../models/sam/segmenter';
import { encodedOf } from '../synthesis/parts/region';
import type { MaskProposal } from '../worker/api';

/** Which of the network's proposals is meant: the one it thinks best, or one by its size. */
export type Detail = 'best' | Size;
type Size = 'fine' | 'middle' | 'coarse';

const SIZES: readonly Size[] = ['fine', 'middle', 'coarse'];

export type MaskShape = Extract<RegionShape, { kind: 'mask' }>;

/**
 * The proposal that is meant; null when there is none. The best is the first that agrees with all points, in the
 * network's order: one that leaves out what was pointed at answers another question.
 */
export function proposalOf(proposals: readonly MaskProposal[], prompt: Prompt, detail: Detail): MaskProposal | null {
  if (proposals.length === 0) return null;
  if (detail === 'best') {
    const agreeing = proposals.map(({ mask }) => agreement(mask, prompt));
    return proposals[agreeing.indexOf(Math.max(...agreeing))];
  }
  const ordered = bySize(proposals);
  const place = { fine: 0, middle: (ordered.length - 1) / 2, coarse: ordered.length - 1 }[detail];
  return ordered[Math.round(place)];
}

/** The size one step coarser or finer than what is meant now, round the end. */
export function nextDetail(
  proposals: readonly MaskProposal[],
  prompt: Prompt,
  detail: Detail,
  step: 1 | -1,
): Exclude<Detail, 'best'> {
  // Of two there is no middle.
  const sizes = proposals.length === 2 ? SIZES.filter((size) => size !== 'middle') : SIZES;
  const now = proposalOf(proposals, prompt, detail);
  const at =
    detail === 'best' ? sizes.findIndex((size) => proposalOf(proposals, prompt, size) === now) : sizes.indexOf(detail);
  return sizes[(at + step + sizes.length) % sizes.length];
}

/** How many of the points lie where they should. */
function agreement(mask: Rle, { points }: Prompt): number {
  return points.filter(({ x, y, label }) => rleHas(mask, x, y) === (label === 1)).length;
}

function bySize(proposals: readonly MaskProposal[]): MaskProposal[] {
  return [...proposals].sort((a, b) => a.mask.area - b.mask.area);
}

export interface MaskShapeOptions {
  readonly combine: Combine;
  /** How the mask came about. */
  readonly label: string;
  readonly name?: string;
  /** What the network was asked, and which network: from there refining goes on. */
  readonly asked?: { readonly prompt: Prompt; readonly model: ModelRef };
}

/** A mask that the network found, as a shape of a region. */
export function maskShape(mask: Rle, { combine, label, name, asked }: MaskShapeOptions): MaskShape {
  return {
    kind: 'mask',
    combine,
    ...(name === undefined ? {} : { name }),
    mask: encodedOf(mask),
    label,
    ...(asked && { prompt: { model: { ...asked.model }, ...copyOf(asked.prompt) } }),
  };
}

/** Only what a recipe stores of a prompt. */
function copyOf({ points, box }: Prompt) {
  return {
    points: points.map(({ x, y, label }) => ({ x, y, label })),
    ...(box && { box: { x: box.x, y: box.y, width: box.width, height: box.height } }),
  };
}
