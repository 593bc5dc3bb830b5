import type { ColourScale } from '../core/colour-scales';
import type { ErrorReport } from '../core/errors';
import type { Explanation } from '../models/detector/form';
import type { HeatMap, ModelInfo, Preview } from '../worker/api';

/** How heat maps are shown. */
export interface HeatView {
  readonly scale: ColourScale;
  /** What the layer of reconstructions shows. */
  readonly explain: Explanation;
}

/** A heat map as it was asked for. */
export interface ShownHeat {
  readonly found: HeatMap;
  readonly scale: ColourScale;
  readonly explain: Explanation | null;
}

/** What the detector says of the open image. */
export interface DetectionView {
  /** Null where none is installed, undefined until that is known. */
  readonly network: ModelInfo | null | undefined;
  readonly photo: ShownHeat | null;
  /** Of the preview it names, which a newer one may have followed meanwhile. */
  readonly result: (ShownHeat & { readonly preview: Preview }) | null;
  /** Something is awaited. */
  readonly detecting: boolean;
  /** Above this a pixel counts as anomalous; null: as the detector says. */
  readonly threshold: number | null;
  readonly error: ErrorReport | null;
}

export const NOTHING_DETECTED: DetectionView = {
  network: undefined,
  photo: null,
  result: null,
  detecting: false,
  threshold: null,
  error: null,
};

/** What is said of what is seen: the result where there is one, else the photograph. */
export function currentHeat(detection: DetectionView, shown: boolean): ShownHeat | null {
  return shown ? detection.result : detection.photo;
}

/** The threshold in force for a heat map's pixels. */
export function pixelThreshold({ threshold }: DetectionView, { thresholds }: HeatMap): number {
  return threshold ?? thresholds.pixel;
}
