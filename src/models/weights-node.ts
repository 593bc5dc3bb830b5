import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WeightSource } from './weights';

/** Shipped models in a folder on disk, `public/models` for one. */
export function folderSource(folder: string): WeightSource {
  return {
    async read(file) {
      try {
        return new Uint8Array(await readFile(join(folder, file)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
  };
}
