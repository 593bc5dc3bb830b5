import { StudioError } from '../core/errors';
import type { Affine } from '../core/geometry';
import { createRaster, type Image8, type Raster } from '../core/raster';
import type { Operation } from '../core/recipe';
import type { ThinPlateSpline } from '../core/tps';
import type { Backend, Border, DeviceRaster, GpuRaster } from './backend';
import { BufferPool } from './gpu/buffer-pool';
import { BUFFER, MAP_READ } from './gpu/flags';
import { Recorder } from './gpu/kernel';
import { UniformRing } from './gpu/uniforms';
import { createAddMasking } from './kernels/add-masking/gpu';
import { createAffineValues } from './kernels/affine-values/gpu';
import { createBlend } from './kernels/blend/gpu';
import { createCanny } from './kernels/canny/gpu';
import { createChangeMask } from './kernels/change-mask/gpu';
import { createContrastMasking } from './kernels/contrast-masking/gpu';
import { createDilate } from './kernels/dilate/gpu';
import { createDisorderly } from './kernels/disorderly/gpu';
import { createEditEdges } from './kernels/edit-edges/gpu';
import { createLuminanceAdaptation } from './kernels/luminance-adaptation/gpu';
import { createNormalize } from './kernels/normalize/gpu';
import { createOrderlyPrediction } from './kernels/orderly-prediction/gpu';
import type { PresentOptions } from './kernels/present/colour';
import { createPresenter, type PresentTarget } from './kernels/present/gpu';
import { createResize } from './kernels/resize/gpu';
import { createSsim } from './kernels/ssim/gpu';
import { createUploadImage } from './kernels/upload-image/gpu';
import { createWarpAffine } from './kernels/warp-affine/gpu';
import { createWarpTps } from './kernels/warp-tps/gpu';
import {
  donorFor,
  requireAffineValues,
  requireBorder,
  requireOneChannel,
  requirePlanes,
  requireRadius,
  requireSameShape,
  requireSameSize,
  requireShare,
  requireSize,
  type Shape,
} from './shape';

/** The backend on a GPU, with what only a GPU has. */
export interface WebGpuBackend extends Backend {
  readonly name: 'webgpu';
  readonly device: GPUDevice;

  /** Rasters uploaded, computed or adopted and not yet released: for leak tests. */
  readonly liveBuffers: number;
  /** Reads of GPU memory by the CPU so far. Between an upload and what is shown of it there is none. */
  readonly readbacks: number;

  /**
   * Makes a raster of a buffer that something else on this device filled, ONNX Runtime for one, without a copy.
   * @param buffer channels · height · width float32 or more; usage STORAGE | COPY_SRC | COPY_DST.
   * @param dispose called once when the raster is released; by default the buffer is left to its owner.
   */
  adopt(buffer: GPUBuffer, shape: Shape, dispose?: () => void): GpuRaster;

  /** A raster of undefined contents for something else on this device to fill; released as any other. */
  allocate(shape: Shape): GpuRaster;

  /**
   * Draws a raster of 1 or 3 channels over the whole current texture of a canvas that was configured with
   * {@link device}, without a readback. Colours are premultiplied: `alphaMode: 'premultiplied'` where the colour map
   * is partly transparent.
   */
  present(raster: DeviceRaster, context: PresentTarget, options?: PresentOptions): void;

  /** The raster as a bitmap of its own size, drawn as {@link present} does, without a readback. Browsers only. */
  toBitmap(raster: DeviceRaster, options?: PresentOptions): ImageBitmap;
}

export interface WebGpuBackendOptions {
  /** Fills every new output before a kernel writes it, so that tests see cells nobody wrote. */
  readonly dirty?: number;
}

/**
 * Compiles every kernel for the device. The device is shared: disposing of the backend leaves it alone.
 * @throws Error with line and source if a shader does not compile.
 */
export async function createWebGpuBackend(
  device: GPUDevice,
  { dirty }: WebGpuBackendOptions = {},
): Promise<WebGpuBackend> {
  return new WebGpu(device, await createKernels(device), new BufferPool(device, dirty));
}

async function createKernels(device: GPUDevice) {
  const [
    editEdges,
    warpAffine,
    warpTps,
    ssim,
    blend,
    dilate,
    changeMask,
    affineValues,
    resize,
    uploadImage,
    addMasking,
    canny,
    contrastMasking,
    disorderly,
    luminanceAdaptation,
    normalize,
    orderlyPrediction,
    presenter,
  ] = await Promise.all([
    createEditEdges(device),
    createWarpAffine(device),
    createWarpTps(device),
    createSsim(device),
    createBlend(device),
    createDilate(device),
    createChangeMask(device),
    createAffineValues(device),
    createResize(device),
    createUploadImage(device),
    createAddMasking(device),
    createCanny(device),
    createContrastMasking(device),
    createDisorderly(device),
    createLuminanceAdaptation(device),
    createNormalize(device),
    createOrderlyPrediction(device),
    createPresenter(device),
  ]);
  return {
    editEdges,
    warpAffine,
    warpTps,
    ssim,
    blend,
    dilate,
    changeMask,
    affineValues,
    resize,
    uploadImage,
    addMasking,
    canny,
    contrastMasking,
    disorderly,
    luminanceAdaptation,
    normalize,
    orderlyPrediction,
    presenter,
  };
}

type Kernels = Awaited<ReturnType<typeof createKernels>>;

class WebGpu implements WebGpuBackend {
  readonly name = 'webgpu';
  readonly device: GPUDevice;
  readonly #kernels: Kernels;
  readonly #pool: BufferPool;
  readonly #uniforms: UniformRing;
  /** What to do when a living raster is released. */
  readonly #living = new Map<DeviceRaster, () => void>();
  readonly #onError = (event: GPUUncapturedErrorEvent) => {
    this.#error ??= event.error;
  };
  #error: GPUError | null = null;
  #lost: GPUDeviceLostInfo | null = null;
  #readbacks = 0;
  #canvas: { canvas: OffscreenCanvas; context: GPUCanvasContext } | null = null;

  constructor(device: GPUDevice, kernels: Kernels, pool: BufferPool) {
    this.device = device;
    this.#kernels = kernels;
    this.#pool = pool;
    this.#uniforms = new UniformRing(device);
    device.addEventListener('uncapturederror', this.#onError);
    void device.lost.then((info) => {
      this.#lost = info;
    });
  }

  get liveBuffers(): number {
    return this.#living.size;
  }

  get readbacks(): number {
    return this.#readbacks;
  }

  upload(raster: Raster): GpuRaster {
    const out = this.allocate(raster);
    const { data } = raster;
    this.device.queue.writeBuffer(out.buffer, 0, data.buffer, data.byteOffset, data.byteLength);
    return out;
  }

  uploadImage(image: Image8): GpuRaster {
    const { width, height, data } = image;
    return this.#compute({ width, height, channels: 3 }, (recorder, output) => {
      const pixels = recorder.scratch(width * height);
      this.device.queue.writeBuffer(pixels, 0, data.buffer, data.byteOffset, data.byteLength);
      this.#kernels.uploadImage(recorder, pixels, image, output);
    });
  }

  async download(raster: DeviceRaster): Promise<Raster> {
    const { buffer, width, height, channels } = this.#use(raster);
    const out = createRaster(width, height, channels);
    const size = out.data.byteLength;
    const usage = BUFFER.MAP_READ | BUFFER.COPY_DST;
    const staging = this.device.createBuffer({ label: 'download', size, usage });
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
      this.device.queue.submit([encoder.finish()]);
      this.#readbacks++;
      await staging.mapAsync(MAP_READ).catch((cause: unknown) => this.#fail(cause));
      this.#surface();
      out.data.set(new Float32Array(staging.getMappedRange()));
      return out;
    } finally {
      staging.destroy();
    }
  }

  adopt(buffer: GPUBuffer, { width, height, channels }: Shape, dispose: () => void = () => {}): GpuRaster {
    if (buffer.size < width * height * channels * 4) {
      throw new RangeError(`A buffer of ${buffer.size} bytes cannot hold ${channels}×${height}×${width} values.`);
    }
    const raster: GpuRaster = { device: 'webgpu', width, height, channels, buffer };
    this.#living.set(raster, dispose);
    return raster;
  }

  allocate({ width, height, channels }: Shape): GpuRaster {
    const buffer = this.#pool.acquire(width * height * channels);
    return this.adopt(buffer, { width, height, channels }, () => this.#pool.giveBack(buffer));
  }

  release(...rasters: (DeviceRaster | null | undefined)[]): void {
    for (const raster of rasters) {
      if (!raster) continue;
      this.#use(raster);
      const free = this.#living.get(raster);
      this.#living.delete(raster);
      free?.();
    }
  }

  editEdges(operation: Operation, strength: DeviceRaster, donor: DeviceRaster | null, mask: DeviceRaster): GpuRaster {
    const p = this.#use(strength);
    const m = this.#use(mask);
    const needed = donorFor(operation, donor);
    const a = needed && this.#use(needed);
    for (const raster of a ? [p, m, a] : [p, m]) {
      requireOneChannel(raster, 'edge edit');
      requireSameSize(p, raster);
    }
    return this.#compute(p, (recorder, output) =>
      this.#kernels.editEdges(recorder, operation, p, p.buffer, a && a.buffer, m.buffer, output),
    );
  }

  warpAffine(source: DeviceRaster, inverse: Affine, width: number, height: number, border: Border): GpuRaster {
    requireSize(width, height);
    const from = this.#use(source);
    const shape = { width, height, channels: from.channels };
    return this.#compute(shape, (recorder, output) =>
      this.#kernels.warpAffine(recorder, from.buffer, from, inverse, shape, border, output),
    );
  }

  warpTps(source: DeviceRaster, spline: ThinPlateSpline, border: Border): GpuRaster {
    const from = this.#use(source);
    const shape = { width: spline.width, height: spline.height, channels: from.channels };
    return this.#compute(shape, (recorder, output) =>
      this.#kernels.warpTps(recorder, from.buffer, from, spline, border, output),
    );
  }

  ssim(a: DeviceRaster, b: DeviceRaster): GpuRaster {
    requireSameShape(a, b);
    const first = this.#use(a);
    const second = this.#use(b);
    return this.#compute({ ...shapeOf(a), channels: 1 }, (recorder, output) =>
      this.#kernels.ssim(recorder, first, first.buffer, second.buffer, output),
    );
  }

  blend(under: DeviceRaster, over: DeviceRaster, mask: DeviceRaster): GpuRaster {
    requireSameShape(under, over);
    requireSameSize(under, mask);
    requireOneChannel(mask, 'blend mask');
    const [u, o, m] = [under, over, mask].map((raster) => this.#use(raster).buffer);
    return this.#compute(under, (recorder, output) => this.#kernels.blend(recorder, under, u, o, m, output));
  }

  dilate(mask: DeviceRaster, radius: number): GpuRaster {
    requireOneChannel(mask, 'dilation');
    requireRadius(radius);
    const from = this.#use(mask);
    return this.#compute(from, (recorder, output) => this.#kernels.dilate(recorder, from.buffer, from, radius, output));
  }

  changeMask(similarity: DeviceRaster, within: DeviceRaster, threshold: number): GpuRaster {
    requireOneChannel(similarity, 'change mask');
    requireOneChannel(within, 'change mask');
    requireSameSize(similarity, within);
    const s = this.#use(similarity);
    const w = this.#use(within);
    return this.#compute(s, (recorder, output) =>
      this.#kernels.changeMask(recorder, s, s.buffer, w.buffer, threshold, output),
    );
  }

  affineValues(source: DeviceRaster, scale: number, offset: number, low: number, high: number): GpuRaster {
    requireAffineValues(scale, offset, low, high);
    const from = this.#use(source);
    return this.#compute(from, (recorder, output) =>
      this.#kernels.affineValues(recorder, from.buffer, from, scale, offset, low, high, output),
    );
  }

  resize(source: DeviceRaster, width: number, height: number): GpuRaster {
    requireSize(width, height);
    const from = this.#use(source);
    const shape = { width, height, channels: from.channels };
    return this.#compute(shape, (recorder, output) => this.#kernels.resize(recorder, from.buffer, from, shape, output));
  }

  luminanceAdaptation(grey: DeviceRaster): GpuRaster {
    requireOneChannel(grey, 'luminance adaptation');
    const from = this.#use(grey);
    return this.#compute(from, (recorder, output) =>
      this.#kernels.luminanceAdaptation(recorder, from.buffer, from, output),
    );
  }

  orderlyPrediction(grey: DeviceRaster, adaptation: DeviceRaster): GpuRaster {
    requirePlanes('orderly prediction', grey, adaptation);
    const from = this.#use(grey);
    const sigma = this.#use(adaptation);
    return this.#compute(from, (recorder, output) =>
      this.#kernels.orderlyPrediction(recorder, from, from.buffer, sigma.buffer, output),
    );
  }

  contrastMasking(grey: DeviceRaster): GpuRaster {
    requireOneChannel(grey, 'contrast masking');
    const from = this.#use(grey);
    return this.#compute(from, (recorder, output) =>
      this.#kernels.contrastMasking(recorder, from.buffer, from, output),
    );
  }

  canny(source: DeviceRaster, threshold: number): GpuRaster {
    requireOneChannel(source, 'edge map');
    requireShare(threshold);
    const from = this.#use(source);
    return this.#compute(from, (recorder, output) =>
      this.#kernels.canny(recorder, from.buffer, from, threshold, output),
    );
  }

  disorderly(grey: DeviceRaster, orderly: DeviceRaster, edges: DeviceRaster): GpuRaster {
    requirePlanes('disorderly content', grey, orderly, edges);
    const [i, p, e] = [grey, orderly, edges].map((raster) => this.#use(raster).buffer);
    return this.#compute(grey, (recorder, output) => this.#kernels.disorderly(recorder, grey, i, p, e, output));
  }

  addMasking(a: DeviceRaster, b: DeviceRaster): GpuRaster {
    requirePlanes('masking', a, b);
    const [first, second] = [a, b].map((raster) => this.#use(raster).buffer);
    return this.#compute(a, (recorder, output) => this.#kernels.addMasking(recorder, a, first, second, output));
  }

  normalize(source: DeviceRaster, border: number): GpuRaster {
    requireOneChannel(source, 'normalisation');
    requireBorder(border);
    const from = this.#use(source);
    return this.#compute(from, (recorder, output) =>
      this.#kernels.normalize(recorder, from.buffer, from, border, output),
    );
  }

  present(raster: DeviceRaster, context: PresentTarget, options: PresentOptions = {}): void {
    const { buffer } = this.#use(raster);
    this.#kernels.presenter.draw(this.#uniforms, buffer, raster, context, options);
  }

  toBitmap(raster: DeviceRaster, options: PresentOptions = {}): ImageBitmap {
    const { width, height } = this.#use(raster);
    this.#canvas ??= offscreenCanvas(this.device, width, height);
    const { canvas, context } = this.#canvas;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    this.present(raster, context, options);
    return canvas.transferToImageBitmap();
  }

  async finish(): Promise<void> {
    await this.device.queue.onSubmittedWorkDone().catch((cause: unknown) => this.#fail(cause));
    this.#surface();
  }

  dispose(): void {
    this.device.removeEventListener('uncapturederror', this.#onError);
    this.#canvas?.context.unconfigure();
    this.#canvas = null;
    for (const free of this.#living.values()) free();
    this.#living.clear();
    this.#pool.dispose();
    this.#uniforms.dispose();
    this.#kernels.presenter.dispose();
  }

  /** One command buffer per call: submitted at once, so that others on this device may read the result right after. */
  #compute(shape: Shape, record: (recorder: Recorder, output: GPUBuffer) => void): GpuRaster {
    const out = this.allocate(shape);
    const recorder = new Recorder(this.device, this.#pool, this.#uniforms);
    try {
      record(recorder, out.buffer);
      recorder.submit();
      return out;
    } catch (error) {
      recorder.abandon();
      this.release(out);
      throw error;
    }
  }

  #use(raster: DeviceRaster): GpuRaster {
    if (raster.device !== 'webgpu') throw new RangeError('A raster on the CPU was given to the WebGPU backend.');
    if (!this.#living.has(raster)) {
      throw new RangeError('This raster was released, or belongs to another backend (adopt makes it one of this).');
    }
    return raster;
  }

  /** Reports the first error that the device raised since the last look; later ones are usually its consequences. */
  #surface(): void {
    if (this.#lost) this.#fail(this.#lost);
    const error = this.#error;
    this.#error = null;
    if (!error) return;
    if ('GPUOutOfMemoryError' in globalThis && error instanceof GPUOutOfMemoryError) {
      throw new StudioError(
        'out-of-memory',
        'compute',
        'The graphics device has no memory left. Choose a smaller working size, or close other tabs.',
        { cause: error },
      );
    }
    throw new StudioError('internal', 'compute', `The graphics device reports: ${error.message}`, { cause: error });
  }

  /** What made waiting for the device fail: an error of its own, or else that it is gone. */
  #fail(cause: unknown): never {
    if (!this.#lost && this.#error) this.#surface();
    throw new StudioError(
      'device-lost',
      'compute',
      'The graphics device was lost (driver reset, sleep or too little memory). Try again; if it happens again, switch to the CPU.',
      { cause },
    );
  }
}

function shapeOf({ width, height, channels }: Shape): Shape {
  return { width, height, channels };
}

/** @throws StudioError `no-webgpu` where there is no OffscreenCanvas with WebGPU. */
function offscreenCanvas(device: GPUDevice, width: number, height: number) {
  const canvas = typeof OffscreenCanvas === 'undefined' ? null : new OffscreenCanvas(width, height);
  const context = canvas?.getContext('webgpu');
  if (!canvas || !context) {
    throw new StudioError('no-webgpu', 'compute', 'This program cannot draw with WebGPU. Switch to the CPU.');
  }
  context.configure({ device, format: navigator.gpu.getPreferredCanvasFormat(), alphaMode: 'premultiplied' });
  return { canvas, context };
}
