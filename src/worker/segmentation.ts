import { StudioError } from '../core/errors';
import type { Raster } from '../core/raster';
import type { Rle } from '../core/rle';
import { bestCandidates } from '../models/sam/everything';
import type { Embedding, Prompt, SegmentedMask, Segmenter } from '../models/sam/segmenter';
import { refineParts, type PartSettings } from '../synthesis/parts/refine';
import type { MaskProposal, PartProposal } from './api';

/** Embeddings kept: up to 8 MB each at SAM's own size. */
const EMBEDDINGS = 6;
/** Images of which everything's raw masks are kept. */
const CANDIDATES = 4;

/** What segmentation has found out about images, in memory: so that the network runs once, however often one asks. */
export class Segmentation {
  readonly #embeddings = new Map<string, Embedding>();
  readonly #candidates = new Map<string, readonly SegmentedMask[]>();

  /** The image's embedding, made at the first call. */
  async embed(imageId: string, segmenter: Segmenter, pixels: () => Promise<Raster>): Promise<Embedding> {
    const embedding = this.#embeddings.get(imageId) ?? (await segmenter.encode(await pixels()));
    remember(this.#embeddings, imageId, embedding, EMBEDDINGS);
    return embedding;
  }

  /** Masks of one prompt, best first; empty ones left out. */
  async segment(
    imageId: string,
    segmenter: Segmenter,
    pixels: () => Promise<Raster>,
    prompt: Prompt,
  ): Promise<MaskProposal[]> {
    const masks = await segmenter.segment(await this.embed(imageId, segmenter, pixels), prompt);
    return masks.filter(({ mask }) => mask.area > 0).map(({ mask, quality }) => ({ mask, quality }));
  }

  /** Keeps everything's raw masks of an image. @returns how many. */
  keep(imageId: string, masks: readonly SegmentedMask[]): number {
    const kept = bestCandidates(masks);
    remember(this.#candidates, imageId, kept, CANDIDATES);
    return kept.length;
  }

  /**
   * The parts that the kept masks make; no network runs.
   * @throws StudioError `bad-argument` when everything has not been asked of this image, or too long ago.
   */
  refine(imageId: string, settings: PartSettings, foreground: Rle | null): PartProposal[] {
    const candidates = this.#candidates.get(imageId);
    if (!candidates) {
      throw new StudioError('bad-argument', 'synthesis', 'The parts of this image are not known yet. Find them first.');
    }
    return refineParts(candidates, settings, foreground).map(({ mask, quality }) => ({
      id: partId(mask),
      mask,
      quality,
    }));
  }

  /** Forgets everything: another network would see other things. */
  clear(): void {
    this.#embeddings.clear();
    this.#candidates.clear();
  }
}

/** Youngest last; the oldest go. */
function remember<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}

/** The same mask has the same name, so that a part which a slider leaves as it is stays selected. FNV-1a of its runs. */
function partId({ runs }: Rle): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < runs.length; i++) hash = Math.imul(hash ^ runs[i], 0x01000193) >>> 0;
  return `part-${hash.toString(16).padStart(8, '0')}-${runs.length / 2}`;
}
