import path from 'node:path';
import { paint } from '../compute/kernels/present/cpu';
import { heatColours, type ColourScale } from '../core/colour-scales';
import { reportOf, StudioError } from '../core/errors';
import { image8FromRaster, type Image8, type Raster } from '../core/raster';
import { encodeRgbPng } from '../datasets/codec';
import { encodeNpy } from '../datasets/npy';
import { encodeTiff } from '../datasets/tiff';
import { openDetector } from './detector';
import { readPhotograph, writeBytes } from './files';

/** How anomaly maps are written: float32, of the image's size. */
export const MAP_WRITERS = { tiff: encodeTiff, npy: encodeNpy } as const;

/** How much of a picture a heat map covers where it is not transparent itself. */
const OPACITY = 0.75;

export interface DetectOptions {
  /** The shipped detector if left out. */
  readonly model?: string;
  readonly out: string;
  readonly format: keyof typeof MAP_WRITERS;
  readonly scale: ColourScale;
}

/**
 * `detect IMAGE…`: writes for each image its anomaly map, `<name>.heat.png` (the picture under its heat map), and
 * `scores.json` for all. An image that cannot be read is reported and the rest goes on.
 * @throws StudioError `no-images` when none could be read, `bad-argument` when two images would be written to one place.
 */
export async function detectCommand(
  images: readonly string[],
  { model: file, out, format, scale }: DetectOptions,
  warn: (line: string) => void,
): Promise<void> {
  const places = placesOf(images);
  const { detector, model } = await openDetector(file);
  const scores = [];
  for (const [image, place] of places) {
    let raster: Raster;
    try {
      ({ raster } = await readPhotograph(image, image));
    } catch (error) {
      warn(reportOf(error, 'cli').message);
      continue;
    }
    const { map, score, thresholds } = await detector.detect(raster);
    const [mapFile, heatFile] = [`${place}.${format}`, `${place}.heat.png`];
    await writeBytes(path.join(out, mapFile), MAP_WRITERS[format](map));
    await writeBytes(path.join(out, heatFile), encodeRgbPng(underHeat(raster, map, scale)));
    scores.push({ image, score, anomalous: score > thresholds.image, map: mapFile, heat: heatFile });
  }
  await detector.release();
  if (scores.length === 0) {
    throw new StudioError('no-images', 'cli', 'No image could be read. Give PNG or JPEG files.');
  }
  const report = { model: model.ref, threshold: detector.form.threshold, images: scores };
  await writeBytes(path.join(out, 'scores.json'), new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`));
}

/** Where the files of each image, named once or twice, go: its path below the folder that all have in common, without the ending. */
function placesOf(images: readonly string[]): Map<string, string> {
  const folders = images.map((image) => path.resolve(path.dirname(image)).split(path.sep));
  let depth = 0;
  while (folders.every((parts) => parts[depth] !== undefined && parts[depth] === folders[0][depth])) depth++;
  const common = folders[0].slice(0, depth).join(path.sep) || path.sep;
  const places = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const image of images) {
    const place = path
      .relative(common, path.resolve(image))
      .replace(/\.[^./\\]+$/, '')
      .split(path.sep)
      .join('/');
    const other = owners.get(place);
    if (other !== undefined && other !== image) {
      const message = `${other} and ${image} would both be written to ${place}. Give them one after the other.`;
      throw new StudioError('bad-argument', 'cli', message, { file: image });
    }
    owners.set(place, image);
    places.set(image, place);
  }
  return places;
}

/** A picture with its heat map laid over it. */
function underHeat(picture: Raster, map: Raster, scale: ColourScale): Image8 {
  const image = image8FromRaster(picture);
  const heat = paint(map, { colourMap: heatColours(scale) });
  for (let i = 0; i < image.data.length; i += 4) {
    const opacity = (OPACITY * heat.data[i + 3]) / 255;
    for (let c = i; c < i + 3; c++) image.data[c] += opacity * (heat.data[c] - image.data[c]);
  }
  return image;
}
