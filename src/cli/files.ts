import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../core/errors';
import { sha256 } from '../core/hash';
import { rgbFromImage8, type Raster } from '../core/raster';
import type { ImageRef } from '../core/recipe';
import { nodeCodec } from '../datasets/codec-node';
import { comparePaths, imagePaths } from '../datasets/layouts';
import { sniffImage } from '../datasets/sniff';

/** @throws StudioError `file-vanished` naming the file. */
export async function readBytes(file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new StudioError(
      'file-vanished',
      'cli',
      missing
        ? `${file} does not exist. Check the path.`
        : `${file} could not be read (${(cause as Error).message}). Check that it is a file you may read.`,
      { file, cause },
    );
  }
}

/** @throws StudioError `storage-failed` or `storage-full` naming the file. */
export async function writeBytes(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  } catch (cause) {
    const full = (cause as NodeJS.ErrnoException).code === 'ENOSPC';
    const advice = full ? 'Free space on that disk, or choose' : 'Choose';
    throw new StudioError(
      full ? 'storage-full' : 'storage-failed',
      'cli',
      `${file} could not be written (${(cause as Error).message}). ${advice} another place with --out.`,
      { file, cause },
    );
  }
}

/**
 * Replaces a file as a whole: whoever reads it, or finds it after a crash, has the old one or the new one.
 * @throws StudioError as {@link writeBytes}.
 */
export async function replaceFile(file: string, bytes: Uint8Array): Promise<void> {
  const part = `${file}.part`;
  await writeBytes(part, bytes);
  try {
    await rename(part, file);
  } catch (cause) {
    await rm(part, { force: true });
    const message = `${file} could not be written (${(cause as Error).message}). Choose another place.`;
    throw new StudioError('storage-failed', 'cli', message, { file, cause });
  }
}

/**
 * Makes sure that a file can be written later, without touching one that is there.
 * @throws StudioError `storage-failed` naming the file.
 */
export async function requireWritable(file: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found?.isDirectory()) {
    const message = `${file} is a folder. Give the name of a file to write.`;
    throw new StudioError('storage-failed', 'cli', message, { file });
  }
  const part = `${file}.part`;
  await writeBytes(part, new Uint8Array());
  await rm(part, { force: true });
}

export interface Photograph {
  readonly id: string;
  readonly ref: ImageRef;
  /** RGB in [0, 1], no side above the wanted one, if one is wanted. */
  readonly raster: Raster;
}

/** Reads, checks and decodes one image. @throws StudioError naming the file. */
export async function readPhotograph(file: string, name: string, maxSide?: number): Promise<Photograph> {
  const bytes = await readBytes(file);
  const { width, height } = sniffImage(bytes, name);
  const hash = await sha256(bytes);
  const raster = rgbFromImage8(await nodeCodec.decode(bytes, name, maxSide));
  // An orientation tag may have turned it.
  const turned = raster.width > raster.height !== width > height && raster.width !== raster.height;
  const size = turned ? { width: height, height: width } : { width, height };
  return { id: hash, ref: { name, sha256: hash, ...size }, raster };
}

/** Paths of the images in a folder and its folders, relative, in natural order. @throws StudioError `no-images`. */
export async function listImages(folder: string): Promise<string[]> {
  let entries;
  try {
    entries = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (cause) {
    throw new StudioError('no-images', 'cli', `${folder} is not a folder that can be read. Check the path.`, {
      file: folder,
      cause,
    });
  }
  const files = entries
    // Sets are often made of links; one that leads nowhere is reported when its turn comes.
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
  const images = imagePaths(files).sort(comparePaths);
  if (images.length === 0) {
    throw new StudioError('no-images', 'cli', `${folder} holds no images. Choose a folder with PNG or JPEG files.`, {
      file: folder,
    });
  }
  return images;
}
