import { OpfsBlobStore, type BlobStore } from './blobs';
import { blobsOf, decodeDetails } from './evaluation';

/** Where this browser keeps the details, pictures and maps of evaluations. Works in a window and in a worker. */
export function openEvaluationStore(): BlobStore {
  return new OpfsBlobStore(async () =>
    (await navigator.storage.getDirectory()).getDirectoryHandle('evaluations', { create: true }),
  );
}

/**
 * Removes what no evaluation refers to any more. Nothing is removed while one of them cannot be read.
 * @param details of every evaluation there is.
 * @returns how many blobs were removed.
 */
export async function sweepEvaluations(blobs: BlobStore, details: readonly string[]): Promise<number> {
  const needed = new Set(details);
  for (const id of details) {
    for (const blob of blobsOf(decodeDetails(await blobs.get(id)))) needed.add(blob);
  }
  const stale: string[] = [];
  for await (const id of blobs.list()) if (!needed.has(id)) stale.push(id);
  for (const id of stale) await blobs.delete(id);
  return stale.length;
}
