import type { DeviceRaster } from '../src/compute/backend';
import { fileURLToPath } from 'node:url';
import { createCpuBackend } from '../src/compute/cpu';
import { createNodeRuntime } from '../src/compute/onnx/runtime-node';
import { Random } from '../src/core/random';
import { createRaster } from '../src/core/raster';
import { loadShippedEdges, loadShippedGenerator, type LoadedModel } from '../src/models/weights';
import { folderSource } from '../src/models/weights-node';
import { median } from './report';

const SIDE = 256;
const RUNS = 7;

/** PiDiNet and the generator at 256²: the wasm the browser runs against native ONNX Runtime, in one run. */
export async function benchModels(): Promise<void> {
  const source = folderSource(fileURLToPath(new URL('../public/models', import.meta.url)));
  const random = new Random(1);
  const noise = (channels: number) => {
    const raster = createRaster(SIDE, SIDE, channels);
    for (let i = 0; i < raster.data.length; i++) raster.data[i] = random.uniform();
    return createCpuBackend().upload(raster);
  };
  const models: { model: LoadedModel | null; feeds: Record<string, DeviceRaster> }[] = [
    { model: await loadShippedEdges(source), feeds: { image: noise(3) } },
    { model: await loadShippedGenerator(source), feeds: { edges: noise(1) } },
  ];
  for (const { model, feeds } of models) {
    if (!model) {
      console.log('generator: skipped, none is shipped');
      continue;
    }
    const milliseconds: Record<string, number> = {};
    for (const build of ['native', 'wasm'] as const) {
      let session;
      try {
        session = await (await createNodeRuntime({ build })).open(model.bytes, model.name);
      } catch (error) {
        console.log(`${model.name} in ${build}: skipped (${error instanceof Error ? error.message : String(error)})`);
        continue;
      }
      await session.run(feeds);
      const times: number[] = [];
      for (let i = 0; i < RUNS; i++) {
        const start = performance.now();
        await session.run(feeds);
        times.push(performance.now() - start);
      }
      await session.release();
      milliseconds[build] = median(times);
    }
    const { native, wasm } = milliseconds;
    const ratio = native && wasm ? `, ratio ${(wasm / native).toFixed(2)}` : '';
    console.log(`${model.name} ${SIDE}²: wasm ${wasm?.toFixed(0)} ms, native ${native?.toFixed(0)} ms${ratio}`);
  }
}
