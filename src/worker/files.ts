import { StudioError } from '../core/errors';
import type { FileTree } from '../datasets/file-tree';
import type { ImportFile } from './api';

/** @throws StudioError `file-vanished`: a chosen file is read only when its turn comes. */
export async function bytesOf(file: File, name = file.name): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    const message = `${name} could not be read: it was moved, renamed or removed since it was chosen. Choose it again.`;
    throw new StudioError('file-vanished', 'import', message, { file: name, cause });
  }
}

/** Chosen files as a folder. */
export function filesTree(files: readonly ImportFile[]): FileTree {
  const byPath = new Map(files.map(({ path, file }) => [path, file]));
  return {
    paths: [...byPath.keys()],
    nameOf: (path) => path,
    read: (path) => {
      const file = byPath.get(path);
      if (file) return bytesOf(file, path);
      const message = `${path} is not among the files. Choose the folder again.`;
      throw new StudioError('file-vanished', 'import', message, { file: path });
    },
  };
}
