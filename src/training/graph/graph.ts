import * as tf from '@tensorflow/tfjs-core';
import { StudioError } from '../../core/errors';
import { halfBits, halfValue, MAX_HALF } from '../../models/onnx-file/half';
import {
  floatInitializers,
  parseOnnx,
  readFloats,
  serializeOnnx,
  setMetadata,
  toNumber,
  writeFloats,
} from '../../models/onnx-file/onnx';
import { DataType, type OnnxModel } from '../../models/onnx-file/schema';
import { GraphNode } from './node';
import { Inputs, type Kernel, type RunMode } from './operators/operator';
import { numbersOf } from './operators/shaping';
import { OPERATORS } from './operators/table';
import { Value } from './value';

export interface GraphOptions {
  /** Whether an initializer keeps its values; by default all but the statistics of normalisations are trained. */
  readonly frozen?: (initializer: string) => boolean;
}

export interface RunOptions extends Partial<RunMode> {
  /**
   * The outputs wanted, or their {@link TrainableGraph.logits}; all outputs if left out. What only others need is not
   * computed.
   */
  readonly outputs?: readonly string[];
}

export interface SaveOptions {
  /** Values to write in place of some variables' present ones, e.g. a moving average; in their dims. */
  readonly values?: ReadonlyMap<string, Float32Array>;
  /** Metadata entries to add, or to put in place of those there are. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A trained network as a file. */
export interface SavedGraph {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A sentence for each initializer some of whose values the file's float16 could not hold. Rounding alone is none. */
  readonly notes: readonly string[];
}

interface Step {
  readonly node: GraphNode;
  readonly kernel: Kernel;
  /** Names of the values it reads, empty for an absent one. */
  readonly inputs: readonly string[];
  readonly output: string;
}

/** Steps that lead to some outputs, in order, each with the names of values nothing reads any more after it. */
type Plan = readonly { readonly step: Step; readonly done: readonly string[] }[];

const FIRST_OPSET = 13;
const LAST_OPSET = 17;

/**
 * An ONNX file as a TensorFlow.js model that can be trained: float initializers are variables, nodes are TensorFlow.js
 * operations with right gradients, and trained values go back into the file, which otherwise stays as it is. Weights
 * stored as float16 are trained in float32. Images are NCHW outside, as in ONNX, and NHWC inside.
 */
export class TrainableGraph {
  /** What the network is called in errors, e.g. its file name. */
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** By the name of the initializer, in the file's order and with the file's dims (convolutions: [M, C, kH, kW]). */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /**
   * Output → what it is the sigmoid of. {@link run} takes the names of logits like those of outputs: cross-entropy of a
   * sigmoid's own result has no gradient where that rounds to 0 or 1.
   */
  readonly logits: ReadonlyMap<string, string>;
  readonly #steps: readonly Step[];
  /** Variables, what is known without running, and the names under which Cast nodes repeat them. */
  readonly #fixed: ReadonlyMap<string, Value>;
  readonly #file: Uint8Array;
  readonly #plans = new Map<string, Plan>();

  private constructor(file: Uint8Array, name: string, model: OnnxModel, steps: readonly Step[], weights: Weights) {
    this.name = name;
    this.inputs = model.graph.input.map((input) => input.name).filter((input) => !weights.fixed.has(input));
    this.outputs = model.graph.output.map((output) => output.name);
    this.variables = weights.variables;
    const found = findLogits(this.outputs, steps);
    this.logits = new Map(found.map(({ output, logits }) => [output, logits]));
    this.#steps = [...steps, ...found.flatMap((each) => each.steps)];
    this.#fixed = weights.fixed;
    this.#file = file;
  }

  /**
   * @param bytes the .onnx file; it is copied, for {@link save}.
   * @param name what to call it in errors, e.g. its file name.
   * @throws StudioError `bad-weights` if it is no network, or one with operators or attributes that cannot be trained.
   */
  static load(bytes: Uint8Array, name: string, options: GraphOptions = {}): TrainableGraph {
    const file = bytes.slice();
    const model = parseOnnx(file, name);
    checkOpset(model, name);
    const nodes = model.graph.node.map((source) => new GraphNode(source, name));
    const aliases = castAliases(nodes, floatInitializers(model));
    const steps: Step[] = [];
    for (const node of nodes) {
      const operator = OPERATORS.get(node.operator);
      if (!operator) throw node.unsupported('is not one that can be trained');
      const kernel = operator.compile(node);
      node.refuseUnread();
      const { input, output } = node.source;
      if (!aliases.has(output[0])) steps.push({ node, kernel, inputs: input, output: output[0] });
    }
    return new TrainableGraph(file, name, model, steps, readWeights(model, steps, aliases, name, options));
  }

  /** The variables a gradient trains, for `tf.variableGrads` and optimisers. */
  get trainable(): tf.Variable[] {
    return [...this.variables.values()].filter((variable) => variable.trainable);
  }

  /**
   * Runs the network. Within `tf.variableGrads` the outputs can be differentiated by the variables and the inputs.
   * @param feeds by input name, images as [N, C, H, W]; they are only read.
   * @returns new tensors by output name, the caller's to dispose of (or of the surrounding `tf.tidy`).
   * @throws StudioError `bad-argument` for feeds or outputs the network has not, `bad-weights` for shapes that do not
   * suit its nodes.
   */
  run(feeds: Readonly<Record<string, tf.Tensor>>, options: RunOptions = {}): Record<string, tf.Tensor> {
    const { training = false, outputs = this.outputs } = options;
    const plan = this.#planFor(outputs);
    const values = new Map<string, Value>();
    try {
      this.#feed(feeds, plan, outputs, values);
      for (const { step, done } of plan) {
        const inputs = new Inputs(
          step.node,
          step.inputs.map((input) => (input ? (values.get(input) ?? this.#fixed.get(input)) : undefined)),
        );
        values.set(step.output, runStep(step, inputs, training));
        for (const name of done) {
          values.get(name)?.dispose();
          values.delete(name);
        }
      }
      return tf.tidy(() => {
        const results: Record<string, tf.Tensor> = {};
        for (const output of outputs) {
          const value = values.get(output) ?? this.#fixed.get(output);
          if (!value) throw this.#error('bad-weights', `never computes its output ${output}. Choose another file`);
          results[output] = tf.clone(value.tensor('plain'));
        }
        return results;
      });
    } finally {
      for (const value of values.values()) value.dispose();
      // Layouts of weights that were made for this run; the variables themselves stay.
      for (const value of this.#fixed.values()) value.dispose();
    }
  }

  /**
   * The file with the variables' present values, in the precision in which each is stored; all else is as it was.
   * Values beyond float16 become its greatest, which a note says.
   * @throws StudioError `model-failed` if a variable holds values that are not finite.
   */
  async save({ values = new Map(), metadata = {} }: SaveOptions = {}): Promise<SavedGraph> {
    const model = parseOnnx(this.#file, this.name);
    const stored = floatInitializers(model);
    const notes: string[] = [];
    for (const [name, variable] of this.variables) {
      const tensor = stored.get(name);
      if (!tensor) throw new RangeError(`${this.name} has no initializer ${name}.`);
      const data = Float32Array.from(values.get(name) ?? (await variable.data<'float32'>()));
      const bad = data.filter((value) => !Number.isFinite(value)).length;
      if (bad) {
        const what = `has ${bad} of ${data.length} weights in ${name} that are no finite numbers`;
        throw this.#error('model-failed', `${what}: training diverged. Train again with a lower learning rate`);
      }
      if (tensor.dataType === DataType.float16) {
        const note = fitHalf(data, name);
        if (note) notes.push(note);
      }
      writeFloats(tensor, data, 'stored');
    }
    for (const [key, value] of Object.entries(metadata)) setMetadata(model, key, value);
    return { bytes: serializeOnnx(model), notes };
  }

  /** Frees the variables. The graph cannot be run afterwards. */
  dispose(): void {
    for (const variable of this.variables.values()) variable.dispose();
  }

  #error(code: 'bad-argument' | 'bad-weights' | 'model-failed', what: string): StudioError {
    return new StudioError(code, 'training', `${this.name} ${what}.`, { file: this.name });
  }

  #feed(
    feeds: Readonly<Record<string, tf.Tensor>>,
    plan: Plan,
    outputs: readonly string[],
    values: Map<string, Value>,
  ): void {
    for (const name of Object.keys(feeds)) {
      if (!this.inputs.includes(name)) {
        throw this.#error('bad-argument', `has no input ${name}; feed ${this.inputs.join(', ')}`);
      }
    }
    const needed = new Set([...plan.flatMap(({ step }) => step.inputs), ...outputs]);
    for (const name of this.inputs) {
      if (!needed.has(name)) continue;
      if (!Object.hasOwn(feeds, name)) throw this.#error('bad-argument', `needs its input ${name}; feed it too`);
      const feed = feeds[name];
      if (feed.dtype !== 'float32') {
        throw this.#error('bad-argument', `wants float32 for its input ${name}, not ${feed.dtype}; convert it first`);
      }
      values.set(name, Value.of({ tensor: tf.clone(feed), layout: 'plain' }));
    }
  }

  #planFor(outputs: readonly string[]): Plan {
    const key = outputs.join('\n');
    let plan = this.#plans.get(key);
    if (!plan) this.#plans.set(key, (plan = this.#makePlan(outputs)));
    return plan;
  }

  #makePlan(outputs: readonly string[]): Plan {
    for (const output of outputs) {
      if (!this.outputs.includes(output) && ![...this.logits.values()].includes(output)) {
        throw this.#error('bad-argument', `has no output ${output}; ask for ${this.outputs.join(', ')}`);
      }
    }
    // Backwards from the outputs; the first reader met is the last of the run.
    const wanted = new Set(outputs);
    const seen = new Set(outputs);
    const plan: { step: Step; done: string[] }[] = [];
    for (const step of this.#steps.toReversed()) {
      if (!wanted.has(step.output)) continue;
      const done: string[] = [];
      for (const input of step.inputs) {
        if (!input || this.#fixed.has(input)) continue;
        wanted.add(input);
        if (!seen.has(input)) done.push(input);
        seen.add(input);
      }
      plan.push({ step, done });
    }
    return plan.reverse();
  }
}

/** Operators that only move the values of their first input. */
const MOVES = new Set(['Identity', 'Reshape', 'Slice', 'Squeeze', 'Transpose', 'Unsqueeze']);

/** For each output that comes of a sigmoid, perhaps moved since: its logits, and the steps that move them alike. */
function findLogits(
  outputs: readonly string[],
  steps: readonly Step[],
): { output: string; logits: string; steps: readonly Step[] }[] {
  const makers = new Map(steps.map((step) => [step.output, step]));
  return outputs.flatMap((output) => {
    const moves: Step[] = [];
    let step = makers.get(output);
    while (step && MOVES.has(step.node.operator)) {
      moves.unshift(step);
      step = makers.get(step.inputs[0]);
    }
    if (step?.node.operator !== 'Sigmoid') return [];
    let [logits] = step.inputs;
    const moved = moves.map((move) => {
      const inputs = [logits, ...move.inputs.slice(1)];
      logits = `${move.output}/logits`;
      return { ...move, inputs, output: logits };
    });
    return [{ output, logits, steps: moved }];
  });
}

function runStep({ node, kernel }: Step, inputs: Inputs, training: boolean): Value {
  const engine = tf.engine();
  engine.startScope(node.name);
  try {
    return Value.of(kernel(inputs, { training }));
  } catch (error) {
    if (error instanceof StudioError) throw error;
    throw node.misfit(`failed (${error instanceof Error ? error.message : String(error)})`);
  } finally {
    engine.endScope();
  }
}

function checkOpset(model: OnnxModel, name: string): void {
  const version = toNumber(model.opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx')?.version ?? 0);
  if (version >= FIRST_OPSET && version <= LAST_OPSET) return;
  const range = `opsets ${FIRST_OPSET} to ${LAST_OPSET}`;
  const message = `${name} is of ONNX opset ${version}; only ${range} can be trained. Export the network again with one.`;
  throw new StudioError('bad-weights', 'training', message, { file: name });
}

/** The file's initializers: variables by their names, and all that is fixed by the names under which nodes read it. */
interface Weights {
  readonly variables: ReadonlyMap<string, tf.Variable>;
  readonly fixed: ReadonlyMap<string, Value>;
}

function readWeights(
  model: OnnxModel,
  steps: readonly Step[],
  aliases: ReadonlyMap<string, string>,
  name: string,
  options: GraphOptions,
): Weights {
  // Initializers read as tensors rather than as sizes and axes, and those of them that are statistics.
  const asTensors = new Set<string>();
  const statistics = new Set<string>();
  const readers = new Map<string, GraphNode>();
  for (const { node, inputs } of steps) {
    const operator = OPERATORS.get(node.operator);
    inputs.forEach((input, i) => {
      const origin = aliases.get(input) ?? input;
      readers.set(origin, node);
      if (!operator?.numbers?.includes(i)) asTensors.add(origin);
      if (operator?.statistics?.includes(i)) statistics.add(origin);
    });
  }

  const floats = floatInitializers(model);
  const variables = new Map<string, tf.Variable>();
  const fixed = new Map<string, Value>();
  try {
    for (const tensor of model.graph.initializer) {
      const initializer = tensor.name ?? '';
      const reader = readers.get(initializer);
      if (!reader) continue;
      if (floats.has(initializer) && asTensors.has(initializer)) {
        const { dims, data } = readFloats(tensor, name);
        const trainable = !statistics.has(initializer) && !options.frozen?.(initializer);
        const variable = tf.tidy(() => tf.variable(tf.tensor(data, [...dims], 'float32'), trainable));
        variables.set(initializer, variable);
        fixed.set(initializer, Value.ofVariable(variable));
      } else {
        fixed.set(initializer, Value.of(numbersOf(tensor, reader)));
      }
    }
  } catch (error) {
    for (const variable of variables.values()) variable.dispose();
    throw error;
  }
  for (const [alias, initializer] of aliases) {
    const value = fixed.get(initializer);
    if (value) fixed.set(alias, value);
  }
  return { variables, fixed };
}

/** Output of a Cast to float32 → the float initializer it reads: the same values, so the same variable. */
function castAliases(nodes: readonly GraphNode[], weights: ReadonlyMap<string, unknown>): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const node of nodes) {
    const { input, output } = node.source;
    if (node.operator === 'Cast' && weights.has(input[0]) && node.int('to', 0) === DataType.float) {
      aliases.set(output[0], input[0]);
    }
  }
  return aliases;
}

/** Brings values into the range of float16; a sentence if that is more than rounding. */
function fitHalf(data: Float32Array, name: string): string | undefined {
  let clamped = 0;
  let vanished = 0;
  data.forEach((value, i) => {
    if (!Number.isFinite(halfValue(halfBits(value)))) {
      data[i] = Math.sign(value) * MAX_HALF;
      clamped++;
    } else if (value !== 0 && halfValue(halfBits(value)) === 0) {
      vanished++;
    }
  });
  const parts = [
    clamped && `${clamped} beyond ±${MAX_HALF} were cut to it`,
    vanished && `${vanished} too small for it became 0`,
  ].filter(Boolean);
  return parts.length
    ? `${name} is stored as float16: of its ${data.length} values ${parts.join(', and ')}.`
    : undefined;
}
