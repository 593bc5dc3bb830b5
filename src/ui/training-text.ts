import type { TrainingRunRecord, TrainingTask } from '../project/training';
import type { TrainingConfig } from '../training/run/config';
import type { TrainingUnderWay } from './training-view';

/** How runs, their settings, losses and measurements are called and written on the page Train. */

export const TASK_TITLES: Readonly<Record<TrainingTask, string>> = {
  generator: 'Generator',
  detector: 'Detector',
  edges: 'Edge detector',
};

const LOSSES: Readonly<Record<string, string>> = {
  total: 'Total, weighted',
  l1: 'L1',
  colour: 'Colours',
  gradient: 'Gradients',
  edge: 'Edges',
  adversarial: 'Adversarial',
  matching: 'Feature matching',
  discriminator: 'Discriminator',
  image: 'Picture',
  jnd: 'JND map',
  focal: 'Anomaly map',
};

/** What comes in with the discriminator, and says something else than how close the result is. */
const ADVERSARIAL: ReadonlySet<string> = new Set(['adversarial', 'matching', 'discriminator']);

export function lossTitle(name: string): string {
  return LOSSES[name] ?? titled(name);
}

export function isAdversarial(loss: string): boolean {
  return ADVERSARIAL.has(loss);
}

const MEASURES: Readonly<Record<string, string>> = {
  l1: 'L1',
  ssim: 'SSIM',
  edgeF1: 'Edge F1',
  pixelAp: 'Pixel AP',
  imageAp: 'Image AP',
  loss: 'Loss',
};

export function measureTitle(name: string): string {
  return MEASURES[name] ?? titled(name);
}

/** What the score of a task is, by which the best weights are chosen. */
export const SCORES: Readonly<Record<TrainingTask, string>> = {
  generator: 'Score: SSIM − L1',
  detector: 'Score: pixel AP',
  edges: 'Score: −loss',
};

/** What samples show that no step changes. */
const GIVEN: ReadonlySet<string> = new Set(['Photograph', 'Shown', 'Anomaly', 'Corrected']);

/** Whether a sample's picture is made by the network. Edges are given to a generator, and made by an edge detector. */
export function isMade(task: TrainingTask, title: string): boolean {
  return !GIVEN.has(title) && !(task === 'generator' && title === 'Edges');
}

/** What a run is doing. `elsewhere`: it computes in another page. */
export type RunState = 'training' | 'pausing' | 'paused' | 'stopped' | 'done' | 'elsewhere';

export function stateOf(record: TrainingRunRecord, underWay: TrainingUnderWay | null): RunState {
  if (underWay?.id === record.id) return underWay.pausing ? 'pausing' : 'training';
  if (record.state === 'running') return 'elsewhere';
  if (record.state === 'paused' && record.problem) return 'stopped';
  return record.state;
}

export const STATE_TITLES: Readonly<Record<RunState, string>> = {
  training: 'Training',
  pausing: 'Pausing',
  paused: 'Paused',
  stopped: 'Stopped',
  done: 'Done',
  elsewhere: 'Training in another window',
};

const LAYERS: Readonly<Record<TrainingConfig['layers'], string>> = {
  all: 'All layers',
  decoder: 'From the bottleneck on',
  localization: 'Localization alone',
  outputs: 'Outputs alone',
};

export function layersTitle(layers: TrainingConfig['layers']): string {
  return LAYERS[layers];
}

/** The settings of a run as they are shown, in their order. */
export function settingRows(config: TrainingConfig): { readonly name: string; readonly value: string }[] {
  const { what, layers, size, batch, steps, rate, seed, init, validateEvery } = config;
  const rows: [string, string][] = [
    ['Trains', TASK_TITLES[what]],
    ['Starts from', `${init.id}, ${init.sha256.slice(0, 12)}`],
    ['Layers', layersTitle(layers)],
    ['Image size', `${size} × ${size} px`],
    ['Pictures in a step', String(batch)],
    ['Steps', String(steps)],
    ['Learning rate', String(Number(rate.toPrecision(3)))],
    ['Seed', String(seed)],
    ['Measured every', `${validateEvery} steps`],
  ];
  if (config.what === 'generator') {
    rows.push(
      ['Mirrored', share(config.mirror)],
      ['Warped', share(config.warp)],
      ['Discriminator', config.adversarialFrom < 1 ? `from ${share(config.adversarialFrom)} on` : 'left out'],
    );
  }
  if (config.what === 'detector') rows.push(['Shown as they are', share(config.normal)]);
  return rows.map(([name, value]) => ({ name, value }));
}

function share(value: number): string {
  return `${Math.round(100 * value)} %`;
}

function titled(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
