import * as tf from '@tensorflow/tfjs-core';
import { throwIfCancelled } from '../../core/errors';
import type { SavedGraph } from '../graph/graph';
import { differentiate, type Gradient } from '../learning/differentiate';
import { Learner } from '../learning/learner';
import { balancedEdgeLoss } from '../losses/edges';
import { focalLoss } from '../losses/focal';
import { dissimilarity } from '../losses/similarity';
import { loadNetwork, type NetworkForm } from '../network';
import type { DetectorConfig } from '../run/config';
import { readLosses } from '../run/losses';
import type { Measurement, StepContext, Trainer, TrainerState, TrainingSample, Weights } from '../run/trainer';
import { channelsLast, planarOf, rasterFrom } from '../tensors';
import { varied, type DetectorSample, type HeldOutPicture, type SampleSource } from './samples';

const FORM: NetworkForm = {
  title: 'a detector',
  input: 'image',
  outputs: ['anomaly_map', 'reconstruction', 'jnd', 'edges'],
  sigmoids: ['anomaly_map', 'edges'],
  multiple: 'detector.multiple',
};
const LOCALIZATION = /^(neck|localization)\./;
/** The gradient's norm is cut to this: a batch with one huge defect throws nothing over. */
const GREATEST_NORM = 5;

export interface DetectorTrainerOptions {
  readonly config: DetectorConfig;
  /** The detector's .onnx file. */
  readonly init: Uint8Array;
  readonly samples: SampleSource;
  /** Synthetic anomalies on held-out normals, and such normals as they are; both kinds. */
  readonly heldOut: readonly HeldOutPicture[];
  /** Average precision of scores, 1 marking what is to be found (src/evaluation): stages do not import each other. */
  readonly averagePrecision: (scores: Float32Array, wanted: Uint8Array) => number;
}

/**
 * Trains LogicAL's localization module (Zhao, CVPRW 2024, section 3.2): the reconstruction network makes the normal
 * picture, its JND map and its edges of what it is shown, the localization network says where that is abnormal. Losses,
 * all of weight 1: MSE and 1 − SSIM on picture and JND map, PiDiNet's on edges, focal on the mask. It owns network and
 * optimiser.
 */
export class DetectorTrainer implements Trainer {
  readonly #options: DetectorTrainerOptions;
  readonly #learner: Learner;
  readonly #outputs: readonly string[];

  /** @throws StudioError `bad-weights` or `bad-argument` when the file, its layers or the size do not suit. */
  constructor(options: DetectorTrainerOptions) {
    const { config, init, heldOut } = options;
    if (!heldOut.some(({ mask }) => mask) || !heldOut.some(({ mask }) => !mask)) {
      throw new RangeError('Measuring takes pictures with anomalies and pictures without.');
    }
    const graph = loadNetwork(init, config.init.id, FORM, {
      size: config.size,
      layers: config.layers === 'all' ? undefined : (name) => LOCALIZATION.test(name),
    });
    this.#options = options;
    this.#learner = new Learner(graph, { beta1: 0.9, beta2: 0.99, clip: GREATEST_NORM });
    this.#outputs = FORM.outputs.map(
      (output) => (FORM.sigmoids.includes(output) && graph.logits.get(output)) || output,
    );
  }

  async step(context: StepContext): Promise<Record<string, number>> {
    const { step, rate, signal } = context;
    const samples: DetectorSample[] = [];
    for (let i = 0; i < context.batch; i++) samples.push(await this.#draw(context, i));
    throwIfCancelled(signal, 'training');
    return this.#learner.attempt(async () => {
      const made = this.#differentiate(samples);
      try {
        const losses = await readLosses({ total: made.total, ...made.values }, [made.norm], context);
        throwIfCancelled(signal, 'training');
        this.#learner.apply(made.vector, rate, step);
        return losses;
      } finally {
        made.dispose();
      }
    });
  }

  async #draw({ random, signal }: StepContext, index: number): Promise<DetectorSample> {
    const chance = random.fork(`sample ${index}`);
    const { samples, config } = this.#options;
    const untouched = chance.fork('whether normal').chance(config.normal);
    const drawn = await samples[untouched ? 'normal' : 'anomaly'](chance.fork('draw'), signal);
    return varied(drawn, chance.fork('vary'));
  }

  #differentiate(samples: readonly DetectorSample[]): Gradient {
    const planes = (name: keyof DetectorSample) => planarOf(samples.map((sample) => sample[name]));
    const batch = tf.tidy(() => ({
      shown: planes('shown'),
      image: channelsLast(planes('image')),
      jnd: channelsLast(planes('jnd')),
      edges: channelsLast(planes('edges')),
      mask: channelsLast(planes('mask')),
    }));
    try {
      return differentiate(this.#learner.trained, () => {
        const { graph } = this.#learner;
        const made = graph.run({ image: batch.shown }, { training: true, outputs: this.#outputs });
        const [anomaly, reconstruction, jnd, edges] = this.#outputs.map((output) => channelsLast(made[output]));
        const values = {
          image: likeness(reconstruction, batch.image),
          jnd: likeness(jnd, batch.jnd),
          edge: balancedEdgeLoss(edges, batch.edges),
          focal: focalLoss(anomaly, batch.mask),
        };
        return { total: tf.addN(Object.values(values)), values };
      });
    } finally {
      tf.dispose(batch);
    }
  }

  async measure(signal?: AbortSignal): Promise<Measurement> {
    const { heldOut, averagePrecision } = this.#options;
    const pixels: { scores: Float32Array; wanted: Uint8Array }[] = [];
    await this.#learner.withAverage(async () => {
      for (const { shown, mask } of heldOut) {
        throwIfCancelled(signal, 'training');
        const { data: scores } = (await this.#run(shown, ['anomaly_map'])).anomaly_map;
        const wanted = mask ? Uint8Array.from(mask.data, (inside) => (inside > 0.5 ? 1 : 0)) : null;
        pixels.push({ scores, wanted: wanted ?? new Uint8Array(scores.length) });
      }
    });
    const values = {
      pixelAp: averagePrecision(
        joined(
          Float32Array,
          pixels.map(({ scores }) => scores),
        ),
        joined(
          Uint8Array,
          pixels.map(({ wanted }) => wanted),
        ),
      ),
      imageAp: averagePrecision(
        Float32Array.from(pixels, ({ scores }) => scores.reduce((most, score) => Math.max(most, score), -Infinity)),
        Uint8Array.from(heldOut, ({ mask }) => (mask ? 1 : 0)),
      ),
    };
    return { score: values.pixelAp, values };
  }

  async samples(count: number, signal?: AbortSignal): Promise<TrainingSample[]> {
    const found: TrainingSample[] = [];
    await this.#learner.withAverage(async () => {
      for (const { name, shown, mask } of this.#options.heldOut.slice(0, count)) {
        throwIfCancelled(signal, 'training');
        const made = await this.#run(shown, ['reconstruction', 'anomaly_map']);
        found.push({
          name,
          pictures: [
            { title: 'Shown', raster: shown },
            ...(mask ? [{ title: 'Anomaly', raster: mask }] : []),
            { title: 'Reconstruction', raster: made.reconstruction },
            { title: 'Heat map', raster: made.anomaly_map },
          ],
        });
      }
    });
    return found;
  }

  /** Outputs for one picture. */
  async #run(shown: DetectorSample['shown'], outputs: readonly string[]) {
    const made = tf.tidy(() => this.#learner.graph.run({ image: planarOf([shown]) }, { outputs }));
    try {
      const rasters = await Promise.all(outputs.map((output) => rasterFrom(made[output])));
      return Object.fromEntries(outputs.map((output, i) => [output, rasters[i]]));
    } finally {
      tf.dispose(made);
    }
  }

  weights(): Promise<Weights> {
    return this.#learner.weights();
  }

  save(weights: Weights): Promise<SavedGraph> {
    return this.#learner.save(weights);
  }

  state(): Promise<TrainerState> {
    return this.#learner.state();
  }

  restore(state: TrainerState): void {
    this.#learner.restore(state);
  }

  dispose(): void {
    this.#learner.dispose();
  }
}

/** MSE and 1 − SSIM. */
function likeness(made: tf.Tensor4D, wanted: tf.Tensor4D): tf.Scalar {
  const squared = tf.mean<tf.Scalar>(tf.square(tf.sub(made, wanted)));
  return tf.add(squared, dissimilarity(made, wanted));
}

function joined<T extends Float32Array | Uint8Array>(Kind: new (length: number) => T, parts: readonly T[]): T {
  const all = new Kind(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
