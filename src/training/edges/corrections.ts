import { createRaster, rasterOf, type Raster } from '../../core/raster';
import type { Random } from '../../core/random';
import { applyGeometry, joinPlanes, randomGeometry, takePlanes } from '../augmentation/geometry';
import { applyLight, randomLight } from '../augmentation/light';

/** A photograph and where its edges are. */
export interface CorrectedEdges {
  readonly name: string;
  /** RGB in [0, 1], at the size edges are found at. */
  readonly image: Raster;
  /** {@link correctedLabels}: one channel, 0 to 255. */
  readonly labels: Raster;
}

/** Edge strength from which, and up to which, the network is taken at its word where nothing was painted. */
const SURELY_EDGE = 0.5;
const SURELY_PLAIN = 0.1;
/** Of PiDiNet's labels 0 is no edge and 76.8 (30 % of 256) or more is one; between, a pixel is left out. */
const EDGE = 255;
const PLAIN = 0;
const LEFT_OUT = 38;

/**
 * Labels for training: what was painted, and, so that the rest does not drift, what the network is sure of itself. What
 * it is unsure of is left out.
 * @param edges its present edge strength, one channel in [0, 1].
 * @param painted masks [0, 1] of what was painted as edge and as plain; above ½ counts, and plain wins over edge.
 */
export function correctedLabels(edges: Raster, painted: { readonly edge: Raster; readonly plain: Raster }): Raster {
  const labels = createRaster(edges.width, edges.height);
  for (let i = 0; i < labels.data.length; i++) {
    const strength = edges.data[i];
    if (painted.plain.data[i] > 0.5) labels.data[i] = PLAIN;
    else if (painted.edge.data[i] > 0.5) labels.data[i] = EDGE;
    else if (strength >= SURELY_EDGE) labels.data[i] = EDGE;
    else labels.data[i] = strength <= SURELY_PLAIN ? PLAIN : LEFT_OUT;
  }
  return labels;
}

const GEOMETRY = { mirror: 0.5, warp: 0.3 };

/** A square crop in another light, mirrored and bent by chance; picture and labels alike. */
export function drawCorrection(
  { image, labels }: CorrectedEdges,
  size: number,
  random: Random,
): Omit<CorrectedEdges, 'name'> {
  const chance = random.fork('crop');
  const [x, y] = [chance.int(0, image.width - size), chance.int(0, image.height - size)];
  const planes = crop(joinPlanes(labels, image), x, y, size);
  const bent = applyGeometry(planes, randomGeometry(random.fork('geometry'), GEOMETRY));
  return {
    labels: takePlanes(bent, 0, 1),
    image: applyLight(takePlanes(bent, 1, 3), randomLight(random.fork('light'))),
  };
}

/** The square in the middle, as it is. */
export function middleOf({ image, labels }: CorrectedEdges, size: number): Omit<CorrectedEdges, 'name'> {
  const [x, y] = [Math.floor((image.width - size) / 2), Math.floor((image.height - size) / 2)];
  return { image: crop(image, x, y, size), labels: crop(labels, x, y, size) };
}

function crop({ width, height, channels, data }: Raster, x: number, y: number, size: number): Raster {
  const out = new Float32Array(channels * size * size);
  for (let c = 0; c < channels; c++) {
    for (let row = 0; row < size; row++) {
      const from = (c * height + y + row) * width + x;
      out.set(data.subarray(from, from + size), (c * size + row) * size);
    }
  }
  return rasterOf(out, size, size, channels);
}
