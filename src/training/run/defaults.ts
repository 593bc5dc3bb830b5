import type { ModelRef } from '../../core/recipe';
import type { TrainingBackend } from '../tensorflow';
import type { DetectorConfig, EdgesConfig, GeneratorConfig } from './config';

/** What good settings depend on. */
export interface Circumstances {
  /** Photographs there are. */
  readonly images: number;
  /** Shorter side of the photographs, px. */
  readonly side: number;
  /** What the network's sides must be multiples of, px. */
  readonly multiple: number;
  readonly backend: TrainingBackend;
  readonly init: ModelRef;
  readonly seed: number;
}

/** Side that the shipped networks are made for, px. */
const USUAL_SIDE = 256;
/** Measurements in a run. */
const MEASUREMENTS = 20;

/** The usual side, or less for small photographs: a multiple of what the network wants. */
function sizeFor({ side, multiple }: Circumstances): number {
  return Math.max(multiple, Math.floor(Math.min(USUAL_SIDE, side) / multiple) * multiple);
}

const every = (steps: number) => Math.max(1, Math.round(steps / MEASUREMENTS));

/**
 * Settings for adapting a generator. One photograph alone is DeepSIM's case (Vinker et al., ICCV 2021): nearly always
 * bent, mirrored half the time. Small sets are learnt by heart before large ones, so they get fewer steps.
 */
export function defaultGeneratorConfig(circumstances: Circumstances): GeneratorConfig {
  const { images, init, seed } = circumstances;
  const single = images === 1;
  const steps = single ? 1500 : Math.min(6000, Math.max(1500, 40 * images));
  return {
    what: 'generator',
    init,
    size: sizeFor(circumstances),
    batch: 1,
    steps,
    seed,
    rate: 5e-4,
    validateEvery: every(steps),
    layers: 'all',
    mirror: single ? 0.5 : 0,
    warp: single ? 0.99 : 0.5,
    adversarialFrom: 0.4,
  };
}

/** Settings for adapting a detector. Statistics of batches want several pictures; CPU and WebGL bear few. */
export function defaultDetectorConfig(circumstances: Circumstances): DetectorConfig {
  const { images, init, seed, backend } = circumstances;
  const steps = Math.min(8000, Math.max(2000, 50 * images));
  return {
    what: 'detector',
    init,
    size: sizeFor(circumstances),
    batch: backend === 'webgpu' ? 8 : 4,
    steps,
    seed,
    rate: 5e-4,
    validateEvery: every(steps),
    layers: 'all',
    normal: 0.4,
  };
}

/** Settings for teaching an edge detector what was painted: few steps, so that it stays what it was elsewhere. */
export function defaultEdgesConfig(circumstances: Circumstances): EdgesConfig {
  const { images, init, seed, side } = circumstances;
  const steps = Math.min(1000, Math.max(200, 60 * images));
  return {
    what: 'edges',
    init,
    size: Math.min(USUAL_SIDE, side),
    batch: 1,
    steps,
    seed,
    rate: 1e-4,
    validateEvery: every(steps),
    layers: 'all',
  };
}
