import type { Raster } from '../core/raster';
import type { BlobStore } from '../project/blobs';
import type { EvaluatedImage } from '../project/evaluation';
import { decodeMap, decodeTruth } from '../project/stored-map';
import { contours } from './canvas/contour';
import { Pictures } from './pictures';

/** Outlines of an image's defects. */
export interface TruthOutlines {
  /** What the outlines are measured in. */
  readonly width: number;
  readonly height: number;
  /** By defect: closed lines as x, y pairs. */
  readonly defects: readonly (readonly Float32Array[])[];
}

/** How many are kept decoded. */
const MAPS = 48;
const TRUTHS = 600;

/** Photographs, maps and ground truth that are kept with evaluations. */
export class EvaluatedPictures {
  /** Addresses of photographs. */
  readonly photos: Pictures;
  readonly #maps = new Map<string, Promise<Raster>>();
  readonly #truths = new Map<string, Promise<TruthOutlines>>();

  constructor(private readonly store: Pick<BlobStore, 'get'>) {
    this.photos = new Pictures(store);
  }

  /** Null where none is kept. @throws StudioError `file-vanished`. */
  async map({ map }: EvaluatedImage): Promise<Raster | null> {
    if (!map) return null;
    return remembered(this.#maps, MAPS, map.sha256 + map.low, async () =>
      decodeMap(await this.store.get(map.sha256), map),
    );
  }

  /** Null for good images, and where none is kept. @throws StudioError `file-vanished`. */
  async truth({ truth, defects }: EvaluatedImage): Promise<TruthOutlines | null> {
    if (truth === null) return null;
    return remembered(this.#truths, TRUTHS, truth, async () => {
      const { width, height, labels } = decodeTruth(await this.store.get(truth));
      const lines = defects.map((_, k) => {
        const inside = Uint8Array.from(labels, (label) => (label === k + 1 ? 1 : 0));
        return contours(inside, width, height, 0.5);
      });
      return { width, height, defects: lines };
    });
  }
}

/** Least recently used go first; a failure is forgotten, so that the next one tries again. */
function remembered<T>(cache: Map<string, Promise<T>>, most: number, key: string, make: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known) {
    cache.delete(key);
    cache.set(key, known);
    return known;
  }
  const made = make();
  cache.set(key, made);
  made.catch(() => cache.delete(key));
  for (const oldest of cache.keys()) {
    if (cache.size <= most) break;
    cache.delete(oldest);
  }
  return made;
}
