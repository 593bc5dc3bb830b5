import { createCpuBackend } from '../compute/cpu';
import { GpuContext, openDevice, type AdapterInfo, type GpuResources } from '../compute/device';
import type { OnnxRuntime } from '../compute/onnx/session';
import { createWasmRuntime } from '../compute/onnx/runtime-wasm';
import { createWebGpuRuntime } from '../compute/onnx/runtime-webgpu';
import { createWebGpuBackend, type WebGpuBackend } from '../compute/webgpu';
import type { Backend } from '../compute/backend';
import type { ModelRef } from '../core/recipe';
import { createDetector, type Detector } from '../models/detector/detector';
import type { DetectorModel } from '../models/detector/load';
import { createGenerator } from '../models/generator/generator';
import { createEdgeDetector } from '../models/pidinet/pidinet';
import type { SamModel } from '../models/sam/load';
import type { Segmenter } from '../models/sam/segmenter';
import type { Stages } from '../synthesis/types';
import type { ComputePreference, ComputeStatus } from './api';

/** A network file, checked. */
export interface LoadedModel {
  readonly ref: ModelRef;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The networks in use; the generator is null where none is shipped. */
export interface EngineModels {
  readonly edges: LoadedModel;
  /** With the side of the pictures it was trained on, px. */
  readonly generator: (LoadedModel & { readonly side: number }) | null;
  /** Reads the segmentation network; called when something is first segmented. */
  readonly segmentation: () => Promise<SamModel>;
  /** Reads the detector; called when anomalies are first looked for. */
  readonly detector: () => Promise<DetectorModel>;
}

interface Built extends GpuResources {
  readonly stages: Stages;
  readonly networks: OpenNetworks;
}

/** Networks beside a generation of stages, each opened at the first call. */
export interface OpenNetworks {
  segmenter(): Promise<Segmenter>;
  detector(): Promise<Detector>;
}

/**
 * The stages on one compute path: WebGPU on a device that is rebuilt when it is lost, or wasm with the CPU kernels.
 * Networks are opened when first used, so that a picture needing none of them does not wait.
 */
export class Engine {
  private constructor(
    readonly status: ComputeStatus,
    private readonly context: GpuContext<Built> | null,
    private readonly cpu: Built | null,
  ) {}

  static async open(preference: ComputePreference, models: EngineModels): Promise<Engine> {
    const choice = preference === 'webgpu' ? 'gpu' : preference;
    const { context, opened } = await GpuContext.open<Built>({
      open: () => openDevice({ choice }),
      build: async (device) => {
        const backend = await createWebGpuBackend(device);
        const runtime = await createWebGpuRuntime(backend);
        return build(backend, runtime, models);
      },
    }).catch((error: unknown) => {
      // A GPU that opens and then takes no shader, say: slower is better than not at all.
      const cause = error instanceof Error ? error.message.split('\n', 1)[0].replace(/\.$/, '') : String(error);
      const reason = `Computing on the CPU: a GPU was found but could not be used (${cause}).`;
      return { context: null, opened: { device: null, adapterInfo: null, reason } };
    });
    if (context) {
      const status: ComputeStatus = {
        path: 'webgpu',
        adapter: opened.adapterInfo && nameOf(opened.adapterInfo),
        reason: opened.reason,
        threads: 1,
      };
      return new Engine(status, context, null);
    }
    const runtime = await createWasmRuntime({
      crossOriginIsolated: globalThis.crossOriginIsolated,
      hardwareConcurrency: globalThis.navigator.hardwareConcurrency,
    });
    const status: ComputeStatus = { path: 'wasm', adapter: null, reason: opened.reason, threads: runtime.threads };
    return new Engine(status, null, build(createCpuBackend(), runtime, models));
  }

  /**
   * Runs a job with the stages. If the GPU is lost meanwhile it is run once more on a new one, so it must not keep
   * rasters of an earlier generation: `stages` is another object then.
   */
  run<T>(
    job: (stages: Stages, networks: OpenNetworks, device: GPUDevice | null) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    if (!this.context) return job(this.cpu!.stages, this.cpu!.networks, null);
    return this.context.run(({ stages, networks }, device) => job(stages, networks, device), signal);
  }

  async dispose(): Promise<void> {
    await this.context?.dispose();
    this.cpu?.dispose();
  }
}

function build(backend: Backend | WebGpuBackend, runtime: OnnxRuntime, models: EngineModels): Built {
  const edges = lazy(() => runtime.open(models.edges.bytes, models.edges.name));
  const segmenter = lazy(async () => {
    // The code comes with the network: who draws by hand loads neither.
    const [{ Segmenter }, model] = await Promise.all([import('../models/sam/segmenter'), models.segmentation()]);
    const decoder = await runtime.open(model.decoder.bytes, model.decoder.name);
    try {
      const encoder = () => runtime.open(model.encoder.bytes, model.encoder.name);
      return new Segmenter(encoder, decoder, { boxLabels: model.boxLabels });
    } catch (error) {
      await decoder.release();
      throw error;
    }
  });
  const detector = lazy(async () => {
    const { bytes, name, form } = await models.detector();
    return createDetector(await runtime.open(bytes, name), backend, form);
  });
  const generator = models.generator;
  const painter = generator && lazy(() => runtime.open(generator.bytes, generator.name));
  const stages: Stages = {
    backend,
    edgeModel: models.edges.ref,
    edgeDetector: {
      run: async (image, outputs, signal) => createEdgeDetector(await edges.get(), backend).run(image, outputs, signal),
    },
    generatorModel: generator?.ref ?? null,
    generator: generator &&
      painter && {
        width: generator.side,
        height: generator.side,
        run: async (strength, signal) => createGenerator(await painter.get(), backend).run(strength, signal),
      },
  };
  return {
    stages,
    networks: { segmenter: segmenter.get, detector: detector.get },
    dispose: () => {
      edges.release();
      segmenter.release();
      detector.release();
      painter?.release();
      backend.dispose();
    },
  };
}

/** A network opened at first use; a failure is forgotten, so that the next use tries again. */
function lazy<T extends { release(): Promise<void> }>(open: () => Promise<T>): { get(): Promise<T>; release(): void } {
  let session: Promise<T> | null = null;
  return {
    get() {
      session ??= open().catch((error: unknown) => {
        session = null;
        throw error;
      });
      return session;
    },
    release() {
      void session?.then((opened) => opened.release()).catch(() => undefined);
    },
  };
}

function nameOf({ vendor, architecture, device, description }: AdapterInfo): string {
  return description || [vendor, architecture || device].filter(Boolean).join(' ') || 'GPU';
}
