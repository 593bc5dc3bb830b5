import { StudioError, throwIfCancelled } from '../core/errors';
import { rgbFromImage8, type Raster } from '../core/raster';
import type { EvaluationSample } from '../evaluation/evaluator';
import type { Detector } from '../models/detector/detector';
import type { ImageCodec } from './codec';
import type { FileTree } from './file-tree';
import { decodeNpy } from './npy';
import { sniffImage } from './sniff';
import { readGroundTruth, type TestImage, type TestSet } from './test-set';
import { decodeTiff } from './tiff';

/** Where anomaly maps come from: files, or a network that is run on the images. */
export interface AnomalyMapSource {
  /**
   * One channel of the image's size, higher where more anomalous, with a name for messages.
   * @throws StudioError `bad-map`, or why it could not be read or made.
   */
  mapOf(image: TestImage): Promise<AnomalyMap>;
}

export interface AnomalyMap {
  readonly name: string;
  readonly map: Raster;
  /** The image's score where it is not the map's maximum. */
  readonly score?: number;
}

export interface MapFiles extends AnomalyMapSource {
  /** Maps that belong to no test image. */
  readonly unused: readonly string[];
}

const READERS: Record<string, (bytes: Uint8Array, file: string) => Raster> = {
  '.tiff': decodeTiff,
  '.tif': decodeTiff,
  '.npy': decodeNpy,
};

/**
 * Finds the file of each test image's map: `<object>/test/<subset>/<id>` with the ending .tiff, .tif or .npy, as the
 * official evaluations of MVTec AD and LOCO want it; the same without `<object>`; or the image's own path with that
 * ending.
 * @throws StudioError `bad-map` if a map is missing, or an image has two.
 */
export function mapFiles(tree: FileTree, { object, images }: TestSet): MapFiles {
  const present = new Set(tree.paths);
  const files = new Map<TestImage, string>();
  for (const image of images) {
    const places = placesOf(object, image);
    const found = places
      .flatMap((place) => Object.keys(READERS).map((ending) => place + ending))
      .filter((path) => present.has(path));
    if (found.length === 0) {
      const message = `There is no map of ${image.path}. Write it to ${tree.nameOf(`${places[0]}.tiff`)} (or .npy).`;
      throw new StudioError('bad-map', 'import', message, { file: tree.nameOf(`${places[0]}.tiff`) });
    }
    if (found.length > 1) {
      const message = `${tree.nameOf(found[0])} and ${tree.nameOf(found[1])} are both maps of ${image.path}. Remove one.`;
      throw new StudioError('bad-map', 'import', message, { file: tree.nameOf(found[0]) });
    }
    files.set(image, found[0]);
  }
  const used = new Set(files.values());
  const own = new RegExp(`^(${escaped(object)}/)?(test|test_public|Data)/.*\\.(tiff?|npy)$`);
  return {
    unused: tree.paths.filter((path) => own.test(path) && !used.has(path)),
    async mapOf(image) {
      const path = files.get(image)!;
      const name = tree.nameOf(path);
      const read = READERS[path.slice(path.lastIndexOf('.'))];
      return { name, map: read(await tree.read(path), name) };
    },
  };
}

/**
 * Maps that a detector makes of the test images, with the scores of its own rule.
 * @param signal ends it: the next map rejects with `cancelled`.
 */
export function detectorMaps(
  tree: FileTree,
  detector: Detector,
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
 * @throws StudioError `bad-map` if a map has another size than its image, and what reading throws.
 */
export async function* evaluationSamples(
  tree: FileTree,
  set: TestSet,
  maps: AnomalyMapSource,
  codec: ImageCodec,
): AsyncGenerator<EvaluationSample> {
  for (const image of set.images) {
    const [{ name, map, score }, { sizes, defects }] = await Promise.all([
      maps.mapOf(image),
      readGroundTruth(tree, set, image, codec),
    ]);
    if (!sizes.some(({ width, height }) => width === map.width && height === map.height)) {
      const [{ width, height }] = sizes;
      const message = `${name} is ${map.width}×${map.height}, and its image ${width}×${height}. Resize the map to the image before writing it.`;
      throw new StudioError('bad-map', 'import', message, { file: name });
    }
    yield { name, subset: image.subset, map, score, defects };
  }
}
