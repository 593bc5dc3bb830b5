import type { BufferPool } from './buffer-pool';
import { STAGE } from './flags';
import { compileShader } from './shader';
import type { UniformBlock, UniformRing } from './uniforms';

/** Threads of a workgroup along x and y; every kernel declares @workgroup_size(16, 16). */
const WORKGROUP = 16;

/**
 * A compiled compute shader with the bindings all kernels share: 0 the uniform block, 1 … `inputs` read-only float32
 * (or 8-bit RGBA) arrays, then the output array.
 */
export interface Kernel {
  readonly label: string;
  readonly inputs: number;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

export interface KernelSource {
  readonly label: string;
  /** WGSL. */
  readonly code: string;
  readonly inputs: number;
  readonly entryPoint?: string;
  /** Makes the pipeline at the first dispatch: for many kernels that a session may never need. */
  readonly lazy?: boolean;
}

/** @throws Error with line and source if the shader is wrong. */
export async function createKernel(
  device: GPUDevice,
  { label, code, inputs, entryPoint = 'main', lazy = false }: KernelSource,
): Promise<Kernel> {
  const module = await compileShader(device, label, code);
  const storage = (binding: number, type: GPUBufferBindingType): GPUBindGroupLayoutEntry => ({
    binding,
    visibility: STAGE.COMPUTE,
    buffer: { type },
  });
  const layout = device.createBindGroupLayout({
    label,
    entries: [
      storage(0, 'uniform'),
      ...Array.from({ length: inputs }, (_, i) => storage(i + 1, 'read-only-storage')),
      storage(inputs + 1, 'storage'),
    ],
  });
  const descriptor: GPUComputePipelineDescriptor = {
    label,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint },
  };
  let made = lazy ? null : await device.createComputePipelineAsync(descriptor);
  return {
    label,
    inputs,
    layout,
    get pipeline() {
      return (made ??= device.createComputePipeline(descriptor));
    },
  };
}

/** Records the passes of one backend call into one command buffer. */
export class Recorder {
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #uniforms: UniformRing;
  readonly #encoder: GPUCommandEncoder;
  readonly #scratch: GPUBuffer[] = [];
  #pass: GPUComputePassEncoder | null = null;
  #blocks = 0;

  constructor(device: GPUDevice, pool: BufferPool, uniforms: UniformRing) {
    this.#device = device;
    this.#pool = pool;
    this.#uniforms = uniforms;
    this.#encoder = device.createCommandEncoder();
  }

  /** Runs the kernel on a grid of at least `width` × `height` threads. Later dispatches see what earlier ones wrote. */
  dispatch(
    kernel: Kernel,
    params: UniformBlock,
    inputs: readonly GPUBuffer[],
    output: GPUBuffer,
    width: number,
    height: number,
  ): void {
    if (inputs.length !== kernel.inputs) {
      throw new RangeError(`${kernel.label} reads ${kernel.inputs} buffers, not ${inputs.length}.`);
    }
    if (++this.#blocks > this.#uniforms.capacity) throw new RangeError(`${kernel.label} has too many passes.`);
    const bindGroup = this.#device.createBindGroup({
      label: kernel.label,
      layout: kernel.layout,
      entries: [
        { binding: 0, resource: this.#uniforms.write(params) },
        ...[...inputs, output].map((buffer, i) => ({ binding: i + 1, resource: { buffer } })),
      ],
    });
    this.#pass ??= this.#encoder.beginComputePass();
    this.#pass.setPipeline(kernel.pipeline);
    this.#pass.setBindGroup(0, bindGroup);
    this.#pass.dispatchWorkgroups(Math.ceil(width / WORKGROUP), Math.ceil(height / WORKGROUP));
  }

  copy(from: GPUBuffer, to: GPUBuffer, values: number): void {
    this.#pass?.end();
    this.#pass = null;
    this.#encoder.copyBufferToBuffer(from, 0, to, 0, values * 4);
  }

  /** A buffer for `values` float32 that lives until the commands have been submitted. */
  scratch(values: number): GPUBuffer {
    const buffer = this.#pool.acquire(values);
    this.#scratch.push(buffer);
    return buffer;
  }

  submit(): void {
    this.#pass?.end();
    this.#device.queue.submit([this.#encoder.finish()]);
    this.abandon();
  }

  /** Gives the scratch buffers back; without {@link submit} nothing recorded is run. */
  abandon(): void {
    for (const buffer of this.#scratch.splice(0)) this.#pool.giveBack(buffer);
  }
}
