import sharp from 'sharp';
import { nodeCodec } from '../datasets/codec-node';
import type { BlobStore } from './blobs';
import type { EvaluationTools } from './evaluate';

/** Test helper: what an evaluation works with, in Node. */
export function evaluationTools(blobs: Pick<BlobStore, 'put'>, now: number): EvaluationTools {
  return {
    codec: nodeCodec,
    blobs,
    encodePhoto: async ({ width, height, data }) =>
      new Uint8Array(
        await sharp(data, { raw: { width, height, channels: 4 } })
          .png()
          .toBuffer(),
      ),
    newId: () => 'an id',
    now: () => now,
  };
}
