import threadUrl from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { cpuPlacement, createRuntime, type OnnxRuntime } from './session';

/** What of the page or worker decides how many threads are of use. */
export interface ThreadEnvironment {
  /** Without isolation there is no shared memory, and so no threads. */
  readonly crossOriginIsolated?: boolean;
  readonly hardwareConcurrency?: number;
}

/**
 * Threads for ONNX Runtime's wasm. Up to four logical cores all count; of more, half, since they are mostly two to a
 * real core; beyond eight the networks here are too small to gain.
 */
export function wasmThreads({ crossOriginIsolated, hardwareConcurrency = 1 }: ThreadEnvironment): number {
  if (!crossOriginIsolated) return 1;
  return Math.max(1, Math.min(8, Math.max(Math.min(hardwareConcurrency, 4), Math.floor(hardwareConcurrency / 2))));
}

/**
 * ONNX Runtime's wasm build (SIMD, threads) in a page or worker; its .wasm lies beside the script, on the same server.
 * The thread count is fixed by the first call, when the wasm instance is made.
 */
export async function createWasmRuntime(environment: ThreadEnvironment): Promise<OnnxRuntime> {
  const ort = await import('onnxruntime-web/wasm');
  const threads = wasmThreads(environment);
  // A thread starts from the script it is told here. Left to itself it would start from the bundle ONNX Runtime was
  // built into, which brings the studio's worker along: two would answer the page, and the threads never come up.
  ort.env.wasm.wasmPaths = { mjs: new URL(threadUrl, self.location.href), wasm: new URL(wasmUrl, self.location.href) };
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'fatal';
  return createRuntime(ort, {
    name: 'wasm',
    threads,
    placement: cpuPlacement(ort),
    options: { executionProviders: ['wasm'], graphOptimizationLevel: 'all', logSeverityLevel: 4 },
  });
}
