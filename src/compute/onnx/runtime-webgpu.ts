import type { WebGpuBackend } from '../webgpu';
import { createRuntime, gpuPlacement, type OnnxRuntime } from './session';

/**
 * ONNX Runtime's WebGPU build on the studio's own device: buffers of the kernels are its tensors and the other way
 * round. A runtime goes down with its device; make a new one from the new backend.
 */
export async function createWebGpuRuntime(backend: WebGpuBackend): Promise<OnnxRuntime> {
  const ort = await import('onnxruntime-web/webgpu');
  // The few nodes that stay on the CPU work on shapes; threads would only load the script again for each.
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'fatal';
  return createRuntime(ort, {
    name: 'webgpu',
    threads: 1,
    placement: gpuPlacement(ort, backend),
    options: {
      executionProviders: [{ name: 'webgpu', device: backend.device }],
      preferredOutputLocation: 'gpu-buffer',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 4,
    },
  });
}
