import type { ErrorReport } from '../core/errors';
import type { Rle } from '../core/rle';
import { FOREGROUND_THRESHOLD } from '../synthesis/foreground';
import type { PartProposal, PartsFound, Progress } from '../worker/api';
import type { Pointed } from './pointing';
import type { Detail } from './proposals';
import type { RunningJob } from './running-job';

/** What smart select shows. */
export interface SmartView {
  /** The network's last answer about what is under the pointer; stays until the next. */
  readonly hovered: Pointed | null;
  readonly detail: Detail;
  /** How far the network has come with reading the picture; null while it reads none. */
  readonly reading: Progress | null;
  readonly error: ErrorReport | null;
}

export const NOTHING_POINTED: SmartView = { hovered: null, detail: 'best', reading: null, error: null };

/** The parts of an image, and what is done with them. */
export interface PartsView {
  readonly imageId: string;
  /** Everything mode at work. */
  readonly job: RunningJob | null;
  readonly found: PartsFound | null;
  /** Largest first. */
  readonly parts: readonly PartProposal[];
  /** By id, also of parts that the cleaning has taken away meanwhile. */
  readonly colours: ReadonlyMap<string, string>;
  /** Ids; those that the cleaning has taken away meanwhile stay chosen, in case it gives them back. */
  readonly chosen: ReadonlySet<string>;
  /** Lit on the canvas and in the list. */
  readonly lit: string | null;
  readonly error: ErrorReport | null;
}

/** Where the product is, and what is made of it. */
export interface ProductView {
  /** Parts and arbitrary regions lie on the product alone. */
  readonly only: boolean;
  /** Of the JND map, [0, 1]: what lies above is the product. */
  readonly threshold: number;
  /** Of the open image, by the last threshold that was answered about; null until it has been asked for. */
  readonly mask: Rle | null;
  /** The mask is awaited. */
  readonly measuring: boolean;
  readonly error: ErrorReport | null;
}

export const NO_PRODUCT: ProductView = {
  only: false,
  threshold: FOREGROUND_THRESHOLD,
  mask: null,
  measuring: false,
  error: null,
};
