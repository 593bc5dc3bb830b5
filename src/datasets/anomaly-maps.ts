import { StudioError, throwIfCancelled } from '../core/errors';
import { rgbFromImage8, type Raster } from '../core/raster';
import type { EvaluationSample } from '../evaluation/evaluator';
import type { Detector } from '../models/detector/detector';
import type { ImageCodec } from './codec';
import { commonFolders, rerooted, type FileTree } from './file-tree';
import { MAP_ENDINGS, mapEnding, type MapEnding } from './map-endings';
import { decodeNpy } from './npy';
import { sniffImage } from './sniff';
import { readGroundTruth, type TestImage, type TestSet } from './test-set';
import { decodeTiff } from './tiff';

/** An anomaly map, with a name for messages. */
export interface AnomalyMap {
  readonly name: string;
  /** One channel of the image's size, higher where more anomalous. */
  readonly map: Raster;
  /** The image's score, where there is another rule for it than the maximum of the map. */
  readonly score?: number;
}

/** Where anomaly maps come from: files, or a network that is run on the images. */
export interface AnomalyMapSource {
  /** @throws StudioError `bad-map`, or why it could not be read or made. */
  mapOf(image: TestImage): Promise<AnomalyMap>;
}

export interface MapFiles extends AnomalyMapSource {
  /** Maps that belong to no test image. */
  readonly unused: readonly string[];
  /** The first map's file, as messages call it; null where there is none. It may be another object's that fits as well. */
  readonly example: string | null;
  /** Why there is no map of an image (`bad-map`: none, or two); `mapOf` throws it. */
  readonly missing: ReadonlyMap<TestImage, StudioError>;
}

const READERS: Readonly<Record<MapEnding, (bytes: Uint8Array, file: string) => Raster>> = {
  '.tiff': decodeTiff,
  '.tif': decodeTiff,
  '.npy': decodeNpy,
};

/**
 * Finds the file of each test image's map: `<object>/test/<subset>/<id>` with the ending .tiff, .tif or .npy, as the
 * official evaluations of MVTec AD and LOCO want it; the same without `<object>`; or the image's own path with that
 * ending.
 */
export function mapFiles(tree: FileTree, { object, images }: TestSet): MapFiles {
  const present = new Set(tree.paths);
  const files = new Map<TestImage, string>();
  const missing = new Map<TestImage, StudioError>();
  const used = new Set<string>();
  for (const image of images) {
    const places = placesOf(object, image);
    const found = places
      .flatMap((place) => MAP_ENDINGS.map((ending) => place + ending))
      .filter((path) => present.has(path));
    found.forEach((path) => used.add(path));
    if (found.length === 0) {
      const message = `There is no map of ${image.path}. Write it to ${tree.nameOf(`${places[0]}.tiff`)} (or .npy).`;
      missing.set(image, new StudioError('bad-map', 'import', message, { file: tree.nameOf(`${places[0]}.tiff`) }));
    } else if (found.length > 1) {
      const message = `${tree.nameOf(found[0])} and ${tree.nameOf(found[1])} are both maps of ${image.path}. Remove one.`;
      missing.set(image, new StudioError('bad-map', 'import', message, { file: tree.nameOf(found[0]) }));
    } else {
      files.set(image, found[0]);
    }
  }
  const own = new RegExp(`^(${escaped(object)}/)?(test|test_public|Data)/.*\\.(tiff?|npy)$`);
  return {
    unused: tree.paths.filter((path) => own.test(path) && !used.has(path)),
    missing,
    example: files.size > 0 ? tree.nameOf([...files.values()][0]) : null,
    async mapOf(image) {
      const path = files.get(image);
      if (path === undefined) throw missing.get(image)!;
      const name = tree.nameOf(path);
      const read = READERS[mapEnding(path)!];
      return { name, map: read(await tree.read(path), name) };
    },
  };
}

/**
 * {@link mapFiles} for a folder taken at whatever depth: the one that holds the most maps of the test images, of it and
 * of the folders that all of it lies in.
 * @throws StudioError `bad-map` if there is no map of any test image.
 */
export function findMapFiles(tree: FileTree, set: TestSet): MapFiles {
  const own = { ...tree, paths: tree.paths.filter(mapEnding) };
  const found = commonFolders(own.paths).map((folder) => mapFiles(rerooted(own, folder), set));
  const best = found.reduce((a, b) => (b.missing.size < a.missing.size ? b : a));
  if (best.missing.size < set.images.length) return best;
  const [image] = set.images;
  const message = `There is no map of any test image of ${set.object} among these ${tree.paths.length} files. The map of ${image.path} is looked for as ${placesOf(set.object, image)[0]}.tiff (or .npy).`;
  throw new StudioError('bad-map', 'import', message);
}

/**
 * Maps that a detector makes of the test images, with the scores of its own rule.
 * @param signal ends it: the next map rejects with `cancelled`.
 */
export function detectorMaps(
  tree: FileTree,
  detector: Pick<Detector, 'detect'>,
  codec: ImageCodec,
  signal?: AbortSignal,
): AnomalyMapSource {
  return {
    async mapOf({ path }) {
      throwIfCancelled(signal, 'evaluation');
      const name = tree.nameOf(path);
      const bytes = await tree.read(path);
      sniffImage(bytes, name);
      const { map, score } = await detector.detect(rgbFromImage8(await codec.decode(bytes, name)), { signal });
      return { name, map, score };
    },
  };
}

function placesOf(object: string, { path, subset }: TestImage): string[] {
  const place = path.replace(/\.[^./]+$/, '');
  const stem = place.slice(place.lastIndexOf('/') + 1);
  const inside = [`test/${subset}/${stem}`, place.slice(object.length + 1)];
  return [...new Set(inside.flatMap((each) => [`${object}/${each}`, each]))];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/**
 * The test images with their maps and ground truth, one at a time.
 * @throws StudioError as {@link evaluationSample} does.
 */
export async function* evaluationSamples(
  tree: FileTree,
  set: TestSet,
  maps: AnomalyMapSource,
  codec: ImageCodec,
): AsyncGenerator<EvaluationSample> {
  for (const image of set.images) yield evaluationSample(tree, set, image, maps, codec);
}

/**
 * A test image with its map and ground truth.
 * @throws StudioError `bad-map` if the map has another size than the image, and what reading throws.
 */
export async function evaluationSample(
  tree: FileTree,
  set: TestSet,
  image: TestImage,
  maps: AnomalyMapSource,
  codec: ImageCodec,
): Promise<EvaluationSample> {
  const [anomaly, { sizes, defects }] = await Promise.all([
    maps.mapOf(image),
    readGroundTruth(tree, set, image, codec),
  ]);
  const { name, map } = anomaly;
  if (!sizes.some(({ width, height }) => width === map.width && height === map.height)) {
    const [{ width, height }] = sizes;
    const message = `${name} is ${map.width}×${map.height}, and its image ${width}×${height}. Resize the map to the image before writing it.`;
    throw new StudioError('bad-map', 'import', message, { file: name });
  }
  return { ...anomaly, subset: image.subset, defects };
}
