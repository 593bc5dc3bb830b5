import path from 'node:path';
import { createCpuBackend } from '../compute/cpu';
import { greyLevels, jndMap } from '../compute/jnd';
import { reportOf, StudioError } from '../core/errors';
import { grey8FromRaster } from '../core/raster';
import { encodeGreyPng } from '../datasets/codec';
import { listImages, readPhotograph, writeBytes } from './files';

export interface JndOptions {
  readonly images: string;
  readonly out: string;
}

/**
 * `jnd`: the normalised JND map of every image of a folder at its own size, 8-bit grey, round(255·JND / maximum), as
 * `<path without extension>.png`. An image that cannot be read is reported and the rest goes on.
 * @throws StudioError `no-images` when none could be read.
 */
export async function jndCommand({ images, out }: JndOptions, warn: (line: string) => void): Promise<void> {
  const backend = createCpuBackend();
  let written = 0;
  for (const name of await listImages(images)) {
    let map;
    try {
      const { raster } = await readPhotograph(path.join(images, name), name);
      map = await backend.download(jndMap(backend, backend.upload(greyLevels(raster))));
    } catch (error) {
      warn(reportOf(error, 'cli').message);
      continue;
    }
    const file = path.join(out, name.replace(/\.[^./\\]+$/, '.png'));
    await writeBytes(file, encodeGreyPng(grey8FromRaster(map), map.width, map.height));
    written++;
  }
  if (written === 0) {
    throw new StudioError(
      'no-images',
      'cli',
      `No image of ${images} could be read. Choose a folder with PNG or JPEG files.`,
    );
  }
}
