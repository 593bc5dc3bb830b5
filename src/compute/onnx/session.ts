import type { InferenceSession, Tensor, TensorConstructor, TensorFactory } from 'onnxruntime-web';
import { StudioError } from '../../core/errors';
import { rasterOf } from '../../core/raster';
import type { CpuRaster, DeviceRaster, GpuRaster } from '../backend';
import type { WebGpuBackend } from '../webgpu';
import { JobQueue } from './queue';

/**
 * One session type over ONNX Runtime's three builds: wasm, WebGPU (both onnxruntime-web) and native (onnxruntime-node).
 * Tensors go in and come out as rasters, float32 [1, C, H, W], on the device where the runtime computes.
 */

/** An input or output of a network. */
export interface TensorInfo {
  readonly name: string;
  /** Element type as ONNX Runtime names it, e.g. `float32`. */
  readonly type: string;
  /** Sizes of the axes; a name stands for a size that the fed tensors decide. */
  readonly shape: readonly (number | string)[];
}

/** Values in memory, of any shape, for inputs that are no images. */
export type HostTensor =
  | { readonly type: 'float32'; readonly dims: readonly number[]; readonly data: Float32Array }
  | { readonly type: 'int64'; readonly dims: readonly number[]; readonly data: BigInt64Array };

/** What a network's outputs come to in memory: row-major, as many values as the product of dims. */
export interface HostValues {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

export interface OnnxSession {
  /** Where feeds have to lie and results will. */
  readonly device: DeviceRaster['device'];
  /** What the network is called in errors, e.g. its file name. */
  readonly name: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Runs the network once. Feeds are only read; results are new rasters that the caller releases. On WebGPU neither is
   * copied or read back: the results are computed when the device gets there, as with every kernel.
   * @param outputs the outputs wanted, all if left out.
   * @throws StudioError `bad-argument` when feeds do not fit the inputs, `model-failed`, `out-of-memory`, `device-lost`,
   * or `cancelled` when the signal is aborted before the run's turn.
   */
  run(
    feeds: Readonly<Record<string, DeviceRaster>>,
    outputs?: readonly string[],
    signal?: AbortSignal,
  ): Promise<Record<string, DeviceRaster>>;
  /**
   * {@link run} for networks whose inputs or outputs are no images: feeds may be tensors in memory of any shape beside
   * rasters of the device, and the outputs, float32 of any shape, are read back.
   */
  compute(
    feeds: Readonly<Record<string, DeviceRaster | HostTensor>>,
    outputs?: readonly string[],
    signal?: AbortSignal,
  ): Promise<Record<string, HostValues>>;
  /** Frees the network after the runs already asked for. Further runs are an error; a second release is not. */
  release(): Promise<void>;
}

export interface OnnxRuntime {
  readonly name: 'wasm' | 'webgpu' | 'node';
  readonly device: DeviceRaster['device'];
  /** Threads a run may use on the CPU. */
  readonly threads: number;
  /**
   * Opens a network.
   * @param model the bytes of an .onnx file.
   * @param name what to call it in errors, e.g. its file name.
   * @throws StudioError `bad-weights` when ONNX Runtime does not take it, `out-of-memory`, `device-lost`.
   */
  open(model: Uint8Array, name: string): Promise<OnnxSession>;
}

/** What of an ONNX Runtime module is used; each build exports it. */
export interface OrtModule {
  readonly InferenceSession: { create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<Session> };
  readonly Tensor: TensorConstructor & TensorFactory;
}

type Session = Pick<InferenceSession, 'run' | 'release' | 'inputMetadata' | 'outputMetadata'>;

/** A raster made before the run, and the same memory as a tensor. */
interface Place {
  readonly tensor: Tensor;
  readonly raster: DeviceRaster;
}

/** How rasters become tensors, and tensors rasters, on one device. */
export interface TensorPlacement {
  readonly device: DeviceRaster['device'];
  /** @throws StudioError `bad-argument` for a raster of another device. */
  feed(raster: DeviceRaster): Tensor;
  /** Values in memory as a tensor; ONNX Runtime brings them to the device. */
  host(values: HostTensor): Tensor;
  /** A place for an output of known dims [1, C, H, W], or null where ONNX Runtime is to make it. */
  place(dims: readonly number[]): Place | null;
  /** The raster of an output that ONNX Runtime made. */
  take(tensor: Tensor): DeviceRaster;
  /** Frees a placed raster of a run that failed. */
  discard(raster: DeviceRaster): void;
  /** Whether the device is gone. */
  lost(): boolean;
}

export interface RuntimeSetup {
  readonly name: OnnxRuntime['name'];
  readonly threads: number;
  readonly placement: TensorPlacement;
  readonly options: InferenceSession.SessionOptions;
}

/**
 * ONNX Runtime's web builds hold one wasm instance for all sessions and suspend it while the GPU works, so nothing else
 * may enter it in between: one queue for each module, not for each session.
 */
const queues = new WeakMap<object, JobQueue>();

function queueOf(ort: OrtModule): JobQueue {
  const key = ort.InferenceSession;
  let queue = queues.get(key);
  if (!queue) queues.set(key, (queue = new JobQueue()));
  return queue;
}

/** Makes a runtime of a loaded ONNX Runtime module. */
export function createRuntime(ort: OrtModule, setup: RuntimeSetup): OnnxRuntime {
  const queue = queueOf(ort);
  return {
    name: setup.name,
    device: setup.placement.device,
    threads: setup.threads,
    async open(model, name) {
      const create = async (): Promise<Session> => {
        try {
          return await ort.InferenceSession.create(model, setup.options);
        } catch (error) {
          throw failure(error, setup.placement, name, (reason) => ({
            code: 'bad-weights',
            message: `${name} is not a network that ONNX Runtime can run (${reason}). Choose another weight file.`,
          }));
        }
      };
      return new QueuedSession(name, await queue.add(create), create, queue, setup.placement);
    },
  };
}

class QueuedSession implements OnnxSession {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  #session: Session | null;
  #released = false;

  constructor(
    readonly name: string,
    session: Session,
    private readonly reopen: () => Promise<Session>,
    private readonly queue: JobQueue,
    private readonly placement: TensorPlacement,
  ) {
    this.#session = session;
    this.inputs = session.inputMetadata.map(describe);
    this.outputs = session.outputMetadata.map(describe);
  }

  get device(): DeviceRaster['device'] {
    return this.placement.device;
  }

  run(
    feeds: Readonly<Record<string, DeviceRaster>>,
    outputs: readonly string[] = this.outputs.map(({ name }) => name),
    signal?: AbortSignal,
  ): Promise<Record<string, DeviceRaster>> {
    return this.queue.add(() => this.#run(feeds, outputs), signal);
  }

  compute(
    feeds: Readonly<Record<string, DeviceRaster | HostTensor>>,
    outputs: readonly string[] = this.outputs.map(({ name }) => name),
    signal?: AbortSignal,
  ): Promise<Record<string, HostValues>> {
    return this.queue.add(() => this.#compute(feeds, outputs), signal);
  }

  async #compute(
    feeds: Readonly<Record<string, DeviceRaster | HostTensor>>,
    outputs: readonly string[],
  ): Promise<Record<string, HostValues>> {
    this.#refuseReleased();
    checkFeeds(this.name, this.inputs, feeds);
    const tensors: Record<string, Tensor> = {};
    for (const [name, feed] of Object.entries(feeds)) {
      tensors[name] = 'device' in feed ? this.placement.feed(feed) : this.placement.host(feed);
    }
    const fetches: Record<string, null> = {};
    for (const name of outputs) fetches[this.#output(name).name] = null;
    try {
      this.#session ??= await this.reopen();
      const results = (await this.#session.run(tensors, fetches)) as Record<string, Tensor>;
      const values: Record<string, HostValues> = {};
      for (const name of outputs) values[name] = await read(results[name], name, this.name);
      return values;
    } catch (error) {
      throw await this.#failed(error);
    }
  }

  #refuseReleased(): void {
    if (this.#released) throw new StudioError('bad-argument', 'model', `The network ${this.name} was released.`);
  }

  /** Clears up after a failed run. @returns the failure as the studio reports it. */
  async #failed(error: unknown): Promise<StudioError> {
    if (this.placement.device === 'webgpu') await this.#abandon();
    return failure(error, this.placement, this.name, (reason) => ({
      code: 'model-failed',
      message: `The network ${this.name} failed (${reason}).`,
    }));
  }

  async #run(
    feeds: Readonly<Record<string, DeviceRaster>>,
    outputs: readonly string[],
  ): Promise<Record<string, DeviceRaster>> {
    this.#refuseReleased();
    const sizes = checkFeeds(this.name, this.inputs, feeds);
    const infos = outputs.map((name) => this.#output(name));
    const tensors: Record<string, Tensor> = {};
    for (const [name, raster] of Object.entries(feeds)) tensors[name] = this.placement.feed(raster);

    const places = new Map<string, Place>();
    const fetches: Record<string, Tensor | null> = {};
    for (const { name, type, shape } of infos) {
      const dims = resolveShape(shape, sizes);
      const place = dims && type === 'float32' && isImageShape(dims) ? this.placement.place(dims) : null;
      if (place) places.set(name, place);
      fetches[name] = place?.tensor ?? null;
    }

    try {
      this.#session ??= await this.reopen();
      const results = await this.#session.run(tensors, fetches);
      const rasters: Record<string, DeviceRaster> = {};
      for (const name of outputs) {
        rasters[name] = places.get(name)?.raster ?? this.#take(results[name] as Tensor, this.#output(name), sizes);
      }
      return rasters;
    } catch (error) {
      for (const { raster } of places.values()) this.placement.discard(raster);
      throw await this.#failed(error);
    }
  }

  /** @throws StudioError `model-failed` if the output has not the size that the network's header promises. */
  #take(tensor: Tensor, info: TensorInfo, sizes: ReadonlyMap<string, number>): DeviceRaster {
    const promised = resolveShape(info.shape, sizes);
    if (promised && promised.join() !== tensor.dims.join()) {
      const message =
        `The network ${this.name} returned ${info.name} as [${tensor.dims.join(', ')}] and promises ` +
        `[${promised.join(', ')}]. Use an image of a size it was made for.`;
      throw new StudioError('model-failed', 'model', message);
    }
    return this.placement.take(tensor);
  }

  #output(name: string): TensorInfo {
    const info = this.outputs.find((output) => output.name === name);
    if (!info) throw new StudioError('bad-argument', 'model', `The network ${this.name} has no output ${name}.`);
    return info;
  }

  /**
   * After a failed run onnxruntime-web 1.30 takes the session's IO binding for still bound, and later runs would work
   * on tensors long freed. Such a session is given up; the next run opens a fresh one.
   */
  async #abandon(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    try {
      await session?.release();
    } catch {
      // What is broken already need not be released cleanly; the failure that led here is the one to report.
    }
  }

  release(): Promise<void> {
    return this.queue.add(async () => {
      this.#released = true;
      const session = this.#session;
      this.#session = null;
      await session?.release();
    });
  }
}

function describe(info: InferenceSession.ValueMetadata): TensorInfo {
  if (!info.isTensor) return { name: info.name, type: 'other', shape: [] };
  return { name: info.name, type: info.type, shape: info.shape };
}

/** [1, C, H, W] with nothing empty: what a raster can hold. */
function isImageShape(dims: readonly number[]): boolean {
  return dims.length === 4 && dims[0] === 1 && dims.every((size) => size > 0);
}

/** The dims of a raster as a tensor. */
export function dimsOf(raster: DeviceRaster): [number, number, number, number] {
  return [1, raster.channels, raster.height, raster.width];
}

/**
 * Holds feeds against the inputs of a network.
 * @returns the size each symbolic axis takes, by its name.
 * @throws StudioError `bad-argument` saying which input lacks, is unknown, or has which wrong shape.
 */
export function checkFeeds(
  network: string,
  inputs: readonly TensorInfo[],
  feeds: Readonly<Record<string, DeviceRaster | HostTensor>>,
): Map<string, number> {
  const fail = (problem: string) => new StudioError('bad-argument', 'model', `The network ${network} ${problem}.`);
  for (const name of Object.keys(feeds)) {
    if (!inputs.some((input) => input.name === name)) throw fail(`has no input ${name}`);
  }
  const sizes = new Map<string, number>();
  for (const { name, type, shape } of inputs) {
    const feed = feeds[name];
    if (!feed) throw fail(`needs the input ${name}`);
    const raster = 'device' in feed;
    const dims = raster ? dimsOf(feed) : feed.dims;
    const wanted = `${type} [${shape.join(', ')}]`;
    const given = `${raster ? 'float32' : feed.type} [${dims.join(', ')}]`;
    if (raster && (type !== 'float32' || shape.length !== 4)) {
      throw fail(`takes ${name} as ${wanted}, which no raster is`);
    }
    if (!raster && (type !== feed.type || shape.length !== dims.length)) {
      throw fail(`takes ${name} as ${wanted}, not ${given}`);
    }
    shape.forEach((size, axis) => {
      const expected = typeof size === 'number' ? size : sizes.get(size);
      // A size that is neither fixed nor named is free (ONNX Runtime reports it as an empty name or −1).
      if (expected !== undefined && expected >= 0 && expected !== dims[axis]) {
        throw fail(`takes ${name} as ${wanted}, not ${given}`);
      }
      if (typeof size === 'string' && size !== '') sizes.set(size, dims[axis]);
    });
  }
  return sizes;
}

/** The shape with its symbolic axes filled in, or null when one is not known before the run. */
export function resolveShape(shape: readonly (number | string)[], sizes: ReadonlyMap<string, number>): number[] | null {
  const dims = shape.map((size) => (typeof size === 'number' ? size : (sizes.get(size) ?? -1)));
  return dims.every((size) => size >= 0) ? dims : null;
}

/** ONNX Runtime's error → the studio's: a lost device and missing memory have the same remedy whatever failed. */
function failure(
  error: unknown,
  placement: TensorPlacement,
  name: string,
  other: (reason: string) => { code: 'bad-weights' | 'model-failed'; message: string },
): StudioError {
  if (error instanceof StudioError) return error;
  // ONNX Runtime's texts run over several lines and end in source positions; the first line says what is wrong.
  const reason = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0].replace(/\.$/, '');
  if (placement.lost()) {
    return new StudioError('device-lost', 'model', `The GPU was lost while ${name} ran. Try again.`, { cause: error });
  }
  if (/bad_alloc|out of memory|allocation failed|failed to allocate|memory access out of bounds/i.test(reason)) {
    const message = `There is not enough memory for ${name} at this size (${reason}). Use smaller images, or close other pages.`;
    return new StudioError('out-of-memory', 'model', message, { cause: error });
  }
  const { code, message } = other(reason);
  return new StudioError(code, 'model', message, { cause: error, file: code === 'bad-weights' ? name : undefined });
}

/** Rasters in memory, for the wasm and the native build: the tensors share their storage. */
export function cpuPlacement(ort: OrtModule): TensorPlacement {
  return {
    device: 'cpu',
    feed(raster) {
      if (raster.device !== 'cpu') {
        throw new StudioError('bad-argument', 'model', 'A network on the CPU takes rasters of the CPU.');
      }
      return new ort.Tensor('float32', raster.data, dimsOf(raster));
    },
    host: (values) => tensorOf(ort, values),
    // ONNX Runtime makes CPU outputs in fresh memory, so a place prepared for them would only be copied into.
    place: () => null,
    take(tensor) {
      const [, channels, height, width] = rasterDims(tensor);
      const raster = rasterOf(tensor.data as Float32Array, width, height, channels);
      return { ...raster, device: 'cpu' } satisfies CpuRaster;
    },
    discard: () => undefined,
    lost: () => false,
  };
}

/** Rasters of the WebGPU backend; the tensors are their buffers. */
export function gpuPlacement(ort: OrtModule, backend: WebGpuBackend): TensorPlacement {
  const { device } = backend;
  let lost = false;
  void device.lost.then(() => (lost = true));
  const wrap = (raster: GpuRaster) =>
    ort.Tensor.fromGpuBuffer(raster.buffer, { dataType: 'float32', dims: dimsOf(raster) });
  const allocate = ([, channels, height, width]: readonly number[]) => backend.allocate({ width, height, channels });
  return {
    device: 'webgpu',
    feed(raster) {
      if (raster.device !== 'webgpu') {
        throw new StudioError('bad-argument', 'model', 'A network on the GPU takes rasters of the GPU.');
      }
      return wrap(raster);
    },
    host: (values) => tensorOf(ort, values),
    place(dims) {
      const raster = allocate(dims);
      return { raster, tensor: wrap(raster) };
    },
    // An output whose size only the run reveals lies in ONNX Runtime's own buffer, which goes back to its pool; the
    // values move into one of ours on the device.
    take(tensor) {
      try {
        const dims = rasterDims(tensor);
        const raster = allocate(dims);
        const encoder = device.createCommandEncoder();
        const bytes = 4 * dims.reduce((product, size) => product * size, 1);
        encoder.copyBufferToBuffer(tensor.gpuBuffer, 0, raster.buffer, 0, bytes);
        device.queue.submit([encoder.finish()]);
        return raster;
      } finally {
        tensor.dispose();
      }
    },
    // A backend whose device is gone has let go of everything.
    discard: (raster) => {
      if (!lost) backend.release(raster);
    },
    lost: () => lost,
  };
}

function tensorOf(ort: OrtModule, values: HostTensor): Tensor {
  return values.type === 'int64'
    ? new ort.Tensor('int64', values.data, values.dims)
    : new ort.Tensor('float32', values.data, values.dims);
}

/** Values of a tensor wherever it lies; it is disposed of. @throws StudioError `model-failed` unless it is float32. */
async function read(tensor: Tensor, output: string, network: string): Promise<HostValues> {
  const { dims, type } = tensor;
  if (type !== 'float32') {
    tensor.dispose();
    throw new StudioError(
      'model-failed',
      'model',
      `The network ${network} returned ${output} as ${type}, not float32.`,
    );
  }
  return { dims, data: (await tensor.getData(true)) as Float32Array };
}

/** @throws StudioError `model-failed` unless the tensor is float32 [1, C, H, W] with nothing empty. */
function rasterDims(tensor: Tensor): readonly number[] {
  if (tensor.type !== 'float32' || !isImageShape(tensor.dims)) {
    const shape = `${tensor.type} [${tensor.dims.join(', ')}]`;
    throw new StudioError('model-failed', 'model', `A network returned ${shape} where an image was expected.`);
  }
  return tensor.dims;
}
