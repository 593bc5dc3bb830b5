import { Random } from '../src/core/random';
import { DEFAULT_GROUND_TRUTH, RECIPE_FORMAT, RECIPE_VERSION, type Recipe } from '../src/core/recipe';
import { encodeMask } from '../src/core/mask-codec';
import { createRaster } from '../src/core/raster';
import { sha256 } from '../src/core/hash';
import { mvtecAdEntries, type ExportPair } from '../src/datasets/mvtec-ad';
import { zipStream } from '../src/datasets/zip';

/** About what a 256² picture and its mask take as PNG. */
const IMAGE_BYTES = 110_000;
const MASK_BYTES = 1_200;

/** Peak memory while a zip of 20, 200 and 2,000 pairs is written, above what was in use before. */
export async function benchExport(): Promise<void> {
  for (const count of [20, 200, 2000]) {
    globalThis.gc?.();
    const before = process.memoryUsage();
    let peak = 0;
    let bytes = 0;
    const start = performance.now();
    const entries = mvtecAdEntries('bench', pairs(count), [], { models: [], createdAt: null, sha256 });
    for await (const chunk of zipStream(entries, new Date(0))) {
      bytes += chunk.length;
      const { heapUsed, external } = process.memoryUsage();
      peak = Math.max(peak, heapUsed + external - before.heapUsed - before.external);
    }
    const seconds = (performance.now() - start) / 1000;
    console.log(
      `export of ${count} pairs: ${(bytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(1)} s, peak memory +${(peak / 1e6).toFixed(0)} MB (heap and buffers${globalThis.gc ? '' : ', no forced collection'})`,
    );
  }
}

function* pairs(count: number): Generator<ExportPair> {
  const random = new Random(5);
  const hash = '0'.repeat(64);
  const recipe: Recipe = {
    format: RECIPE_FORMAT,
    version: RECIPE_VERSION,
    seed: 1,
    source: { name: 'a.png', sha256: hash, width: 256, height: 256 },
    size: { width: 256, height: 256 },
    region: { shapes: [], grow: 0, feather: 0, mask: encodeMask(createRaster(256, 256)) },
    operation: 'remove',
    donor: null,
    warp: null,
    edges: { model: { id: 'bench', sha256: hash }, output: 'e1' },
    renderer: { kind: 'direct', gradients: 'normal' },
    groundTruth: DEFAULT_GROUND_TRUTH,
  };
  for (let i = 0; i < count; i++) {
    const noise = (length: number) => Uint8Array.from({ length }, () => random.int(0, 255));
    yield { recipe, name: `${i}`, image: noise(IMAGE_BYTES), mask: noise(MASK_BYTES) };
  }
}
