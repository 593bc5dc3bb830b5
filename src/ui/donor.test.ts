import { describe, expect, it } from 'vitest';
import { EMPTY_DOCUMENT, newDraft, type ImageRecord, type ProjectDocument } from '../project/document';
import { donorCandidates, donorOf } from './donor';

const image = (id: string, datasetId: string, label: string): ImageRecord => ({
  id,
  datasetId,
  name: `${id}.png`,
  path: `${label}/${id}.png`,
  width: 8,
  height: 8,
  bytes: 1,
  source: { kind: 'url', url: `${id}.png`, sha256: '0'.repeat(64) },
  thumbnail: null,
  split: 'train',
  label,
  masks: [],
});

function documentOf(...images: ImageRecord[]): ProjectDocument {
  return { ...EMPTY_DOCUMENT, images: Object.fromEntries(images.map((record) => [record.id, record])) };
}

describe('donors', () => {
  const a = image('a', 'tray', 'good');
  const document = documentOf(image('c', 'tray', 'good'), a, image('b', 'tray', 'good'), image('x', 'tray', 'bent'));

  it('are the normal images of the same dataset, but not the image itself', () => {
    const other = documentOf(...Object.values(document.images), image('z', 'bottle', 'good'));
    expect(donorCandidates(other, a).map(({ id }) => id)).toEqual(['b', 'c']);
  });

  it('are all of them where none is known to be good', () => {
    const plain = documentOf(image('a', 'mine', 'unknown'), image('b', 'mine', 'unknown'));
    expect(donorCandidates(plain, plain.images.a).map(({ id }) => id)).toEqual(['b']);
  });

  it('follow the seed until one is named, and are not needed to remove', () => {
    const candidates = donorCandidates(document, a);
    const draft = { ...newDraft('a', 7), operation: 'replace' as const };
    expect(donorOf(draft, candidates)).toBe(donorOf({ ...draft }, candidates));
    const chosen = new Set(Array.from({ length: 40 }, (_, seed) => donorOf({ ...draft, seed }, candidates)?.id));
    expect(chosen).toEqual(new Set(['b', 'c']));
    expect(donorOf({ ...draft, donorId: 'c' }, candidates)?.id).toBe('c');
    expect(donorOf({ ...draft, donorId: 'gone' }, candidates)).not.toBeNull();
    expect(donorOf(newDraft('a', 7), candidates)).toBeNull();
    expect(donorOf(draft, [])).toBeNull();
  });
});
