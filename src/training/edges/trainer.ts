import * as tf from '@tensorflow/tfjs-core';
import { StudioError, throwIfCancelled } from '../../core/errors';
import type { Raster } from '../../core/raster';
import { EDGE_OUTPUTS } from '../../models/pidinet/pidinet';
import type { SavedGraph } from '../graph/graph';
import { differentiate, type Gradient } from '../learning/differentiate';
import { Learner } from '../learning/learner';
import { annotatorRobustLoss } from '../losses/edges';
import { loadNetwork, type NetworkForm } from '../network';
import type { EdgesConfig } from '../run/config';
import { readLosses } from '../run/losses';
import type { Measurement, StepContext, Trainer, TrainerState, TrainingSample, Weights } from '../run/trainer';
import { channelsLast, planarOf, rasterFrom } from '../tensors';
import { drawCorrection, middleOf, type CorrectedEdges } from './corrections';

const FORM: NetworkForm = { title: 'a PiDiNet', input: 'image', outputs: EDGE_OUTPUTS, sigmoids: EDGE_OUTPUTS };
const OUTPUT_LAYERS = /^(dilations|attentions|conv_reduces|classifier)\./;
/** Pictures that are measured, at most. */
const MEASURED = 8;

export interface EdgesTrainerOptions {
  readonly config: EdgesConfig;
  /** PiDiNet's .onnx file. */
  readonly init: Uint8Array;
  /** No smaller than the configured size. */
  readonly corrections: readonly CorrectedEdges[];
}

/**
 * Trains PiDiNet on edges that a person corrected, with its annotator-robust loss over all five maps (Liu et al., CVPR
 * 2017). The file's pixel difference convolutions are plain ones by now and are trained as such: a small learning rate
 * keeps them near differences. Corrections are few, so it is measured on what it is trained on, without augmentation.
 */
export class EdgesTrainer implements Trainer {
  readonly #config: EdgesConfig;
  readonly #corrections: readonly CorrectedEdges[];
  readonly #learner: Learner;
  readonly #logits: readonly string[];

  /** @throws StudioError `bad-weights`, `bad-argument`, or `image-too-small` for a picture below the configured size. */
  constructor({ config, init, corrections }: EdgesTrainerOptions) {
    const { size } = config;
    if (corrections.length === 0) throw new RangeError('There are no corrections to train on.');
    const small = corrections.find(({ image }) => image.width < size || image.height < size);
    if (small) {
      const { name, image } = small;
      const message = `${name} is ${image.width}×${image.height} pixels, and ${size}×${size} are trained on. Choose a smaller size.`;
      throw new StudioError('image-too-small', 'training', message, { file: name });
    }
    const graph = loadNetwork(init, config.init.id, FORM, {
      size,
      layers: config.layers === 'all' ? undefined : (name) => OUTPUT_LAYERS.test(name),
    });
    this.#config = config;
    this.#corrections = corrections;
    this.#learner = new Learner(graph, { beta1: 0.9, beta2: 0.99, weightDecay: 1e-4 });
    this.#logits = EDGE_OUTPUTS.map((output) => graph.logits.get(output) ?? output);
  }

  async step(context: StepContext): Promise<Record<string, number>> {
    const { random, signal, rate, step } = context;
    const drawn = Array.from({ length: context.batch }, (_, i) => {
      const chance = random.fork(`sample ${i}`);
      return drawCorrection(chance.pick(this.#corrections), this.#config.size, chance);
    });
    const planes = tf.tidy(() => ({
      image: planarOf(drawn.map(({ image }) => image)),
      labels: channelsLast(planarOf(drawn.map(({ labels }) => labels))),
    }));
    let made: Gradient | null = null;
    try {
      made = differentiate(this.#learner.trained, () => ({
        total: this.#loss(planes.image, planes.labels),
        values: {},
      }));
      const losses = await readLosses({ total: made.total }, [made.norm], context);
      throwIfCancelled(signal, 'training');
      this.#learner.apply(made.vector, rate, step);
      return losses;
    } finally {
      tf.dispose(planes);
      made?.dispose();
    }
  }

  /** PiDiNet's loss is a sum over pixels; by their number, so that figures of different sizes compare. */
  #loss(image: tf.Tensor4D, labels: tf.Tensor4D): tf.Scalar {
    const maps = this.#learner.graph.run({ image }, { training: true, outputs: this.#logits });
    const logits = this.#logits.map((name) => channelsLast(maps[name]));
    return tf.div(annotatorRobustLoss(logits, labels), labels.shape[1] * labels.shape[2]);
  }

  async measure(signal?: AbortSignal): Promise<Measurement> {
    let sum = 0;
    const measured = this.#corrections.slice(0, MEASURED);
    await this.#learner.withAverage(async () => {
      for (const correction of measured) {
        throwIfCancelled(signal, 'training');
        const { image, labels } = middleOf(correction, this.#config.size);
        const loss = tf.tidy(() => this.#loss(planarOf([image]), channelsLast(planarOf([labels]))));
        sum += (await loss.data())[0];
        loss.dispose();
      }
    });
    const loss = sum / measured.length;
    return { score: -loss, values: { loss } };
  }

  async samples(count: number, signal?: AbortSignal): Promise<TrainingSample[]> {
    const samples: TrainingSample[] = [];
    await this.#learner.withAverage(async () => {
      for (const { name, image, labels } of this.#corrections.slice(0, count)) {
        throwIfCancelled(signal, 'training');
        const wanted: Raster = { ...labels, data: labels.data.map((value) => value / 255) };
        const found = tf.tidy(() => this.#learner.graph.run({ image: planarOf([image]) }, { outputs: ['e1'] }));
        try {
          samples.push({
            name,
            pictures: [
              { title: 'Photograph', raster: image },
              { title: 'Corrected', raster: wanted },
              { title: 'Edges', raster: await rasterFrom(found.e1) },
            ],
          });
        } finally {
          tf.dispose(found);
        }
      }
    });
    return samples;
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
