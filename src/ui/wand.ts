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
}

/** Takes what is coloured like the pixel touched. Its settings can be changed afterwards: the last mask follows them. */
export class Wand {
  /** The last touch again, with other settings. */
  readonly #changes: LatestWins<Touch, EncodedMask>;
  #last: { readonly touch: Touch; readonly mask: EncodedMask } | null = null;

  constructor(private readonly host: WandHost) {
    this.#changes = new LatestWins<Touch, EncodedMask>((touch) => this.#ask(touch), {
      busy: () => undefined,
      result: (mask, touch) => this.#changed(mask, touch),
      error: (error) => this.#tell(error),
      dropped: () => undefined,
    });
  }

  /** Takes what is coloured like this place, px of the working size, and joins it to the region. */
  async touch(point: Point, mode: RegionMode): Promise<void> {
    const { image } = this.host;
    const { opened, wand: settings } = this.host.session.getState();
    if (!image || !opened) return;
    if (!(point.x >= 0 && point.y >= 0 && point.x < opened.width && point.y < opened.height)) return;
    const touch = { image, point, mode, settings };
    this.#changes.clear();
    try {
      const mask = await this.#ask(touch);
      if (this.host.image?.id !== image.id) return;
      const shape: RegionShape = { kind: 'mask', combine: combineOf(mode), mask, label: 'Magic wand' };
      this.host.addShape({ shape, replace: mode === 'replace' });
      this.#last = { touch, mask };
    } catch (error) {
      this.#tell(error);
    }
  }

  /** Other settings, from now on and for what was touched last. */
  set(change: Partial<Settings>): void {
    const { wand } = this.host.session.getState();
    const settings = { ...wand, ...change };
    this.host.session.setState({ wand: settings });
    if (this.#lastIndex !== null && this.#last) this.#changes.request({ ...this.#last.touch, settings });
  }

  /** Takes colours that are more unlike, by so many steps of [0, 100]. */
  widen(step: number): void {
    const { tolerance } = this.host.session.getState().wand;
    this.set({ tolerance: Math.min(100, Math.max(0, tolerance + step)) });
  }

  #ask({ image, point, settings }: Touch): Promise<EncodedMask> {
    return this.host.worker.wand(image, point.x, point.y, settings);
  }

  #changed(mask: EncodedMask, touch: Touch): void {
    const index = this.#lastIndex;
    if (index === null) return;
    this.host.edit(
      'Change the wand’s settings',
      ({ shapes }) => {
        const shape = shapes[index];
        if (shape.kind === 'mask') shape.mask = { ...mask };
      },
      'wand',
    );
    this.#last = { touch, mask };
  }

  /** Where in the draft the mask of the last touch is; null where it is gone. */
  get #lastIndex(): number | null {
    const last = this.#last;
    if (!last || last.touch.image.id !== this.host.image?.id) return null;
    const shapes = this.host.draft?.shapes ?? [];
    const index = shapes.findLastIndex((shape) => sameMask(shape, last.mask));
    return index < 0 ? null : index;
  }

  #tell(error: unknown): void {
    const { code, message } = reportOf(error, 'ui');
    if (code !== 'cancelled') this.host.notify({ kind: 'error', title: 'The wand took nothing', message });
  }
}

function sameMask(shape: RegionShape, mask: EncodedMask): boolean {
  return shape.kind === 'mask' && shape.mask.data === mask.data;
}
