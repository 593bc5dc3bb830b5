import * as tf from '@tensorflow/tfjs-core';
import { StudioError } from '../core/errors';
import { useQuickCpuKernels } from './cpu-kernels';
import { giveBack, openWebGl } from './webgl';

/** A device that TensorFlow.js is to share with kernels and ONNX Runtime. */
export interface SharedGpu {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
}

/** By what TensorFlow.js computes. */
export type TrainingBackend = 'webgpu' | 'webgl' | 'cpu';

/** Where TensorFlow.js computes. */
export interface TensorFlow {
  readonly backend: TrainingBackend;
  /**
   * Runs work to its end, and tells what went wrong on a GPU, where failures come late and elsewhere.
   * @throws StudioError `out-of-memory`, `device-lost`; else what the work throws.
   */
  guard<T>(work: () => Promise<T>): Promise<T>;
  /** Gives back what its buffers hold on a device, whose owner is the caller. Nothing may be computed afterwards. */
  close(): void;
}

/**
 * Makes TensorFlow.js ready to train: its gradients are registered, and it computes on the given device, through WebGL on
 * a canvas of its own, or in plain JavaScript. Of TensorFlow.js only the core and the backend are loaded, not its layers
 * and converters.
 */
export async function startTensorFlow(gpu: SharedGpu | 'webgl' | null = null): Promise<TensorFlow> {
  // Else its CPU backend advises to install another one, on every start.
  tf.enableProdMode();
  // No build of the core registers gradients, and this path is no package entry: bundlers find it, Node alone does not
  // and has to load the package `@tensorflow/tfjs` before, whose build does it (src/cli/tensorflow.ts).
  if (!tf.getGradient('Conv2D')) await import('@tensorflow/tfjs-core/dist/register_all_gradients');
  if (gpu === 'webgl') return startWebGl();
  if (gpu) {
    const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
    // The package registers one over a device of its own, where it finds WebGPU.
    if (tf.findBackendFactory('webgpu')) tf.removeBackend('webgpu');
    const { device, info } = gpu;
    claimWebGpu();
    tf.registerBackend('webgpu', () => new WebGPUBackend(device, info));
    await tf.setBackend('webgpu');
    await tf.ready();
    return {
      backend: 'webgpu',
      guard: guardOf(device),
      close: () => void (tf.findBackendFactory('webgpu') && tf.removeBackend('webgpu')),
    };
  }
  if (!tf.findBackendFactory('cpu')) await import('@tensorflow/tfjs-backend-cpu');
  useQuickCpuKernels();
  await tf.setBackend('cpu');
  await tf.ready();
  return { backend: 'cpu', guard: (work) => work(), close: () => undefined };
}

const NO_CONTEXT = 'its WebGL context is gone';

/** @throws StudioError `device-lost` where WebGL is gone since {@link findWebGl} found it. */
async function startWebGl(): Promise<TensorFlow> {
  const { setWebGLContext, MathBackendWebGL } = await import('@tensorflow/tfjs-backend-webgl');
  const gl = openWebGl();
  if (!gl) {
    const message = 'The browser gives no WebGL any more. Reload the page and go on, or choose the processor.';
    throw new StudioError('device-lost', 'training', message);
  }
  // The package opens a context itself unless it is given one, and keeps it for good.
  setWebGLContext(2, gl);
  if (tf.findBackendFactory('webgl')) tf.removeBackend('webgl');
  tf.registerBackend('webgl', () => new MathBackendWebGL());
  await tf.setBackend('webgl');
  await tf.ready();
  const lost = new Promise<never>((_, reject) => {
    gl.canvas.addEventListener('webglcontextlost', () => reject(lostError(NO_CONTEXT)));
  });
  lost.catch(() => undefined);
  // Without a context calls do nothing, and a fence is waited for without end.
  const gpgpu = (tf.backend() as InstanceType<typeof MathBackendWebGL>).getGPGPUContext();
  const wait = gpgpu.createAndWaitForFence.bind(gpgpu);
  gpgpu.createAndWaitForFence = () => Promise.race([wait(), lost]);
  return {
    backend: 'webgl',
    guard: async (work) => {
      const outcome = await settled(work);
      if (gl.isContextLost()) throw lostError(NO_CONTEXT, outcome);
      if (gl.getError() === gl.OUT_OF_MEMORY) throw shortageError('WebGL');
      return valueOf(outcome);
    },
    close: () => {
      if (tf.findBackendFactory('webgl')) tf.removeBackend('webgl');
      giveBack(gl);
    },
  };
}

/** TensorFlow.js takes a device only where `navigator.gpu` is, which in Node it is not. */
function claimWebGpu(): void {
  const { navigator } = globalThis as { navigator?: { gpu?: unknown } };
  if (navigator?.gpu) return;
  if (!navigator) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  Object.defineProperty(globalThis.navigator, 'gpu', { value: {}, configurable: true });
}

function guardOf(device: GPUDevice): TensorFlow['guard'] {
  let lost: string | null = null;
  void device.lost.then(({ message }) => (lost = message || 'no reason given'));
  return async (work) => {
    device.pushErrorScope('out-of-memory');
    const outcome = await settled(work);
    const shortage = await device.popErrorScope().catch(() => null);
    if (lost !== null) throw lostError(lost, outcome);
    if (shortage) throw shortageError(shortage.message);
    return valueOf(outcome);
  };
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

function settled<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  return work().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

function valueOf<T>(outcome: Outcome<T>): T {
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

function lostError(why: string, outcome: Outcome<unknown> = { value: null }): StudioError {
  const message = `The graphics device was lost (${why}), and with it the steps since the last checkpoint. Go on from there.`;
  const cause = 'error' in outcome ? outcome.error : undefined;
  return new StudioError('device-lost', 'training', message, { cause });
}

function shortageError(why: string): StudioError {
  return new StudioError('out-of-memory', 'training', `The graphics device has no memory left (${why}).`);
}
