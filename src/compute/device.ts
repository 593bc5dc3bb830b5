import { StudioError, throwIfCancelled } from '../core/errors';

/** Where the person wants things computed: `auto` takes a real GPU if there is one. */
export type ComputeChoice = 'auto' | 'gpu' | 'wasm';

/** What can be shown of an adapter; plain data. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** True if a processor imitates the GPU. */
  readonly software: boolean;
}

export interface OpenedDevice {
  /** Null: compute with wasm and the CPU kernels. */
  readonly device: GPUDevice | null;
  /** The adapter found, also one that was not taken. */
  readonly adapterInfo: AdapterInfo | null;
  /** A sentence for the person: what was chosen, and why. */
  readonly reason: string;
}

export interface OpenDeviceOptions {
  readonly choice?: ComputeChoice;
  /** The entrance to WebGPU; by default the browser's. In Node, `create([...])` of the package `webgpu`. */
  readonly gpu?: GPU;
}

/** Limits that large images and networks need; everything the adapter has is asked for. */
const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** Features that ONNX Runtime and TensorFlow.js use where they are there. */
const WANTED_FEATURES: readonly GPUFeatureName[] = ['shader-f16', 'subgroups'];

/**
 * Opens the one device that kernels, ONNX Runtime and TensorFlow.js share. Never throws for want of a GPU: the result
 * says why there is none. A software adapter counts as none (ONNX Runtime on it is a hundred times slower than wasm)
 * unless `choice` is `gpu`.
 */
export async function openDevice({ choice = 'auto', gpu }: OpenDeviceOptions = {}): Promise<OpenedDevice> {
  if (choice === 'wasm') return { device: null, adapterInfo: null, reason: 'Computing on the CPU, as chosen.' };
  const entrance = gpu ?? (typeof navigator === 'undefined' ? undefined : navigator.gpu);
  if (!entrance) {
    return { device: null, adapterInfo: null, reason: 'Computing on the CPU: there is no WebGPU here.' };
  }
  let adapter: GPUAdapter | null;
  try {
    adapter = await entrance.requestAdapter({ powerPreference: 'high-performance' });
  } catch (error) {
    return {
      device: null,
      adapterInfo: null,
      reason: `Computing on the CPU: asking for a GPU failed (${text(error)}).`,
    };
  }
  if (!adapter) return { device: null, adapterInfo: null, reason: 'Computing on the CPU: WebGPU found no GPU.' };
  const adapterInfo = describeAdapter(adapter);
  const name = adapterInfo.description || adapterInfo.device || adapterInfo.architecture || adapterInfo.vendor || 'GPU';
  if (adapterInfo.software && choice !== 'gpu') {
    return {
      device: null,
      adapterInfo,
      reason: `Computing on the CPU: ${name} only imitates a GPU and would be slower.`,
    };
  }
  try {
    const device = await adapter.requestDevice({
      label: 'studio',
      requiredFeatures: WANTED_FEATURES.filter((feature) => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(WANTED_LIMITS.map((limit) => [limit, adapter.limits[limit]])),
    });
    return {
      device,
      adapterInfo,
      reason: `Computing on the GPU: ${name}${adapterInfo.software ? ' (software), as chosen' : ''}.`,
    };
  } catch (error) {
    return { device: null, adapterInfo, reason: `Computing on the CPU: ${name} could not be opened (${text(error)}).` };
  }
}

/** Names of software implementations, for browsers that do not say so themselves. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;

/** Whether a device of this name is imitated by a processor. */
export function isSoftwareName(name: string): boolean {
  return SOFTWARE.test(name);
}

/** Reads what an adapter says of itself, in the old place and the new. */
export function describeAdapter(adapter: Pick<GPUAdapter, 'info'>): AdapterInfo {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const legacy = (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter;
  const software =
    isFallbackAdapter === true || legacy === true || isSoftwareName(`${architecture} ${device} ${description}`);
  return { vendor, architecture, device, description, software };
}

/** What a {@link GpuContext} builds over each device it opens: backends, sessions. */
export interface GpuResources {
  /** Called after the device was lost, and when the context is disposed of. Must not throw. */
  dispose(): void;
}

export interface GpuLoss {
  readonly reason: GPUDeviceLostReason;
  readonly message: string;
}

/** How to open a context: from where devices come and what is built on each. */
export interface GpuContextOptions<R extends GpuResources> {
  /** Opens a device, at the start and again after a loss. */
  readonly open: () => Promise<OpenedDevice>;
  /** Builds what jobs work with; once for every device. */
  readonly build: (device: GPUDevice) => Promise<R>;
}

/**
 * The one GPU device of a worker and what is built on it, kept alive: after a loss device and resources are made anew,
 * and a job that ran meanwhile is run once more.
 */
export class GpuContext<R extends GpuResources> {
  readonly #options: GpuContextOptions<R>;
  readonly #lossListeners = new Set<(loss: GpuLoss) => void>();
  readonly #errorListeners = new Set<(error: GPUError) => void>();
  /** The living generation, or the one being built; null after a rebuild failed, so that the next job tries again. */
  #current: Promise<Generation<R>> | null;
  #lastLoss: GpuLoss = { reason: 'unknown', message: '' };
  #disposed = false;

  private constructor(options: GpuContextOptions<R>, first: Generation<R>) {
    this.#options = options;
    this.#current = Promise.resolve(first);
    this.#watch(first);
  }

  /**
   * Opens the device. Where none is to be had the context is null and `opened` says why.
   * @throws what `build` throws.
   */
  static async open<R extends GpuResources>(
    options: GpuContextOptions<R>,
  ): Promise<{ context: GpuContext<R> | null; opened: OpenedDevice }> {
    const opened = await options.open();
    if (!opened.device) return { context: null, opened };
    const generation = await buildOn(opened.device, options.build);
    return { context: new GpuContext(options, generation), opened };
  }

  /** Calls back at every loss of the device, except by {@link dispose}; returns how to stop. */
  onLost(listener: (loss: GpuLoss) => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  /** Calls back at every error that no error scope caught; returns how to stop. They reach the console too. */
  onError(listener: (error: GPUError) => void): () => void {
    this.#errorListeners.add(listener);
    return () => this.#errorListeners.delete(listener);
  }

  /**
   * Runs a job with the current resources. If the device is lost before the job ends, whatever the job made of it, it
   * is run once more from the start on a new device.
   * @throws StudioError `device-lost` if that one is lost too or cannot be had; else what the job throws.
   */
  async run<T>(job: (resources: R, device: GPUDevice) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      throwIfCancelled(signal, 'compute');
      const generation = await this.#ready();
      const outcome = await attemptOn(generation, job);
      if (outcome.kind === 'done') return outcome.value;
      if (outcome.kind === 'failed') throw outcome.error;
      if (this.#disposed || attempt === 2) throw lostError(outcome.loss, outcome.cause);
    }
  }

  /** Destroys resources and device; jobs in progress fail with `device-lost`. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const generation = await this.#current?.catch(() => null);
    generation?.resources.dispose();
    generation?.device.destroy();
  }

  #watch(generation: Generation<R>): void {
    const { device } = generation;
    device.addEventListener('uncapturederror', (event) => {
      for (const listener of this.#errorListeners) listener(event.error);
    });
    void generation.lost.then((loss) => {
      if (this.#disposed) return;
      this.#lastLoss = loss;
      generation.resources.dispose();
      // Begun before any waiting job wakes, so that its second attempt meets the new device. Jobs see a failure when
      // they await it; without a job it is no unhandled rejection.
      this.#current = null;
      this.#ready().catch(() => {});
      for (const listener of this.#lossListeners) listener(loss);
    });
  }

  #ready(): Promise<Generation<R>> {
    if (this.#disposed) return Promise.reject(lostError(this.#lastLoss, new Error('The GPU context is closed.')));
    if (this.#current) return this.#current;
    const rebuilding = this.#rebuild(this.#lastLoss);
    this.#current = rebuilding;
    rebuilding.catch(() => {
      if (this.#current === rebuilding) this.#current = null;
    });
    return rebuilding;
  }

  async #rebuild(loss: GpuLoss): Promise<Generation<R>> {
    const { device, reason } = await this.#options.open().catch((error: unknown) => {
      throw lostError(loss, error);
    });
    if (!device) throw lostError(loss, new Error(reason));
    const generation = await buildOn(device, this.#options.build).catch((error: unknown) => {
      throw lostError(loss, error);
    });
    this.#watch(generation);
    return generation;
  }
}

interface Generation<R> {
  readonly device: GPUDevice;
  readonly resources: R;
  readonly lost: Promise<GpuLoss>;
}

type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'lost'; readonly loss: GpuLoss; readonly cause: unknown };

async function buildOn<R>(device: GPUDevice, build: (device: GPUDevice) => Promise<R>): Promise<Generation<R>> {
  try {
    const resources = await build(device);
    return { device, resources, lost: device.lost.then(({ reason, message }) => ({ reason, message })) };
  } catch (error) {
    device.destroy();
    throw error;
  }
}

async function attemptOn<R, T>(
  { device, resources, lost }: Generation<R>,
  job: (resources: R, device: GPUDevice) => Promise<T>,
): Promise<Outcome<T>> {
  const gone = lost.then((loss): Outcome<T> => ({ kind: 'lost', loss, cause: undefined }));
  // A job may wait for something that a lost device never gives; the loss itself then ends the attempt.
  const ended = job(resources, device).then(
    (value): Outcome<T> => ({ kind: 'done', value }),
    (error: unknown): Outcome<T> => ({ kind: 'failed', error }),
  );
  const outcome = await Promise.race([gone, ended]);
  if (outcome.kind === 'lost') return outcome;
  if (outcome.kind === 'failed' && outcome.error instanceof StudioError && outcome.error.code === 'device-lost') {
    return { kind: 'lost', loss: await lost, cause: outcome.error };
  }
  // A loss reaches us a little later than the trouble it makes: a failure without a code, or a result that is void.
  // One round trip to the device settles which it was.
  const late = await Promise.race([
    gone,
    device.queue.onSubmittedWorkDone().then(
      () => null,
      () => gone,
    ),
  ]);
  return late ?? outcome;
}

function lostError(loss: GpuLoss, cause: unknown): StudioError {
  return new StudioError(
    'device-lost',
    'compute',
    `The graphics device was lost${loss.message ? ` (${loss.message})` : ''} and the work could not be repeated. ` +
      'Try again, or switch to the CPU in the settings.',
    { cause },
  );
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
