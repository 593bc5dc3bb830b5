import { StudioError } from '../../core/errors';
import type { ModelRef } from '../../core/recipe';
import { metadata, parseOnnx } from '../../models/onnx-file/onnx';
import type { TrainingConfig } from './config';
import { defaultDetectorConfig, defaultEdgesConfig, defaultGeneratorConfig, type Circumstances } from './defaults';

/** Fewer leave nothing to measure with, or to train on. A generator can also be trained on a single one. */
export const FEWEST_PHOTOGRAPHS = 5;

/** A network's file, to start from. */
export interface InitialNetwork {
  readonly ref: ModelRef;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const DEFAULTS: { [W in TrainingConfig['what']]: (circumstances: Circumstances) => TrainingConfig } = {
  generator: defaultGeneratorConfig,
  detector: defaultDetectorConfig,
  edges: defaultEdgesConfig,
};

/** What the sides of a network's pictures are multiples of, px: its file says it. */
export function multipleOf(what: TrainingConfig['what'], { ref, bytes }: InitialNetwork): number {
  return Number(metadata(parseOnnx(bytes, ref.id), `${what}.multiple`) ?? 1);
}

/** Good settings for training this network. */
export function plannedConfig(
  what: TrainingConfig['what'],
  network: InitialNetwork,
  circumstances: Omit<Circumstances, 'init' | 'multiple'>,
): TrainingConfig {
  return DEFAULTS[what]({ ...circumstances, multiple: multipleOf(what, network), init: network.ref });
}

/**
 * @param where the photographs lie, for the sentence.
 * @throws StudioError `no-images` where there are too few.
 */
export function requireEnough(what: TrainingConfig['what'], count: number, where: string): void {
  // Corrections are learnt by heart, and measured by how well.
  if (what === 'edges' && count > 0) return;
  const single = what === 'generator';
  if (count >= FEWEST_PHOTOGRAPHS || (single && count === 1)) return;
  const least = `Give ${FEWEST_PHOTOGRAPHS} or more${single ? ', or a single one to train on it alone' : ''}.`;
  const message = `${where} holds ${count} usable photographs: too few to train on and to measure with. ${least}`;
  throw new StudioError('no-images', 'training', message);
}

/**
 * @param a one photograph of the set. @param b another one.
 * @throws StudioError `bad-layout` unless they are of one size.
 */
export function requireSameSize(a: Photograph, b: Photograph): void {
  if (a.width === b.width && a.height === b.height) return;
  const message = `${a.name} is ${a.width}×${a.height} pixels and ${b.name} is ${b.width}×${b.height}. Photographs to train on have one size; sort out or resize the others.`;
  throw new StudioError('bad-layout', 'training', message, { file: b.name });
}

interface Photograph {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}
