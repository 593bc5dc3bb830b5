import { reportOf } from '../core/errors';
import type { Rle } from '../core/rle';
import type { ImageRecord } from '../project/document';
import type { StudioWorker } from '../worker/api';
import { LatestWins } from './latest';
import type { ProductView } from './segmentation-view';
import type { SessionState, SessionStore } from './session';

/** What finding the product needs of the studio. */
export interface ProductHost {
  readonly session: SessionStore;
  readonly worker: Pick<StudioWorker, 'foreground'>;
  readonly image: ImageRecord | null;
}

/** Where the product is in the open image: asked for while something has to lie on it, or while it is shown. */
export class Product {
  readonly #masks: LatestWins<{ image: ImageRecord; threshold: number }, Rle>;

  constructor(private readonly host: ProductHost) {
    this.#masks = new LatestWins(({ image, threshold }) => host.worker.foreground(image, threshold), {
      busy: (measuring) => this.#change({ measuring }),
      result: (mask) => this.#change({ mask, error: null }),
      error: (error) => {
        const report = reportOf(error, 'ui');
        if (report.code !== 'cancelled') this.#change({ mask: null, error: report });
      },
      dropped: () => undefined,
    });
    host.session.subscribe((state, before) => {
      if (state.opened?.imageId !== before.opened?.imageId) {
        this.#masks.clear();
        this.#change({ mask: null, error: null });
        this.#ask();
      } else if (wanted(state) && !wanted(before) && !state.product.mask) this.#ask();
    });
  }

  /** Whether parts and arbitrary regions lie on the product alone. Who asks for that wants to see where it is. */
  setOnly(only: boolean): void {
    this.host.session.setState(({ layers }) => ({
      layers: { ...layers, foreground: { ...layers.foreground, visible: only } },
    }));
    this.#change({ only });
  }

  /** @param threshold of the JND map, [0, 1]. */
  setThreshold(threshold: number): void {
    // A mask by another threshold is shown until the next; one that nobody sees is not kept.
    this.#change(wanted(this.host.session.getState()) ? { threshold } : { threshold, mask: null });
    this.#ask();
  }

  #ask(): void {
    const { image } = this.host;
    const state = this.host.session.getState();
    if (image && state.opened?.imageId === image.id && wanted(state)) {
      this.#masks.request({ image, threshold: state.product.threshold });
    }
  }

  #change(change: Partial<ProductView>): void {
    this.host.session.setState((state) => {
      const product = { ...state.product, ...change };
      return { product, foreground: product.only ? product.mask : null };
    });
  }
}

function wanted({ product, layers }: SessionState): boolean {
  return product.only || layers.foreground.visible;
}
