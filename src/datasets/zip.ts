import { makeZip } from 'client-zip';
import type { ExportEntry } from './mvtec-ad';

/**
 * Entries → a zip as a stream: an entry is asked for only when the reader is ready for it, so memory holds one pair,
 * whatever their number. PNGs do not shrink further, so everything is stored.
 */
export function zipStream(entries: AsyncIterable<ExportEntry>, date: Date): ReadableStream<Uint8Array> {
  async function* files() {
    for await (const { path, bytes } of entries) yield { name: path, input: bytes, lastModified: date };
  }
  return makeZip(files());
}
