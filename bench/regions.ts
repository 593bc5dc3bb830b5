import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createNodeRuntime } from '../src/compute/onnx/runtime-node';
import { Random } from '../src/core/random';
import { createRaster, type Raster } from '../src/core/raster';
import { everything } from '../src/models/sam/everything';
import { loadOwnSam, loadShippedSam, type SamModel } from '../src/models/sam/load';
import { Segmenter, type Prompt, type SegmentedMask } from '../src/models/sam/segmenter';
import { folderSource } from '../src/models/weights-node';
import { DEFAULT_PART_SETTINGS, refineParts } from '../src/synthesis/parts/refine';
import { ellipse, rawCandidates } from '../src/synthesis/parts/testing';
import { median } from './report';

const RUNS = 7;

async function timed(work: () => unknown): Promise<number> {
  await work();
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}

/**
 * Segmentation: encode, decode of 1 and of 64 prompts, everything in total, the wasm the browser runs against native
 * ONNX Runtime; and the refinement that sliders call. SAM_ENCODER and SAM_DECODER name files of another SAM.
 */
export async function benchRegions(): Promise<void> {
  const few = rawCandidates(1, 300, 1024);
  // Without suppression, so that every step has all 300 to work on.
  const settings = { ...DEFAULT_PART_SETTINGS, boxIou: 1, maskIou: 1 };
  const foreground = ellipse(1024, 1024, 512, 512, 500, 500);
  const refinement = await timed(() => refineParts(few, settings, foreground));
  console.log(`refinement of 300 masks at 1024²: ${refinement.toFixed(1)} ms (aim: 50)`);
  const many = rawCandidates(2, 5000, 1024);
  const crowd = await timed(() => refineParts(many));
  console.log(`refinement of 5,000 masks at 1024²: ${crowd.toFixed(0)} ms`);

  let model: SamModel;
  try {
    model = await chosenModel();
  } catch (error) {
    console.log(`segmentation: skipped (${error instanceof Error ? error.message : String(error)})`);
    return;
  }
  const image = picture(new Random(1), 768, 576);
  const prompts: Prompt[] = Array.from({ length: 64 }, (_, i) => ({
    points: [{ x: 12 * i, y: 9 * i, label: 1 as const }],
  }));
  const results: Record<string, Record<string, number>> = {};
  for (const build of ['native', 'wasm'] as const) {
    const segmenter = await open(model, build);
    if (!segmenter) continue;
    const embedding = await segmenter.encode(image);
    const all = { quality: -Infinity, stability: 0 };
    results[build] = {
      encode: await timed(() => segmenter.encode(image)),
      'decode 1 prompt': await timed(() => segmenter.segment(embedding, prompts[0])),
      'decode 64 prompts': await timed(() => segmenter.segmentAll(embedding, prompts, all)),
      'everything, 16 × 16': await timed(async () => {
        const masks: SegmentedMask[] = [];
        for await (const step of everything(segmenter, await segmenter.encode(image), { grid: 16 })) {
          masks.push(...step.masks);
        }
        refineParts(masks, { ...DEFAULT_PART_SETTINGS, ...model.card?.everything });
      }),
    };
    await segmenter.release();
  }
  for (const [name, wasm] of Object.entries(results.wasm ?? {})) {
    const native = results.native?.[name];
    const against = native ? `, native ${native.toFixed(0)} ms, ratio ${(wasm / native).toFixed(2)}` : '';
    console.log(`${model.ref.id}, ${name}: wasm ${wasm.toFixed(0)} ms${against}`);
  }
}

async function chosenModel(): Promise<SamModel> {
  const { SAM_ENCODER, SAM_DECODER } = process.env;
  if (!SAM_ENCODER || !SAM_DECODER) {
    return loadShippedSam(folderSource(fileURLToPath(new URL('../public/models', import.meta.url))));
  }
  const files = [SAM_ENCODER, SAM_DECODER].map(async (name) => ({ name, bytes: new Uint8Array(await readFile(name)) }));
  return loadOwnSam(await Promise.all(files));
}

async function open({ encoder, decoder, boxLabels }: SamModel, build: 'native' | 'wasm'): Promise<Segmenter | null> {
  try {
    const runtime = await createNodeRuntime({ build });
    const sessions = [encoder, decoder].map(({ bytes, name }) => runtime.open(bytes, name));
    return new Segmenter(await sessions[0], await sessions[1], { boxLabels });
  } catch (error) {
    console.log(`${build}: skipped (${error instanceof Error ? error.message : String(error)})`);
    return null;
  }
}

/** Discs of random colours: things to find. */
function picture(random: Random, width: number, height: number): Raster {
  const raster = createRaster(width, height, 3);
  raster.data.fill(0.4);
  for (let k = 0; k < 30; k++) {
    const disc = ellipse(
      width,
      height,
      random.uniform(0, width),
      random.uniform(0, height),
      random.uniform(10, 60),
      random.uniform(10, 60),
    );
    const colour = [random.uniform(), random.uniform(), random.uniform()];
    for (let i = 0; i < disc.runs.length; i += 2) {
      colour.forEach((value, c) =>
        raster.data.fill(value, c * width * height + disc.runs[i], c * width * height + disc.runs[i + 1]),
      );
    }
  }
  return raster;
}
