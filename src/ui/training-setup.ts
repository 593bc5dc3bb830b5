import type { ImageRecord, ProjectDocument } from '../project/document';
import { trainingConfigSchema, type TrainingConfig } from '../training/run/config';
import type { TrainingPlan } from '../worker/api';
import { imagesOf } from './dataset-images';
import { PHOTOGRAPH_CHOICES, type PhotographChoice, type TrainingSettings } from './training-view';

/** From how many photographs on results are good; more than the second number brings little. */
export const GOOD_COUNT = { from: 30, to: 300 } as const;
/** Runs that take longer are worth a word before they begin, seconds. */
const LONG = 3600;
/** Measurements in a run, as the plan has them. */
const MEASUREMENTS = 20;

const CHOOSES: Readonly<Record<PhotographChoice, (image: ImageRecord) => boolean>> = {
  train: (image) => isNormal(image) && image.split === 'train',
  spare: (image) => isNormal(image) && image.split !== 'test',
  normal: isNormal,
  one: isNormal,
};

/** Pictures of a plain folder have no labels: that they are normal is for the person to say. */
function isNormal({ label }: ImageRecord): boolean {
  return label === 'good' || label === 'unsorted';
}

/** The photographs of a choice, in their order. @param imageId the one that is meant by `one`; null: the first. */
export function photographsOf(
  document: Pick<ProjectDocument, 'images'>,
  datasetId: string,
  which: PhotographChoice,
  imageId: string | null,
): ImageRecord[] {
  const list = imagesOf(document, datasetId).filter(CHOOSES[which]);
  if (which !== 'one') return list;
  const one = list.find(({ id }) => id === imageId) ?? list.at(0);
  return one ? [one] : [];
}

/** The photographs of a dataset whose edges were corrected, in their order. */
export function correctedOf(
  document: Pick<ProjectDocument, 'images' | 'corrections'>,
  datasetId: string,
): ImageRecord[] {
  return imagesOf(document, datasetId).filter(({ id }) => id in document.corrections);
}

export interface PhotographOffer {
  readonly which: PhotographChoice;
  readonly count: number;
}

/** The choices there are in a dataset: those that differ, and have photographs. */
export function photographChoices(document: Pick<ProjectDocument, 'images'>, datasetId: string): PhotographOffer[] {
  const images = imagesOf(document, datasetId);
  let before = 0;
  return PHOTOGRAPH_CHOICES.flatMap((which): PhotographOffer[] => {
    const count = images.filter(CHOOSES[which]).length;
    if (which === 'one') return count > 1 ? [{ which, count: 1 }] : [];
    if (count === before) return [];
    before = count;
    return [{ which, count }];
  });
}

/** The plan with what the person has changed; as many measurements however many steps. */
export function configOf(plan: TrainingPlan, changes: TrainingSettings): TrainingConfig {
  const known = Object.entries(changes).filter(([key]) => key in plan.config);
  const config = { ...plan.config, ...Object.fromEntries(known) } as TrainingConfig;
  if (config.steps === plan.config.steps) return config;
  return { ...config, validateEvery: Math.max(1, Math.round(config.steps / MEASUREMENTS)) };
}

/** Why a run cannot have these settings, as a sentence; null if it can. */
export function configProblem(config: TrainingConfig, { multiple }: TrainingPlan): string | null {
  const { size } = config;
  if (size % multiple !== 0) {
    const below = Math.max(multiple, Math.floor(size / multiple) * multiple);
    return `The image size must be a multiple of ${multiple} px for this network: ${below} or ${below + multiple}, for example.`;
  }
  const { error } = trainingConfigSchema.safeParse(config);
  if (!error) return null;
  const [{ path, message }] = error.issues;
  return `The setting “${path.join('.')}” is out of range: ${message}.`;
}

/** Seconds that a run would take. @param pace seconds a step takes for each pixel of each picture. */
export function secondsOf({ steps, batch, size }: TrainingConfig, pace: number): number {
  return steps * batch * size * size * pace;
}

/** A change that makes a long run shorter. */
export interface Shortening {
  readonly change: TrainingSettings;
  /** What a button says. */
  readonly label: string;
  /** That the run would take then. */
  readonly seconds: number;
}

/** What would make a run that takes long shorter: a smaller picture, fewer steps, both. Nothing for short ones. */
export function shortenings(config: TrainingConfig, multiple: number, pace: number): Shortening[] {
  if (secondsOf(config, pace) <= LONG) return [];
  const half = Math.floor(config.size / 2 / multiple) * multiple;
  const size = half >= Math.max(multiple, 64) ? half : null;
  const steps = config.steps > 500 ? Math.max(500, Math.round(config.steps / 3 / 100) * 100) : null;
  const with_ = (change: TrainingSettings, label: string): Shortening => ({
    change,
    label,
    seconds: secondsOf({ ...config, ...change } as TrainingConfig, pace),
  });
  return [
    ...(size === null ? [] : [with_({ size }, `${size} px`)]),
    ...(steps === null ? [] : [with_({ steps }, `${steps} steps`)]),
    ...(size === null || steps === null ? [] : [with_({ size, steps }, `${size} px and ${steps} steps`)]),
  ];
}
