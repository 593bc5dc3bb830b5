import { StudioError } from '../core/errors';
import { decodeCheckpoint, type Checkpoint } from '../training/run/checkpoint';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../training/run/safetensors';
import { z } from 'zod';
import { storageError } from './blobs';
import type { KeyedFiles } from './derived';
import { trainingRunSchema, type TrainingRunRecord } from './training';

/** A held-out picture and what the network made of it, as PNG. */
export interface StoredSample {
  readonly name: string;
  readonly pictures: readonly { readonly title: string; readonly png: Uint8Array<ArrayBuffer> }[];
}

/** Steps of which sample pictures are kept. */
const MOST_SAMPLES = 12;
/** Two checkpoints are kept by turns, so that one is whole whatever happens to the other. */
const SLOTS = ['a', 'b'] as const;

const RECORD = /^([\w-]+)\.json$/;

const titlesSchema = z.array(z.object({ name: z.string(), titles: z.array(z.string()) }));

/**
 * Training runs in files: `<id>.json` is the record, `<id>.a` and `<id>.b` are the last checkpoints, `<id>.<step>.samples`
 * are pictures.
 */
export class TrainingStore {
  constructor(private readonly files: KeyedFiles) {}

  /** Every run that can be read, youngest first. A damaged record is passed over: nothing can be done with it. */
  async list(): Promise<TrainingRunRecord[]> {
    const ids = (await this.files.list()).flatMap(({ key }) => RECORD.exec(key)?.[1] ?? []);
    const records = await Promise.all(ids.map((id) => this.#read(id)));
    return records.filter((record) => record !== null).sort((a, b) => b.createdAt - a.createdAt);
  }

  /** @throws StudioError `file-vanished` if there is none, or it cannot be read. */
  async read(id: string): Promise<TrainingRunRecord> {
    const record = await this.#read(id);
    if (record) return record;
    const message =
      'This training run is no longer stored: the browser has cleared part of its storage. Start a new one.';
    throw new StudioError('file-vanished', 'storage', message);
  }

  async #read(id: string): Promise<TrainingRunRecord | null> {
    try {
      const bytes = await this.files.read(`${id}.json`);
      return bytes && trainingRunSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    } catch {
      return null;
    }
  }

  /** @throws StudioError `storage-full`, `storage-failed`; what was stored before stays. */
  async write(record: TrainingRunRecord): Promise<void> {
    await this.#write(
      `${record.id}.json`,
      new TextEncoder().encode(JSON.stringify(record)),
      `the run “${record.name}”`,
    );
  }

  /** Takes the place of the older of two, so that the last good one survives a crash. @throws as {@link write}. */
  async writeCheckpoint({ id, name }: TrainingRunRecord, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const [latest] = await this.#checkpoints(id);
    const slot = SLOTS.find((each) => `${id}.${each}` !== latest)!;
    await this.#write(`${id}.${slot}`, bytes, `the checkpoint of “${name}”`);
  }

  /**
   * The last checkpoint that can be read; null if none was written.
   * @throws StudioError `bad-checkpoint` if none of those that were written can be.
   */
  async readCheckpoint({ id, name }: TrainingRunRecord): Promise<Checkpoint | null> {
    let problem: unknown = null;
    for (const key of await this.#checkpoints(id)) {
      try {
        const bytes = await this.files.read(key);
        if (bytes) return decodeCheckpoint(bytes, `The checkpoint of “${name}”`);
      } catch (error) {
        problem ??= error;
      }
    }
    if (problem) throw problem;
    return null;
  }

  /** Keys, latest first. */
  async #checkpoints(id: string): Promise<string[]> {
    const keys = SLOTS.map((slot) => `${id}.${slot}`);
    const files = (await this.files.list()).filter(({ key }) => keys.includes(key));
    return files.sort((a, b) => b.writtenAt - a.writtenAt).map(({ key }) => key);
  }

  /**
   * Keeps pictures of a step; the first step's, the last's, and some in between stay.
   * @param before steps of which pictures are kept so far, ascending.
   * @returns the same with this one.
   */
  async writeSamples(
    id: string,
    step: number,
    samples: readonly StoredSample[],
    before: readonly number[],
  ): Promise<number[]> {
    const tensors = new Map<string, StoredTensor>();
    samples.forEach(({ pictures }, i) => {
      pictures.forEach(({ png }, j) => tensors.set(`${i}/${j}`, { type: 'U8', shape: [png.length], data: png }));
    });
    const titles = samples.map(({ name, pictures }) => ({ name, titles: pictures.map(({ title }) => title) }));
    const bytes = encodeSafetensors({ tensors, metadata: { samples: JSON.stringify(titles) } });
    await this.#write(samplesKey(id, step), bytes, 'the sample pictures');
    const steps = [...before.filter((each) => each < step), step];
    for (const stale of before.filter((each) => each > step)) await this.files.delete(samplesKey(id, stale));
    while (steps.length > MOST_SAMPLES) await this.files.delete(samplesKey(id, steps.splice(densest(steps), 1)[0]));
    return steps;
  }

  /** @throws StudioError `file-vanished` if none are kept of the step. */
  async readSamples(id: string, step: number): Promise<StoredSample[]> {
    try {
      const bytes = await this.files.read(samplesKey(id, step));
      const { tensors, metadata } = decodeSafetensors(bytes!, 'The sample pictures');
      return titlesSchema.parse(JSON.parse(metadata.samples)).map(({ name, titles }, i) => ({
        name,
        pictures: titles.map((title, j) => {
          const stored = tensors.get(`${i}/${j}`);
          if (stored?.type !== 'U8') throw new RangeError(`There is no picture ${i}/${j}.`);
          return { title, png: stored.data.slice() };
        }),
      }));
    } catch (cause) {
      const message = `The sample pictures of step ${step} are gone: the browser has cleared part of its storage.`;
      throw new StudioError('file-vanished', 'storage', message, { cause });
    }
  }

  /** Removes all of a run. */
  async remove(id: string): Promise<void> {
    const own = (await this.files.list()).filter(({ key }) => key.startsWith(`${id}.`));
    // The record goes last: as long as it is there, the rest can be removed again.
    own.sort((a, b) => Number(RECORD.test(a.key)) - Number(RECORD.test(b.key)));
    for (const { key } of own) await this.files.delete(key);
  }

  async #write(key: string, bytes: Uint8Array<ArrayBuffer>, what: string): Promise<void> {
    try {
      await this.files.write(key, bytes);
    } catch (error) {
      throw storageError(error, what);
    }
  }
}

function samplesKey(id: string, step: number): string {
  return `${id}.${step}.samples`;
}

/** Index of the step, but the first and the last, whose neighbours are nearest to each other. */
function densest(steps: readonly number[]): number {
  let best = 1;
  for (let i = 1; i < steps.length - 1; i++) {
    if (steps[i + 1] - steps[i - 1] < steps[best + 1] - steps[best - 1]) best = i;
  }
  return best;
}
