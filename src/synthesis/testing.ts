import type { Backend, DeviceRaster } from '../compute/backend';
import { filledRaster } from '../core/raster';
import type { EdgeDetector, Generator, Stages } from './types';

/**
 * Test helpers: small networks made of the backend's own kernels, so that they run wherever it does, and a backend
 * that counts.
 */

/** Where the picture has structure: 1 − SSIM against itself blurred, the same for every output. */
export function structureDetector(backend: Backend): EdgeDetector & { runs: number } {
  const detector = {
    runs: 0,
    async run<T extends string>(image: DeviceRaster, outputs: readonly T[] = []) {
      detector.runs++;
      const small = backend.resize(image, Math.ceil(image.width / 3), Math.ceil(image.height / 3));
      const blurred = backend.resize(small, image.width, image.height);
      const similarity = backend.ssim(image, blurred);
      const maps = outputs.map((name) => [name, backend.affineValues(similarity, -1, 1, 0, 1)] as const);
      backend.release(small, blurred, similarity);
      return Object.fromEntries(maps) as Record<T, DeviceRaster>;
    },
  };
  return detector;
}

/** Paints edges in dark red on light ground, a little softened: what changes in the edges changes in the picture. */
export function linearGenerator(backend: Backend, width: number, height: number): Generator & { runs: number } {
  const generator = {
    width,
    height,
    runs: 0,
    async run(edges: DeviceRaster) {
      generator.runs++;
      if (edges.width !== width || edges.height !== height) throw new RangeError('Edges of another size.');
      const ground = filledRaster(width, height, 0.8, 3);
      const ink = filledRaster(width, height, 0.1, 3);
      ink.data.fill(0.5, 0, width * height);
      const under = backend.upload(ground);
      const over = backend.upload(ink);
      const picture = backend.blend(under, over, edges);
      backend.release(under, over);
      return picture;
    },
  };
  return generator;
}

export function stagesOn(
  backend: Backend,
  size: { width: number; height: number } | null,
): Stages & {
  readonly edgeDetector: { runs: number };
  readonly generator: { runs: number } | null;
} {
  return {
    backend,
    edgeDetector: structureDetector(backend),
    edgeModel: { id: 'structure', sha256: 'e'.repeat(64) },
    generator: size && linearGenerator(backend, size.width, size.height),
    generatorModel: size && { id: 'linear', sha256: 'f'.repeat(64) },
  };
}

/** The backend, counting what it holds and what was read back. */
export function countingBackend(inner: Backend): Backend & { readonly live: number; readonly downloads: number } {
  const live = new Set<DeviceRaster>();
  let downloads = 0;
  const counted = new Proxy(inner, {
    get(target, property) {
      if (property === 'live') return live.size;
      if (property === 'downloads') return downloads;
      const member = Reflect.get(target, property, target) as unknown;
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        if (property === 'download') downloads++;
        if (property === 'release') for (const raster of args) live.delete(raster as DeviceRaster);
        const result = Reflect.apply(member, target, args) as unknown;
        if (typeof result === 'object' && result !== null && 'device' in result) live.add(result as DeviceRaster);
        return result;
      };
    },
  });
  return counted as Backend & { readonly live: number; readonly downloads: number };
}
