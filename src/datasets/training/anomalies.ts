import { StudioError, throwIfCancelled } from '../../core/errors';
import { rasterFromMask, type BinaryMask } from '../../core/mask';
import { createRaster, grey8FromRaster, rasterFromGrey8, rasterOf, type Raster } from '../../core/raster';
import { Random } from '../../core/random';
import type { Operation } from '../../core/recipe';
import { randomDonor } from '../../synthesis/donor';
import { drawRequest, type Drawable, type RegionKind } from '../../synthesis/draw';
import { partRegion } from '../../synthesis/parts/region';
import type { Part } from '../../synthesis/parts/refine';
import { DEFAULT_SHARE } from '../../synthesis/recipes';
import type { PreparedSource } from '../../synthesis/source';
import { finishMask, synthesize } from '../../synthesis/synthesize';
import type { DetectorSample, HeldOutPicture, SampleSource } from '../../training/detector/samples';

/** A normal photograph to draw anomalies on, prepared at training size. */
export interface AnomalyNormal {
  /** No two have the same. */
  readonly name: string;
  readonly source: PreparedSource;
}

export interface AnomalySettings {
  readonly operations: readonly Operation[];
  readonly regions: RegionKind;
  /** The renderer that suits a picture. */
  readonly renderer: (source: PreparedSource) => Promise<'generator' | 'direct'>;
  /** The parts of a picture; null where there is no segmentation, and then regions are arbitrary. */
  readonly parts: ((source: PreparedSource) => Promise<readonly Part[]>) | null;
  /** Of the whole supply. */
  readonly seed: number;
  /** How many different anomalies there are; each is made when it is first drawn, and kept. */
  readonly supply: number;
}

/** Draws again this often when a draw changes nothing. */
const ATTEMPTS = 16;
/** Bytes that kept anomalies may take. */
const SUPPLY_BYTES = 128 * 2 ** 20;

/** As many anomalies as memory bears and as make sense, for pictures of this side. */
export function supplyFor(size: number, normals: number): number {
  // A picture and its mask, 8 bits each.
  return Math.max(16, Math.min(Math.floor(SUPPLY_BYTES / (4 * size * size)), 16 * normals));
}

/** What a normal is to the detector, besides its picture. */
interface Truth {
  readonly image: Raster;
  readonly jnd: Raster;
  readonly edges: Raster;
}

/** A kept anomaly, 8 bits a value. */
interface Kept {
  readonly normal: AnomalyNormal;
  readonly shown: Uint8Array;
  readonly mask: BinaryMask;
}

/**
 * LogicAL's synthetic anomalies made on the fly from normal photographs: semantic and arbitrary regions by turns,
 * remove, replace and merge. Making one takes longer than a training step, so a supply of them is made as they are drawn
 * and drawn from again, each time in another light. Which anomaly a number stands for follows from the seed.
 */
export class SyntheticAnomalies implements SampleSource {
  readonly #normals: readonly AnomalyNormal[];
  readonly #donors: readonly AnomalyNormal[];
  readonly #settings: AnomalySettings;
  readonly #kept = new Map<number, Promise<Kept>>();
  readonly #parts = new Map<AnomalyNormal, Promise<readonly Part[]>>();

  /**
   * @param normals the pictures that are made abnormal.
   * @param donors what comes in comes of these; the normals if left out.
   * @throws StudioError `no-images` when an operation needs a donor and there is none.
   */
  constructor(
    normals: readonly AnomalyNormal[],
    settings: AnomalySettings,
    donors: readonly AnomalyNormal[] = normals,
  ) {
    const alone = donors.length < 2 && settings.operations.some((operation) => operation !== 'remove');
    if (normals.length === 0 || alone) {
      const message = `${donors.length} photographs are too few to make anomalies from: replace and merge take another one as the donor. Add photographs.`;
      throw new StudioError('no-images', 'training', message);
    }
    this.#normals = normals;
    this.#donors = donors;
    this.#settings = settings;
  }

  async normal(random: Random, signal?: AbortSignal): Promise<DetectorSample> {
    const truth = await truthOf(random.pick(this.#normals), signal);
    return { ...truth, shown: truth.image, mask: createRaster(truth.image.width, truth.image.height) };
  }

  anomaly(random: Random, signal?: AbortSignal): Promise<DetectorSample> {
    return this.numbered(random.int(0, this.#settings.supply - 1), signal);
  }

  /** One of the supply, from 0. */
  async numbered(number: number, signal?: AbortSignal): Promise<DetectorSample> {
    const { normal, shown, mask } = await this.#take(number, signal);
    const truth = await truthOf(normal, signal);
    const { width, height } = truth.image;
    const picture = rasterOf(rasterFromGrey8(shown, width, 3 * height).data, width, height, 3);
    return { ...truth, shown: picture, mask: rasterFromMask(mask) };
  }

  #take(number: number, signal?: AbortSignal): Promise<Kept> {
    let kept = this.#kept.get(number);
    if (!kept) {
      kept = this.#make(new Random(this.#settings.seed).fork(`anomaly ${number}`), signal);
      this.#kept.set(number, kept);
      // One that failed or was cancelled is tried again when it is drawn again.
      kept.catch(() => this.#kept.delete(number));
    }
    return kept;
  }

  async #make(random: Random, signal?: AbortSignal): Promise<Kept> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      throwIfCancelled(signal, 'training');
      const chance = random.fork(`attempt ${attempt}`);
      const normal = chance.fork('image').pick(this.#normals);
      const drawn = await drawRequest(chance, this.#drawable(normal), this.#drawing());
      if (!drawn) continue;
      const { request } = drawn;
      const others = this.#donors.map((each) => ({ ...each, id: each.name }));
      const donor = request.operation === 'remove' ? null : randomDonor(chance.fork('donor'), normal.name, others);
      const { backend } = normal.source.stages;
      const synthesis = await synthesize(normal.source, donor?.source ?? null, request, signal);
      try {
        const mask = finishMask(await backend.download(synthesis.changed), request);
        if (!mask.data.includes(1)) continue;
        const { width, height, data } = await backend.download(synthesis.result);
        return { normal, shown: grey8FromRaster(rasterOf(data, width, 3 * height)), mask };
      } finally {
        synthesis.dispose();
      }
    }
    const message = `In ${ATTEMPTS} tries no edit changed anything in the photographs: their edges may be too faint. Choose sharper photographs, or a generator that was trained on them.`;
    throw new StudioError('model-failed', 'training', message);
  }

  #drawing() {
    const { operations, regions, parts } = this.#settings;
    return { operations, regions: parts ? regions : ('arbitrary' as const), share: DEFAULT_SHARE };
  }

  #drawable(normal: AnomalyNormal): Drawable {
    const { source } = normal;
    const { width, height } = source.raster;
    return {
      width,
      height,
      renderer: () => this.#settings.renderer(source),
      foreground: async () => (await source.foreground()).above(),
      part: async (random) => {
        const parts = await this.#partsOf(normal);
        return parts.length > 0 ? partRegion(random.pick(parts).mask, 'part') : null;
      },
    };
  }

  #partsOf(normal: AnomalyNormal): Promise<readonly Part[]> {
    const { parts } = this.#settings;
    if (!parts) throw new RangeError('Semantic regions need a segmentation network.');
    let found = this.#parts.get(normal);
    if (!found) {
      found = parts(normal.source);
      this.#parts.set(normal, found);
      found.catch(() => this.#parts.delete(normal));
    }
    return found;
  }
}

/** Picture, JND map and edges of a normal; the source keeps what it computed. */
async function truthOf({ source }: AnomalyNormal, signal?: AbortSignal): Promise<Truth> {
  const { backend } = source.stages;
  const jnd = await source.jndInMemory();
  return { image: source.raster, jnd, edges: await backend.download(await source.edges('e1', signal)) };
}

/** Held-out normals as they are, after the first `count` anomalies on them. */
export async function heldOutPictures(
  normals: readonly AnomalyNormal[],
  anomalies: SyntheticAnomalies,
  count: number,
  signal?: AbortSignal,
): Promise<HeldOutPicture[]> {
  const pictures: HeldOutPicture[] = [];
  for (let i = 0; i < count; i++) {
    const { shown, mask } = await anomalies.numbered(i, signal);
    pictures.push({ name: `Synthetic anomaly ${i + 1}`, shown, mask });
  }
  return [...pictures, ...normals.map(({ name, source }) => ({ name, shown: source.raster, mask: null }))];
}
