/**
 * A contact sheet of everything mode and LogicAL's refinement: photograph, raw masks (best above, after thresholds and
 * suppression), parts with their numbers. Run by
 * `node --import ./scripts/register.mjs scripts/parts-sheet.ts OUT.jpg IMAGE…`.
 */
import sharp from 'sharp';
import { readPhotograph } from '../src/cli/files';
import { openSam } from '../src/cli/sam';
import { image8FromRaster, resizeRaster, type Image8 } from '../src/core/raster';
import { maskFromRle, type Rle } from '../src/core/rle';
import { bestCandidates, everything } from '../src/models/sam/everything';
import type { SegmentedMask } from '../src/models/sam/segmenter';
import { refineParts } from '../src/synthesis/parts/refine';
import { aboveThresholds, cleanMasks, suppressBoxes, suppressMasks } from '../src/synthesis/parts/select';

const TILE = 256;
const GAP = 6;
const COLUMNS = 3;
const GRID = 16;

const [out, ...images] = process.argv.slice(2);
if (!out || images.length === 0) {
  console.error('Name the sheet to write and the images to show.');
  process.exit(1);
}

/** The golden angle keeps the colours of neighbours apart. */
function colour(index: number): readonly [number, number, number] {
  const hue = (index * 137.508) % 360;
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (0.58 - 0.42 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

function tinted({ data: pixels, width, height }: Image8, masks: readonly Rle[]): Uint8ClampedArray {
  const tint = Uint8ClampedArray.from(pixels);
  const largestFirst = [...masks].sort((a, b) => b.area - a.area);
  largestFirst.forEach((mask, index) => {
    const rgb = colour(index);
    const { data } = maskFromRle(mask);
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        if (data[at] === 0) continue;
        const inner =
          (x === 0 || data[at - 1]) &&
          (x === width - 1 || data[at + 1]) &&
          (y === 0 || data[at - width]) &&
          (y === height - 1 || data[at + width]);
        for (let c = 0; c < 3; c++) tint[at * 4 + c] = inner ? (pixels[at * 4 + c] + rgb[c]) / 2 : rgb[c];
      }
    }
  });
  return tint;
}

const sam = await openSam();
const tiles: { input: Buffer; left: number; top: number }[] = [];
const cellWidth = 3 * TILE + 4 * GAP;
for (const [index, file] of images.entries()) {
  const photograph = await readPhotograph(file, file);
  const scale = TILE / Math.max(photograph.raster.width, photograph.raster.height);
  const [width, height] = [photograph.raster.width, photograph.raster.height].map((side) => Math.round(side * scale));
  const raster = scale === 1 ? photograph.raster : resizeRaster(photograph.raster, width, height);
  const masks: SegmentedMask[] = [];
  for await (const step of everything(sam.segmenter, await sam.segmenter.encode(raster), { grid: GRID })) {
    masks.push(...step.masks);
  }
  const { settings } = sam;
  const candidates = bestCandidates(masks);
  const raw = suppressMasks(
    cleanMasks(
      suppressBoxes(aboveThresholds(candidates, settings), settings.boxIou),
      settings.speckShare * width * height,
    ),
    settings.maskIou,
  );
  const parts = refineParts(candidates, settings);
  console.log(`${file}: ${candidates.length} candidates, ${raw.length} masks, ${parts.length} parts`);
  const image = image8FromRaster(raster);
  const pictures = [
    image.data,
    ...[raw, parts].map((set) =>
      tinted(
        image,
        set.map(({ mask }) => mask),
      ),
    ),
  ];
  const left = (index % COLUMNS) * (cellWidth + GAP);
  const top = Math.floor(index / COLUMNS) * (TILE + GAP);
  for (const [k, picture] of pictures.entries()) {
    const input = await sharp(picture, { raw: { width, height, channels: 4 } })
      .png()
      .toBuffer();
    tiles.push({ input, left: left + k * (TILE + GAP), top });
  }
}
await sam.segmenter.release();
const rows = Math.ceil(images.length / COLUMNS);
await sharp({
  create: {
    width: COLUMNS * (cellWidth + GAP),
    height: rows * (TILE + GAP),
    channels: 3,
    background: '#ffffff',
  },
})
  .composite(tiles)
  .jpeg({ quality: 84 })
  .toFile(out);
