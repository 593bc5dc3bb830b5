import type { ErrorReport } from '../core/errors';
import type { Verdict } from '../evaluation/threshold';
import type { EvaluationDetails } from '../project/evaluation';
import type { ImportFile, MapsFound, TestSetChoice, TestSetInfo } from '../worker/api';
import type { RunningJob } from './running-job';

/** A folder taken for the next evaluation, and what was found in it. */
export interface TestSetFolder {
  readonly name: string;
  readonly files: readonly ImportFile[];
  /** Null while it is looked through. */
  readonly sets: readonly TestSetInfo[] | null;
  readonly error: ErrorReport | null;
}

export interface MapsFolder {
  readonly name: string;
  readonly files: readonly ImportFile[];
  /** Which images of the chosen test set have maps; null while that is looked up, or no test set is chosen. */
  readonly found: MapsFound | null;
  readonly error: ErrorReport | null;
}

export type TestSetKind = TestSetChoice['kind'];

/** What the next evaluation is of. */
export interface EvaluationSetup {
  /** Scenes of the demo; null until they were asked for. */
  readonly demo: readonly TestSetInfo[] | null;
  readonly folder: TestSetFolder | null;
  /** Of an imported one, `object` is the dataset's id. */
  readonly testSet: { readonly kind: TestSetKind; readonly object: string } | null;
  readonly maps: 'detector' | 'maps';
  readonly mapsFolder: MapsFolder | null;
}

/** What lies over the photographs of an evaluation. */
export interface EvaluationLayers {
  /** Opacity of the heat map in the viewer, [0, 1]. */
  readonly heat: number;
  /** Outlines of the defects, and of the pixels above the threshold. */
  readonly truth: boolean;
  readonly found: boolean;
  /** Whether the viewer's colours run over the scores of its image alone, instead of all. */
  readonly ownScale: boolean;
  /** Whether the grid shows heat maps. */
  readonly gridHeat: boolean;
}

export const DEFAULT_LAYERS: EvaluationLayers = {
  heat: 0.7,
  truth: true,
  found: true,
  ownScale: false,
  gridHeat: true,
};

/** Which images of an evaluation are shown. */
export interface ImageFilter {
  readonly subset: string | null;
  readonly defect: string | null;
  readonly verdict: Verdict | null;
}

export const ALL_IMAGES: ImageFilter = { subset: null, defect: null, verdict: null };

/** What the person looks at on the page Evaluate. */
export interface EvaluationView {
  readonly setup: EvaluationSetup;
  readonly running: (RunningJob & { readonly title: string }) | null;
  /** Why the last evaluation came to nothing. */
  readonly error: ErrorReport | null;
  /** Details by their blobs: of what is shown, and a few before. */
  readonly details: ReadonlyMap<string, EvaluationDetails | ErrorReport>;
  /** While a threshold is dragged. */
  readonly dragged: { readonly threshold?: number; readonly pixelThreshold?: number } | null;
  readonly filter: ImageFilter;
  /** Path of the image in the viewer. */
  readonly viewed: string | null;
  /** Evaluations beside each other, the first is what the others are held against; fewer than two: one is shown. */
  readonly compared: readonly string[];
}

export const NO_EVALUATION: EvaluationView = {
  setup: { demo: null, folder: null, testSet: null, maps: 'detector', mapsFolder: null },
  running: null,
  error: null,
  details: new Map(),
  dragged: null,
  filter: ALL_IMAGES,
  viewed: null,
  compared: [],
};
