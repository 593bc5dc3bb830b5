import { createCpuBackend } from '../compute/cpu';
import type { DeviceRaster } from '../compute/backend';
import { quickJndMap } from '../compute/jnd';
import { augmentationAffine, invert } from '../core/geometry';
import type { Raster } from '../core/raster';
import type { Augmentation, EdgeOutput } from '../core/recipe';
import { Foreground } from './foreground';
import type { Stages } from './types';

/** The kernels the direct renderer's CPU side needs; they hold no state. */
const cpu = createCpuBackend();

/**
 * An image made ready for synthesis: its photograph on the device, and what networks make of it, computed once however
 * many edits follow. The owner disposes of it.
 */
export class PreparedSource {
  /** RGB at working size, on the backend. */
  readonly photo: DeviceRaster;
  readonly #cache = new Map<string, Promise<DeviceRaster>>();
  #jnd: Promise<Raster> | null = null;
  #foreground: Foreground | null = null;
  #disposed = false;

  constructor(
    /** The same photograph in memory: the direct renderer works there, and reading it back would cost a round trip. */
    readonly raster: Raster,
    readonly stages: Stages,
  ) {
    if (raster.channels !== 3) throw new RangeError(`A photograph has three channels, not ${raster.channels}.`);
    this.photo = stages.backend.upload(raster);
  }

  /** Edge strength E of the photograph, one channel, working size. The source keeps it. */
  edges(output: EdgeOutput, signal?: AbortSignal): Promise<DeviceRaster> {
    return this.#once(`edges ${output}`, async () => {
      const maps = await this.stages.edgeDetector.run(this.photo, [output], signal);
      return maps[output];
    });
  }

  /** JND of the photograph over its maximum, one channel, working size, in memory. The source keeps it. */
  jnd(): Promise<Raster> {
    this.#jnd ??= this.#mapJnd();
    const mapping = this.#jnd;
    mapping.catch(() => {
      if (this.#jnd === mapping) this.#jnd = null;
    });
    return mapping;
  }

  /** Where the photograph's product is, by any threshold, at working size. The source keeps it. */
  async foreground(): Promise<Foreground> {
    const map = await this.jnd();
    return (this.#foreground ??= new Foreground(map));
  }

  async #mapJnd(): Promise<Raster> {
    const { backend } = this.stages;
    const map = quickJndMap(backend, this.raster);
    try {
      return await backend.download(map);
    } finally {
      backend.release(map);
    }
  }

  /** G(E): what the generator makes of the unedited edges, the reference of the ground truth. The source keeps it. */
  generatedNormal(output: EdgeOutput, signal?: AbortSignal): Promise<DeviceRaster> {
    return this.#once(`normal ${output}`, async () => generate(this.stages, await this.edges(output, signal), signal));
  }

  /** A(P): the edges under an augmentation, for a target of the given size; nothing outside. The caller releases. */
  async augmentedEdges(
    output: EdgeOutput,
    augmentation: Augmentation,
    width: number,
    height: number,
  ): Promise<DeviceRaster> {
    const inverse = invert(augmentationAffine(augmentation, this.raster, { width, height }));
    return this.stages.backend.warpAffine(await this.edges(output), inverse, width, height, 'zero');
  }

  /** A(I): the photograph under the same augmentation, mirrored outside, in memory. */
  augmentedPhoto(augmentation: Augmentation, width: number, height: number): Raster {
    const inverse = invert(augmentationAffine(augmentation, this.raster, { width, height }));
    return cpu.warpAffine({ ...this.raster, device: 'cpu' }, inverse, width, height, 'reflect') as Raster &
      DeviceRaster;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const { backend } = this.stages;
    backend.release(this.photo);
    for (const made of this.#cache.values()) {
      // One that failed left nothing; one under way is released when it arrives.
      void made.then((raster) => backend.release(raster)).catch(() => undefined);
    }
  }

  /** Computes once; a failure (or a cancelled run) is forgotten, so that the next call tries again. */
  #once(key: string, make: () => Promise<DeviceRaster>): Promise<DeviceRaster> {
    if (this.#disposed) throw new Error('This source was disposed of.');
    let made = this.#cache.get(key);
    if (!made) {
      made = make();
      this.#cache.set(key, made);
      made.catch(() => this.#cache.delete(key));
    }
    return made;
  }
}

/** Runs the generator on edges of any size, by way of its own size. The caller releases. */
export async function generate(stages: Stages, edges: DeviceRaster, signal?: AbortSignal): Promise<DeviceRaster> {
  const { backend, generator } = stages;
  if (!generator) throw new RangeError('No generator is loaded.');
  if (edges.width === generator.width && edges.height === generator.height) return generator.run(edges, signal);
  const fitted = backend.resize(edges, generator.width, generator.height);
  let picture: DeviceRaster | undefined;
  try {
    picture = await generator.run(fitted, signal);
    return backend.resize(picture, edges.width, edges.height);
  } finally {
    backend.release(fitted, picture);
  }
}
