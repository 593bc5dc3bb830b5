import { reportOf, StudioError, throwIfCancelled, type ErrorReport } from '../core/errors';
import { resizeRaster, type Raster } from '../core/raster';
import { workingSize } from '../core/size';
import type { AnomalyNormal } from '../datasets/training/anomalies';
import { normalOf, splitHeldOut } from '../datasets/training/normals';
import type { ImageRecord } from '../project/document';
import { fileName } from '../project/file-name';
import { newTrainingRun, TRAINING_LOCK, type TrainingRunRecord, type TrainingTask } from '../project/training';
import type { TrainingStore } from '../project/training-store';
import type { Part } from '../synthesis/parts/refine';
import { PreparedSource } from '../synthesis/source';
import type { Stages } from '../synthesis/types';
import type { CorrectedEdges } from '../training/edges/corrections';
import type { Normal } from '../training/generator/pairs';
import type { Checkpoint } from '../training/run/checkpoint';
import type { TrainingConfig } from '../training/run/config';
import { multipleOf, plannedConfig, requireEnough, requireSameSize, type InitialNetwork } from '../training/run/plan';
import type { Trainer } from '../training/run/trainer';
import type { SharedGpu, TensorFlow } from '../training/tensorflow';
import type { WebGlInfo } from '../training/webgl';
import type { ModelInfo, SamplePictures, TrainingNews, TrainingPlan, TrainingRequest } from './api';
import type { OpenNetworks } from './engine';
import { afterMessages } from './jobs';
import { bitmapsOf, handedOver, RunKeeper } from './run-keeper';

/** Held-out pictures that are shown. */
const SAMPLES = 4;

type Work<T> = (stages: Stages, open: OpenNetworks, gpu: SharedGpu | null) => Promise<T>;

/** What training needs of the worker. */
export interface TrainingHost {
  /** Runs the work when nothing else waits. */
  idle<T>(work: Work<T>): Promise<T>;
  /** The network in use for the task. @throws StudioError `missing-weights` if there is none. */
  network(task: TrainingTask): Promise<InitialNetwork & { readonly title: string }>;
  /** The graphics card to train on where there is no WebGPU; null where there is none, or the person chose the processor. */
  webGl(): WebGlInfo | null;
  /** RGB at working size. */
  raster(image: ImageRecord): Promise<Raster>;
  rendererOf(image: ImageRecord, source: PreparedSource): Promise<'generator' | 'direct'>;
  /** Whether there is a segmentation network; and the parts it finds. */
  hasParts(): Promise<boolean>;
  partsOf(open: OpenNetworks, image: Raster, signal: AbortSignal): Promise<Part[]>;
  /** Takes a network for a task from now on. */
  use(task: TrainingTask, file: { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }): Promise<ModelInfo>;
}

/** The run under way. */
interface Active {
  readonly id: string;
  readonly controller: AbortController;
  /** Frees all that it holds; once it could train, a checkpoint can be taken of it before. */
  free(): void;
  checkpoint: (() => Promise<void>) | null;
  /** Once it is kept. */
  rename: ((name: string) => Promise<TrainingRunRecord>) | null;
  /** Resolves once it has ended and written its record. */
  readonly ended: Promise<void>;
  /** Why the worker itself stopped it. */
  stopped: ErrorReport | null;
}

/** What a run begins or goes on with. */
interface Start {
  readonly record: TrainingRunRecord;
  readonly init: Uint8Array<ArrayBuffer>;
  readonly checkpoint: Checkpoint | null;
}

/** Training in the studio: what could be trained, the one run that may be under way, and those that are kept. */
export class Trainings {
  #active: Active | null = null;

  constructor(
    private readonly host: TrainingHost,
    private readonly store: TrainingStore,
  ) {}

  async plan(what: TrainingTask, images: readonly ImageRecord[], seed: number): Promise<TrainingPlan> {
    requirePhotographs(what, images);
    const network = await this.host.network(what);
    const { backend, device } = await this.host.idle(async (_stages, _open, gpu) => this.#device(gpu));
    const side = Math.min(...images.map(workingSize).flatMap(({ width, height }) => [width, height]));
    const circumstances = { images: images.length, side, backend, seed } as const;
    return {
      config: plannedConfig(what, network, circumstances),
      multiple: multipleOf(what, network),
      backend,
      device,
      ...split(what, images),
    };
  }

  /** Seconds a step, timed. */
  async expectedStepSeconds(config: TrainingConfig, signal: AbortSignal): Promise<number> {
    const { bytes } = await this.#init(config);
    const { expectedStepSeconds, startTensorFlow } = await import('./training-runtime');
    return this.host.idle(async (_stages, _open, gpu) => {
      throwIfCancelled(signal, 'training');
      // A run under way has started it, and needs it afterwards.
      const tensorflow = this.#active ? null : await startTensorFlow(this.#computeOn(gpu));
      try {
        return await expectedStepSeconds(bytes, config);
      } finally {
        tensorflow?.close();
      }
    });
  }

  async begin(
    request: TrainingRequest,
    signal: AbortSignal,
    onNews: (news: TrainingNews) => void,
  ): Promise<TrainingRunRecord> {
    const { config, images } = request;
    this.#requireIdle();
    requirePhotographs(config.what, images);
    const { bytes } = await this.#init(config);
    const { heldOut } = split(config.what, images);
    const record = newTrainingRun({ ...request, heldOut }, Date.now());
    return this.#alone(request.id, signal, (active) =>
      this.#train({ record, init: bytes, checkpoint: null }, active, onNews),
    );
  }

  async resume(
    id: string,
    steps: number | null,
    signal: AbortSignal,
    onNews: (news: TrainingNews) => void,
  ): Promise<TrainingRunRecord> {
    return this.#alone(id, signal, async (active) => {
      const record = await this.store.read(id);
      const checkpoint = await this.store.readCheckpoint(record);
      if (!checkpoint) {
        const message = `“${record.name}” was never stored, so it cannot be gone on with. Start a new run.`;
        throw new StudioError('bad-checkpoint', 'training', message);
      }
      if (steps !== null && steps <= checkpoint.step) {
        const message = `“${record.name}” has done ${checkpoint.step} steps already. Choose more than that.`;
        throw new StudioError('bad-argument', 'training', message);
      }
      const config = { ...checkpoint.config, steps: steps ?? record.config.steps };
      const { step, batch, seconds, measurements } = checkpoint;
      const start = { ...record, config, step, batch, seconds, measurements };
      return this.#train({ record: start, init: checkpoint.init.slice(), checkpoint }, active, onNews);
    });
  }

  async list(): Promise<TrainingRunRecord[]> {
    const [records, elsewhere] = await Promise.all([this.store.list(), runsUnderWay()]);
    return records.map((record) =>
      record.state === 'running' && record.id !== this.#active?.id && !elsewhere.has(record.id)
        ? { ...record, state: 'paused', step: record.saved ?? record.step }
        : record,
    );
  }

  async samples(id: string, step: number): Promise<readonly SamplePictures[]> {
    return handedOver(await bitmapsOf(await this.store.readSamples(id, step)));
  }

  async rename(id: string, name: string): Promise<TrainingRunRecord> {
    const text = name.trim();
    if (!text) throw new StudioError('bad-argument', 'training', 'A run needs a name. Type one.');
    if (this.#active?.id === id && this.#active.rename) return this.#active.rename(text);
    if ((await runsUnderWay()).has(id)) {
      throw new StudioError('bad-argument', 'training', 'This run is under way in another window. Rename it there.');
    }
    const record = { ...(await this.store.read(id)), name: text };
    await this.store.write(record);
    return record;
  }

  async remove(id: string): Promise<void> {
    if (this.#active?.id === id || (await runsUnderWay()).has(id)) {
      throw new StudioError('bad-argument', 'training', 'This run is under way. Pause it before you delete it.');
    }
    await this.store.remove(id);
  }

  /** The file of the run's best weights. */
  async network(id: string): Promise<{ readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }> {
    const record = await this.store.read(id);
    const checkpoint = await this.store.readCheckpoint(record);
    const { best } = record;
    if (!checkpoint?.best || !best) {
      const message = `“${record.name}” has not been measured yet, so there are no best weights. Go on with it for a while.`;
      throw new StudioError('bad-argument', 'training', message);
    }
    const { startTensorFlow, withWeights } = await import('./training-runtime');
    const { bytes } = await this.host.idle(async () => {
      // Nothing is computed: any backend will do to hold the weights.
      if (!this.#active) await startTensorFlow(null);
      return withWeights(checkpoint.init, record.config.init.id, checkpoint.best!, metadataOf(record));
    });
    return { name: `${fileName(record.name, 'network')}.onnx`, bytes };
  }

  async use(id: string): Promise<ModelInfo> {
    const { config } = await this.store.read(id);
    const file = await this.network(id);
    const ending = this.#active?.id === id ? this.#active.ended : null;
    const info = await this.host.use(config.what, file);
    // Taking it into use has paused the run, which writes its own record.
    await ending;
    const record = { ...(await this.store.read(id)), usedAs: info.title };
    await this.store.write(record);
    return info;
  }

  /**
   * Ends the run under way from within the worker's queue, where no step is in progress: what it holds on the device is
   * about to go. It can be gone on with.
   */
  async suspend(why: string): Promise<void> {
    const active = this.#active;
    if (!active || active.stopped) return;
    active.stopped = { code: 'cancelled', stage: 'training', message: why };
    try {
      await active.checkpoint?.();
    } finally {
      active.free();
      active.controller.abort();
    }
  }

  /** WebGPU on the device of the studio, else WebGL, else the processor. */
  #computeOn(gpu: SharedGpu | null): SharedGpu | 'webgl' | null {
    return gpu ?? (this.host.webGl() ? 'webgl' : null);
  }

  /** What will compute, and what to expect of it, in a sentence. */
  #device(gpu: SharedGpu | null): Pick<TrainingPlan, 'backend' | 'device'> {
    if (gpu) {
      const name = gpu.info.description || gpu.info.device || gpu.info.vendor || 'the graphics card';
      return {
        backend: 'webgpu',
        device: `Training runs on ${name}, beside whatever else you do in the studio.`,
      };
    }
    const card = this.host.webGl();
    if (!card) return { backend: 'cpu', device: ON_CPU };
    return {
      backend: 'webgl',
      device: `There is no WebGPU here, so training runs on ${card.name} through WebGL, which is slower and needs more memory.`,
    };
  }

  /** The network that a configuration starts from: the one in use, which has to be the one that was planned with. */
  async #init({ what, init }: TrainingConfig): Promise<InitialNetwork> {
    const network = await this.host.network(what);
    if (network.ref.sha256 === init.sha256) return network;
    const message = `${init.id} was exchanged for ${network.title} meanwhile. Look through the settings, then start again.`;
    throw new StudioError('bad-argument', 'training', message);
  }

  #requireIdle(): void {
    if (!this.#active) return;
    throw new StudioError('bad-argument', 'training', 'Another run is under way. Pause it first.');
  }

  /** One run at a time here, and each run in one page only. */
  async #alone<T>(id: string, signal: AbortSignal, work: (active: Active) => Promise<T>): Promise<T> {
    this.#requireIdle();
    const controller = new AbortController();
    const abort = () => controller.abort();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const handles = { free: () => undefined, checkpoint: null, rename: null, stopped: null };
    const active: Active = { id, controller, ended, ...handles };
    this.#active = active;
    const locks = pageLocks();
    try {
      if (!locks) return await work(active);
      return await locks.request(`${TRAINING_LOCK}${id}`, { ifAvailable: true }, (lock) => {
        if (lock) return work(active);
        const message = 'This run is under way in another window of the studio. Pause it there first.';
        throw new StudioError('bad-argument', 'training', message);
      });
    } finally {
      signal.removeEventListener('abort', abort);
      this.#active = null;
      end();
    }
  }

  async #train(start: Start, active: Active, onNews: (news: TrainingNews) => void): Promise<TrainingRunRecord> {
    const { signal } = active.controller;
    let first: Stages | null = null;
    const turn = async <T>(work: Work<T>): Promise<T> => {
      await afterMessages();
      // Other stages: the device was lost, and has taken along what lay on it. That is told by what is returned, since
      // the error itself would be taken for a loss of the new device.
      const outcome = await this.host.idle(async (stages, open, gpu) => {
        throwIfCancelled(signal, 'training');
        first ??= stages;
        return stages === first ? { value: await work(stages, open, gpu) } : null;
      });
      if (!outcome) throw deviceLost();
      return outcome.value;
    };
    const owned: { dispose(): void }[] = [];
    active.free = () => {
      for (const each of owned.splice(0).reverse()) each.dispose();
    };
    let keeper: RunKeeper | null = null;
    try {
      const runtime = await import('./training-runtime');
      const tensorflow: TensorFlow = await turn((_stages, _open, gpu) => runtime.startTensorFlow(this.#computeOn(gpu)));
      owned.push({ dispose: () => tensorflow.close() });
      const trainer = await this.#trainer(start, turn, owned, signal, onNews);
      const { config } = start.record;
      const run = new runtime.TrainingRun(config, start.init, trainer, tensorflow.guard);
      owned.push(run);
      if (start.checkpoint) run.restore(start.checkpoint, `The checkpoint of “${start.record.name}”`);
      const record: TrainingRunRecord = {
        ...start.record,
        state: 'running',
        problem: null,
        backend: tensorflow.backend,
      };
      const made = new RunKeeper(run, record, this.store, onNews);
      await turn(() => made.begin());
      keeper = made;
      active.checkpoint = () => keeper!.checkpoint();
      active.rename = (name) => keeper!.rename(name);
      const events = run.train(signal);
      for (;;) {
        const { value, done } = await turn(() => events.next());
        if (done) break;
        await keeper.take(value, () => turn(() => run.samples(SAMPLES, signal)));
        if (keeper.checkpointDue) await turn(() => keeper!.checkpoint());
      }
      await turn(() => keeper!.checkpoint());
      active.checkpoint = null;
      return await keeper.end('done', null);
    } catch (error) {
      if (!keeper) {
        // Of a run that could not be stored nothing stays.
        if (!start.checkpoint) await this.store.remove(active.id).catch(() => undefined);
        throw error;
      }
      const report = active.stopped ?? reportOf(error, 'training');
      // Of a lost device nothing can be read, and weights that diverged are no place to go on from.
      const bearable = ['cancelled', 'out-of-memory'].includes(report.code);
      if (!active.stopped && bearable) await this.host.idle(() => keeper!.checkpoint());
      active.checkpoint = null;
      const paused = report.code === 'cancelled' && !active.stopped;
      return await keeper.end('paused', paused ? null : report);
    } finally {
      active.free();
    }
  }

  async #trainer(
    { record, init }: Start,
    turn: <T>(work: Work<T>) => Promise<T>,
    owned: { dispose(): void }[],
    signal: AbortSignal,
    onNews: (news: TrainingNews) => void,
  ): Promise<Trainer> {
    const { config, images } = record;
    const { correctedEdges, detectorTrainer, EdgesTrainer, generatorTrainer } = await import('./training-runtime');
    const total = images.length;
    const progress = (done: number, label: string) => onNews({ kind: 'preparing', progress: { done, total, label } });
    switch (config.what) {
      case 'generator': {
        const normals: Normal[] = [];
        for (const image of images) {
          progress(normals.length, image.name);
          normals.push(
            await this.#prepared(image, turn, (source) => normalOf(source, image.name, config.size, signal)),
          );
        }
        const { bytes, ref } = await this.host.network('edges');
        return turn(async () => generatorTrainer({ config, init, edgeDetector: { bytes, name: ref.id }, normals }));
      }
      case 'detector': {
        const normals: (AnomalyNormal & { readonly image: ImageRecord })[] = [];
        for (const image of images) {
          progress(normals.length, image.name);
          const raster = resizeRaster(await this.host.raster(image), config.size, config.size);
          const source = await turn(async (stages) => new PreparedSource(raster, stages));
          owned.push(source);
          // Two photographs may have one name.
          normals.push({ name: image.id, source, image });
        }
        const imageOf = new Map(normals.map(({ source, image }) => [source, image]));
        let open: OpenNetworks | null = null;
        const withParts = await this.host.hasParts();
        return detectorTrainer({
          config,
          init,
          normals,
          regions: withParts ? 'mixed' : 'arbitrary',
          renderer: (source) => this.host.rendererOf(imageOf.get(source)!, source),
          parts: withParts ? (source) => this.host.partsOf(open!, source.raster, signal) : null,
          onProgress: (done, count) =>
            onNews({ kind: 'preparing', progress: { done, total: count, label: 'Anomalies to measure with' } }),
          turn: (work) =>
            turn((_stages, networks) => {
              open = networks;
              return work();
            }),
          signal,
        });
      }
      case 'edges': {
        const corrections: CorrectedEdges[] = [];
        const marks = new Map(record.corrections.map((correction) => [correction.imageId, correction.marks]));
        for (const image of images) {
          progress(corrections.length, image.name);
          const marked = marks.get(image.id);
          corrections.push(
            await this.#prepared(image, turn, (source) => correctedEdges(source, image.name, marked, signal)),
          );
        }
        return turn(async () => new EdgesTrainer({ config, init, corrections }));
      }
    }
  }

  /** Something made of a photograph at working size, which stays on the device no longer than that takes. */
  async #prepared<T>(
    image: ImageRecord,
    turn: <R>(work: Work<R>) => Promise<R>,
    make: (source: PreparedSource) => Promise<T>,
  ): Promise<T> {
    const raster = await this.host.raster(image);
    return turn(async (stages) => {
      const source = new PreparedSource(raster, stages);
      try {
        return await make(source);
      } finally {
        source.dispose();
      }
    });
  }
}

const ON_CPU =
  'There is no graphics card to train on here, so training runs on the processor, in plain JavaScript: many times slower, and the studio answers only between two steps. Small pictures and few steps are what is feasible.';

/** @throws StudioError `no-images`, `bad-layout`, `duplicate-image`. */
function requirePhotographs(what: TrainingTask, images: readonly ImageRecord[]): void {
  requireEnough(what, images.length, 'The choice');
  const seen = new Map<string, ImageRecord>();
  for (const image of images) {
    // Edges are learnt on crops.
    if (what !== 'edges') requireSameSize(images[0], image);
    const twin = seen.get(image.source.sha256);
    if (twin) {
      const message = `${image.name} is the same picture as ${twin.name}. Remove one of the two, since held-out pictures may not be trained on.`;
      throw new StudioError('duplicate-image', 'training', message, { file: image.name });
    }
    seen.set(image.source.sha256, image);
  }
}

/** How many are trained on and held out. What was corrected is all trained on, and measured by how well it is learnt. */
function split(
  what: TrainingTask,
  images: readonly ImageRecord[],
): { readonly training: number; readonly heldOut: number } {
  if (what === 'edges') return { training: images.length, heldOut: 0 };
  const { training, heldOut } = splitHeldOut(images);
  return { training: training.length, heldOut: heldOut.length };
}

function deviceLost(): StudioError {
  const message = 'The graphics device was lost, and with it the steps since the last checkpoint. Go on from there.';
  return new StudioError('device-lost', 'training', message);
}

/** Where there are none, each page takes itself for the only one. */
function pageLocks(): LockManager | undefined {
  return (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
}

/** Runs that some page holds. */
async function runsUnderWay(): Promise<ReadonlySet<string>> {
  const held = (await pageLocks()?.query())?.held ?? [];
  return new Set(
    held.flatMap(({ name }) => (name?.startsWith(TRAINING_LOCK) ? [name.slice(TRAINING_LOCK.length)] : [])),
  );
}

/** What the file says of itself with the best weights. */
function metadataOf({ measurements, best }: TrainingRunRecord): Readonly<Record<string, string>> {
  return measurements.find(({ step }) => step === best?.step)?.metadata ?? {};
}
