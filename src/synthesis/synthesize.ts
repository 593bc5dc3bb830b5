import type { Backend, DeviceRaster } from '../compute/backend';
import { dilateMask, iou, maskArea, removeSpecks, thresholdMask, type BinaryMask } from '../core/mask';
import { createRaster, filledRaster, type Raster } from '../core/raster';
import type { GroundTruthSettings } from '../core/recipe';
import { solveTps } from '../core/tps';
import { throwIfCancelled } from '../core/errors';
import { renderDirect } from './direct';
import { generate, type PreparedSource } from './source';
import type { SynthesisRequest } from './types';

/** One synthetic anomaly on the device. The owner disposes of it. */
export interface Synthesis {
  readonly request: SynthesisRequest;
  /** E, under the warp if there is one: one channel. */
  readonly edges: DeviceRaster;
  /** E_A of Eq. 1: one channel. */
  readonly editedEdges: DeviceRaster;
  /** The region M, under the warp if there is one: one channel. */
  readonly region: DeviceRaster;
  /** RGB in [0, 1]. */
  readonly result: DeviceRaster;
  /** SSIM of the normal and the anomalous picture, both by the same renderer: one channel in [−1, 1]. */
  readonly similarity: DeviceRaster;
  /** 1 where the picture really changed, else 0: one channel, specks still in (see {@link finishMask}). */
  readonly changed: DeviceRaster;
  dispose(): void;
}

/**
 * LogicAL section 3.1 in order: donor → edited edges (Eq. 1) → picture → ground truth.
 *
 * On WebGPU nothing is read back on the way, so `result` can be shown while the device still works; what needs values
 * in memory ({@link measure}) comes after.
 *
 * @param donor the image whose edges (or pixels) come in; null only for remove.
 * @throws StudioError `cancelled`; RangeError for a request that contradicts itself.
 */
export async function synthesize(
  source: PreparedSource,
  donor: PreparedSource | null,
  request: SynthesisRequest,
  signal?: AbortSignal,
): Promise<Synthesis> {
  const { backend } = source.stages;
  const { width, height } = source.photo;
  if (request.operation !== 'remove' && !donor)
    throw new RangeError(`The operation ${request.operation} needs a donor.`);
  const temporary = new Scope(backend);
  const kept = new Scope(backend);
  try {
    const edges = await source.edges(request.edgeOutput, signal);
    const mask = (request.warp ? temporary : kept).add(backend.upload(request.mask));
    const donorEdges =
      donor && request.operation !== 'remove'
        ? temporary.add(await donor.augmentedEdges(request.edgeOutput, request.augmentation, width, height))
        : null;
    throwIfCancelled(signal, 'synthesis');
    const spline = request.warp ? solveTps(request.warp, width, height) : null;
    const bend = (raster: DeviceRaster, border: 'zero' | 'reflect') =>
      spline ? backend.warpTps(raster, spline, border) : raster;
    const plainEdit = (spline ? temporary : kept).add(backend.editEdges(request.operation, edges, donorEdges, mask));
    const editedEdges = spline ? kept.add(bend(plainEdit, 'zero')) : plainEdit;
    const bentEdges = spline ? kept.add(bend(edges, 'zero')) : edges;
    const region = spline ? kept.add(bend(mask, 'zero')) : mask;

    const pictures =
      request.renderer.kind === 'generator'
        ? await renderByGenerator(source, request, { edges: bentEdges, editedEdges, region, bend }, signal)
        : renderDirectly(source, donor, request, bend);
    const result = kept.add(pictures.result);
    temporary.add(...pictures.temporary);
    throwIfCancelled(signal, 'synthesis');

    const similarity = kept.add(backend.ssim(pictures.before, pictures.after));
    const reach = temporary.add(backend.dilate(region, request.groundTruth.dilation));
    const changed = kept.add(backend.changeMask(similarity, reach, request.groundTruth.threshold));
    const dispose = () => kept.release();
    return { request, edges: bentEdges, editedEdges, region, result, similarity, changed, dispose };
  } catch (error) {
    kept.release();
    throw error;
  } finally {
    temporary.release();
  }
}

interface Pictures {
  readonly result: DeviceRaster;
  /** What the ground truth compares: normal and anomalous picture by the same renderer. */
  readonly before: DeviceRaster;
  readonly after: DeviceRaster;
  readonly temporary: readonly DeviceRaster[];
}

async function renderByGenerator(
  source: PreparedSource,
  request: SynthesisRequest,
  maps: {
    readonly edges: DeviceRaster;
    readonly editedEdges: DeviceRaster;
    readonly region: DeviceRaster;
    readonly bend: (raster: DeviceRaster, border: 'zero' | 'reflect') => DeviceRaster;
  },
  signal: AbortSignal | undefined,
): Promise<Pictures> {
  const { backend } = source.stages;
  const scope = new Scope(backend);
  try {
    const before = request.warp
      ? scope.add(await generate(source.stages, maps.edges, signal))
      : await source.generatedNormal(request.edgeOutput, signal);
    const after = await generate(source.stages, maps.editedEdges, signal);
    if (request.renderer.kind === 'generator' && request.renderer.output === 'generated') {
      return { result: after, before, after, temporary: scope.leave() };
    }
    scope.add(after);
    const photo = maps.bend(source.photo, 'reflect');
    if (photo !== source.photo) scope.add(photo);
    const result = composite(backend, photo, before, after, maps.region, request.groundTruth.dilation);
    return { result, before, after, temporary: scope.leave() };
  } catch (error) {
    scope.release();
    throw error;
  }
}

/** Side of the blocks over which tone is compared, px: wider than parts and their shadows' edges, not than light. */
const TONE_BLOCK = 16;
/** Reduction by which the seam is softened: its ramp is about twice this wide, px. */
const SEAM_BLOCK = 4;

/**
 * Sets the region, as generated, into the photograph. Two things would show the seam. Generated and photographed tone
 * differ a little, smoothly over the picture (light is not in the edges), so the generated picture first takes the
 * photograph's tone: it is shifted by what photograph and generated normal differ over blocks of 16 px. What they
 * differ in finer detail is not carried over, for it would bring back a ghost of what was removed. And a hard outline
 * is softened inwards. Where the dilated region is 0 the photograph stays bit for bit.
 */
function composite(
  backend: Backend,
  photo: DeviceRaster,
  before: DeviceRaster,
  after: DeviceRaster,
  region: DeviceRaster,
  dilation: number,
): DeviceRaster {
  const { width, height } = photo;
  const scope = new Scope(backend);
  try {
    const half = scope.add(backend.upload(filledRaster(width, height, 0.5)));
    const blurred = (picture: DeviceRaster, block: number) => {
      const small = scope.add(backend.resize(picture, Math.ceil(width / block), Math.ceil(height / block)));
      return scope.add(backend.resize(small, width, height));
    };
    // a + b = 2·(a + ½·(b − a)): sums are made of the kernels there are.
    const sum = (a: DeviceRaster, b: DeviceRaster, low: number, high: number) =>
      scope.add(backend.affineValues(scope.add(backend.blend(a, b, half)), 2, 0, low, high));
    const negative = scope.add(backend.affineValues(blurred(before, TONE_BLOCK), -1, 0, -1, 0));
    const shift = sum(blurred(photo, TONE_BLOCK), negative, -1, 1);
    const toned = sum(after, shift, 0, 1);
    const reach = scope.add(backend.dilate(region, dilation));
    const nothing = scope.add(backend.upload(createRaster(width, height)));
    // 0 + reach·(blurred − 0): soft, and still 0 wherever reach is.
    const seam = scope.add(backend.blend(nothing, blurred(reach, SEAM_BLOCK), reach));
    return backend.blend(photo, toned, seam);
  } finally {
    scope.release();
  }
}

function renderDirectly(
  source: PreparedSource,
  donor: PreparedSource | null,
  request: SynthesisRequest,
  bend: (raster: DeviceRaster, border: 'zero' | 'reflect') => DeviceRaster,
): Pictures {
  const { backend } = source.stages;
  const { width, height } = source.photo;
  if (request.renderer.kind !== 'direct') throw new RangeError('Not a request for the direct renderer.');
  const picture = renderDirect({
    operation: request.operation,
    photo: source.raster,
    mask: request.mask,
    donor: donor && request.operation !== 'remove' ? donor.augmentedPhoto(request.augmentation, width, height) : null,
    gradients: request.renderer.gradients,
  });
  const plain = backend.upload(picture);
  const after = bend(plain, 'reflect');
  if (after === plain) return { result: plain, before: source.photo, after: plain, temporary: [] };
  const before = bend(source.photo, 'reflect');
  return { result: after, before, after, temporary: [plain, before] };
}

/** What is known of a result beyond its pixels. */
export interface SynthesisMeasure {
  /** {@link editedShare}, [0, 1]. */
  readonly editedShare: number;
  /** Area of the region above ½, px². */
  readonly regionArea: number;
  /** Area of the mask of what really changed, px². */
  readonly changedArea: number;
  /** IoU of the two, [0, 1]; 1 when both are empty. */
  readonly agreement: number;
  /** Share of the picture out of the dilated region's reach that changed as well, [0, 1]: the generator strayed. */
  readonly strayShare: number;
  readonly mask: BinaryMask;
}

/** Reads back what is needed to judge a result; see `verdicts.ts` for the sentences made of it. */
export async function measure(synthesis: Synthesis, backend: Backend): Promise<SynthesisMeasure> {
  const [edges, edited, region, similarity, changed] = await Promise.all(
    [synthesis.edges, synthesis.editedEdges, synthesis.region, synthesis.similarity, synthesis.changed].map((raster) =>
      backend.download(raster),
    ),
  );
  const mask = finishMask(changed, synthesis.request);
  const painted = thresholdMask(region);
  return {
    editedShare: editedShare(edges, edited),
    regionArea: maskArea(painted),
    changedArea: maskArea(mask),
    agreement: iou(painted, mask),
    strayShare: strayShare(similarity, region, synthesis.request.groundTruth),
    mask,
  };
}

/** Of the pixels farther than the dilation from the region, the share with 1 − SSIM above the threshold. */
function strayShare(similarity: Raster, region: Raster, { threshold, dilation }: GroundTruthSettings): number {
  const reach = dilateMask(thresholdMask(region, 0), dilation);
  let beyond = 0;
  let strayed = 0;
  for (let i = 0; i < reach.data.length; i++) {
    if (reach.data[i]) continue;
    beyond++;
    if (1 - similarity.data[i] > threshold) strayed++;
  }
  return beyond > 0 ? strayed / beyond : 0;
}

/** The ground-truth mask: what changed, without components under `minArea` px². */
export function finishMask(changed: Raster, request: Pick<SynthesisRequest, 'groundTruth'>): BinaryMask {
  return removeSpecks(thresholdMask(changed), request.groundTruth.minArea);
}

/**
 * The edited share of edges, Σ|E_A − E| / Σ max(E, E_A), [0, 1]: 0 when nothing was edited, 1 when no edge remained
 * what it was. The supplement's collapse of the generator begins above some share of it.
 */
export function editedShare(edges: Raster, edited: Raster): number {
  let changed = 0;
  let all = 0;
  for (let i = 0; i < edges.data.length; i++) {
    changed += Math.abs(edited.data[i] - edges.data[i]);
    all += Math.max(edited.data[i], edges.data[i]);
  }
  return all > 0 ? changed / all : 0;
}

/** Device rasters that are released together. */
class Scope {
  #rasters: DeviceRaster[] = [];

  constructor(private readonly backend: Backend) {}

  add(raster: DeviceRaster): DeviceRaster;
  add(...rasters: DeviceRaster[]): void;
  add(...rasters: DeviceRaster[]): DeviceRaster {
    this.#rasters.push(...rasters);
    return rasters[0];
  }

  release(): void {
    this.backend.release(...this.#rasters);
    this.#rasters = [];
  }

  /** Hands the rasters to the caller. */
  leave(): DeviceRaster[] {
    const rasters = this.#rasters;
    this.#rasters = [];
    return rasters;
  }
}
