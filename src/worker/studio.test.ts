import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseOnnx, serializeOnnx } from '../models/onnx-file/onnx';
import type { EngineModels } from './engine';
import { standInBrowser, studioFile } from './testing';

const PUBLIC = new URL('../../public/', import.meta.url);

vi.mock('../compute/onnx/runtime-wasm', async () => (await import('./testing')).runtimeInNode({ threads: 1 }));

/** Makes fetches of the studio's files fail or differ. */
let answer: (file: string) => Promise<Response>;

beforeEach(() => {
  answer = studioFile;
  standInBrowser((file) => answer(file));
});
afterEach(() => vi.unstubAllGlobals());

const open = async () => new (await import('./studio')).Studio();

describe('computing', () => {
  it('falls to the CPU without WebGPU, and says so', async () => {
    expect(await (await open()).start('auto')).toMatchObject({
      path: 'wasm',
      adapter: null,
      reason: 'Computing on the CPU: there is no WebGPU here.',
    });
  });

  it('falls to the CPU where a GPU opens and cannot be used, and says so', async () => {
    const info = { vendor: 'acme', architecture: '', device: '', description: 'Acme 9', isFallbackAdapter: false };
    const device = Object.assign(new EventTarget(), {
      lost: new Promise(() => {}),
      features: new Set(),
      limits: {},
      destroy: vi.fn(),
      createBuffer: () => {
        throw new Error('no buffers today.');
      },
    });
    Object.assign(navigator, {
      gpu: {
        requestAdapter: async () => ({ info, features: new Set(), limits: {}, requestDevice: async () => device }),
      },
    });
    const { path, reason } = await (await open()).start('webgpu');
    expect(path).toBe('wasm');
    expect(reason).toMatch(/^Computing on the CPU: a GPU was found but could not be used \(.+\)\.$/);
    expect(device.destroy).toHaveBeenCalled();
  });

  it('says which file of the studio is missing or altered, and goes on once it is there', async () => {
    const studio = await open();
    const whole = answer;
    answer = () => Promise.reject(new TypeError('Failed to fetch'));
    await expect(studio.start('wasm')).rejects.toMatchObject({
      code: 'missing-weights',
      message: expect.stringMatching(/models\/.*could not be loaded\. Check/),
    });
    const broken = new ReadableStream({ start: (controller) => controller.error(new TypeError('network error')) });
    answer = async (file) => (file.endsWith('.onnx') ? new Response(broken) : whole(file));
    await expect(studio.start('wasm')).rejects.toMatchObject({
      code: 'missing-weights',
      message: expect.stringMatching(/models\/.*\.onnx could not be loaded\. Check/),
    });
    answer = async (file) => (file.endsWith('small.onnx') ? new Response('altered') : whole(file));
    await expect(studio.start('wasm')).rejects.toMatchObject({
      code: 'altered-weights',
      message: expect.stringMatching(/pidinet-small\.onnx is not the file its card describes.*Install/),
    });
    answer = whole;
    expect(await studio.start('wasm')).toMatchObject({ path: 'wasm' });
  });

  it('tries a network again that could not be opened', async () => {
    const { Engine } = await import('./engine');
    const bytes = await readFile(new URL('models/pidinet-small.onnx', PUBLIC));
    const edges = { ref: { id: 'x', sha256: '' }, name: 'x.onnx', bytes: new Uint8Array(4) };
    const engine = await Engine.open('wasm', { edges, generator: null } as unknown as EngineModels);
    const detect = () =>
      engine.run(async ({ backend, edgeDetector }) => {
        const image = backend.upload({ width: 32, height: 32, channels: 3, data: new Float32Array(3 * 32 * 32) });
        return (await edgeDetector.run(image, ['fused'])).fused.width;
      });
    await expect(detect()).rejects.toMatchObject({ code: 'bad-weights', message: expect.stringContaining('x.onnx') });
    edges.bytes = bytes;
    expect(await detect()).toBe(32);
    await engine.dispose();
  });
});

describe('weights that the person brings', () => {
  const file = (name: string, bytes: Uint8Array<ArrayBuffer> | string) => new File([bytes], name);

  it('are refused with the file’s name, and the shipped ones stay in use', async () => {
    const studio = await open();
    const [shipped] = await studio.models();
    const strange = parseOnnx(await readFile(new URL('models/pidinet-small.onnx', PUBLIC)), 'small');
    strange.graph.node[0].opType = 'Convolute';
    const vanished = Object.assign(file('gone.pth', ''), {
      arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotFoundError')),
    });
    for (const [weights, code, reason] of [
      [file('text.pth', 'not weights'), 'bad-weights', /text\.pth.*(Choose|Download)/],
      // It has PiDiNet's form, so only running it shows.
      [file('strange.onnx', serializeOnnx(strange)), 'bad-weights', /strange\.onnx.*Choose/],
      [vanished, 'file-vanished', /gone\.pth could not be read.*Choose it again/],
    ] as const) {
      await expect(studio.useWeights(weights)).rejects.toMatchObject({ code, message: expect.stringMatching(reason) });
      expect((await studio.models())[0]).toEqual(shipped);
    }
    expect(await studio.start('wasm')).toMatchObject({ path: 'wasm' });
    const own = new Uint8Array(await readFile(new URL('models/pidinet-small.onnx', PUBLIC)));
    expect(await studio.useWeights(file('mine.onnx', own))).toMatchObject({ id: 'mine.onnx', state: 'cached' });
    expect((await studio.models())[0]).toMatchObject({ id: 'mine.onnx' });
  });
});

describe('pictures of the demo', () => {
  it('are refused when they are missing or others than the project knows', async () => {
    const { Pixels } = await import('./pixels');
    const { MemoryBlobStore } = await import('../project/blobs');
    const pixels = new Pixels(new MemoryBlobStore());
    const source = { kind: 'url', url: 'datasets/demo/a.jpg', sha256: '0'.repeat(64) } as const;
    answer = async () => new Response('', { status: 404 });
    await expect(pixels.bytes(source, 'a.jpg')).rejects.toMatchObject({
      code: 'file-vanished',
      message: expect.stringMatching(/^a\.jpg .*could not be loaded\. Check/),
    });
    answer = async () => new Response('other');
    await expect(pixels.bytes(source, 'a.jpg')).rejects.toMatchObject({
      code: 'file-vanished',
      message: expect.stringMatching(/^a\.jpg .*the demo has changed\. Open/),
    });
  });
});
