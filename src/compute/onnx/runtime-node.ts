import { availableParallelism } from 'node:os';
import { cpuPlacement, createRuntime, type OnnxRuntime } from './session';

export interface NodeRuntimeOptions {
  /** `auto` takes the native build where it is installed, else wasm. */
  readonly build?: 'auto' | 'native' | 'wasm';
  /** Threads of a run; all cores if left out. wasm keeps the count of its first session. */
  readonly threads?: number;
}

/** ONNX Runtime in Node: the native build (onnxruntime-node, an optional dependency) or the same wasm as in the browser. */
export async function createNodeRuntime(options: NodeRuntimeOptions = {}): Promise<OnnxRuntime> {
  const { build = 'auto', threads = availableParallelism() } = options;
  if (build !== 'wasm') {
    try {
      return await nativeRuntime(threads);
    } catch (error) {
      if (build === 'native') throw error;
    }
  }
  // Under Node this specifier is the build that finds its .wasm and starts its threads there.
  const ort = await import('onnxruntime-web');
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'fatal';
  return createRuntime(ort, {
    name: 'wasm',
    threads,
    placement: cpuPlacement(ort),
    options: { executionProviders: ['wasm'], graphOptimizationLevel: 'all', logSeverityLevel: 4 },
  });
}

async function nativeRuntime(threads: number): Promise<OnnxRuntime> {
  const ort = await import('onnxruntime-node');
  ort.env.logLevel = 'fatal';
  return createRuntime(ort, {
    name: 'node',
    threads,
    placement: cpuPlacement(ort),
    options: {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: threads,
      logSeverityLevel: 4,
    },
  });
}
