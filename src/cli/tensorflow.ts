import { openDevice } from '../compute/device';
import { openNodeGpu } from '../compute/gpu-node';
import { startTensorFlow, type TensorFlow } from '../training/tensorflow';

/** Where the person wants training computed: `auto` takes a real GPU if there is one, `gpu` also a software one. */
export type TrainingDevice = 'auto' | 'gpu' | 'cpu';

export interface NodeTensorFlow {
  readonly tensorflow: TensorFlow;
  /** A sentence for the person: what was chosen, and why. */
  readonly reason: string;
  /** Gives the device back. */
  close(): void;
}

/** TensorFlow.js in Node: on WebGPU through the package `webgpu` where there is a device, else in plain JavaScript. */
export async function openTensorFlow(choice: TrainingDevice): Promise<NodeTensorFlow> {
  // In Node the gradients come with the whole package alone: see src/training/tensorflow.ts.
  await import('@tensorflow/tfjs');
  const onCpu = async (reason: string) => ({ tensorflow: await startTensorFlow(), reason, close: () => undefined });
  if (choice === 'cpu') return onCpu('Computing on the CPU, as chosen.');
  let gpu: GPU;
  try {
    gpu = await openNodeGpu();
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    return onCpu(`Computing on the CPU: the package webgpu does not run here (${why}).`);
  }
  const { device, reason } = await openDevice({ gpu, choice });
  if (!device) return onCpu(reason);
  const tensorflow = await startTensorFlow({ device, info: device.adapterInfo });
  const close = () => {
    tensorflow.close();
    device.destroy();
  };
  return { tensorflow, reason, close };
}
