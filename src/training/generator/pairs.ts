import type { Raster } from '../../core/raster';
import type { Random } from '../../core/random';
import { applyGeometry, joinPlanes, randomGeometry, takePlanes, type GeometrySettings } from '../augmentation/geometry';

/** A photograph of the normal product at training size. */
export interface Normal {
  /** What to call it: its file name. */
  readonly name: string;
  /** RGB in [0, 1]. */
  readonly image: Raster;
  /** Its edge strength e1, one channel in [0, 1], as the generator is fed in the studio. */
  readonly edges: Raster;
}

/** One training sample of the generator: rasters of one size. */
export interface GeneratorPair {
  /** What it is given, one channel in [0, 1]. */
  readonly edges: Raster;
  /** What it should make of it, RGB in [0, 1]; true where `known` is 1. */
  readonly image: Raster;
  /** 0 in and around places of which an edit leaves the truth unknown; null: known all over. */
  readonly known: Raster | null;
  /** 1 where edges were erased, so that nothing may be drawn; null: nowhere. */
  readonly empty: Raster | null;
}

/** Where training pairs come from. What is drawn depends on the generator of chance alone. */
export interface PairSource {
  draw(random: Random): GeneratorPair;
}

/**
 * Edits a pair as the studio edits, or returns it as it is, so that the generator meets edited maps.
 * @param donor draws another augmented pair of the set.
 */
export type PairEdit = (pair: GeneratorPair, donor: (random: Random) => GeneratorPair, random: Random) => GeneratorPair;

/** Photographs mirrored and warped by chance, edge map and image alike; then edited, if an edit is given. */
export class PhotographPairs implements PairSource {
  constructor(
    private readonly normals: readonly Normal[],
    private readonly geometry: GeometrySettings,
    private readonly edit: PairEdit | null = null,
  ) {
    if (normals.length === 0) throw new RangeError('There is no photograph to train on.');
  }

  draw(random: Random): GeneratorPair {
    const pair = this.#photograph(random);
    return this.edit ? this.edit(pair, (chance) => this.#photograph(chance), random.fork('edit')) : pair;
  }

  #photograph(random: Random): GeneratorPair {
    const { edges, image } = random.fork('photograph').pick(this.normals);
    const planes = applyGeometry(joinPlanes(edges, image), randomGeometry(random.fork('geometry'), this.geometry));
    return { edges: takePlanes(planes, 0, 1), image: takePlanes(planes, 1, 3), known: null, empty: null };
  }
}
