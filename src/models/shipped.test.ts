import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { createCpuBackend } from '../compute/cpu';
import { createNodeRuntime } from '../compute/onnx/runtime-node';
import { createMask } from '../core/mask';
import { createRaster, rgbFromImage8, type Raster } from '../core/raster';
import { rleFromMask, rleIou } from '../core/rle';
import { nodeCodec } from '../datasets/codec-node';
import { createDetector } from './detector/detector';
import { EXPLANATIONS } from './detector/form';
import { loadShippedDetector } from './detector/load';
import { createGenerator } from './generator/generator';
import { createEdgeDetector, EDGE_OUTPUTS } from './pidinet/pidinet';
import { loadShippedSam } from './sam/load';
import { Segmenter } from './sam/segmenter';
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

describe('the shipped anomaly detector', { timeout: 120_000 }, () => {
  it('gives map, score and explanations of a photograph of any size, as its card says', async () => {
    const model = await loadShippedDetector(source);
    if (!model) {
      console.log('skipped: public/models has no anomaly detector');
      return;
    }
    const { form, card } = model;
    expect({ size: form.size, multiple: form.multiple }).toEqual({ size: card!.size, multiple: card!.multiple });
    expect(form.explanations).toEqual(EXPLANATIONS);
    const detector = createDetector(await runtime.open(model.bytes, model.name), backend, form);
    const { map, score, explanations } = await detector.detect(step(301, 203, 120), { explain: EXPLANATIONS });
    expect([map, ...Object.values(explanations)].map(({ channels }) => channels)).toEqual([1, 3, 1, 1]);
    for (const { width, height, data } of [map, ...Object.values(explanations)]) {
      expect([width, height]).toEqual([301, 203]);
      expect(data.every((value) => value >= 0 && value <= 1)).toBe(true);
    }
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThan(1);
    await detector.release();
  });
});

describe('the shipped segmentation network', { timeout: 120_000 }, () => {
  it('finds the pin that is clicked on, a photograph it was never trained on', async () => {
    const demo = new URL('../../public/datasets/demo/pin_tray/', import.meta.url);
    const file = async (name: string) => new Uint8Array(await readFile(new URL(name, demo)));
    const photograph = await nodeCodec.decode(await file('test/logical_anomalies/024.jpg'), '024.jpg');
    // A pin of another colour: its ground truth is the pin as it is seen.
    const mask = await nodeCodec.decode(await file('ground_truth/logical_anomalies/024/000.png'), '000.png');
    const truth = createMask(mask.width, mask.height);
    truth.data.forEach((_, i) => (truth.data[i] = mask.data[4 * i] > 0 ? 1 : 0));
    const inside = [...truth.data.keys()].filter((i) => truth.data[i] === 1);
    const mean = (of: (i: number) => number) => inside.reduce((sum, i) => sum + of(i), 0) / inside.length;
    const point = { x: mean((i) => i % mask.width), y: mean((i) => Math.floor(i / mask.width)), label: 1 as const };

    const { encoder, decoder, boxLabels } = await loadShippedSam(source);
    const segmenter = new Segmenter(
      await runtime.open(encoder.bytes, encoder.name),
      await runtime.open(decoder.bytes, decoder.name),
      { boxLabels },
    );
    const [best] = await segmenter.segment(await segmenter.encode(rgbFromImage8(photograph)), { points: [point] });
    expect(rleIou(best.mask, rleFromMask(truth))).toBeGreaterThan(0.5);
    expect(best.quality).toBeGreaterThan(0.5);
    await segmenter.release();
  });
});
