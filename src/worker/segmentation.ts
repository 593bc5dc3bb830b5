import { StudioError } from '../core/errors';
import type { Raster } from '../core/raster';
import type { Rle } from '../core/rle';
import { bestCandidates } from '../models/sam/everything';
import type { Embedding, Prompt, SegmentedMask, Segmenter } from '../models/sam/segmenter';
import {
  candidatesName,
  decodeCandidates,
  decodeEmbedding,
  embeddingName,
  encodeCandidates,
  encodeEmbedding,
  type CandidatesKey,
  type EmbeddingKey,
} from '../models/sam/stored';
import type { DerivedCache } from '../project/derived';
import { refineParts, type PartSettings } from '../synthesis/parts/refine';
import type { MaskProposal, PartProposal } from './api';

/** Embeddings kept: up to 8 MB each at SAM's own size. */
const EMBEDDINGS = 6;
/** Images of which everything's raw masks are kept. */
const CANDIDATES = 4;

/**
 * What segmentation has found out about images, in memory and in storage: so that the network runs once, however often
 * one asks, and not again after a reload.
 */
export class Segmentation {
  readonly #embeddings = new Map<string, Embedding>();
  readonly #candidates = new Map<string, readonly SegmentedMask[]>();

  constructor(private readonly derived: DerivedCache) {}

  /** The embedding, if it need not be made. */
  async known(key: EmbeddingKey): Promise<Embedding | null> {
    const name = embeddingName(key);
    let embedding = this.#embeddings.get(name) ?? null;
    if (!embedding) {
      const bytes = await this.derived.get(name);
      embedding = bytes && decodeEmbedding(bytes);
    }
    if (embedding) remember(this.#embeddings, name, embedding, EMBEDDINGS);
    return embedding;
  }

  /** The image's embedding, made at the first call. */
  async embed(key: EmbeddingKey, segmenter: Segmenter, pixels: () => Promise<Raster>): Promise<Embedding> {
    const known = await this.known(key);
    if (known) return known;
    const embedding = await segmenter.encode(await pixels());
    const name = embeddingName(key);
    remember(this.#embeddings, name, embedding, EMBEDDINGS);
    // Nobody waits for storage.
    void this.derived.put(name, encodeEmbedding(embedding));
    return embedding;
  }

  /** Masks of one prompt, best first; empty ones left out. */
  async segment(
    key: EmbeddingKey,
    segmenter: Segmenter,
    pixels: () => Promise<Raster>,
    prompt: Prompt,
  ): Promise<MaskProposal[]> {
    const masks = await segmenter.segment(await this.embed(key, segmenter, pixels), prompt);
    return masks.filter(({ mask }) => mask.area > 0).map(({ mask, quality }) => ({ mask, quality }));
  }

  /** Keeps everything's raw masks of an image. @returns how many. */
  keep(key: CandidatesKey, masks: readonly SegmentedMask[]): number {
    const kept = bestCandidates(masks);
    const name = candidatesName(key);
    remember(this.#candidates, name, kept, CANDIDATES);
    void this.derived.put(name, encodeCandidates(kept, key));
    return kept.length;
  }

  /**
   * The parts that the kept masks make; no network runs.
   * @throws StudioError `bad-argument` when everything has not been asked of this image, or too long ago.
   */
  async refine(key: CandidatesKey, settings: PartSettings, foreground: Rle | null): Promise<PartProposal[]> {
    const candidates = await this.#kept(key);
    if (!candidates) {
      throw new StudioError('bad-argument', 'synthesis', 'The parts of this image are not known yet. Find them first.');
    }
    return refineParts(candidates, settings, foreground).map(({ mask, quality }) => ({
      id: partId(mask),
      mask,
      quality,
    }));
  }

  async #kept(key: CandidatesKey): Promise<readonly SegmentedMask[] | null> {
    const name = candidatesName(key);
    let candidates = this.#candidates.get(name) ?? null;
    if (!candidates) {
      const bytes = await this.derived.get(name);
      candidates = bytes && decodeCandidates(bytes);
      if (candidates) remember(this.#candidates, name, candidates, CANDIDATES);
    }
    return candidates;
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
