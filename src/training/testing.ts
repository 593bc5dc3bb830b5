import { cloneRaster, createRaster, luma, type Raster } from '../core/raster';
import { Random } from '../core/random';
import type { DetectorSample, SampleSource } from './detector/samples';
import type { Normal } from './generator/pairs';

/** What the trainers' tests share: small pictures of a box on a plain ground. */

/** A normal picture, or one with a green square in a random place. */
export function tinySamples(normals: readonly Normal[]): SampleSource {
  const untouched = (random: Random): DetectorSample => {
    const { image, edges } = random.fork('normal').pick(normals);
    const { width, height } = image;
    return { shown: image, image, edges, jnd: edges, mask: createRaster(width, height) };
  };
  return {
    normal: async (random) => untouched(random),
    anomaly: async (random) => {
      const sample = untouched(random);
      const { width, height } = sample.image;
      const shown = cloneRaster(sample.image);
      const mask = createRaster(width, height);
      const [x, y] = [random.int(0, width - 8), random.int(0, height - 8)];
      for (let i = 0; i < 64; i++) {
        const at = (y + (i >> 3)) * width + x + (i & 7);
        mask.data[at] = 1;
        [0.1, 0.9, 0.1].forEach((value, c) => (shown.data[c * width * height + at] = value));
      }
      return { ...sample, shown, mask };
    },
  };
}

/** `count` pictures of a coloured box somewhere on a grey ground, and where their edges are. */
export function tinyNormals(count: number, size: number, seed = 3): Normal[] {
  return Array.from({ length: count }, (_, i) => {
    const random = new Random(seed).fork(`normal ${i}`);
    const picture = createRaster(size, size, 3);
    const colour = [0.8, 0.3, 0.2];
    const side = random.int(Math.ceil(size / 4), Math.ceil(size / 2));
    const [x0, y0] = [random.int(2, size - side - 2), random.int(2, size - side - 2)];
    picture.data.forEach((_, at) => {
      const [c, y, x] = [Math.floor(at / size / size), Math.floor(at / size) % size, at % size];
      const inside = x >= x0 && x < x0 + side && y >= y0 && y < y0 + side;
      picture.data[at] = (inside ? colour[c] : 0.6) + random.uniform(-0.02, 0.02);
    });
    return { name: `normal-${i}.png`, image: picture, edges: outlines(picture) };
  });
}

/** 1 where the brightness jumps to the right or downwards. */
function outlines(picture: Raster): Raster {
  const grey = luma(picture);
  const { width, data } = grey;
  const edges = createRaster(width, grey.height);
  data.forEach((value, i) => {
    const right = (i + 1) % width ? data[i + 1] : value;
    const below = data[i + width] ?? value;
    edges.data[i] = Math.abs(value - right) > 0.1 || Math.abs(value - below) > 0.1 ? 1 : 0;
  });
  return edges;
}
