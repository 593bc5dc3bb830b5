import { reportOf, StudioError, throwIfCancelled, type ErrorReport } from '../core/errors';
import { sha256 } from '../core/hash';
import type { Image8 } from '../core/raster';
import type { ImageCodec } from '../datasets/codec';
import { parseDefectsConfig } from '../datasets/defects-config';
import { recogniseLayouts, type LayoutEntry, type LayoutPlan } from '../datasets/layouts';
import { sniffImage } from '../datasets/sniff';
import type { BlobStore } from './blobs';
import type { DatasetRecord, ImageRecord, ImageSource } from './document';

/** A file to import; its bytes are read only when its turn comes. */
export interface ImportSource {
  /** Inside what was dropped, forward slashes. */
  readonly path: string;
  readonly size: number;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

export interface ImportTools {
  readonly codec: ImageCodec;
  readonly blobs: BlobStore;
  /** Encodes a small picture for lists. */
  encodeThumbnail(image: Image8): Promise<Uint8Array<ArrayBuffer>>;
  /** Bytes the storage still takes; undefined where the platform does not say. */
  available(): Promise<number | undefined>;
  /** A fresh identity for a dataset. */
  newId(): string;
  now(): number;
}

export interface ImportStep {
  readonly dataset: DatasetRecord;
  readonly images: readonly ImageRecord[];
  readonly problems: readonly ErrorReport[];
  readonly done: number;
  readonly total: number;
  readonly label: string;
}

export const THUMBNAIL_SIDE = 192;
/** Images handed over together: often enough to watch, seldom enough not to re-render the page for each. */
const BATCH = 24;

/**
 * Imports a folder: recognises its layout, checks and stores every picture, and goes on after a bad one. A step is
 * yielded every {@link BATCH} pictures, and one at the end. What was yielded stays imported whatever happens later.
 * @param known hashes of the images there already: a picture is imported once.
 * @throws StudioError `no-images`, `storage-full` (before or during), `cancelled`.
 */
export async function* importImages(
  sources: readonly ImportSource[],
  known: Iterable<string>,
  tools: ImportTools,
  signal?: AbortSignal,
): AsyncGenerator<ImportStep> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const plans = recogniseLayouts([...byPath.keys()]);
  const total = plans.reduce((sum, plan) => sum + plan.entries.length, 0);
  if (total === 0) throw noImages(sources);
  await assertRoom(sources, tools);
  const seen = new Map([...known].map((hash) => [hash, 'an image that is already there']));
  let done = 0;
  for (const plan of plans) {
    let images: ImageRecord[] = [];
    let problems: ErrorReport[] = [];
    const config = await importConfig(`${plan.root}defects_config.json`, byPath, tools, problems);
    const dataset = { ...datasetOf(plan, tools), ...(config && { config }) };
    for (const entry of plan.entries) {
      throwIfCancelled(signal, 'import');
      try {
        images.push(await importImage(entry, byPath, dataset, seen, tools, problems));
      } catch (error) {
        const report = reportOf(error, 'import');
        // Full storage concerns every file that follows; what was stored before is handed over first.
        if (report.code === 'storage-full') {
          if (images.length > 0 || problems.length > 0)
            yield { dataset, images, problems, done, total, label: entry.path };
          throw error;
        }
        problems.push(report);
      }
      done += 1;
      if (images.length >= BATCH || problems.length >= BATCH) {
        yield { dataset, images, problems, done, total, label: entry.path };
        images = [];
        problems = [];
      }
    }
    if (images.length > 0 || problems.length > 0) yield { dataset, images, problems, done, total, label: plan.name };
  }
}

async function importImage(
  entry: LayoutEntry,
  byPath: ReadonlyMap<string, ImportSource>,
  dataset: DatasetRecord,
  seen: Map<string, string>,
  tools: ImportTools,
  problems: ErrorReport[],
): Promise<ImageRecord> {
  const bytes = await readSource(byPath, entry.path);
  const header = sniffImage(bytes, entry.path);
  const hash = await sha256(bytes);
  const twin = seen.get(hash);
  if (twin !== undefined) {
    throw new StudioError(
      'duplicate-image',
      'import',
      `${entry.path} is the same picture as ${twin}, so it was left out. Nothing is lost; remove the copy if you like.`,
      { file: entry.path },
    );
  }
  const small = await tools.codec.decode(bytes, entry.path, THUMBNAIL_SIDE);
  const source: ImageSource = { kind: 'blob', sha256: await tools.blobs.put(bytes, entry.path) };
  const thumbnail: ImageSource | null =
    header.width <= THUMBNAIL_SIDE && header.height <= THUMBNAIL_SIDE
      ? null
      : { kind: 'blob', sha256: await tools.blobs.put(await tools.encodeThumbnail(small), entry.path) };
  const masks: ImageSource[] = [];
  for (const path of entry.masks) {
    try {
      const mask = await readSource(byPath, path);
      sniffImage(mask, path);
      masks.push({ kind: 'blob', sha256: await tools.blobs.put(mask, path) });
    } catch (error) {
      if (error instanceof StudioError && error.code === 'storage-full') throw error;
      problems.push(reportOf(error, 'import'));
    }
  }
  seen.set(hash, entry.path);
  // An orientation tag may turn the picture; the decoded preview knows which way is up.
  const turned = small.width > small.height !== header.width > header.height && small.width !== small.height;
  return {
    id: hash,
    datasetId: dataset.id,
    name: entry.path.slice(entry.path.lastIndexOf('/') + 1),
    path: entry.path,
    width: turned ? header.height : header.width,
    height: turned ? header.width : header.height,
    bytes: bytes.length,
    source,
    thumbnail,
    split: entry.split,
    label: entry.label,
    masks,
  };
}

/** Undefined where there is none that can be read. */
async function importConfig(
  path: string,
  byPath: ReadonlyMap<string, ImportSource>,
  tools: ImportTools,
  problems: ErrorReport[],
): Promise<ImageSource | undefined> {
  if (!byPath.has(path)) return undefined;
  try {
    const bytes = await readSource(byPath, path);
    parseDefectsConfig(new TextDecoder().decode(bytes), path);
    return { kind: 'blob', sha256: await tools.blobs.put(bytes, path) };
  } catch (error) {
    if (error instanceof StudioError && error.code === 'storage-full') throw error;
    problems.push(reportOf(error, 'import'));
    return undefined;
  }
}

async function readSource(byPath: ReadonlyMap<string, ImportSource>, path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const source = byPath.get(path);
    if (!source) throw new Error('not among the files');
    return await source.bytes();
  } catch (cause) {
    throw new StudioError(
      'file-vanished',
      'import',
      `${path} could not be read: it was moved, renamed or removed since it was chosen. Choose the folder again.`,
      { file: path, cause },
    );
  }
}

function datasetOf(plan: LayoutPlan, tools: ImportTools): DatasetRecord {
  return {
    id: tools.newId(),
    name: plan.name,
    layout: plan.layout,
    description: '',
    licence: 'yours',
    builtIn: false,
    trainedSet: null,
    addedAt: tools.now(),
  };
}

function noImages(sources: readonly ImportSource[]): StudioError {
  const what = sources.length === 1 ? sources[0].path : `What was dropped (${sources.length} files)`;
  return new StudioError(
    'no-images',
    'import',
    `${what} holds no images the studio reads. Choose a folder with PNG, JPEG, WebP, AVIF, BMP or GIF files.`,
  );
}

async function assertRoom(sources: readonly ImportSource[], tools: ImportTools): Promise<void> {
  const available = await tools.available();
  const needed = sources.reduce((sum, source) => sum + source.size, 0);
  if (available === undefined || needed <= available) return;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  throw new StudioError(
    'storage-full',
    'import',
    `These files take ${megabytes(needed)}, and the browser has room for ${megabytes(available)}. Free disk space, or import fewer files at a time.`,
  );
}
