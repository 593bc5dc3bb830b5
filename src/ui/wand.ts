import type { Remote } from 'comlink';
import type { Draft as Mutable } from 'immer';
import { reportOf } from '../core/errors';
import type { EncodedMask, RegionShape } from '../core/recipe';
import type { Draft, ImageRecord } from '../project/document';
import type { StudioWorker } from '../worker/api';
import { combineOf, type Commit, type RegionMode } from './canvas/tools/tool';
import type { Point } from './canvas/viewport';
import { LatestWins } from './latest';
import type { SessionState, SessionStore } from './session';

/** What the wand needs of the studio. */
export interface WandHost {
  readonly session: SessionStore;
  readonly worker: Remote<StudioWorker>;
  readonly image: ImageRecord | null;
  readonly draft: Draft | null;
  addShape(commit: Commit): void;
  edit(label: string, recipe: (draft: Mutable<Draft>) => void, mergeKey?: string): void;
  notify(notice: { kind: 'error'; title: string; message: string }): void;
}

type Settings = SessionState['wand'];

interface Touch {
  readonly image: ImageRecord;
  readonly point: Point;
  readonly mode: RegionMode;
  readonly settings: Settings;
  /** The mask this one takes the place of: the same touch with other settings. */
  readonly instead: EncodedMask | null;
}

/** Takes what is coloured like the pixel touched. Its settings can be changed afterwards: the last mask follows them. */
export class Wand {
  readonly #requests: LatestWins<Touch, EncodedMask>;
  #last: { readonly touch: Touch; readonly mask: EncodedMask } | null = null;

  constructor(private readonly host: WandHost) {
    this.#requests = new LatestWins<Touch, EncodedMask>(
      ({ image, point, settings }) => host.worker.wand(image, point.x, point.y, settings),
      {
        busy: () => undefined,
        result: (mask, touch) => this.#found(mask, touch),
        error: (error) => {
          const { code, message } = reportOf(error, 'ui');
          if (code !== 'cancelled') host.notify({ kind: 'error', title: 'The wand took nothing', message });
        },
        dropped: () => undefined,
      },
    );
  }

  touch(point: Point, mode: RegionMode): void {
    const { image } = this.host;
    const { opened, wand } = this.host.session.getState();
    if (!image || !opened) return;
    if (!(point.x >= 0 && point.y >= 0 && point.x < opened.width && point.y < opened.height)) return;
    this.#requests.request({ image, point, mode, settings: wand, instead: null });
  }

  set(change: Partial<Settings>): void {
    const { wand } = this.host.session.getState();
    const settings = { ...wand, ...change };
    this.host.session.setState({ wand: settings });
    const last = this.#last;
    if (!last || this.#indexOf(last.mask) === null || last.touch.image.id !== this.host.image?.id) return;
    this.#requests.request({ ...last.touch, settings, instead: last.mask });
  }

  /** Takes colours that are more unlike, by so many steps of [0, 100]. */
  widen(step: number): void {
    const { tolerance } = this.host.session.getState().wand;
    this.set({ tolerance: Math.min(100, Math.max(0, tolerance + step)) });
  }

  #found(mask: EncodedMask, touch: Touch): void {
    if (this.host.image?.id !== touch.image.id) return;
    if (touch.instead === null) {
      const shape: RegionShape = { kind: 'mask', combine: combineOf(touch.mode), mask, label: 'Magic wand' };
      this.host.addShape({ shape, replace: touch.mode === 'replace' });
    } else {
      // A newer mask may have taken its place while this one was looked for.
      const index = this.#indexOf(this.#last?.mask ?? touch.instead);
      if (index === null) return;
      this.host.edit(
        'Change the wand’s tolerance',
        ({ shapes }) => {
          const shape = shapes[index];
          if (shape.kind === 'mask') shape.mask = { ...mask };
        },
        'wand',
      );
    }
    const shapes = this.host.draft?.shapes ?? [];
    const at = touch.instead === null ? shapes.length - 1 : this.#indexOf(mask);
    const shape = at === null ? undefined : shapes[at];
    if (shape?.kind === 'mask') this.#last = { touch, mask: shape.mask };
  }

  /** Where in the draft the shape with this mask is. */
  #indexOf(mask: EncodedMask): number | null {
    const shapes = this.host.draft?.shapes ?? [];
    for (let i = shapes.length - 1; i >= 0; i--) {
      const shape = shapes[i];
      if (shape.kind === 'mask' && (shape.mask === mask || shape.mask.data === mask.data)) return i;
    }
    return null;
  }
}
