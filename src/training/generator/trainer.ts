import * as tf from '@tensorflow/tfjs-core';
import { createCpuBackend } from '../../compute/cpu';
import { throwIfCancelled } from '../../core/errors';
import { Random } from '../../core/random';
import { createRaster, filledRaster, type Raster } from '../../core/raster';
import { GENERATOR_FIT, reconstructionFit } from '../../models/generator/fit';
import { Discriminator } from '../discriminator';
import { TrainableGraph, type SavedGraph } from '../graph/graph';
import { differentiate, type Gradient } from '../learning/differentiate';
import { Learner } from '../learning/learner';
import { joinStates, Optimized, partOfState } from '../learning/optimized';
import { rampedIn } from '../learning/schedule';
import { adversarialLoss, matchingLoss, type Judgement } from '../losses/adversarial';
import { edgeLoss } from '../losses/edges';
import { colourLoss, gradientLoss, maskedL1 } from '../losses/reconstruction';
import { loadNetwork, type NetworkForm } from '../network';
import type { GeneratorConfig } from '../run/config';
import { readLosses } from '../run/losses';
import type { Measurement, StepContext, Trainer, TrainerState, TrainingSample, Weights } from '../run/trainer';
import { channelsFirst, channelsLast, planarOf, rasterFrom } from '../tensors';
import type { GeneratorPair, Normal, PairSource } from './pairs';
import { edgeAgreement } from './quality';

/** Weights of the losses, for images in [0, 1]; the recipe of the shipped generator (foundry/generator/train.py). */
const WEIGHTS = { l1: 20, colour: 20, gradient: 20, edge: 2, adversarial: 1, matching: 10 } as const;
/** Share of the run over which the discriminator's weight grows to full. */
const ADVERSARIAL_RAMP = 0.1;
/** The discriminator's fine scale and the edge loss look at a random square of this side, the coarse scale at all, px. */
const CROP = 160;
/** The edge loss is computed every so many steps, with its weight as many times larger. */
const EDGE_EVERY = 3;
/** Reach of e1's convolutions: how far a crop's border disturbs its edge map, px. */
const EDGE_REACH = 16;
/** What turns averages over the picture into its colours is few weights; they may move faster. */
const CONTEXT = /^(context|scale|shift)\./;
const CONTEXT_FACTOR = 5;
/** Kept numbers, not weights: what those averages are standardised by. */
const STANDARDS = /^average_(mean|scale)$/;
const DECODER = /^(reduce|up|blocks|context|scale|shift|head)\./;
/** A picture counts as one of the product if it is remade no worse than the worst held-out one, by more than this. */
const FIT_MARGIN = 0.05;
/** Held-out pictures that are measured, at most. */
const MEASURED = 8;

/** Metadata entry with the side of the pictures it was trained on, px. */
const SIZE = 'generator.size';

const FORM: NetworkForm = {
  title: 'an edge-to-image generator',
  input: 'edges',
  outputs: ['image'],
  sigmoids: [],
  multiple: 'generator.multiple',
};

export interface GeneratorTrainerOptions {
  readonly config: GeneratorConfig;
  /** The generator's .onnx file. */
  readonly init: Uint8Array;
  /** PiDiNet's .onnx file, by which the result's edges are held against those it was made from; null: they are not. */
  readonly edgeDetector: { readonly bytes: Uint8Array; readonly name: string } | null;
  readonly pairs: PairSource;
  /** Photographs that are not trained on. */
  readonly heldOut: readonly Normal[];
  /** Width of the discriminator's first layer. */
  readonly discriminatorWidth?: number;
}

/**
 * Trains an edge-to-image generator: pix2pixHD's recipe (Wang et al., CVPR 2018: LSGAN over two scales, feature
 * matching) with DeepSIM's warps, and in place of its VGG loss, colour before detail, gradients at three scales, and the
 * edges that PiDiNet finds in the result. It owns networks and optimisers.
 */
export class GeneratorTrainer implements Trainer {
  readonly #config: GeneratorConfig;
  readonly #learner: Learner;
  readonly #discriminator: Discriminator;
  readonly #judge: Optimized;
  readonly #edgeDetector: TrainableGraph | null;
  readonly #pairs: PairSource;
  readonly #heldOut: readonly Normal[];
  readonly #backend = createCpuBackend();

  /** @throws StudioError `bad-weights` or `bad-argument` when the file, its layers or the size do not suit. */
  constructor({ config, init, edgeDetector, pairs, heldOut, discriminatorWidth }: GeneratorTrainerOptions) {
    if (heldOut.length === 0) throw new RangeError('There is no photograph to measure with.');
    const graph = loadNetwork(init, config.init.id, FORM, {
      size: config.size,
      layers: config.layers === 'all' ? undefined : (name) => DECODER.test(name),
      frozen: (name) => STANDARDS.test(name),
    });
    try {
      this.#edgeDetector =
        edgeDetector && TrainableGraph.load(edgeDetector.bytes, edgeDetector.name, { frozen: () => true });
    } catch (error) {
      graph.dispose();
      throw error;
    }
    const factor = (name: string) => (CONTEXT.test(name) ? CONTEXT_FACTOR : 1);
    // Single pictures pull the colours apart; momentum averages over them.
    this.#learner = new Learner(graph, { beta1: 0.9, beta2: 0.99, factor });
    const random = new Random(config.seed).fork('discriminator');
    this.#discriminator = new Discriminator(random, { width: discriminatorWidth });
    this.#judge = new Optimized(this.#discriminator.variables, { beta1: 0.5, beta2: 0.99 });
    this.#config = config;
    this.#pairs = pairs;
    this.#heldOut = heldOut.slice(0, MEASURED);
  }

  async step(context: StepContext): Promise<Record<string, number>> {
    const { step, progress, rate, random, signal } = context;
    const { adversarialFrom, size } = this.#config;
    const batch = upload(Array.from({ length: context.batch }, (_, i) => this.#pairs.draw(random.fork(`pair ${i}`))));
    const share = batch.known.length > 0 ? rampedIn(progress, adversarialFrom, ADVERSARIAL_RAMP) : 0;
    const crop = cropOf(size, random.fork('crop'));
    let made: GeneratorStep | null = null;
    let judged: Gradient | null = null;
    try {
      made = this.#generatorStep(batch, crop, share, step % EDGE_EVERY === 0);
      judged = made.fake && this.#discriminatorStep(batch, made.fake, crop);
      const losses = await readLosses(
        { total: made.total, ...made.values, ...(judged && { discriminator: judged.total }) },
        judged ? [made.norm, judged.norm] : [made.norm],
        context,
      );
      throwIfCancelled(signal, 'training');
      this.#learner.apply(made.vector, rate, step);
      if (judged) this.#judge.apply(judged.vector, rate);
      return losses;
    } finally {
      batch.dispose();
      made?.dispose();
      judged?.dispose();
    }
  }

  /** The generator's losses and gradients, and what it made of the pairs that are known all over, if that is judged. */
  #generatorStep(batch: Batch, crop: Crop, share: number, withEdges: boolean): GeneratorStep {
    const kept: tf.Tensor4D[] = [];
    try {
      const made = differentiate(this.#learner.trained, () => {
        const result = this.#paint(batch.edges, true);
        const edges = channelsLast(batch.edges);
        const values: Record<string, tf.Scalar> = {
          l1: maskedL1(result, batch.image, batch.knownMask),
          colour: colourLoss(result, batch.image, batch.knownMask),
          gradient: gradientLoss(result, batch.image, batch.knownMask, batch.emptyMask),
        };
        const terms: tf.Scalar[] = [
          tf.mul(values.l1, WEIGHTS.l1),
          tf.mul(values.colour, WEIGHTS.colour),
          tf.mul(values.gradient, WEIGHTS.gradient),
        ];
        if (withEdges && this.#edgeDetector) {
          const found = this.#edgesOf(this.#edgeDetector, crop(result), 'logits');
          values.edge = edgeLoss(found, crop(edges), crop.whole ? 0 : EDGE_REACH);
          terms.push(tf.mul(values.edge, EDGE_EVERY * WEIGHTS.edge));
        }
        if (share > 0) {
          // Where the truth is unknown there is no real pair to show to the discriminator.
          const [given, real, painted] = [edges, batch.image, result].map((x) => takeKnown(x, batch));
          kept.push(tf.keep(tf.clone(painted)));
          const judgement = this.#judgementOf(given, painted, crop);
          values.adversarial = adversarialLoss(judgement, true);
          values.matching = matchingLoss(judgement, this.#judgementOf(given, real, crop));
          terms.push(tf.mul(values.adversarial, share * WEIGHTS.adversarial));
          terms.push(tf.mul(values.matching, share * WEIGHTS.matching));
        }
        return { total: tf.addN(terms), values };
      });
      return {
        ...made,
        fake: kept.at(0) ?? null,
        dispose() {
          made.dispose();
          tf.dispose(kept);
        },
      };
    } catch (error) {
      tf.dispose(kept);
      throw error;
    }
  }

  /** ½ (real + fake) of LSGAN for the discriminator, as it was when the generator was held against it. */
  #discriminatorStep(batch: Batch, fake: tf.Tensor4D, crop: Crop): Gradient {
    return differentiate(this.#judge.trained, () => {
      const [given, real] = [channelsLast(batch.edges), batch.image].map((x) => takeKnown(x, batch));
      const sides = [
        adversarialLoss(this.#judgementOf(given, real, crop), true),
        adversarialLoss(this.#judgementOf(given, fake, crop), false),
      ];
      return { total: tf.div(tf.addN(sides), 2), values: {} };
    });
  }

  /** The fine scale sees a crop, every coarser one the whole pair at half the size of the one before. */
  #judgementOf(edges: tf.Tensor4D, image: tf.Tensor4D, crop: Crop): Judgement {
    let [e, i] = [edges, image];
    return Array.from({ length: this.#discriminator.scales }, (_, scale) => {
      if (scale === 0) return this.#discriminator.judge(scale, crop(e), crop(i));
      [e, i] = [e, i].map((x) => tf.avgPool(x, 2, 2, 'valid'));
      return this.#discriminator.judge(scale, e, i);
    });
  }

  /** [N, 1, H, W] → [N, H, W, 3] */
  #paint(edges: tf.Tensor4D, training: boolean): tf.Tensor4D {
    return channelsLast(this.#learner.graph.run({ edges }, { training, outputs: ['image'] }).image);
  }

  /** e1 of images [N, H, W, 3] as [N, H, W, 1]. */
  #edgesOf(detector: TrainableGraph, images: tf.Tensor4D, as: 'logits' | 'strength'): tf.Tensor4D {
    const output = (as === 'logits' && detector.logits.get('e1')) || 'e1';
    return channelsLast(detector.run({ image: channelsFirst(images) }, { outputs: [output] })[output]);
  }

  async measure(signal?: AbortSignal): Promise<Measurement> {
    const sums: Record<string, number> = {};
    const worst = { ssim: 1, l1: 0 };
    const add = (name: string, value: number) => (sums[name] = (sums[name] ?? 0) + value / this.#heldOut.length);
    await this.#learner.withAverage(async () => {
      for (const normal of this.#heldOut) {
        throwIfCancelled(signal, 'training');
        const { image, edges } = await this.#remake(normal);
        const backend = this.#backend;
        const { l1, ssim } = await reconstructionFit(backend, backend.upload(normal.image), backend.upload(image));
        worst.ssim = Math.min(worst.ssim, ssim);
        worst.l1 = Math.max(worst.l1, l1);
        add('l1', l1);
        add('ssim', ssim);
        if (edges) add('edgeF1', edgeAgreement(edges, normal.edges));
      }
    });
    const limits = { ssim: worst.ssim - FIT_MARGIN, l1: worst.l1 + FIT_MARGIN };
    const rounded = JSON.stringify(limits, (_, value) =>
      typeof value === 'number' ? Number(value.toFixed(4)) : value,
    );
    const metadata = { [SIZE]: String(this.#config.size), [GENERATOR_FIT]: rounded };
    return { score: sums.ssim - sums.l1, values: sums, metadata };
  }

  async samples(count: number, signal?: AbortSignal): Promise<TrainingSample[]> {
    const samples: TrainingSample[] = [];
    await this.#learner.withAverage(async () => {
      for (const normal of this.#heldOut.slice(0, count)) {
        throwIfCancelled(signal, 'training');
        const { image } = await this.#remake(normal);
        samples.push({
          name: normal.name,
          pictures: [
            { title: 'Photograph', raster: normal.image },
            { title: 'Edges', raster: normal.edges },
            { title: 'Result', raster: image },
          ],
        });
      }
    });
    return samples;
  }

  /** What the network makes of a photograph's edges, and the edges of that. */
  async #remake(normal: Normal): Promise<{ image: Raster; edges: Raster | null }> {
    const made = tf.tidy((): { image: tf.Tensor4D; edges?: tf.Tensor4D } => {
      const result = this.#paint(planarOf([normal.edges]), false);
      const image = channelsFirst(result);
      if (!this.#edgeDetector) return { image };
      return { image, edges: channelsFirst(this.#edgesOf(this.#edgeDetector, result, 'strength')) };
    });
    try {
      return { image: await rasterFrom(made.image), edges: made.edges ? await rasterFrom(made.edges) : null };
    } finally {
      tf.dispose(made);
    }
  }

  weights(): Promise<Weights> {
    return this.#learner.weights();
  }

  save(weights: Weights, metadata: Measurement['metadata'] = {}): Promise<SavedGraph> {
    return this.#learner.save(weights, { [SIZE]: String(this.#config.size), ...metadata });
  }

  async state(): Promise<TrainerState> {
    return joinStates({ generator: await this.#learner.state(), discriminator: await this.#judge.state() });
  }

  restore(state: TrainerState): void {
    this.#learner.restore(partOfState(state, 'generator'));
    this.#judge.restore(partOfState(state, 'discriminator'));
  }

  dispose(): void {
    this.#learner.dispose();
    this.#judge.dispose();
    this.#discriminator.dispose();
    this.#edgeDetector?.dispose();
  }
}

interface GeneratorStep extends Gradient {
  /** What was judged, [N, H, W, 3]; null if nothing was. */
  readonly fake: tf.Tensor4D | null;
}

/** Pairs on the device. The owner disposes of it. */
interface Batch {
  /** [N, 1, H, W] */
  readonly edges: tf.Tensor4D;
  /** [N, H, W, 3] */
  readonly image: tf.Tensor4D;
  /** [N, H, W, 1] */
  readonly knownMask: tf.Tensor4D;
  readonly emptyMask: tf.Tensor4D;
  /** Which of the pairs are known all over. */
  readonly known: readonly number[];
  dispose(): void;
}

function upload(pairs: readonly GeneratorPair[]): Batch {
  const [{ edges }] = pairs;
  const ones = filledRaster(edges.width, edges.height, 1);
  const zeros = createRaster(edges.width, edges.height);
  const tensors = tf.tidy(() => ({
    edges: planarOf(pairs.map((pair) => pair.edges)),
    image: channelsLast(planarOf(pairs.map((pair) => pair.image))),
    knownMask: channelsLast(planarOf(pairs.map((pair) => pair.known ?? ones))),
    emptyMask: channelsLast(planarOf(pairs.map((pair) => pair.empty ?? zeros))),
  }));
  const known = pairs.flatMap((pair, i) => (pair.known ? [] : [i]));
  return { ...tensors, known, dispose: () => tf.dispose(tensors) };
}

/** The pictures of the pairs that are known all over. */
function takeKnown(x: tf.Tensor4D, { known }: Batch): tf.Tensor4D {
  return known.length === x.shape[0] ? x : tf.gather(x, tf.tensor1d([...known], 'int32'));
}

/** The same square of [N, H, W, C], wherever it is taken. */
interface Crop {
  (x: tf.Tensor4D): tf.Tensor4D;
  /** Whether it is the whole picture. */
  readonly whole: boolean;
}

function cropOf(size: number, random: Random): Crop {
  if (size <= CROP) return Object.assign((x: tf.Tensor4D) => x, { whole: true });
  const [y, x] = [random.int(0, size - CROP), random.int(0, size - CROP)];
  const take = (planes: tf.Tensor4D) => tf.slice(planes, [0, y, x, 0], [planes.shape[0], CROP, CROP, planes.shape[3]]);
  return Object.assign(take, { whole: false });
}
