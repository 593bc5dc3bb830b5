import * as tf from '@tensorflow/tfjs-core';
import { throwIfCancelled } from '../../core/errors';
import type { Raster } from '../../core/raster';
import { detectorForm, type DetectorForm } from '../../models/detector/form';
import { imageScore } from '../../models/detector/score';
import { parseOnnx } from '../../models/onnx-file/onnx';
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
  readonly figures: RankingFigures;
}

/**
 * What scores come to, each marked as wanted (1) or not (0). They are handed in because stages do not import each other:
 * src/evaluation/labelled-scores.ts.
 */
export interface RankingFigures {
  readonly averagePrecision: (scores: Float32Array, wanted: Uint8Array) => number;
  readonly thresholdOfBestF1: (scores: Float32Array, wanted: Uint8Array) => number;
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
  readonly #form: DetectorForm;
  readonly #outputs: readonly string[];

  /** @throws StudioError `bad-weights` or `bad-argument` when the file, its layers or the size do not suit. */
  constructor(options: DetectorTrainerOptions) {
    const { config, init, heldOut } = options;
    if (!heldOut.some(({ mask }) => mask) || !heldOut.some(({ mask }) => !mask)) {
      throw new RangeError('Measuring takes pictures with anomalies and pictures without.');
    }
    const form = detectorForm(parseOnnx(init, config.init.id), config.init.id);
    const graph = loadNetwork(init, config.init.id, FORM, {
      size: config.size,
      layers: config.layers === 'all' ? undefined : (name) => LOCALIZATION.test(name),
    });
    this.#options = options;
    this.#form = form;
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
        const made = graph.run({ image: this.#normalised(batch.shown) }, { training: true, outputs: this.#outputs });
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

  /** RGB in [0, 1] as the file wants it. */
  #normalised(planar: tf.Tensor4D): tf.Tensor4D {
    const [mean, std] = [this.#form.input.mean, this.#form.input.std].map((each) =>
      tf.tensor4d([...each], [1, 3, 1, 1]),
    );
    return tf.div(tf.sub(planar, mean), std);
  }

  async measure(signal?: AbortSignal): Promise<Measurement> {
    const { averagePrecision, thresholdOfBestF1 } = this.#options.figures;
    const { pixels, images } = await this.#learner.withAverage(() => this.#score(signal));
    const values = {
      pixelAp: averagePrecision(pixels.scores, pixels.wanted),
      imageAp: averagePrecision(images.scores, images.wanted),
    };
    const threshold = ({ scores, wanted }: Labelled) => Number(thresholdOfBestF1(scores, wanted).toFixed(4));
    const metadata = {
      ...this.#size,
      'detector.threshold': JSON.stringify({ image: threshold(images), pixel: threshold(pixels) }),
    };
    return { score: values.pixelAp, values, metadata };
  }

  /** Scores of all held-out pixels and pictures, the latter by the file's own rule. */
  async #score(signal?: AbortSignal): Promise<{ pixels: Labelled; images: Labelled }> {
    const { heldOut } = this.#options;
    const maps: Raster[] = [];
    for (const { shown } of heldOut) {
      throwIfCancelled(signal, 'training');
      maps.push((await this.#run(shown, ['anomaly_map'])).anomaly_map);
    }
    const plane = maps[0].data.length;
    const scores = new Float32Array(maps.length * plane);
    const wanted = new Uint8Array(scores.length);
    maps.forEach(({ data }, i) => {
      scores.set(data, i * plane);
      heldOut[i].mask?.data.forEach((inside, at) => (wanted[i * plane + at] = inside > 0.5 ? 1 : 0));
    });
    const images = {
      scores: Float32Array.from(maps, (map) => imageScore(map, this.#form.score)),
      wanted: Uint8Array.from(heldOut, ({ mask }) => (mask ? 1 : 0)),
    };
    return { pixels: { scores, wanted }, images };
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
    const made = tf.tidy(() => this.#learner.graph.run({ image: this.#normalised(planarOf([shown])) }, { outputs }));
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

  /** With the size it was trained at, and thresholds of the best F1 on the held-out pictures when it was measured. */
  save(weights: Weights, metadata: Measurement['metadata'] = {}): Promise<SavedGraph> {
    return this.#learner.save(weights, { ...this.#size, ...metadata });
  }

  get #size(): Record<string, string> {
    return { 'detector.size': String(this.#options.config.size) };
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

/** Scores, and which of them should be high. */
interface Labelled {
  readonly scores: Float32Array;
  readonly wanted: Uint8Array;
}
