import type { Backend, DeviceRaster } from '../compute/backend';
import type { OnnxSession } from '../compute/onnx/session';

/**
 * Runs a session from rasters of a backend to rasters of the same backend. Where both are on one device nothing is
 * copied. Where they are not (GPU kernels beside ONNX Runtime's wasm) feeds are read back and results uploaded.
 */
export async function runOn(
  backend: Backend,
  session: OnnxSession,
  feeds: Readonly<Record<string, DeviceRaster>>,
  outputs: readonly string[],
  signal?: AbortSignal,
): Promise<Record<string, DeviceRaster>> {
  const home = backend.name === 'webgpu' ? 'webgpu' : 'cpu';
  if (home === session.device) return session.run(feeds, outputs, signal);
  if (session.device !== 'cpu') {
    // Kernels on the CPU under a network on the GPU: no path of the studio is like that.
    throw new RangeError(`The network ${session.name} computes on the GPU and the kernels on the CPU.`);
  }
  const local: Record<string, DeviceRaster> = {};
  for (const [name, raster] of Object.entries(feeds)) {
    local[name] = { ...(await backend.download(raster)), device: 'cpu' };
  }
  const results = await session.run(local, outputs, signal);
  const uploaded: Record<string, DeviceRaster> = {};
  for (const name of outputs) uploaded[name] = backend.upload(cpu(results[name]));
  return uploaded;
}

function cpu(raster: DeviceRaster) {
  if (raster.device !== 'cpu') throw new RangeError('Expected a raster of the CPU.');
  return raster;
}
