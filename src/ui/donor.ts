import { Random } from '../core/random';
import { randomDonor } from '../synthesis/donor';
import type { DraftSettings, ImageRecord, ProjectDocument } from '../project/document';

/**
 * Images that can lend their edges to `image`: the normal ones of the same dataset, or all of them where the dataset
 * tells nothing about good and bad. Sorted by path.
 */
export function donorCandidates(document: ProjectDocument, image: ImageRecord): ImageRecord[] {
  const siblings = Object.values(document.images).filter(
    (other) => other.datasetId === image.datasetId && other.id !== image.id,
  );
  const good = siblings.filter((other) => other.label === 'good');
  return (good.length > 0 ? good : siblings).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** The donor a draft names, or else the one its seed chooses; null when there is none to choose or none is needed. */
export function donorOf(draft: DraftSettings, candidates: readonly ImageRecord[]): ImageRecord | null {
  if (draft.operation === 'remove') return null;
  const named = draft.donorId === null ? undefined : candidates.find(({ id }) => id === draft.donorId);
  return named ?? randomDonor(new Random(draft.seed).fork('donor'), draft.imageId, candidates);
}
