import type { Backend, DeviceRaster } from '../compute/backend';
import type { Raster } from '../core/raster';
import type { Augmentation, EdgeOutput, GroundTruthSettings, ModelRef, Operation, Warp } from '../core/recipe';

/** PiDiNet as the synthesis sees it (models/pidinet). */
export interface EdgeDetector {
  /** RGB in [0, 1] → edge strength P in [0, 1], one channel of the same size; the caller releases. */
  run<T extends EdgeOutput>(
    image: DeviceRaster,
    outputs?: readonly T[],
    signal?: AbortSignal,
  ): Promise<Record<T, DeviceRaster>>;
}

/** The edge-to-image network as the synthesis sees it (models/generator). */
export interface Generator {
  /** The size it was trained at, px: edges come in and pictures go out at it. */
  readonly width: number;
  readonly height: number;
  /** Edge strength, one channel → RGB in [0, 1]; the caller releases. */
  run(edges: DeviceRaster, signal?: AbortSignal): Promise<DeviceRaster>;
}

/** What the stages work with, all on one backend. */
export interface Stages {
  readonly backend: Backend;
  readonly edgeDetector: EdgeDetector;
  readonly edgeModel: ModelRef;
  readonly generator: Generator | null;
  readonly generatorModel: ModelRef | null;
}

/** One synthetic anomaly to make; everything decided, nothing random left. Sizes are the working size. */
export interface SynthesisRequest {
  readonly operation: Operation;
  /** The M of Eq. 1, soft, [0, 1], one channel, working size. */
  readonly mask: Raster;
  /** A(Pᵢ)'s augmentation; with the donor null only for remove. */
  readonly augmentation: Augmentation;
  readonly warp: Warp | null;
  readonly edgeOutput: EdgeOutput;
  readonly renderer:
    | { readonly kind: 'generator'; readonly output: 'generated' | 'composited' }
    | { readonly kind: 'direct'; readonly gradients: 'normal' | 'mixed' };
  readonly groundTruth: GroundTruthSettings;
}
