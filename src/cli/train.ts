import path from 'node:path';
import { StudioError } from '../core/errors';
import { sha256 } from '../core/hash';
import type { AnomalySettings } from '../datasets/training/anomalies';
import { splitHeldOut } from '../datasets/training/normals';
import { detectorTrainer, generatorTrainer } from '../datasets/training/trainers';
import { loadShippedDetector } from '../models/detector/load';
import { loadShippedEdges, loadShippedGenerator } from '../models/weights';
import { folderSource } from '../models/weights-node';
import type { RegionKind } from '../synthesis/draw';
import { suitsGenerator } from '../synthesis/fit';
import { PARTS_GRID } from '../synthesis/parts/find';
import { CHECKPOINT_SECONDS, decodeCheckpoint, type Checkpoint, type MeasuredAt } from '../training/run/checkpoint';
import {
  trainingConfigSchema,
  type DetectorConfig,
  type GeneratorConfig,
  type TrainingConfig,
} from '../training/run/config';
import { plannedConfig, type InitialNetwork } from '../training/run/plan';
import { PATIENCE, TrainingRun } from '../training/run/run';
import { expectedStepSeconds } from '../training/run/speed';
import type { Trainer } from '../training/run/trainer';
import { readBytes, replaceFile, requireWritable } from './files';
import { openSam, partsOf } from './sam';
import { MODELS, openStages, type NodeStages } from './stages';
import type { TrainingBackend } from '../training/tensorflow';
import { openTensorFlow, type TrainingDevice } from './tensorflow';
import { readAnomalyNormals, readNormals, surveyPhotographs, type PhotographSet } from './train-photographs';

/** What both kinds of training take; what is left out is chosen. */
interface TrainOptions {
  readonly images: string;
  readonly out: string;
  readonly init?: string;
  readonly steps?: number;
  readonly size?: number;
  readonly seed?: number;
  readonly batch?: number;
  readonly rate?: number;
  readonly layers?: string;
  readonly mirror?: number;
  readonly checkpoint?: string;
  readonly device: TrainingDevice;
}

export type TrainGeneratorOptions = TrainOptions;

export interface TrainDetectorOptions extends TrainOptions {
  readonly regions: RegionKind;
  /** The generator that makes the anomalies; the shipped one, where it knows the pictures, if left out. */
  readonly generator?: string;
}

interface Lines {
  out(line: string): void;
  err(line: string): void;
}

/** Seconds between two lines of progress. */
const LINE_SECONDS = 10;

/** `train generator`: adapts an edge-to-image generator to photographs of the normal product. */
export async function trainGeneratorCommand(options: TrainGeneratorOptions, lines: Lines): Promise<void> {
  await train<GeneratorConfig>(options, lines, {
    what: 'generator',
    shippedInit: async () => {
      const shipped = await loadShippedGenerator(folderSource(MODELS));
      if (shipped) return shipped;
      throw new StudioError(
        'missing-weights',
        'cli',
        'No generator is installed. Give the .onnx file of one with --init.',
      );
    },
    async trainer(config, init, set, signal) {
      const edgeDetector = await loadShippedEdges(folderSource(MODELS));
      const { stages } = await openStages({ generator: false });
      const normals = await readNormals(set, config.size, stages, countingLines(lines, set.names.length), signal);
      return generatorTrainer({ config, init, edgeDetector, normals });
    },
  });
}

/** `train detector`: adapts a detector to photographs of the normal product, on anomalies synthesised from them. */
export async function trainDetectorCommand(options: TrainDetectorOptions, lines: Lines): Promise<void> {
  await train<DetectorConfig>(options, lines, {
    what: 'detector',
    shippedInit: async () => {
      const shipped = await loadShippedDetector(folderSource(MODELS));
      if (shipped) return shipped;
      throw new StudioError(
        'missing-weights',
        'cli',
        'No detector is installed. Give the .onnx file of one with --init.',
      );
    },
    async trainer(config, init, set, signal) {
      const node = await openStages({ generator: options.generator ?? true });
      const normals = await readAnomalyNormals(set, config.size, node.stages, signal);
      const sam = options.regions === 'arbitrary' ? null : await openSam();
      return detectorTrainer({
        config,
        init,
        normals,
        regions: options.regions,
        renderer: rendererOf(node, options.generator !== undefined),
        parts: sam && ((source) => partsOf(sam, source.raster, PARTS_GRID)),
        onProgress: (done, total) => {
          if (done === 0) lines.out(`Making ${total} anomalies on held-out photographs to measure with.`);
        },
        signal,
      });
    },
  });
}

/** The person's own generator for everything; the shipped one where it knows the picture. */
function rendererOf({ generator }: NodeStages, own: boolean): AnomalySettings['renderer'] {
  if (own) return async () => 'generator';
  return async (source) => (generator && (await suitsGenerator(source, generator.limits)) ? 'generator' : 'direct');
}

/** What is different between kinds of training. */
interface Kind<C extends TrainingConfig> {
  readonly what: C['what'];
  readonly shippedInit: () => Promise<InitialNetwork>;
  readonly trainer: (config: C, init: Uint8Array, set: PhotographSet, signal: AbortSignal) => Promise<Trainer>;
}

async function train<C extends TrainingConfig>(options: TrainOptions, lines: Lines, kind: Kind<C>): Promise<void> {
  const { out } = options;
  const file = options.checkpoint ?? `${out.replace(/\.onnx$/i, '')}.checkpoint`;
  await Promise.all([out, file].map(requireWritable));
  const stored = await readCheckpoint(file);
  if (stored) await refuseOther(stored, file, kind.what, options);
  const interrupted = new AbortController();
  const stop = () => interrupted.abort();
  for (const event of ['SIGINT', 'SIGTERM'] as const) process.once(event, stop);
  const { signal } = interrupted;
  let close = () => {};
  try {
    const set = await surveyPhotographs(options.images, kind.what, lines.err, signal);
    const { tensorflow, reason, close: closeDevice } = await openTensorFlow(options.device);
    close = closeDevice;
    lines.out(reason);
    const { config, init } = await configure(options, kind, set, stored, tensorflow.backend);
    const kept = set.names.length - splitHeldOut(set.names).heldOut.length;
    lines.out(
      set.names.length === 1
        ? `Training on one photograph alone, which is also what is measured, at ${config.size}×${config.size} px.`
        : `Training on ${kept} photographs at ${config.size}×${config.size} px; ${set.names.length - kept} are held out to measure with.`,
    );
    const trainer = await kind.trainer(config, init, set, signal);
    const run = new TrainingRun(config, init, trainer, tensorflow.guard);
    try {
      if (stored) {
        run.restore(stored, file);
        lines.out(
          run.done
            ? `The run in ${file} is done; give more --steps to go on with it.`
            : `Going on from step ${run.step} of ${file}.`,
        );
      }
      if (!run.done) {
        const seconds = await expectedStepSeconds(init, { ...config, batch: run.batch });
        const left = config.steps - run.step;
        lines.out(
          `Expecting about ${duration(seconds)} a step, ${duration(seconds * left)} for ${left} steps, from a timed pass; measuring comes on top. Ctrl-C stops and saves.`,
        );
      }
      await runToEnd(run, file, lines, signal);
      await writeResult(run, out, lines);
    } finally {
      run.dispose();
    }
  } finally {
    close();
    for (const event of ['SIGINT', 'SIGTERM'] as const) process.off(event, stop);
  }
}

/** Configuration and network of the run: those of the checkpoint, if there is one. */
async function configure<C extends TrainingConfig>(
  options: TrainOptions,
  kind: Kind<C>,
  set: PhotographSet,
  stored: Checkpoint | null,
  backend: TrainingBackend,
): Promise<{ config: C; init: Uint8Array }> {
  const { steps, size, batch, rate, layers, mirror, seed = 0 } = options;
  if (stored) {
    const config = trainingConfigSchema.parse({ ...stored.config, ...given({ steps }) });
    return { config: config as C, init: stored.init };
  }
  const network = options.init === undefined ? await kind.shippedInit() : await readInit(options.init);
  const side = Math.min(set.width, set.height);
  const chosen = plannedConfig(kind.what, network, { images: set.names.length, side, backend, seed });
  const scaled = steps === undefined ? {} : { steps, validateEvery: Math.max(1, Math.round(steps / 20)) };
  const parsed = trainingConfigSchema.safeParse({
    ...chosen,
    ...given({ size, batch, rate, layers, mirror }),
    ...scaled,
  });
  if (!parsed.success) {
    const [{ path: where, message }] = parsed.error.issues;
    throw new StudioError('bad-argument', 'cli', `--${where.join('.')} does not suit training: ${message}.`);
  }
  return { config: parsed.data as C, init: network.bytes };
}

async function readInit(file: string): Promise<InitialNetwork> {
  const bytes = await readBytes(file);
  return { ref: { id: path.basename(file), sha256: await sha256(bytes) }, bytes };
}

async function readCheckpoint(file: string): Promise<Checkpoint | null> {
  try {
    return decodeCheckpoint(await readBytes(file), file);
  } catch (error) {
    if (error instanceof StudioError && error.code === 'file-vanished' && isMissing(error.cause)) return null;
    throw error;
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ENOENT';
}

/** What a checkpoint decides, as long as it is gone on with. */
const SETTINGS = ['size', 'seed', 'batch', 'rate', 'layers', 'mirror'] as const;

/** @throws StudioError `bad-argument` when the checkpoint is of a run that was asked for something else. */
async function refuseOther({ config }: Checkpoint, file: string, what: string, options: TrainOptions): Promise<void> {
  const refuse = (has: string, wanted: string) => {
    const message = `${file} is of a run with ${has}, and this one is to have ${wanted}. Name another --checkpoint, or give the same options to go on.`;
    return new StudioError('bad-argument', 'cli', message, { file });
  };
  if (config.what !== what) throw refuse(`another network (${config.what})`, `a ${what}`);
  const has: Partial<Record<string, unknown>> = config;
  for (const name of SETTINGS) {
    const wanted = options[name];
    if (wanted !== undefined && wanted !== has[name]) throw refuse(`${name} ${has[name]}`, `${wanted}`);
  }
  if (options.init !== undefined && (await readInit(options.init)).ref.sha256 !== config.init.sha256) {
    throw refuse(`the network ${config.init.id}`, options.init);
  }
}

/** Trains, telling how it goes and storing checkpoints; also when it is interrupted or fails in a way that bears it. */
async function runToEnd(run: TrainingRun, file: string, lines: Lines, signal: AbortSignal): Promise<void> {
  const { steps } = run.config;
  let [told, stored] = [performance.now(), performance.now()];
  let batch = run.batch;
  const store = async () => {
    await replaceFile(file, await run.checkpoint());
    stored = performance.now();
  };
  try {
    for await (const event of run.train(signal)) {
      if (event.kind === 'measurement') {
        const verdict = event.best ? ' (the best so far)' : '';
        lines.out(`Step ${event.step}: ${figures(event)}${verdict}`);
        if (event.since === PATIENCE) {
          lines.out(
            `Nothing has got better since step ${run.best?.step}. Ctrl-C now would lose nothing: the best weights are kept.`,
          );
        }
        if (event.step > 0) await store();
        continue;
      }
      if (event.batch < batch) {
        lines.out(`Memory did not suffice for ${batch} pictures in a step; going on with ${event.batch}.`);
        batch = event.batch;
      }
      if (event.step === 1 || event.step === steps || performance.now() - told > LINE_SECONDS * 1000) {
        const left = ((steps - event.step) * run.seconds) / event.step;
        const losses = `loss ${event.losses.total.toPrecision(4)}, ${duration(event.seconds)} a step`;
        lines.out(`Step ${event.step} of ${steps}: ${losses}, ${duration(left)} left`);
        told = performance.now();
      }
      if (performance.now() - stored > CHECKPOINT_SECONDS * 1000) await store();
    }
  } catch (error) {
    if (!(error instanceof StudioError) || !['cancelled', 'out-of-memory'].includes(error.code)) throw error;
    await store();
    const why = error.code === 'cancelled' ? `Stopped after step ${run.step} of ${steps}.` : error.message;
    const message = `${why} ${file} holds the run; the same command goes on with it.`;
    throw new StudioError(error.code, 'cli', message, { cause: error });
  }
}

async function writeResult(run: TrainingRun, out: string, lines: Lines): Promise<void> {
  const { bytes, notes } = await run.save();
  notes.forEach(lines.err);
  await replaceFile(out, bytes);
  const [first] = run.measurements;
  const { best } = run;
  if (!best) throw new RangeError('A run that is done was measured.');
  lines.out(
    best.step === 0
      ? `Nothing got better than it was: ${out} holds the network as it came.`
      : `Wrote ${out} as it was at step ${best.step}: ${figures(first)} became ${figures(best)}.`,
  );
}

function figures({ values }: MeasuredAt): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value.toFixed(4)}`)
    .join(', ');
}

/** `3.2 s`, `14 min`, `7 h`, `3 days`. */
function duration(seconds: number): string {
  if (seconds < 90) return `${seconds < 10 ? seconds.toPrecision(2) : Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** Says how far the edges are, at most every so many seconds. */
function countingLines(lines: Lines, count: number): (done: number) => void {
  let told = performance.now();
  return (done) => {
    if (performance.now() - told < LINE_SECONDS * 1000) return;
    told = performance.now();
    lines.out(`Found the edges of ${done} of ${count} photographs.`);
  };
}

/** Without what was not given. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
