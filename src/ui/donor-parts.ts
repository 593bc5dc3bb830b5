import { proxy, type Remote } from 'comlink';
import type { Draft as Mutable } from 'immer';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { reportOf, type ErrorReport } from '../core/errors';
import { encodeMask } from '../core/mask-codec';
import { rasterizeRegion } from '../core/rasterize';
import { IDENTITY_AUGMENTATION, type EncodedMask, type RegionShape } from '../core/recipe';
import type { Rle } from '../core/rle';
import { workingSize } from '../core/size';
import type { Draft, ImageRecord } from '../project/document';
import { encodedOf } from '../synthesis/parts/region';
import type { MaskProposal, PartProposal, Progress, StudioWorker } from '../worker/api';
import { donorOf } from './donor';
import { LatestWins } from './latest';
import type { SessionStore } from './session';

/** How a part of the donor is chosen. */
export type PartWay = 'point' | 'parts' | 'box';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface DonorPartsState {
  /** The donor on show; null while the dialog is closed. */
  readonly donor: ImageRecord | null;
  readonly way: PartWay;
  /** What lies under the pointer. Donor's working size. */
  readonly proposal: Rle | null;
  readonly thinking: boolean;
  /** The donor's parts, once they have been looked for. */
  readonly parts: readonly PartProposal[] | null;
  readonly finding: { readonly job: string; readonly progress: Progress | null } | null;
  readonly error: ErrorReport | null;
}

const CLOSED: DonorPartsState = {
  donor: null,
  way: 'point',
  proposal: null,
  thinking: false,
  parts: null,
  finding: null,
  error: null,
};

/** Grid of everything mode: 16 points a side find what is a sixteenth of the picture or larger. */
const GRID = 16;

/** What the choice of a part needs of the studio. */
export interface PartHost {
  readonly session: SessionStore;
  readonly worker: Remote<StudioWorker>;
  readonly draft: Draft | null;
  donors(): readonly ImageRecord[];
  edit(label: string, recipe: (draft: Mutable<Draft>) => void): void;
}

/**
 * Takes one part out of the donor, which becomes the region: its mask and the donor's edges are then laid together,
 * M·A(Pⱼ) with M = A(part) in LogicAL's Eq. 1.
 */
export class DonorParts {
  readonly state: StoreApi<DonorPartsState> = createStore<DonorPartsState>(() => CLOSED);
  readonly #hovers: LatestWins<{ donor: ImageRecord; x: number; y: number }, readonly MaskProposal[]>;

  constructor(private readonly host: PartHost) {
    this.#hovers = new LatestWins<{ donor: ImageRecord; x: number; y: number }, readonly MaskProposal[]>(
      ({ donor, x, y }) => host.worker.segment(donor, { points: [{ x, y, label: 1 }] }, true),
      {
        busy: (thinking) => this.#set({ thinking }),
        result: (proposals, { donor }) => {
          if (this.#state.donor?.id === donor.id) this.#set({ proposal: proposals[0]?.mask ?? null, error: null });
        },
        error: (error) => this.#fail(error),
        dropped: () => undefined,
      },
    );
  }

  get #state(): DonorPartsState {
    return this.state.getState();
  }

  #set(change: Partial<DonorPartsState>): void {
    this.state.setState(change);
  }

  /** Shows the draft's donor, or the one its seed would choose. */
  open(): void {
    const { draft } = this.host;
    if (!draft) return;
    const operation = draft.operation === 'remove' ? 'replace' : draft.operation;
    const donor = donorOf({ ...draft, operation }, this.host.donors());
    if (donor) this.#set({ ...CLOSED, way: this.#state.way, donor });
  }

  close(): void {
    this.#leave();
    this.#set({ ...CLOSED, way: this.#state.way });
  }

  /** Another donor, `step` places further. */
  step(step: 1 | -1): void {
    const donors = this.host.donors();
    const now = donors.findIndex(({ id }) => id === this.#state.donor?.id);
    if (donors.length === 0) return;
    this.#leave();
    this.#set({ ...CLOSED, way: this.#state.way, donor: donors[(now + step + donors.length) % donors.length] });
  }

  setWay(way: PartWay): void {
    this.#hovers.clear();
    this.#set({ way, proposal: null, error: null });
  }

  /** What lies at this point, px of the donor's working size; null when the pointer has left. */
  hover(point: { x: number; y: number } | null): void {
    const { donor, way } = this.#state;
    if (!donor || way !== 'point') return;
    if (point) this.#hovers.request({ donor, ...point });
    else {
      this.#hovers.clear();
      this.#set({ proposal: null });
    }
  }

  /** Takes what lies at the point or, where one was drawn, in the box. */
  async takeAt(prompt: { x: number; y: number } | Box): Promise<void> {
    const { donor } = this.#state;
    if (!donor) return;
    this.#hovers.clear();
    const { x, y } = prompt;
    this.#set({ thinking: true });
    try {
      const [best] = await this.host.worker.segment(
        donor,
        'width' in prompt ? { points: [], box: prompt } : { points: [{ x, y, label: 1 }] },
      );
      if (this.#state.donor?.id !== donor.id) return;
      if (best) this.take(encodedOf(best.mask));
      else this.#set({ proposal: null });
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#set({ thinking: false });
    }
  }

  /** Takes a box as it is. */
  takeBox({ x, y, width, height }: Box): void {
    const { donor } = this.#state;
    if (!donor) return;
    const size = workingSize(donor);
    const box: RegionShape = { kind: 'rectangle', combine: 'add', x, y, width, height, rotation: 0 };
    this.take(encodeMask(rasterizeRegion([box], size.width, size.height, 0)));
  }

  /** Looks for the donor's parts; `parts` holds them then. */
  async find(): Promise<void> {
    const { donor, finding } = this.#state;
    if (!donor || finding) return;
    const job = crypto.randomUUID();
    this.#set({ finding: { job, progress: null }, error: null });
    const ours = () => this.#state.finding?.job === job;
    const onProgress = proxy((progress: Progress) => {
      if (ours()) this.#set({ finding: { job, progress } });
    });
    try {
      const { settings } = await this.host.worker.everything(job, donor, GRID, onProgress);
      const parts = await this.host.worker.refine(donor, settings, null);
      if (ours()) this.#set({ parts, finding: null });
    } catch (error) {
      if (ours()) {
        this.#set({ finding: null });
        this.#fail(error);
      }
    }
  }

  async cancelFinding(): Promise<void> {
    const { finding } = this.#state;
    this.#set({ finding: null });
    if (finding) await this.host.worker.cancel(finding.job);
  }

  /** The part becomes the region, where it lay in the donor, ready to be moved. */
  take(mask: EncodedMask): void {
    const { donor } = this.#state;
    if (!donor) return;
    const placement = { ...IDENTITY_AUGMENTATION };
    this.host.edit('Take a part of the donor', (draft) => {
      draft.shapes = [{ kind: 'mask', combine: 'add', mask, label: 'Donor part', placement, donor: true }];
      draft.donorId = donor.id;
      draft.augmentation = { ...placement };
      if (draft.operation === 'remove') draft.operation = 'replace';
    });
    this.close();
    this.host.session.setState({ tool: 'select', selectedShape: 0 });
  }

  #leave(): void {
    this.#hovers.clear();
    void this.cancelFinding();
  }

  #fail(error: unknown): void {
    const report = reportOf(error, 'ui');
    if (report.code !== 'cancelled') this.#set({ proposal: null, error: report });
  }
}
