import path from 'node:path';
import { StudioError } from '../core/errors';
import type { Box } from '../core/mask';
import { maskFromRle } from '../core/rle';
import { encodeGreyPng } from '../datasets/codec';
import type { PromptPoint } from '../models/sam/segmenter';
import type { Part } from '../synthesis/parts/refine';
import { readPhotograph, writeBytes } from './files';
import { openSam, partsOf, type SamFiles } from './sam';

export interface RegionsOptions extends SamFiles {
  readonly out: string;
  readonly points?: readonly PromptPoint[];
  readonly box?: Box;
  readonly everything?: boolean;
  /** Grid points a side of everything mode. */
  readonly grid: number;
}

/**
 * `regions IMAGE`: the region that points and box ask for, or else every part of the image. Writes one PNG per region
 * (0 and 255, of the image's size) and `regions.json` with area, box and quality.
 */
export async function regionsCommand(
  image: string,
  { out, points = [], box, everything = false, grid, encoder, decoder }: RegionsOptions,
  warn: (line: string) => void,
): Promise<void> {
  const pointed = points.length > 0 || box !== undefined;
  if (pointed && everything) {
    const message = '--everything looks for all parts, --points and --box for one. Leave out one or the other.';
    throw new StudioError('bad-argument', 'cli', message);
  }
  const { raster, ref } = await readPhotograph(image, image);
  const sam = await openSam({ encoder, decoder });
  let parts: readonly Part[];
  if (pointed) {
    const [best] = await sam.segmenter.segment(await sam.segmenter.encode(raster), { points, box });
    parts = best.mask.area > 0 ? [best] : [];
  } else {
    parts = await partsOf(sam, raster, grid);
  }
  await sam.segmenter.release();
  if (parts.length === 0) warn(`${image}: the network ${sam.ref.id} found no region.`);
  const digits = Math.max(3, String(parts.length - 1).length);
  const regions = [];
  for (const [i, { mask, quality }] of parts.entries()) {
    const file = `region-${String(i).padStart(digits, '0')}.png`;
    const levels = maskFromRle(mask).data.map((inside) => inside * 255);
    await writeBytes(path.join(out, file), encodeGreyPng(levels, mask.width, mask.height));
    regions.push({ file, area: mask.area, box: mask.box, quality });
  }
  const { name, sha256 } = ref;
  const report = {
    image: { name: path.basename(name), sha256, width: raster.width, height: raster.height },
    model: sam.ref,
    ...(pointed ? { points, box } : { grid, settings: sam.settings }),
    regions,
  };
  await writeBytes(path.join(out, 'regions.json'), new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`));
}
