import type { ErrorReport } from '../core/errors';
import type { PartProposal, PartsFound } from '../worker/api';
import type { Pointed } from './pointing';
import type { Detail } from './proposals';
import type { RunningJob } from './running-job';

/** What smart select shows. */
export interface SmartView {
  /** The network's last answer about what is under the pointer; stays until the next. */
  readonly hovered: Pointed | null;
  readonly detail: Detail;
  /** The encoder runs. */
  readonly reading: boolean;
  readonly error: ErrorReport | null;
}

export const NOTHING_POINTED: SmartView = { hovered: null, detail: 'best', reading: false, error: null };

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
