import { StudioError } from '../../core/errors';
import { toNumber } from '../../models/onnx-file/onnx';
import { AttributeType, type OnnxAttribute, type OnnxNode, type OnnxTensor } from '../../models/onnx-file/schema';

/**
 * A node of the graph while it is compiled: its attributes by type, with ONNX's defaults given by the caller. What an
 * operator does not ask for it does not honour, so {@link refuseUnread} makes an error of it.
 */
export class GraphNode {
  readonly #attributes: Map<string, OnnxAttribute>;
  readonly #unread: Set<string>;

  constructor(
    readonly source: OnnxNode,
    readonly file: string,
  ) {
    this.#attributes = new Map(source.attribute.map((attribute) => [attribute.name, attribute]));
    this.#unread = new Set(this.#attributes.keys());
  }

  get operator(): string {
    const { domain, opType } = this.source;
    return domain && domain !== 'ai.onnx' ? `${domain}.${opType}` : opType;
  }

  get name(): string {
    return this.source.name || this.source.output[0] || '(unnamed)';
  }

  /** Whether the node has its input number `index`; ONNX writes an absent one as an empty name. */
  has(index: number): boolean {
    return !!this.source.input[index];
  }

  int(name: string, fallback: number): number {
    const attribute = this.#take(name, AttributeType.int);
    return attribute ? toNumber(attribute.i ?? 0) : fallback;
  }

  float(name: string, fallback: number): number {
    return this.#take(name, AttributeType.float)?.f ?? fallback;
  }

  ints(name: string): number[] | undefined {
    return this.#take(name, AttributeType.ints)?.ints?.map(toNumber);
  }

  text(name: string, fallback: string): string {
    const bytes = this.#take(name, AttributeType.string)?.s;
    return bytes ? new TextDecoder().decode(bytes) : fallback;
  }

  tensor(name: string): OnnxTensor | undefined {
    return this.#take(name, AttributeType.tensor)?.t;
  }

  /** Reads an attribute of which only one value is supported. */
  only(name: string, value: number | string): void {
    const found = typeof value === 'number' ? this.int(name, value) : this.text(name, value);
    if (found !== value) throw this.unsupported(`has ${name} = ${found}; only ${value} is supported`);
  }

  /** Reads a list of sizes of which only `count` ones are supported. */
  onlyOnes(name: string): void {
    const found = this.ints(name);
    if (found?.some((size) => size !== 1))
      throw this.unsupported(`has ${name} = [${found.join(', ')}]; only 1 is supported`);
  }

  /** @throws StudioError `bad-weights` for an attribute that was not asked for, and for outputs beyond the first. */
  refuseUnread(): void {
    for (const name of this.#unread) throw this.unsupported(`has the attribute ${name}, which is not supported`);
    if (this.source.output.slice(1).some((output) => output)) throw this.unsupported('has more than one output');
  }

  /** An operator, or a way of using one, that is not there. */
  unsupported(what: string): StudioError {
    return this.#error(`${what}. Choose a network that was made with this studio.`);
  }

  /** Values that do not suit each other. */
  misfit(what: string): StudioError {
    return this.#error(`${what}. Feed tensors of the shapes that the network was made for, or choose another file.`);
  }

  #error(what: string): StudioError {
    const message = `${this.file} cannot be trained: the operator ${this.operator} (node ${this.name}) ${what}`;
    return new StudioError('bad-weights', 'training', message, { file: this.file });
  }

  #take(name: string, type: number): OnnxAttribute | undefined {
    this.#unread.delete(name);
    const attribute = this.#attributes.get(name);
    if (attribute && attribute.type !== type) throw this.unsupported(`has an attribute ${name} of another type`);
    return attribute;
  }
}
