import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { createCpuBackend } from '../compute/cpu';
import { createNodeRuntime } from '../compute/onnx/runtime-node';
import { createRaster, type Raster } from '../core/raster';
import { createGenerator } from './generator/generator';
import { createEdgeDetector, EDGE_OUTPUTS } from './pidinet/pidinet';
import { loadShippedEdges, loadShippedGenerator } from './weights';
import { folderSource } from './weights-node';

/** The networks of public/models as they are: that they run in wasm, at odd sizes too, and do what they are for. */

const source = folderSource(fileURLToPath(new URL('../../public/models/', import.meta.url)));
const backend = createCpuBackend();
const runtime = await createNodeRuntime({ build: 'wasm', threads: 1 });

afterAll(() => backend.dispose());

/** Dark on the left, bright on the right of column `at`. */
function step(width: number, height: number, at: number): Raster {
  const raster = createRaster(width, height, 3);
  raster.data.forEach((_, i) => (raster.data[i] = i % width < at ? 0.2 : 0.8));
  return raster;
}

describe('the shipped edge detector', { timeout: 120_000 }, () => {
  it('finds the edge of a step where it is, in every map, and nothing in a flat picture', async () => {
    const { bytes, name } = await loadShippedEdges(source);
    const detector = createEdgeDetector(await runtime.open(bytes, name), backend);
    const [width, height, at] = [63, 50, 30];
    const maps = await detector.run(backend.upload(step(width, height, at)));
    for (const output of EDGE_OUTPUTS) {
      const map = await backend.download(maps[output]);
      expect(map).toMatchObject({ width, height, channels: 1 });
      expect(Math.min(...map.data)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...map.data)).toBeLessThanOrEqual(1);
      const row = [...map.data.subarray(25 * width, 26 * width)];
      const peak = Math.max(...row);
      expect(peak, output).toBeGreaterThan(0.5);
      // A scale of 1/s places its edge within s pixels. Responses are flat on top: the middle of the top counts.
      const top = row.flatMap((value, x) => (value > 0.9 * peak ? [x] : []));
      const middle = top.reduce((sum, x) => sum + x, 0) / top.length;
      const reach = { e1: 1, e2: 2, e3: 4, e4: 8, fused: 2 }[output];
      expect(Math.abs(middle - (at - 0.5)), output).toBeLessThanOrEqual(reach);
    }
    const flat = await detector.run(backend.upload(step(width, height, 0)), ['fused']);
    const inside = (await backend.download(flat.fused)).data.filter((_, i) => i % width > 12 && i % width < 50);
    expect(Math.max(...inside)).toBeLessThan(0.5);
    await detector.release();
  });
});

describe('the shipped generator', { timeout: 120_000 }, () => {
  it('paints a picture of the size of the edges, with values of colours', async () => {
    const model = await loadShippedGenerator(source);
    if (!model) {
      console.log('skipped: public/models has no generator');
      return;
    }
    const generator = createGenerator(await runtime.open(model.bytes, model.name), backend);
    const picture = await backend.download(await generator.run(backend.upload(createRaster(64, 96))));
    expect(picture).toMatchObject({ width: 64, height: 96, channels: 3 });
    expect(Math.min(...picture.data)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...picture.data)).toBeLessThanOrEqual(1);
    await generator.release();
  });
});
