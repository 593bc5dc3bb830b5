import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import { Random } from '../src/core/random';
import { randomWarp } from '../src/core/tps';
import { newDraft, type Draft } from '../src/project/document';
import {
  detect,
  events,
  measure,
  openBench,
  openImage,
  preview,
  servedImage,
  start,
  type GpuEvent,
  type Pixels,
  type ServedImage,
} from './gpu-support';
import { photograph } from './ui-support';

/** No whole number of vectors or workgroups, and not the generator's own size. */
const [WIDTH, HEIGHT] = [47, 35];

async function picture(name: string, seed: number): Promise<ServedImage> {
  const size = { left: 0, top: 0, width: WIDTH, height: HEIGHT };
  const png = await sharp(await photograph(seed, 48))
    .extract(size)
    .png()
    .toBuffer();
  return servedImage(name, WIDTH, HEIGHT, png);
}

/** What happened from the first upload to the last bitmap; decoding the file comes before. */
function live(list: readonly GpuEvent[]): readonly GpuEvent[] {
  expect(list).toContain('upload');
  expect(list).toContain('bitmap');
  return list.slice(list.indexOf('upload'), list.lastIndexOf('bitmap') + 1);
}

const how = (list: readonly GpuEvent[], event: GpuEvent) => list.filter((one) => one === event).length;

/** Between 0 and 1, over every pixel and channel. */
function differences(a: Pixels, b: Pixels): number[] {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  return a.data.map((value, i) => Math.abs(value - b.data[i]) / 255);
}

/** Of the red channel, from 0 to 255. */
function contrast({ data }: Pixels): number {
  const red = data.filter((_, i) => i % 4 === 0);
  return Math.max(...red) - Math.min(...red);
}

test('from upload to bitmap nothing is read back, and the pictures are those of the CPU', async ({ page }) => {
  // A processor imitates the GPU, and others use it too.
  test.setTimeout(600_000);
  const photo = await picture('photo.png', 1);
  const donor = await picture('donor.png', 2);
  await openBench(page, [photo, donor]);

  const region = { kind: 'rectangle', combine: 'add', x: 6, y: 5, width: 19, height: 17, rotation: 0 } as const;
  const remove: Draft = { ...newDraft(photo.record.id, 1), shapes: [region], output: 'generated' };
  // Every kernel has a part in this one: both warps, resizing, dilation, blending.
  const merge: Draft = {
    ...remove,
    operation: 'merge',
    output: 'composited',
    edgeOutput: 'fused',
    augmentation: { flipX: true, flipY: false, scale: 1.2, rotation: 0.3, translateX: 0.05, translateY: -0.1 },
    warp: randomWarp(new Random(3)),
  };
  const all = async () => {
    const opened = await openImage(page, photo.record);
    const openedBy = await events(page);
    const removed = await preview(page, { image: photo.record, draft: remove, donor: null });
    const removedBy = await events(page);
    const detected = await detect(page, {
      image: photo.record,
      of: { preview: removed.serial },
      scale: 'viridis',
      explain: 'edges',
    });
    const detectedBy = await events(page);
    const merged = await preview(page, { image: photo.record, draft: merge, donor: donor.record });
    return { opened, openedBy, removed, removedBy, detected, detectedBy, merged, mergedBy: await events(page) };
  };

  expect(await start(page, 'webgpu')).toMatchObject({ path: 'webgpu' });
  await events(page);
  const gpu = await all();
  for (const [list, bitmaps] of [
    [gpu.openedBy, 2],
    [gpu.removedBy, 4],
    [gpu.mergedBy, 4],
  ] as const) {
    const between = live(list);
    expect(how(between, 'readback')).toBe(0);
    expect(how(between, 'bitmap')).toBe(bitmaps);
    expect(how(between, 'dispatch')).toBeGreaterThan(0);
  }
  // The heat map, too, is drawn before anything is read; only the map's values are, for score and outline.
  const drawn = gpu.detectedBy.slice(0, gpu.detectedBy.lastIndexOf('bitmap') + 1);
  expect(how(drawn, 'readback')).toBe(0);
  expect(how(drawn, 'bitmap')).toBe(2);
  expect(how(drawn, 'dispatch')).toBeGreaterThan(0);
  expect(how(gpu.detectedBy, 'readback')).toBeGreaterThan(0);
  // The measures do read back: what counts none above would see one.
  await measure(page);
  expect(how(await events(page), 'readback')).toBeGreaterThan(0);

  expect(await start(page, 'wasm')).toMatchObject({ path: 'wasm' });
  await events(page);
  const cpu = await all();
  expect(how([...cpu.openedBy, ...cpu.removedBy, ...cpu.detectedBy, ...cpu.mergedBy], 'dispatch')).toBe(0);

  for (const name of ['photo', 'edges'] as const) {
    expect(contrast(gpu.opened[name]), name).toBeGreaterThan(80);
    expect(Math.max(...differences(gpu.opened[name], cpu.opened[name])), name).toBeLessThan(1e-2);
  }
  for (const step of ['removed', 'merged'] as const) {
    expect(gpu[step].renderer).toBe('generator');
    for (const name of ['region', 'editedEdges', 'result'] as const) {
      expect(contrast(gpu[step][name]), `${step} ${name}`).toBeGreaterThan(80);
      const worst = Math.max(...differences(gpu[step][name], cpu[step][name]));
      expect(worst, `${step} ${name}`).toBeLessThan(1e-2);
    }
    // A mask is 0 or 1; where the SSIM is within rounding of the threshold the paths may decide differently.
    expect(contrast(gpu[step].mask), `${step} mask`).toBe(255);
    const flipped = differences(gpu[step].mask, cpu[step].mask).filter((difference) => difference > 0).length / 3;
    expect(flipped, `${step} mask`).toBeLessThanOrEqual(0.002 * WIDTH * HEIGHT);
  }
  expect(Math.max(...differences(gpu.removed.result, gpu.merged.result))).toBeGreaterThan(0.2);
  // Colours come from a table, and transparent ones lose a level when they are undone.
  for (const name of ['heat', 'explanation'] as const) {
    expect(contrast(gpu.detected[name]), name).toBeGreaterThan(20);
    expect(Math.max(...differences(gpu.detected[name], cpu.detected[name])), name).toBeLessThan(3e-2);
  }
  expect(gpu.detected.score).toBeCloseTo(cpu.detected.score, 2);
});
