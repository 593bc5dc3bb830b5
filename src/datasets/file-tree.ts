/** The files below a folder, wherever they are; bytes are read only when their turn comes. */
export interface FileTree {
  /** Relative to the folder, forward slashes. */
  readonly paths: readonly string[];
  /** How messages call a file. */
  nameOf(path: string): string;
  /** @throws StudioError `file-vanished`. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
}
