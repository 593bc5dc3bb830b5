/**
 * What adapting a generator has brought, on photographs it was not trained on: photograph, edges, what the generator made
 * of them before and after, as a contact sheet; and L1, SSIM and agreement of edges (F1 within 2 px). Run by
 * `node --import ./scripts/register.mjs scripts/adaptation-sheet.ts OUT.jpg BEFORE.onnx AFTER.onnx SIDE IMAGE…`.
 */
import sharp from 'sharp';
import { readPhotograph } from '../src/cli/files';
import { openStages } from '../src/cli/stages';
import { image8FromRaster, type Raster } from '../src/core/raster';
import { normalOf } from '../src/datasets/training/normals';
import { reconstructionFit } from '../src/models/generator/fit';
import { PreparedSource } from '../src/synthesis/source';
import { edgeAgreement } from '../src/training/generator/quality';

/** Photographs that are shown; all are measured. */
const SHOWN = 6;
const GAP = 4;

const [out, before, after, sideText, ...files] = process.argv.slice(2);
const side = Number(sideText);
if (!after || !Number.isInteger(side) || files.length === 0) {
  console.error('Name the sheet to write, the generator before and after, the side in px, and photographs.');
  process.exit(1);
}

const columns: Raster[][] = [[], [], [], []];
for (const [index, file] of [before, after].entries()) {
  const { stages } = await openStages({ generator: file });
  const { backend, generator, edgeDetector } = stages;
  const sums = { l1: 0, ssim: 0, edgeF1: 0 };
  for (const name of files) {
    const { raster } = await readPhotograph(name, name);
    const source = new PreparedSource(raster, stages);
    const normal = await normalOf(source, name, side);
    const made = await generator!.run(backend.upload(normal.edges));
    const [edges, fit] = await Promise.all([
      edgeDetector.run(made, ['e1']),
      reconstructionFit(backend, backend.upload(normal.image), made),
    ]);
    sums.l1 += fit.l1 / files.length;
    sums.ssim += fit.ssim / files.length;
    sums.edgeF1 += edgeAgreement(await backend.download(edges.e1), normal.edges) / files.length;
    if (columns[2 + index].length < SHOWN) {
      if (index === 0) [normal.image, normal.edges].forEach((picture, i) => columns[i].push(picture));
      columns[2 + index].push(await backend.download(made));
    }
    source.dispose();
  }
  const figures = Object.entries(sums).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  console.log(`${file}: ${figures.join(', ')} (${files.length} photographs at ${side}²)`);
}

const tiles = await Promise.all(
  columns.flatMap((column, row) =>
    column.map(async (picture, i) => ({
      input: await png(picture),
      left: i * (side + GAP),
      top: row * (side + GAP),
    })),
  ),
);
const shown = columns[0].length;
await sharp({
  create: {
    width: shown * (side + GAP) - GAP,
    height: columns.length * (side + GAP) - GAP,
    channels: 3,
    background: '#ffffff',
  },
})
  .composite(tiles)
  .jpeg({ quality: 88 })
  .toFile(out);

function png(picture: Raster): Promise<Buffer> {
  const { data, width, height } = image8FromRaster(picture);
  return sharp(data, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
}
