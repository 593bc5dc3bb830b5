import type { Draft as Mutable } from 'immer';
import { withMark, type EdgeMark } from '../core/edge-marks';
import { rasterizeRegion } from '../core/rasterize';
import { workingSize } from '../core/size';
import type { Correction, Draft, ImageRecord } from '../project/document';
import type { ProjectStore } from '../project/store';
import type { LayerState, SessionStore } from './session';

/** What corrections need of the studio. */
export interface CorrectionHost {
  readonly project: ProjectStore;
  readonly image: ImageRecord | null;
  readonly draft: Draft | null;
  readonly session: SessionStore;
  setLayer(layer: 'edges', change: Partial<LayerState>): void;
}

/** Of edges over the photograph: both can be told. */
const SHOWN_OPACITY = 0.6;

const LABELS: Readonly<Record<EdgeMark | 'nothing', string>> = {
  edge: 'Mark edges',
  plain: 'Mark as free of edges',
  nothing: 'Take corrections back',
};

/** Corrections of the edges that were found: regions that say what is there. An edge detector learns from them. */
export class EdgeCorrections {
  constructor(private readonly host: CorrectionHost) {}

  /** Of the open image; null where nothing was corrected. */
  get current(): Correction | null {
    const { image, project } = this.host;
    return (image && project.getState().document.corrections[image.id]) ?? null;
  }

  /** Says what is in the region, and gives the region up: one step of the history. Null takes back what was said. */
  mark(mark: EdgeMark | null): void {
    const { image, draft, project } = this.host;
    if (!image || !draft || draft.shapes.length === 0) return;
    const { width, height } = workingSize(image);
    const region = rasterizeRegion(draft.shapes, width, height, 0, draft.grow);
    const marks = withMark(this.current?.marks ?? null, region, mark);
    project.getState().apply(LABELS[mark ?? 'nothing'], (document) => {
      if (marks) document.corrections[image.id] = { imageId: image.id, marks };
      else delete document.corrections[image.id];
      document.drafts[image.id] = { ...draft, shapes: [] } as Mutable<Draft>;
    });
    // Marks are seen on the edges they correct, and those on the photograph.
    if (!this.host.session.getState().layers.edges.visible) {
      this.host.setLayer('edges', { visible: true, opacity: SHOWN_OPACITY });
    }
  }

  /** Forgets all corrections of the open image. */
  clear(): void {
    const { image, project } = this.host;
    if (!image || !this.current) return;
    project.getState().apply('Clear corrections', (document) => void delete document.corrections[image.id]);
  }
}
