import type { Backend, DeviceRaster } from '../compute/backend';
import type { PresentOptions } from '../compute/kernels/present/colour';
import { paint } from '../compute/kernels/present/cpu';
import type { WebGpuBackend } from '../compute/webgpu';

/** A device raster of 1 or 3 channels as a bitmap: on WebGPU drawn on the device, without a readback. */
export async function toBitmap(backend: Backend, raster: DeviceRaster, options?: PresentOptions): Promise<ImageBitmap> {
  if (backend.name === 'webgpu') return (backend as WebGpuBackend).toBitmap(raster, options);
  if (raster.device !== 'cpu') throw new RangeError('A raster of the CPU was expected.');
  const image = paint(raster, options);
  return createImageBitmap(new ImageData(image.data, image.width, image.height));
}
