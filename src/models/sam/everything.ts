import { throwIfCancelled } from '../../core/errors';
import { PROMPT_BATCH } from './family';
import type { Embedding, Prompt, SegmentedMask, Segmenter } from './segmenter';

export interface EverythingSettings {
  /** Grid points a side. */
  readonly grid: number;
  /**
   * Masks below these are not even kept. Far below what makes a part, so that sliders have something to act on and the
   * network need not run again.
   */
  readonly least?: { readonly quality: number; readonly stability: number };
}

/** What is kept at all. */
export const LEAST_KEPT = { quality: 0.3, stability: 0.5 };
/** Of more masks than this the best are kept: 300 are much. */
export const MOST_CANDIDATES = 5000;

export interface EverythingStep {
  /** Prompts so far and in all. */
  readonly done: number;
  readonly total: number;
  /** The masks of this step. */
  readonly masks: readonly SegmentedMask[];
}

/** The grid's points (i + ½) / n, in pixels of the image. */
export function gridPrompts(width: number, height: number, grid: number): Prompt[] {
  if (!Number.isInteger(grid) || grid < 1) throw new RangeError(`A grid has a whole number of points, not ${grid}.`);
  return Array.from({ length: grid * grid }, (_, i) => ({
    points: [
      {
        x: (((i % grid) + 0.5) * width) / grid,
        y: ((Math.floor(i / grid) + 0.5) * height) / grid,
        label: 1 as const,
      },
    ],
  }));
}

/** Asks the network what lies at each point of a grid, a batch at a time. @throws StudioError `cancelled`. */
export async function* everything(
  segmenter: Segmenter,
  embedding: Embedding,
  { grid, least = LEAST_KEPT }: EverythingSettings,
  signal?: AbortSignal,
): AsyncGenerator<EverythingStep> {
  const prompts = gridPrompts(embedding.width, embedding.height, grid);
  for (let i = 0; i < prompts.length; i += PROMPT_BATCH) {
    throwIfCancelled(signal, 'model');
    const batch = prompts.slice(i, i + PROMPT_BATCH);
    const masks = await segmenter.segmentAll(embedding, batch, least, signal);
    yield { done: i + batch.length, total: prompts.length, masks };
  }
}

/** The best of too many. */
export function bestCandidates<T extends { readonly quality: number }>(masks: readonly T[]): T[] {
  if (masks.length <= MOST_CANDIDATES) return [...masks];
  return [...masks].sort((a, b) => b.quality - a.quality).slice(0, MOST_CANDIDATES);
}
