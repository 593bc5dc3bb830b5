import type { Operation } from '../../../core/recipe';
import { createKernel, type Recorder } from '../../gpu/kernel';
import { UniformBlock } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import wgsl from './edit-edges.wgsl?raw';

const CODE: Record<Operation, number> = { remove: 0, replace: 1, merge: 2 };

/** LogicAL Eq. 1; see the CPU reference for shapes and ranges. */
export async function createEditEdges(device: GPUDevice) {
  const kernel = await createKernel(device, { label: 'edit-edges', code: wgsl, inputs: 3 });
  return (
    recorder: Recorder,
    operation: Operation,
    { width, height }: Shape,
    strength: GPUBuffer,
    donor: GPUBuffer | null,
    mask: GPUBuffer,
    output: GPUBuffer,
  ): void => {
    const params = new UniformBlock().u32(width, height, CODE[operation]);
    // Remove reads no donor; some buffer must still be bound.
    recorder.dispatch(kernel, params, [strength, donor ?? strength, mask], output, width, height);
  };
}
