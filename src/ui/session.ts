import { createStore, type StoreApi } from 'zustand/vanilla';
import type { ErrorReport } from '../core/errors';
import type { Rle } from '../core/rle';
import type { Draft, Measure } from '../project/document';
import type { PartSettings } from '../synthesis/parts/refine';
import type { ComputePreference, ComputeStatus, ModelInfo, NetworkOffer, OpenedImage, Preview } from '../worker/api';
import type { RegionMode } from './canvas/tools/tool';
import { DEFAULT_LAYERS, NO_EVALUATION, type EvaluationLayers, type EvaluationView } from './evaluation-view';
import { NOTHING_DETECTED, type DetectionView, type HeatView } from './detection-view';
import type { RunningJob } from './running-job';
import { NO_PRODUCT, NOTHING_POINTED, type PartsView, type ProductView, type SmartView } from './segmentation-view';
import { DEFAULT_TRAINING_CHARTS, NO_TRAINING, type TrainingCharts, type TrainingView } from './training-view';

/** The steps of the work, in their order. */
export const PAGES = ['dataset', 'synthesize', 'train', 'evaluate', 'export'] as const;
export type Page = (typeof PAGES)[number];
export type ToolId =
  'select' | 'smart' | 'rectangle' | 'ellipse' | 'lasso' | 'polygon' | 'brush' | 'eraser' | 'wand' | 'donor' | 'pan';
/** From the bottom of the stack to its top. */
export const LAYERS = [
  'photo',
  'result',
  'reconstruction',
  'edges',
  'editedEdges',
  'heat',
  'mask',
  'foreground',
  'parts',
  'region',
] as const;
/** 16: what is large enough to be pointed at; 32: small parts too, in four times the time. */
export type PartsGrid = 16 | 32;
export type LayerId = (typeof LAYERS)[number];
export type ViewMode = 'single' | 'wipe' | 'split' | 'grid';

export interface LayerState {
  readonly visible: boolean;
  /** [0, 1]. */
  readonly opacity: number;
}

/** A preview and the draft it shows. */
export interface ShownPreview {
  readonly draft: Draft;
  readonly preview: Preview;
}

export interface DatasetFilter {
  readonly query: string;
  readonly split: string | null;
  readonly label: string | null;
}

/** What a person is looking at and doing: never undone, and saved (where at all) per browser, not per project. */
export interface SessionState {
  readonly ready: boolean;
  readonly page: Page;
  readonly datasetId: string | null;
  readonly imageId: string | null;
  readonly opened: OpenedImage | null;
  readonly opening: boolean;
  readonly openError: ErrorReport | null;
  readonly shown: ShownPreview | null;
  readonly measure: Measure | null;
  readonly busy: boolean;
  readonly previewError: ErrorReport | null;
  readonly keeping: boolean;
  readonly tool: ToolId;
  readonly regionMode: RegionMode;
  readonly brush: { readonly radius: number; readonly softness: number };
  /** How unlike a colour may be to be taken, [0, 100], and whether only what is connected is taken. */
  readonly wand: { readonly tolerance: number; readonly contiguous: boolean };
  readonly layers: Readonly<Record<LayerId, LayerState>>;
  /** Where one picture leaves room beside it, and where several fill the canvas. */
  readonly layersOpen: { readonly one: boolean; readonly several: boolean };
  readonly viewMode: ViewMode;
  /** Where the wipe divides the image, share of its width. */
  readonly wipe: number;
  /** The "before" side is shown alone while this is held. */
  readonly peeking: boolean;
  /** The kept variant that takes the place of the photograph as "before". */
  readonly compareId: string | null;
  readonly selectedShape: number | null;
  readonly smart: SmartView;
  /** Of the open image; null until they are asked for. */
  readonly parts: PartsView | null;
  /** Points a side of the grid that everything mode asks at. */
  readonly partsGrid: PartsGrid;
  /** How raw masks become parts; null: as was measured for the network. */
  readonly partSettings: PartSettings | null;
  readonly product: ProductView;
  readonly heat: HeatView;
  readonly detection: DetectionView;
  /** What parts and arbitrary regions have to lie on in the open image, at working size; null: anywhere. */
  readonly foreground: Rle | null;
  /** Share of the image that an arbitrary region takes. */
  readonly surpriseShare: number;
  /** CSS pixels per image pixel, as the canvas shows it. */
  readonly zoom: number;
  readonly filter: DatasetFilter;
  readonly demoOpening: boolean;
  readonly importing: RunningJob | null;
  readonly exporting: RunningJob | null;
  readonly problems: readonly ErrorReport[];
  /** Variants left out of the export. */
  readonly unexported: ReadonlySet<string>;
  readonly category: string | null;
  readonly includeNormals: boolean;
  /** The training run that is open; null: what the next one is to be. */
  readonly trainingId: string | null;
  readonly trainingCharts: TrainingCharts;
  readonly training: TrainingView;
  /** The evaluation that is open; null: what the next one is of. */
  readonly evaluationId: string | null;
  readonly evaluationTab: 'figures' | 'images';
  /** How the images of an evaluation are shown. */
  readonly evaluationLayers: EvaluationLayers;
  readonly evaluation: EvaluationView;
  readonly compute: ComputeStatus | null;
  readonly computePreference: ComputePreference;
  readonly computeStarting: boolean;
  readonly computeError: ErrorReport | null;
  readonly shortcutsOpen: boolean;
  /** The dialog in which images are chosen for the region to be applied to. */
  readonly applyOpen: boolean;
  readonly networksOpen: boolean;
  readonly networks: readonly ModelInfo[] | null;
  /** What may take the place of the shipped networks; null until the dialog has asked. */
  readonly offers: readonly NetworkOffer[] | null;
  /** The official network being downloaded. */
  readonly download: (RunningJob & { readonly id: string }) | null;
  readonly weightsLoading: boolean;
  readonly announced: string;
}

/** Where every part of the session lives between two visits. */
const KEPT: Readonly<Record<keyof SessionState, 'browser' | 'nowhere'>> = {
  ready: 'nowhere',
  page: 'browser',
  datasetId: 'browser',
  imageId: 'browser',
  opened: 'nowhere',
  opening: 'nowhere',
  openError: 'nowhere',
  shown: 'nowhere',
  measure: 'nowhere',
  busy: 'nowhere',
  previewError: 'nowhere',
  keeping: 'nowhere',
  tool: 'browser',
  regionMode: 'browser',
  brush: 'browser',
  wand: 'browser',
  layers: 'browser',
  layersOpen: 'browser',
  viewMode: 'browser',
  wipe: 'nowhere',
  peeking: 'nowhere',
  compareId: 'nowhere',
  selectedShape: 'nowhere',
  smart: 'nowhere',
  parts: 'nowhere',
  partsGrid: 'browser',
  partSettings: 'nowhere',
  product: 'nowhere',
  heat: 'browser',
  detection: 'nowhere',
  foreground: 'nowhere',
  surpriseShare: 'browser',
  zoom: 'nowhere',
  filter: 'nowhere',
  demoOpening: 'nowhere',
  importing: 'nowhere',
  exporting: 'nowhere',
  problems: 'nowhere',
  unexported: 'nowhere',
  category: 'browser',
  includeNormals: 'browser',
  trainingId: 'browser',
  trainingCharts: 'browser',
  training: 'nowhere',
  evaluationId: 'browser',
  evaluationTab: 'browser',
  evaluationLayers: 'browser',
  evaluation: 'nowhere',
  compute: 'nowhere',
  computePreference: 'browser',
  computeStarting: 'nowhere',
  computeError: 'nowhere',
  shortcutsOpen: 'nowhere',
  applyOpen: 'nowhere',
  networksOpen: 'nowhere',
  networks: 'nowhere',
  offers: 'nowhere',
  download: 'nowhere',
  weightsLoading: 'nowhere',
  announced: 'nowhere',
};

const SHOWN: LayerState = { visible: true, opacity: 1 };
const HIDDEN: LayerState = { visible: false, opacity: 1 };

export const FRESH_SESSION: SessionState = {
  ready: false,
  page: 'dataset',
  datasetId: null,
  imageId: null,
  opened: null,
  opening: false,
  openError: null,
  shown: null,
  measure: null,
  busy: false,
  previewError: null,
  keeping: false,
  tool: 'rectangle',
  regionMode: 'replace',
  brush: { radius: 14, softness: 0.3 },
  wand: { tolerance: 12, contiguous: true },
  layers: {
    photo: SHOWN,
    result: SHOWN,
    edges: HIDDEN,
    editedEdges: HIDDEN,
    reconstruction: HIDDEN,
    heat: { visible: false, opacity: 0.75 },
    mask: { visible: false, opacity: 0.6 },
    foreground: { visible: false, opacity: 0.75 },
    parts: { visible: true, opacity: 0.85 },
    // Its outline alone: a tint would change the very colours that are to be judged.
    region: { visible: true, opacity: 0 },
  },
  layersOpen: { one: true, several: false },
  viewMode: 'single',
  wipe: 0.5,
  peeking: false,
  compareId: null,
  selectedShape: null,
  smart: NOTHING_POINTED,
  parts: null,
  partsGrid: 16,
  partSettings: null,
  product: NO_PRODUCT,
  heat: { scale: 'inferno', explain: 'reconstruction' },
  detection: NOTHING_DETECTED,
  foreground: null,
  surpriseShare: 0.06,
  zoom: 1,
  filter: { query: '', split: null, label: null },
  demoOpening: false,
  importing: null,
  exporting: null,
  problems: [],
  unexported: new Set(),
  category: null,
  includeNormals: true,
  trainingId: null,
  trainingCharts: DEFAULT_TRAINING_CHARTS,
  training: NO_TRAINING,
  evaluationId: null,
  evaluationTab: 'figures',
  evaluationLayers: DEFAULT_LAYERS,
  evaluation: NO_EVALUATION,
  compute: null,
  computePreference: 'auto',
  computeStarting: false,
  computeError: null,
  shortcutsOpen: false,
  applyOpen: false,
  networksOpen: false,
  networks: null,
  offers: null,
  download: null,
  weightsLoading: false,
  announced: '',
};

export type SessionStore = StoreApi<SessionState>;

const STORAGE_KEY = 'logical-studio/session/1';

/**
 * @param storage where the browser's part is kept; null keeps nothing.
 * @param options.wide whether the window has room for the layers beside the picture
 */
export function createSession(
  storage: Pick<Storage, 'getItem' | 'setItem'> | null,
  { wide = true }: { wide?: boolean } = {},
): SessionStore {
  const layersOpen = { one: wide, several: false };
  const store = createStore<SessionState>(() => ({ ...FRESH_SESSION, layersOpen, ...restored(storage) }));
  const keys = keptKeys();
  store.subscribe((state, before) => {
    if (keys.every((key) => state[key] === before[key])) return;
    try {
      storage?.setItem(STORAGE_KEY, JSON.stringify(Object.fromEntries(keys.map((key) => [key, state[key]]))));
    } catch {
      // Full or forbidden storage costs the layout of the next visit only; the project itself reports its own troubles.
    }
  });
  return store;
}

function keptKeys(): (keyof SessionState)[] {
  return (Object.keys(KEPT) as (keyof SessionState)[]).filter((key) => KEPT[key] === 'browser');
}

function restored(storage: Pick<Storage, 'getItem'> | null): Partial<SessionState> {
  try {
    const saved: unknown = JSON.parse(storage?.getItem(STORAGE_KEY) ?? '{}');
    if (typeof saved !== 'object' || saved === null) return {};
    // Only what has the type of its fresh value: an older or altered entry must not break the start.
    const entries = keptKeys().flatMap((key) => {
      const value: unknown = (saved as Record<string, unknown>)[key];
      const fresh: unknown = FRESH_SESSION[key];
      const fits = fresh === null ? value === null || typeof value === 'string' : sameShape(value, fresh);
      return fits ? [[key, value] as const] : [];
    });
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}

function sameShape(value: unknown, like: unknown): boolean {
  if (typeof like !== 'object' || like === null) return typeof value === typeof like;
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(like).every(([key, inner]) => sameShape((value as Record<string, unknown>)[key], inner));
}
