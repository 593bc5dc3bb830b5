/** The files below a folder, wherever they are; bytes are read only when their turn comes. */
export interface FileTree {
  /** Relative to the folder, forward slashes. */
  readonly paths: readonly string[];
  /** How messages call a file. */
  nameOf(path: string): string;
  /** @throws StudioError `file-vanished`. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * The files below one of the folders, or with a folder more above them.
 * @param from with a slash at its end, or ''.
 * @param to what `from` is called now: '' or ends with a slash.
 */
export function rerooted(tree: FileTree, from: string, to = ''): FileTree {
  if (from === to) return tree;
  const before = (path: string) => from + path.slice(to.length);
  return {
    paths: tree.paths.filter((path) => path.startsWith(from)).map((path) => to + path.slice(from.length)),
    nameOf: (path) => tree.nameOf(before(path)),
    read: (path) => tree.read(before(path)),
  };
}

/** The folders that hold every one of the paths, from the top: '' first, then with a slash at their end. */
export function commonFolders(paths: readonly string[]): string[] {
  const [first = '', ...others] = paths;
  const folders = [''];
  for (let at = first.indexOf('/'); at >= 0; at = first.indexOf('/', at + 1)) {
    const folder = first.slice(0, at + 1);
    if (!others.every((path) => path.startsWith(folder))) break;
    folders.push(folder);
  }
  return folders;
}
