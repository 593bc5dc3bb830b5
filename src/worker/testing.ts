import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { vi } from 'vitest';
import type { NodeRuntimeOptions } from '../compute/onnx/runtime-node';
import { sha256 } from '../core/hash';
import type { ImageRecord } from '../project/document';

/**
 * Test helpers: the worker's own code in Node. What a browser gives it is stood in for; files of the studio come from
 * the disk.
 */

const PUBLIC = new URL('../../public/', import.meta.url);
const STUDIO = 'http://studio/app/';

/** In place of `compute/onnx/runtime-wasm`, which finds its files by the page's address: the same networks in Node. */
export async function runtimeInNode(options: NodeRuntimeOptions = { build: 'wasm', threads: 1 }) {
  const { createNodeRuntime } = await import('../compute/onnx/runtime-node');
  return { createWasmRuntime: () => createNodeRuntime(options) };
}

/** In place of `datasets/codec-browser`. */
export async function codecInNode() {
  return { browserCodec: (await import('../datasets/codec-node')).nodeCodec };
}

/** A file of the studio, by its path within `public`. */
export async function studioFile(file: string): Promise<Response> {
  return new Response(new Uint8Array(await readFile(new URL(file, PUBLIC))));
}

/**
 * Stands in for the worker's globals until `vi.unstubAllGlobals()`.
 * @param answer to a fetch, by the path within the studio or by the whole address elsewhere; undefined leaves it to
 * {@link studioFile}
 * @returns what has been fetched so far
 */
export function standInBrowser(answer: (file: string) => Response | Promise<Response> | undefined): readonly string[] {
  const fetched: string[] = [];
  vi.stubGlobal('self', { location: { href: STUDIO } });
  vi.stubGlobal('navigator', {
    hardwareConcurrency: 2,
    storage: { getDirectory: () => Promise.reject(new DOMException('none', 'SecurityError')) },
  });
  vi.stubGlobal('fetch', async (url: URL | string) => {
    const file = String(url).replace(STUDIO, '');
    fetched.push(file);
    return answer(file) ?? studioFile(file);
  });
  return fetched;
}

/** Stands in for pictures that go to the page: each is the pixels it is made of. Until `vi.unstubAllGlobals()`. */
export function standInBitmaps(): void {
  vi.stubGlobal(
    'ImageData',
    class {
      constructor(
        readonly data: Uint8ClampedArray,
        readonly width: number,
        readonly height: number,
      ) {}
    },
  );
  vi.stubGlobal('createImageBitmap', async (data: ImageData) => data);
}

/** A photograph as the document knows it; a fetch of `photo.png` has to answer with its bytes. */
export async function photographOf(
  bytes: Uint8Array<ArrayBuffer>,
  width: number,
  height: number,
): Promise<ImageRecord> {
  return {
    id: 'photo',
    datasetId: 'd',
    name: 'photo.png',
    path: 'photo.png',
    width,
    height,
    bytes: bytes.length,
    source: { kind: 'url', url: 'photo.png', sha256: await sha256(bytes) },
    thumbnail: null,
    split: 'train',
    label: 'good',
    masks: [],
  };
}

/** A black picture, as PNG. */
export async function blackPicture(width: number, height: number): Promise<Uint8Array<ArrayBuffer>> {
  const picture = sharp({ create: { width, height, channels: 3, background: 'black' } });
  return new Uint8Array(await picture.png().toBuffer());
}
