import { StudioError } from './errors';
import type { Raster } from './raster';
import { createRaster } from './raster';

export interface WandSettings {
  /** Largest ΔE*ab (CIE 1976) from the seed's colour, 0…100. */
  readonly tolerance: number;
  /** The share of the tolerance over which membership falls from 1 to 0, [0, 1]: 0 gives a hard border. */
  readonly softness: number;
  /** Only what is connected with the seed, or everything of its colour. */
  readonly contiguous: boolean;
  readonly connectivity: 4 | 8;
}

export const DEFAULT_WAND: WandSettings = { tolerance: 12, softness: 0.5, contiguous: true, connectivity: 8 };

/** ΔE that counts as the same colour at tolerance 0: rounding, far below what can be seen. */
const SAME = 1e-3;
/** The seed's colour is the mean over ±this many pixels, of those alike. */
const SEED_REACH = 1;
/** Neighbours of the seed pixel farther from it than this (ΔE), or than the tolerance, are of something else. */
const SEED_ALIKE = 10;

/**
 * The magic wand: how much each pixel of a picture belongs to the colour at a point.
 *
 * The seed's colour is the mean in CIE L*a*b* (sRGB, D65) over the 3×3 pixels about the point, without those that differ
 * from the middle one by more than ΔE 10 or the tolerance. With d the ΔE*ab of a pixel from it, T the tolerance and s the softness,
 * membership is clamp((T − d) / (s·T), 0, 1): 1 up to (1 − s)·T, 0 from T on. A contiguous selection keeps the pixels of
 * membership above 0 that are connected with the seed through such pixels.
 *
 * @param image RGB (or grey) in [0, 1]
 * @param x,y the seed in pixels, pixel (0, 0) spanning [0, 1)
 * @returns one channel in [0, 1]
 * @throws StudioError `bad-argument` for a seed outside the image or settings out of range
 */
export function magicWand(image: Raster, x: number, y: number, settings: WandSettings = DEFAULT_WAND): Raster {
  const { width, height } = image;
  const { tolerance, softness, contiguous, connectivity } = settings;
  if (image.channels !== 1 && image.channels !== 3) {
    throw new RangeError(`The wand takes 1 or 3 channels, not ${image.channels}.`);
  }
  const px = Math.floor(x);
  const py = Math.floor(y);
  if (!(px >= 0 && py >= 0 && px < width && py < height)) {
    const message = `The wand was set down at ${x}, ${y}, outside the ${width}×${height} image. Click inside the image.`;
    throw new StudioError('bad-argument', 'synthesis', message);
  }
  if (!(tolerance >= 0 && tolerance <= 100)) {
    const message = `The wand's tolerance is 0 to 100, not ${tolerance}. Choose another.`;
    throw new StudioError('bad-argument', 'synthesis', message);
  }
  if (!(softness >= 0 && softness <= 1)) {
    const message = `The wand's softness is 0 to 1, not ${softness}. Choose another.`;
    throw new StudioError('bad-argument', 'synthesis', message);
  }
  const lab = new LabPixels(image);
  const limit = Math.max(tolerance, SAME);
  const seed = seedColour(lab, px, py, image, Math.min(SEED_ALIKE, limit));
  const inner = tolerance * (1 - softness);
  const slope = limit > inner ? 1 / (limit - inner) : 0;
  const colour = new Float64Array(3);
  const memberAt = (i: number): number => {
    lab.read(i, colour);
    const dl = colour[0] - seed[0];
    const da = colour[1] - seed[1];
    const db = colour[2] - seed[2];
    const squared = dl * dl + da * da + db * db;
    if (squared <= inner * inner) return 1;
    if (squared > limit * limit) return 0;
    return slope === 0 ? 1 : Math.min(1, (limit - Math.sqrt(squared)) * slope);
  };
  const out = createRaster(width, height);
  const { data } = out;
  if (!contiguous) {
    for (let i = 0; i < data.length; i++) data[i] = tolerance === 0 ? Math.ceil(memberAt(i)) : memberAt(i);
    return out;
  }
  // Each pixel is looked at once, and put on the stack at most once.
  const seen = new Uint8Array(width * height);
  const stack = new Int32Array(width * height);
  let count = 0;
  const visit = (i: number): void => {
    if (seen[i]) return;
    seen[i] = 1;
    const member = memberAt(i);
    if (member <= 0) return;
    data[i] = tolerance === 0 ? 1 : member;
    stack[count++] = i;
  };
  visit(py * width + px);
  while (count > 0) {
    const i = stack[--count];
    const column = i % width;
    const left = column > 0;
    const right = column + 1 < width;
    const up = i >= width;
    const down = i + width < data.length;
    if (left) visit(i - 1);
    if (right) visit(i + 1);
    if (up) visit(i - width);
    if (down) visit(i + width);
    if (connectivity === 8) {
      if (left && up) visit(i - width - 1);
      if (right && up) visit(i - width + 1);
      if (left && down) visit(i + width - 1);
      if (right && down) visit(i + width + 1);
    }
  }
  return out;
}

function seedColour(lab: LabPixels, px: number, py: number, { width, height }: Raster, alike: number): Float64Array {
  const middle = new Float64Array(3);
  const other = new Float64Array(3);
  const sum = new Float64Array(3);
  lab.read(py * width + px, middle);
  let count = 0;
  for (let y = Math.max(0, py - SEED_REACH); y <= Math.min(height - 1, py + SEED_REACH); y++) {
    for (let x = Math.max(0, px - SEED_REACH); x <= Math.min(width - 1, px + SEED_REACH); x++) {
      lab.read(y * width + x, other);
      if (Math.hypot(other[0] - middle[0], other[1] - middle[1], other[2] - middle[2]) > alike) continue;
      for (let c = 0; c < 3; c++) sum[c] += other[c];
      count++;
    }
  }
  for (let c = 0; c < 3; c++) sum[c] /= count;
  return sum;
}

/** Steps of the tables; between them values are interpolated. */
const TABLE = 8192;

/** sRGB's transfer function (IEC 61966-2-1), [0, 1] → linear light. */
const LINEAR = Float64Array.from({ length: TABLE + 2 }, (_, i) => {
  const v = i / TABLE;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
});

/** The pixels of a picture in CIE L*a*b* (D65), worked out when they are read. */
class LabPixels {
  readonly #plane: number;

  constructor(private readonly image: Raster) {
    this.#plane = image.channels === 3 ? image.width * image.height : 0;
  }

  read(i: number, lab: Float64Array): void {
    const { data } = this.image;
    const r = linear(data[i]);
    const g = linear(data[i + this.#plane]);
    const b = linear(data[i + 2 * this.#plane]);
    // Linear sRGB → XYZ, divided by the white point so that white is 1, 1, 1.
    const x = root((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    const y = root(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
    const z = root((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
    lab[0] = 116 * y - 16;
    lab[1] = 500 * (x - y);
    lab[2] = 200 * (y - z);
  }
}

function linear(value: number): number {
  return interpolated(LINEAR, value);
}

function interpolated(table: Float64Array, value: number): number {
  const at = (value < 0 ? 0 : value > 1 ? 1 : value) * TABLE;
  const cell = at | 0;
  const low = table[cell];
  return low + (at - cell) * (table[cell + 1] - low);
}

/** f of CIE L*a*b* on [0, 1]: the cube root, with a straight piece at the dark end. */
const ROOT = Float64Array.from({ length: TABLE + 2 }, (_, i) => {
  const t = i / TABLE;
  return t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116;
});

function root(t: number): number {
  return interpolated(ROOT, t);
}
