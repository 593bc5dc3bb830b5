import type { ImageRecord, ProjectDocument } from '../project/document';

const SPLITS: readonly ImageRecord['split'][] = ['train', 'validation', 'test', 'unsorted'];
const byNumber = new Intl.Collator('en', { numeric: true });

/** The images of a dataset: by split, then by path, numbers in their own order. */
export function imagesOf({ images }: Pick<ProjectDocument, 'images'>, datasetId: string): ImageRecord[] {
  return Object.values(images)
    .filter((image) => image.datasetId === datasetId)
    .sort((a, b) => SPLITS.indexOf(a.split) - SPLITS.indexOf(b.split) || byNumber.compare(a.path, b.path));
}
