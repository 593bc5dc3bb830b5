import type { Page } from '@playwright/test';
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '../src/core/random';
import { detectorGraph } from '../src/models/detector/testing';
import { image, int64s, model, node, tensor } from '../src/models/onnx-file/build';
import { serializeOnnx } from '../src/models/onnx-file/onnx';
import { DataType, type OnnxModel, type OnnxNode, type OnnxTensor } from '../src/models/onnx-file/schema';
import type { ImageRecord } from '../src/project/document';
import type { TrainingRunRecord, TrainingTask } from '../src/project/training';
import type {
  ComputePreference,
  ComputeStatus,
  DetectRequest,
  PreviewRequest,
  TrainingPlan,
  TrainingRequest,
} from '../src/worker/api';

/** What the worker did with the device, in order. */
export type GpuEvent = 'upload' | 'dispatch' | 'readback' | 'bitmap';

/** Pixels of a bitmap that arrived in the page: RGBA, 8 bits. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: readonly number[];
}

/** What the test page offers to `page.evaluate`. */
export interface Bench {
  /** Calls the compute worker; bitmaps in the answer come as pixels. */
  call(method: string, ...values: unknown[]): Promise<unknown>;
  /** What happened on the device since the last time. */
  events(): Promise<GpuEvent[]>;
  /** Bytes of the buffers that were made and not destroyed. */
  held(): Promise<number>;
  /** Trains to the end, or until the WebGL context is taken away at a step. */
  train(request: TrainingRequest, loseAt?: number): Promise<Trained>;
  /** Goes on with a run. */
  resume(id: string, steps: number): Promise<Trained>;
}

interface Trained {
  readonly record: TrainingRunRecord;
  /** Kinds of what was told. */
  readonly news: string[];
}

declare global {
  interface Window {
    bench?: Bench;
  }
}

const FOLDER = 'all-gpu/';
/** As the production server sends them: without them the page and its worker are not isolated. */
const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Weights as the shipped files hold them: float16, with a Cast in front of their reader. */
function half(name: string, dims: readonly number[], values: readonly number[]): [OnnxTensor, OnnxNode] {
  const cast = node('Cast', [`${name}.half`], [name], { to: DataType.float });
  return [tensor(`${name}.half`, dims, values, true), cast];
}

/** `model`, from weights with their Casts and the nodes that use them. */
function network(
  input: Parameters<typeof model>[0],
  weights: readonly [OnnxTensor, OnnxNode][],
  nodes: readonly OnnxNode[],
  output: Parameters<typeof model>[2],
  constants: readonly OnnxTensor[] = [],
): OnnxModel {
  const casts = weights.map(([, cast]) => cast);
  return model(input, [...casts, ...nodes], output, [...weights.map(([values]) => values), ...constants]);
}

const floats = (name: string, values: readonly number[]): OnnxTensor => tensor(name, [values.length], values);

/**
 * PiDiNet in small: its inputs, outputs and operators (normalisation, convolution, pooling, a second scale resized to
 * the shape of the image, fusion), on two Sobel filters.
 */
function tinyEdges(): OnnxModel {
  const sobel = [-1, 0, 1, -2, 0, 2, -1, 0, 1];
  const turned = [-1, -2, -1, 0, 0, 0, 1, 2, 1];
  const filters = [sobel, sobel.map((v) => -v), turned, turned.map((v) => -v)];
  const shape = ['N', 1, 'H', 'W'] as const;
  return network(
    [image('image', ['N', 3, 'H', 'W'])],
    [
      half(
        'w',
        [4, 3, 3, 3],
        filters.flatMap((filter) => [...filter, ...filter, ...filter].map((v) => v / 12)),
      ),
      half('fine', [1, 4, 1, 1], [4, 4, 4, 4]),
      half('fineBias', [1], [-3]),
      half('coarse', [1, 4, 1, 1], [3, 3, 3, 3]),
      half('coarseBias', [1], [-4]),
      half('fuse', [1, 2, 1, 1], [0.5, 0.5]),
    ],
    [
      node('Sub', ['image', 'mean'], ['centred']),
      node('Div', ['centred', 'deviation'], ['normal']),
      node('Conv', ['normal', 'w'], ['slopes'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('Relu', ['slopes'], ['rising']),
      node('Conv', ['rising', 'fine', 'fineBias'], ['z1']),
      node('MaxPool', ['rising'], ['pooled'], { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Conv', ['pooled', 'coarse', 'coarseBias'], ['small']),
      node('Shape', ['image'], ['count'], { start: 0, end: 1 }),
      node('Shape', ['image'], ['sides'], { start: 2, end: 4 }),
      node('Concat', ['count', 'one', 'sides'], ['size'], { axis: 0 }),
      node('Resize', ['small', '', '', 'size'], ['z2'], {
        coordinate_transformation_mode: 'half_pixel',
        mode: 'linear',
      }),
      node('Concat', ['z1', 'z2'], ['both'], { axis: 1 }),
      node('Conv', ['both', 'fuse'], ['z']),
      ...['e1', 'e3'].map((name) => node('Sigmoid', ['z1'], [name])),
      ...['e2', 'e4'].map((name) => node('Sigmoid', ['z2'], [name])),
      node('Sigmoid', ['z'], ['fused']),
    ],
    ['e1', 'e2', 'e3', 'e4', 'fused'].map((name) => image(name, shape)),
    [
      tensor('mean', [1, 3, 1, 1], [0.485, 0.456, 0.406]),
      tensor('deviation', [1, 3, 1, 1], [0.229, 0.224, 0.225]),
      int64s('one', [1]),
    ],
  );
}

/** A generator in small, of the shipped one's operators; its random weights make colours of edges. */
function tinyGenerator(): OnnxModel {
  const random = new Random(7);
  const values = (count: number, spread: number) =>
    Array.from({ length: count }, () => random.uniform(-spread, spread));
  const wide = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  return network(
    [image('edges', ['N', 1, 'H', 'W'])],
    [
      half('in', [6, 1, 3, 3], values(54, 1)),
      half('down', [6, 6, 3, 3], values(324, 0.4)),
      half('up', [6, 6, 3, 3], values(324, 0.4)),
      half('out', [3, 12, 3, 3], values(324, 0.3)),
      half('outBias', [3], values(3, 0.5)),
    ],
    [
      node('Conv', ['edges', 'in'], ['a'], wide),
      node('InstanceNormalization', ['a', 'gain', 'shift'], ['b']),
      node('Relu', ['b'], ['c']),
      node('Conv', ['c', 'down'], ['d'], { ...wide, strides: [2, 2] }),
      node('Relu', ['d'], ['e']),
      node('GlobalAveragePool', ['e'], ['overall']),
      node('Add', ['e', 'overall'], ['f']),
      node('Resize', ['f', '', 'scales'], ['g'], {
        coordinate_transformation_mode: 'asymmetric',
        mode: 'nearest',
        nearest_mode: 'floor',
      }),
      node('Conv', ['g', 'up'], ['h'], wide),
      node('Concat', ['c', 'h'], ['i'], { axis: 1 }),
      node('Conv', ['i', 'out', 'outBias'], ['j'], wide),
      node('Sigmoid', ['j'], ['image']),
    ],
    [image('image', ['N', 3, 'H', 'W'])],
    [floats('gain', values(6, 1)), floats('shift', values(6, 0.5)), floats('scales', [1, 1, 2, 2])],
  );
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A network file and the card that the studio checks it against. */
function shipped(card: string, file: string, network: OnnxModel, more: object): Map<string, Buffer> {
  const bytes = Buffer.from(serializeOnnx(network));
  const common = { id: file, title: file, file, sha256: sha256(bytes), bytes: bytes.length, licence: 'CC0-1.0' };
  return new Map([
    [card, Buffer.from(JSON.stringify({ ...common, ...more }))],
    [file, bytes],
  ]);
}

/** Name of the scene that the tiny generator says it was trained on; its images need no reconstruction to judge by. */
const SCENE = 'tiny';
/** Side of what the tiny generator takes, px. */
const GENERATOR_SIDE = 40;

/** Side of what the tiny detector takes, px. */
const DETECTOR_SIDE = 64;

/** A picture that is served beside the test page, as a record of the demo. */
export interface ServedImage {
  readonly record: ImageRecord;
  readonly bytes: Buffer;
}

export function servedImage(name: string, width: number, height: number, png: Buffer): ServedImage {
  const hash = sha256(png);
  const record: ImageRecord = {
    id: hash,
    datasetId: `demo/${SCENE}`,
    name,
    path: `train/good/${name}`,
    width,
    height,
    bytes: png.length,
    source: { kind: 'url', url: `images/${name}`, sha256: hash },
    thumbnail: null,
    split: 'train',
    label: 'good',
    masks: [],
  };
  return { record, bytes: png };
}

/**
 * Notes, in the worker, what its device is asked for. Runs there before the worker's own script, so it can use nothing
 * of this file.
 */
function recordDevice(channelName: string): void {
  const events: string[] = [];
  const channel = new BroadcastChannel(channelName);
  const buffers = new Map<GPUBuffer, number>();
  let webGl: WebGL2RenderingContext | null = null;
  channel.onmessage = ({ data }) => {
    if (data === 'lose') webGl?.getExtension('WEBGL_lose_context')?.loseContext();
    else if (data === 'held') channel.postMessage([...buffers.values()].reduce((sum, size) => sum + size, 0));
    else channel.postMessage(events.splice(0));
  };
  const { getContext } = OffscreenCanvas.prototype;
  OffscreenCanvas.prototype.getContext = function (this: OffscreenCanvas, ...given: unknown[]) {
    const context: unknown = getContext.apply(this, given as never);
    if (given[0] === 'webgl2') webGl = context as WebGL2RenderingContext;
    return context;
  } as typeof getContext;
  // Without WebGPU there is nothing to watch.
  if (typeof GPUDevice === 'undefined') return;
  type Method = (this: unknown, ...given: unknown[]) => unknown;
  const watch = (owner: object, name: string, event: (given: unknown[]) => GpuEvent | null) => {
    const methods = owner as Record<string, Method>;
    const original = methods[name];
    methods[name] = function (...given) {
      const noted = event(given);
      if (noted) events.push(noted);
      return original.apply(this, given);
    };
  };
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    buffers.set(buffer, descriptor.size);
    return buffer;
  };
  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function () {
    buffers.delete(this);
    return destroy.call(this);
  };
  const readable = (buffer: GPUBuffer) => (buffer.usage & GPUBufferUsage.MAP_READ ? 'readback' : null);
  watch(GPUQueue.prototype, 'writeBuffer', () => 'upload');
  watch(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', () => 'dispatch');
  watch(GPUComputePassEncoder.prototype, 'dispatchWorkgroupsIndirect', () => 'dispatch');
  watch(GPUBuffer.prototype, 'mapAsync', ([mode]) => ((mode as number) & GPUMapMode.READ ? 'readback' : null));
  watch(GPUCommandEncoder.prototype, 'copyBufferToBuffer', (given) =>
    readable((given[1] instanceof GPUBuffer ? given[1] : given[2]) as GPUBuffer),
  );
  watch(GPUCommandEncoder.prototype, 'copyTextureToBuffer', ([, to]) =>
    readable((to as GPUTexelCopyBufferInfo).buffer),
  );
  // A canvas drawn by the device can be read as well.
  watch(OffscreenCanvas.prototype, 'convertToBlob', () => 'readback');
  watch(OffscreenCanvasRenderingContext2D.prototype, 'getImageData', () => 'readback');
  watch(OffscreenCanvas.prototype, 'transferToImageBitmap', () => 'bitmap');
}

/** The test page: the production worker behind Comlink. */
const PAGE = `<!doctype html>
<title>All on the GPU</title>
<script type="module">
  import { proxy, transferHandlers, wrap } from './comlink.mjs';
  // What the worker throws comes as a report: a code and a sentence.
  const deserialize = ({ code, message }) => {
    throw new Error(code + ': ' + message);
  };
  transferHandlers.set('throw', { ...transferHandlers.get('throw'), deserialize });
  const worker = new Worker('../assets/all-gpu-worker.js', { type: 'module' });
  const studio = wrap(worker);
  const channel = new BroadcastChannel('all-gpu');
  const failed = new Promise((_, reject) => {
    worker.onerror = (event) => reject(new Error('The worker does not run: ' + event.message));
  });
  failed.catch(() => undefined);
  const asked = (what) =>
    new Promise((resolve) => {
      channel.onmessage = ({ data }) => resolve(data);
      channel.postMessage(what);
    });
  function pixels(bitmap) {
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    return { width, height, data: Array.from(context.getImageData(0, 0, width, height).data) };
  }
  async function trained(work, loseAt = Infinity) {
    const news = [];
    const tell = ({ kind, step, samples = [] }) => {
      news.push(kind);
      if (kind === 'step' && step >= loseAt) channel.postMessage('lose');
      for (const { pictures } of samples) for (const { bitmap } of pictures) bitmap.close();
    };
    return { record: await Promise.race([work(proxy(tell)), failed]), news };
  }
  window.bench = {
    async call(method, ...values) {
      const answer = await Promise.race([studio[method](...values), failed]);
      if (typeof answer !== 'object' || answer === null) return answer;
      const entries = Object.entries(answer).map(([name, value]) => [
        name,
        value instanceof ImageBitmap ? pixels(value) : value,
      ]);
      return Object.fromEntries(entries);
    },
    events: () => asked(null),
    held: () => asked('held'),
    train: (request, loseAt) => trained((tell) => studio.train('training', request, tell), loseAt),
    resume: (id, steps) => trained((tell) => studio.resumeTraining('training', id, steps, tell)),
  };
  await studio.locate(new URL('./', location.href).href);
</script>`;

/**
 * Opens a page that is served only here: the studio's own worker, as built, with tiny networks in place of the shipped
 * ones (the studio's checks of cards and hashes hold for them too) and with its device watched.
 */
export async function openBench(page: Page, images: readonly ServedImage[]): Promise<void> {
  const scripts = await readdir(path('../dist/assets'));
  const script = scripts.find((name) => /^studio-worker-.*\.js$/.test(name));
  if (!script) throw new Error('There is no worker in dist/assets: run `npx vite build` first.');
  const files = new Map<string, Buffer>([
    ...shipped('pidinet-small.json', 'tiny-edges.onnx', tinyEdges(), { task: 'edges' }),
    ...shipped('generator.json', 'tiny-generator.onnx', tinyGenerator(), {
      task: 'edge-to-image',
      size: GENERATOR_SIDE,
      trainedOn: [SCENE],
    }),
    ...shipped('detector.json', 'tiny-detector.onnx', detectorGraph({ size: DETECTOR_SIDE }), {
      task: 'anomaly-localization',
      size: DETECTOR_SIDE,
      multiple: DETECTOR_SIDE,
    }),
  ]);
  const serve = (address: string, contentType: string, body: string | Buffer) =>
    page.route(address, (route) => route.fulfill({ contentType, body, headers: ISOLATION }));
  const javascript = 'text/javascript';
  await serve(`**/${FOLDER}`, 'text/html', PAGE);
  await serve(
    `**/${FOLDER}comlink.mjs`,
    javascript,
    await readFile(path('../node_modules/comlink/dist/esm/comlink.mjs')),
  );
  await serve('**/assets/all-gpu-recorder.js', javascript, `(${recordDevice.toString()})('all-gpu');`);
  // Beside the worker, so that addresses relative to it hold; imports are run in their order.
  await serve('**/assets/all-gpu-worker.js', javascript, `import './all-gpu-recorder.js'; import './${script}';`);
  for (const [name, bytes] of files) {
    await serve(
      `**/${FOLDER}models/${name}`,
      name.endsWith('.json') ? 'application/json' : 'application/octet-stream',
      bytes,
    );
  }
  for (const { record, bytes } of images) await serve(`**/${FOLDER}images/${record.name}`, 'image/png', bytes);
  await page.goto(`/${FOLDER}`);
  await page.waitForFunction(() => window.bench !== undefined);
}

const call = <T>(page: Page, method: string, ...values: unknown[]): Promise<T> =>
  page.evaluate(([name, given]) => window.bench!.call(name, ...given), [method, values] as const) as Promise<T>;

export const start = (page: Page, preference: ComputePreference) => call<ComputeStatus>(page, 'start', preference);

export const openImage = (page: Page, record: ImageRecord) =>
  call<{ photo: Pixels; edges: Pixels; renderer: string }>(page, 'openImage', record);

export const preview = (page: Page, request: PreviewRequest) =>
  call<{ serial: number; editedEdges: Pixels; result: Pixels; mask: Pixels; region: Pixels; renderer: string }>(
    page,
    'preview',
    request,
  );

export const detect = (page: Page, request: DetectRequest) =>
  call<{ heat: Pixels; explanation: Pixels; score: number }>(page, 'detect', request);

export const measure = (page: Page) => call<{ changedArea: number }>(page, 'measure');

export const planTraining = (page: Page, task: TrainingTask, images: readonly ImageRecord[]) =>
  call<TrainingPlan>(page, 'planTraining', task, images, 1);

export const train = (page: Page, request: TrainingRequest, loseAt?: number) =>
  page.evaluate(([given, at]) => window.bench!.train(given, at), [request, loseAt] as const);

export const resume = (page: Page, id: string, steps: number) =>
  page.evaluate(([run, until]) => window.bench!.resume(run, until), [id, steps] as const);

export const held = (page: Page): Promise<number> => page.evaluate(() => window.bench!.held());

export const events = (page: Page): Promise<GpuEvent[]> => page.evaluate(() => window.bench!.events());
