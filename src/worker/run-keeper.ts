import { transfer } from 'comlink';
import { reportOf, StudioError, type ErrorReport } from '../core/errors';
import { grey8FromRaster, image8FromRaster, type Raster } from '../core/raster';
import { encodeGreyPng, encodeRgbPng } from '../datasets/codec';
import type { TrainingRunRecord } from '../project/training';
import { LossRecorder } from '../project/training-curve';
import type { StoredSample, TrainingStore } from '../project/training-store';
import { CHECKPOINT_SECONDS } from '../training/run/checkpoint';
import type { TrainingEvent, TrainingRun } from '../training/run/run';
import type { TrainingSample } from '../training/run/trainer';
import type { SamplePictures, TrainingNews } from './api';

/** Milliseconds between two steps that are told. */
const NEWS_MS = 100;

/** Writes a run down as it goes, and tells of it. */
export class RunKeeper {
  readonly #recorder: LossRecorder;
  #record: TrainingRunRecord;
  #storedAt = performance.now();
  #toldAt = -Infinity;

  constructor(
    private readonly run: TrainingRun,
    record: TrainingRunRecord,
    private readonly store: TrainingStore,
    private readonly onNews: (news: TrainingNews) => void,
  ) {
    this.#record = record;
    this.#recorder = new LossRecorder(record.config.steps, record.curve, record.step);
  }

  /** Stores what the run starts from. @throws StudioError where storage does not even bear that. */
  async begin(): Promise<void> {
    this.#update();
    await this.#store();
    this.#tell();
  }

  /** @param samples makes pictures. */
  async take(event: TrainingEvent, samples: () => Promise<TrainingSample[]>): Promise<void> {
    if (event.kind === 'step') {
      const { kind, ...report } = event;
      this.#recorder.add(report.step, report.losses);
      const now = performance.now();
      if (now - this.#toldAt < NEWS_MS && report.step < this.run.config.steps) return;
      this.#toldAt = now;
      const secondsLeft = ((this.run.config.steps - report.step) * this.run.seconds) / report.step;
      this.onNews({ kind, ...report, secondsLeft });
      return;
    }
    this.#update({ since: event.since });
    const pictures = storedSamples(await samples());
    await this.#bear(async () => {
      const { id, samples: before } = this.#record;
      this.#update({ samples: await this.store.writeSamples(id, event.step, pictures, before) });
    });
    this.#storedAt = -Infinity;
    this.#tell();
    this.onNews(
      handedOver<Extract<TrainingNews, { kind: 'samples' }>>({
        kind: 'samples',
        step: event.step,
        samples: await bitmapsOf(pictures),
      }),
    );
  }

  get checkpointDue(): boolean {
    return performance.now() - this.#storedAt > CHECKPOINT_SECONDS * 1000;
  }

  /** Stores the run as it is between two steps. Where storage is full it goes on, and the record says so. */
  async checkpoint(): Promise<void> {
    await this.#bear(() => this.#store());
    this.#tell();
  }

  async rename(name: string): Promise<TrainingRunRecord> {
    this.#update({ name });
    await this.#bear(() => this.store.write(this.#record));
    this.#tell();
    return this.#record;
  }

  async end(state: 'paused' | 'done', problem: ErrorReport | null): Promise<TrainingRunRecord> {
    this.#update({ state, problem: problem ?? this.#record.problem });
    // What could not be read back any more is not where it would go on.
    if (this.#record.saved !== null) this.#record = { ...this.#record, step: this.#record.saved };
    await this.store.write(this.#record).catch(() => undefined);
    this.#tell();
    return this.#record;
  }

  async #store(): Promise<void> {
    this.#storedAt = performance.now();
    const bytes = await this.run.checkpoint();
    await this.store.writeCheckpoint(this.#record, bytes);
    this.#update({ saved: this.run.step });
    await this.store.write(this.#record);
  }

  /** Full storage is no reason to stop: what was stored before stays, and there may be room later. */
  async #bear(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#update({ problem: null });
    } catch (error) {
      if (!(error instanceof StudioError) || error.stage !== 'storage') throw error;
      this.#update({ problem: reportOf(error, 'storage') });
    }
  }

  #update(changes: Partial<TrainingRunRecord> = {}): void {
    const { step, batch, seconds, measurements, best } = this.run;
    const present = { step, batch, seconds, measurements: [...measurements], best, curve: this.#recorder.curve };
    this.#record = { ...this.#record, ...present, updatedAt: Date.now(), ...changes };
  }

  #tell(): void {
    this.onNews({ kind: 'record', record: this.#record });
  }
}

function storedSamples(samples: readonly TrainingSample[]): StoredSample[] {
  return samples.map(({ name, pictures }) => ({
    name,
    pictures: pictures.map(({ title, raster }) => ({ title, png: pngOf(raster) })),
  }));
}

function pngOf(raster: Raster): Uint8Array<ArrayBuffer> {
  const { width, height, channels } = raster;
  return channels === 1
    ? encodeGreyPng(grey8FromRaster(raster), width, height)
    : encodeRgbPng(image8FromRaster(raster));
}

export function bitmapsOf(samples: readonly StoredSample[]): Promise<SamplePictures[]> {
  return Promise.all(
    samples.map(async ({ name, pictures }) => ({
      name,
      pictures: await Promise.all(
        pictures.map(async ({ title, png }) => ({
          title,
          bitmap: await createImageBitmap(new Blob([png], { type: 'image/png' })),
        })),
      ),
    })),
  );
}

/** The same, its bitmaps to be transferred. */
export function handedOver<T extends readonly SamplePictures[] | { readonly samples: readonly SamplePictures[] }>(
  value: T,
): T {
  const samples: readonly SamplePictures[] = 'samples' in value ? value.samples : value;
  return transfer(
    value,
    samples.flatMap(({ pictures }) => pictures.map(({ bitmap }) => bitmap)),
  );
}
