import type { ErrorReport } from '../core/errors';
import type { ImportFile } from '../worker/api';

export interface Dropped {
  readonly files: ImportFile[];
  /** Entries that could not be read; the others are there. */
  readonly problems: ErrorReport[];
}

/**
 * Every file of a drop, with its path inside what was dropped; folders are walked. The entries must be taken from the
 * event before it ends, so this collects them first and reads afterwards.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<Dropped> {
  const entries: FileSystemEntry[] = [];
  const loose: File[] = [];
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry();
    if (entry) entries.push(entry);
    else {
      const file = item.getAsFile();
      if (file) loose.push(file);
    }
  }
  const found: Dropped = { files: loose.map((file) => ({ path: file.name, file })), problems: [] };
  for (const entry of entries) await walk(entry, found);
  return found;
}

/** Files of an <input>; with `webkitdirectory` their paths start with the folder's name. */
export function chosenFiles(list: FileList): ImportFile[] {
  return Array.from(list, (file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function walk(entry: FileSystemEntry, found: Dropped): Promise<void> {
  const path = entry.fullPath.replace(/^\//, '');
  try {
    if (entry.isFile) {
      const read = (entry as FileSystemFileEntry).file.bind(entry);
      found.files.push({ path, file: await new Promise<File>((resolve, reject) => read(resolve, reject)) });
      return;
    }
    for (const child of await childrenOf(entry as FileSystemDirectoryEntry)) await walk(child, found);
  } catch {
    const message = `${path} could not be read: it was moved, deleted or is locked. Check it and drop it again.`;
    found.problems.push({ code: 'file-vanished', stage: 'ui', message, file: path });
  }
}

async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const children: FileSystemEntry[] = [];
  for (;;) {
    // readEntries gives at most 100 at a time, and an empty list at the end.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return children;
    children.push(...batch);
  }
}
