import { COLOUR_SCALES } from '../core/colour-scales';
import { reportOf } from '../core/errors';
import { EXPLANATIONS } from '../models/detector/form';
import type { ImageRecord } from '../project/document';
import type { DetectRequest, HeatMap, Preview, StudioWorker } from '../worker/api';
import { closeBitmaps } from './bitmaps';
import type { DetectionView, HeatView, ShownHeat } from './detection-view';
import { LatestWins } from './latest';
import type { SessionState, SessionStore } from './session';

/** What looking for anomalies needs of the studio. */
export interface DetectingHost {
  readonly session: SessionStore;
  readonly worker: Pick<StudioWorker, 'detect' | 'detector'>;
  readonly image: ImageRecord | null;
}

type Settings = Pick<DetectRequest, 'scale' | 'explain'>;
interface Ask extends Settings {
  readonly image: ImageRecord;
}
interface AskResult extends Ask {
  readonly preview: Preview;
}

/**
 * The detector's heat maps of the open image: of the photograph once, of the result whenever it changes. Asked for while
 * one of their layers is shown.
 */
export class Detecting {
  readonly #photos: LatestWins<Ask, HeatMap>;
  readonly #results: LatestWins<AskResult, HeatMap>;
  /** The last that was asked for, so that nothing is asked for twice. */
  #asked: { photo: Ask | null; result: AskResult | null } = { photo: null, result: null };
  readonly #busy = { photo: false, result: false };

  constructor(private readonly host: DetectingHost) {
    const run = (of: DetectRequest['of'], { image, scale, explain }: Ask) =>
      host.worker.detect({ image, of, scale, explain });
    const on = (which: 'photo' | 'result') => ({
      busy: (busy: boolean) => {
        this.#busy[which] = busy;
        this.#change({ detecting: this.#busy.photo || this.#busy.result });
      },
      error: (error: unknown, ask: Ask) => {
        if (this.#asked[which] === ask) this.#asked[which] = null;
        const report = reportOf(error, 'ui');
        if (report.code !== 'cancelled') this.#change({ error: report });
      },
      dropped: (found: HeatMap) => closeBitmaps(found),
    });
    this.#photos = new LatestWins<Ask, HeatMap>((ask) => run('photograph', ask), {
      ...on('photo'),
      result: (found, { scale, explain }) => this.#change({ photo: { found, scale, explain }, error: null }),
    });
    this.#results = new LatestWins<AskResult, HeatMap>((ask) => run({ preview: ask.preview.serial }, ask), {
      ...on('result'),
      result: (found, { scale, explain, preview }) =>
        this.#change({ result: { found, scale, explain, preview }, error: null }),
    });
    host.session.subscribe((state, before) => {
      if (state.opened?.imageId !== before.opened?.imageId) this.#forget();
      else if (!state.shown && before.shown) this.#forgetResult();
      const { opened, shown, layers, heat, detection } = before;
      const same = state.opened === opened && state.shown === shown && state.layers === layers && state.heat === heat;
      if (!same || state.detection.network !== detection.network) this.#ask();
    });
  }

  /** Finds out which detector there is. It may have become another: nothing is kept of what one said. */
  async findNetwork(): Promise<void> {
    this.#forget();
    const network = await this.host.worker.detector().catch(() => null);
    this.#change({ network, threshold: null, error: null });
  }

  /** @param threshold of the map, [0, 1]; null: the detector's own. */
  setThreshold(threshold: number | null): void {
    this.#change({ threshold });
  }

  setView(view: Partial<HeatView>): void {
    this.host.session.setState(({ heat }) => ({ heat: { ...heat, ...view } }));
  }

  /** The next scale of colours. */
  nextScale(): void {
    this.setView({ scale: following(COLOUR_SCALES, this.host.session.getState().heat.scale) });
  }

  /** Shows the next of the reconstructions, or the first if none is shown. */
  nextExplanation(): void {
    const { heat, layers } = this.host.session.getState();
    if (layers.reconstruction.visible) this.setView({ explain: following(EXPLANATIONS, heat.explain) });
    this.show('reconstruction', true);
  }

  show(layer: 'heat' | 'reconstruction', visible: boolean): void {
    this.host.session.setState(({ layers }) => ({ layers: { ...layers, [layer]: { ...layers[layer], visible } } }));
  }

  #ask(): void {
    const { image } = this.host;
    const state = this.host.session.getState();
    const { opened, shown, detection, heat, layers } = state;
    if (!image || opened?.imageId !== image.id || !detection.network || !detectionWanted(state)) return;
    const ask: Ask = { image, scale: heat.scale, explain: layers.reconstruction.visible ? heat.explain : null };
    if (!this.#asked.photo || !alike(this.#asked.photo, ask)) {
      this.#asked.photo = ask;
      this.#photos.request(ask);
    }
    if (!shown) return;
    const askResult: AskResult = { ...ask, preview: shown.preview };
    const last = this.#asked.result;
    if (!last || last.preview !== askResult.preview || !alike(last, ask)) {
      this.#asked.result = askResult;
      this.#results.request(askResult);
    }
  }

  #forget(): void {
    this.#photos.clear();
    this.#asked.photo = null;
    this.#forgetResult();
    if (this.host.session.getState().detection.photo) this.#change({ photo: null });
  }

  #forgetResult(): void {
    this.#results.clear();
    this.#asked.result = null;
    if (this.host.session.getState().detection.result) this.#change({ result: null });
  }

  /** Subscribers have let go of the pictures before when setState returns. */
  #change(change: Partial<DetectionView>): void {
    const { detection: before } = this.host.session.getState();
    this.host.session.setState({ detection: { ...before, ...change } });
    for (const which of ['photo', 'result'] as const) {
      const old: ShownHeat | null = before[which];
      if (which in change && old && old !== change[which]) closeBitmaps(old.found);
    }
  }
}

/** Whether anything is shown that the detector has to say something for. */
export function detectionWanted({ layers }: Pick<SessionState, 'layers'>): boolean {
  return layers.heat.visible || layers.reconstruction.visible;
}

function alike(a: Ask, b: Ask): boolean {
  return a.image.id === b.image.id && a.scale === b.scale && a.explain === b.explain;
}

function following<T>(list: readonly T[], value: T): T {
  return list[(list.indexOf(value) + 1) % list.length];
}
