import type { ImageRecord } from '../project/document';
import type { Normal } from '../training/generator/pairs';

/** Test helpers: pictures as the document knows them, of one dataset, by their names. */
export function recordsOf(pictures: readonly Normal[]): ImageRecord[] {
  return pictures.map(({ name, image: { width, height } }, i) => ({
    id: `image-${i}`,
    datasetId: 'boxes',
    name,
    path: name,
    width,
    height,
    bytes: 1,
    source: { kind: 'url', url: name, sha256: i.toString(16).padStart(64, '0') },
    thumbnail: null,
    split: 'train',
    label: 'good',
    masks: [],
  }));
}
