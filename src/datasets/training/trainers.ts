import { averagePrecision, thresholdOfBestF1 } from '../../evaluation/labelled-scores';
import { DetectorTrainer } from '../../training/detector/trainer';
import type { HeldOutPicture } from '../../training/detector/samples';
import { PhotographPairs, type Normal } from '../../training/generator/pairs';
import { GeneratorTrainer } from '../../training/generator/trainer';
import type { DetectorConfig, GeneratorConfig } from '../../training/run/config';
import { heldOutPictures, supplyFor, SyntheticAnomalies, type AnomalyNormal, type AnomalySettings } from './anomalies';
import { editLikeTheStudio } from './edited-pairs';
import { splitHeldOut } from './normals';

/** Anomalies that a detector is measured on: so many for each held-out photograph, and at most. */
const ANOMALIES_EACH = 6;
const MOST_ANOMALIES = 48;

export interface GeneratorTraining {
  readonly config: GeneratorConfig;
  /** The .onnx file it starts from. */
  readonly init: Uint8Array;
  readonly edgeDetector: { readonly bytes: Uint8Array; readonly name: string };
  /** All photographs, those included that are held out. */
  readonly normals: readonly Normal[];
}

/** Trains a generator on photographs and on edits of them. */
export function generatorTrainer({ config, init, edgeDetector, normals }: GeneratorTraining): GeneratorTrainer {
  const { training, heldOut } = splitHeldOut(normals);
  const pairs = new PhotographPairs(training, config, editLikeTheStudio);
  return new GeneratorTrainer({ config, init, edgeDetector, pairs, heldOut });
}

export interface DetectorTraining extends Pick<AnomalySettings, 'regions' | 'renderer' | 'parts'> {
  readonly config: DetectorConfig;
  readonly init: Uint8Array;
  /** All photographs, those included that are held out. Their sources have to outlive the trainer. */
  readonly normals: readonly AnomalyNormal[];
  /** Told how many of the anomalies to measure with are made. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Runs the making of one when it may. */
  readonly turn?: <T>(work: () => Promise<T>) => Promise<T>;
  readonly signal?: AbortSignal;
}

/** Trains a detector on anomalies synthesised from photographs; it is measured on others, on photographs held out. */
export async function detectorTrainer(given: DetectorTraining): Promise<DetectorTrainer> {
  const { config, init, normals, regions, renderer, parts, onProgress, turn = (work) => work(), signal } = given;
  const { training, heldOut } = splitHeldOut(normals);
  const settings: AnomalySettings = {
    operations: ['remove', 'replace', 'merge'],
    regions,
    renderer,
    parts,
    seed: config.seed,
    supply: supplyFor(config.size, training.length),
  };
  const held = new SyntheticAnomalies(heldOut, settings, normals);
  const count = Math.min(MOST_ANOMALIES, ANOMALIES_EACH * heldOut.length);
  onProgress?.(0, count);
  for (let i = 0; i < count; i++) {
    await turn(() => held.numbered(i, signal));
    onProgress?.(i + 1, count);
  }
  const pictures: HeldOutPicture[] = await turn(() => heldOutPictures(heldOut, held, count, signal));
  return new DetectorTrainer({
    config,
    init,
    samples: new SyntheticAnomalies(training, settings),
    heldOut: pictures,
    figures: { averagePrecision, thresholdOfBestF1 },
  });
}
