import { grey8FromRaster } from '../core/raster';
import type { EdgeOutput } from '../core/recipe';
import { encodeGreyPng } from '../datasets/codec';
import { readPhotograph, writeBytes } from './files';
import { openStages } from './stages';

export interface EdgesOptions {
  readonly out: string;
  readonly output: EdgeOutput;
  readonly weights?: string;
}

/** `edges IMAGE`: PiDiNet's edge strength at the image's own size, 8-bit grey, round(255·P). */
export async function edgesCommand(image: string, { out, output, weights }: EdgesOptions): Promise<void> {
  const photograph = await readPhotograph(image, image);
  const { stages } = await openStages({ weights, generator: false });
  const { backend, edgeDetector } = stages;
  const maps = await edgeDetector.run(backend.upload(photograph.raster), [output]);
  const strength = await backend.download(maps[output]);
  await writeBytes(out, encodeGreyPng(grey8FromRaster(strength), strength.width, strength.height));
}
