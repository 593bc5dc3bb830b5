import type { BinaryMask, Box } from '../core/mask';
import { boundingBox, createMask, growBox } from '../core/mask';
import type { Raster } from '../core/raster';
import { assertSameShape, cloneRaster } from '../core/raster';
import type { Operation } from '../core/recipe';
import type { BackgroundSources } from './background';
import { chooseBackground } from './background';
import { PoissonDomain } from './poisson';

export interface DirectEdit {
  readonly operation: Operation;
  /** RGB in [0, 1]. */
  readonly photo: Raster;
  /** The region M, one channel in [0, 1], of the photograph's size. */
  readonly mask: Raster;
  /** A(I_i): the donor's photograph after augmentation, of the photograph's shape. Not used by remove. */
  readonly donor: Raster | null;
  /** For replace and merge: the donor's gradients, or at each place the stronger of donor's and photograph's. */
  readonly gradients: 'normal' | 'mixed';
}

/**
 * The direct renderer, for images that no generator was trained on: the three cases of LogicAL Eq. 1 in the gradient
 * domain (Pérez, Gangnet and Blake 2003). The result takes the photograph's values where M = 0, bit for bit, and
 * elsewhere comes as close as it can to the gradients
 *
 *   v = M·g + (1 − M)·∇photo,
 *
 * where g is, for remove, the gradient of plain background found in the picture (none, where nothing suits: a
 * membrane); for replace and merge, that of the donor, or with mixed gradients the stronger one. So there is no seam.
 * RGB in [0, 1].
 *
 * When M > 0 everywhere nothing fixes the colour level; it is then the mean of what g was taken from.
 */
export function renderDirect({ operation, photo, mask, donor, gradients }: DirectEdit): Raster {
  const { width, height } = photo;
  if (photo.channels !== 3) throw new RangeError(`The photograph needs three channels, not ${photo.channels}.`);
  assertSameShape(photo, mask, true);
  if (mask.channels !== 1) throw new RangeError(`A mask has one channel, not ${mask.channels}.`);
  if (operation !== 'remove') {
    if (!donor) throw new RangeError(`The operation ${operation} needs a donor.`);
    assertSameShape(photo, donor);
  }
  const inside = createMask(width, height);
  for (let i = 0; i < inside.data.length; i++) inside.data[i] = mask.data[i] > 0 ? 1 : 0;
  const steps = createSteps(inside);
  if (!steps) return cloneRaster(photo);
  if (operation === 'remove' || !donor) {
    const sources = chooseBackground(photo, inside);
    backgroundSteps(steps, photo, inside, sources);
    return integrate(photo, mask, inside, steps, (p, c) => {
      return photo.data[c * width * height + p + sources.dy[p] * width + sources.dx[p]];
    });
  }
  donorSteps(steps, photo, donor, gradients === 'mixed');
  return integrate(photo, mask, inside, steps, (p, c) => donor.data[c * width * height + p]);
}

/**
 * The wished gradient g as differences between neighbours: from each pixel of a box to the next one right and the next
 * one down, three channels interleaved. The box holds the region and, where the image has them, its neighbours.
 */
interface Steps {
  readonly box: Box;
  readonly right: Float32Array;
  readonly down: Float32Array;
}

function createSteps(inside: BinaryMask): Steps | null {
  const around = boundingBox(inside);
  if (!around) return null;
  const box = growBox(around, 1, inside.width, inside.height) as Box;
  const size = 3 * box.width * box.height;
  return { box, right: new Float32Array(size), down: new Float32Array(size) };
}

function donorSteps({ box, right, down }: Steps, photo: Raster, donor: Raster, mixed: boolean): void {
  const { width } = photo;
  const plane = width * photo.height;
  const fill = (out: Float32Array, at: number, p: number, q: number): void => {
    let chosen = donor.data;
    if (mixed) {
      let fromDonor = 0;
      let fromPhoto = 0;
      for (let o = 0; o < 3 * plane; o += plane) {
        fromDonor += (donor.data[o + q] - donor.data[o + p]) ** 2;
        fromPhoto += (photo.data[o + q] - photo.data[o + p]) ** 2;
      }
      // One choice for all channels: taking each channel's stronger one would invent colours.
      if (fromPhoto > fromDonor) chosen = photo.data;
    }
    out[at] = chosen[q] - chosen[p];
    out[at + 1] = chosen[plane + q] - chosen[plane + p];
    out[at + 2] = chosen[2 * plane + q] - chosen[2 * plane + p];
  };
  for (let y = 0, at = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++, at += 3) {
      const p = (box.y + y) * width + box.x + x;
      if (x + 1 < box.width) fill(right, at, p, p + 1);
      if (y + 1 < box.height) fill(down, at, p, p + width);
    }
  }
}

/** The differences that the pixels' sources show; where two patches meet, the mean of both; without a source, none. */
function backgroundSteps(
  { box, right, down }: Steps,
  photo: Raster,
  inside: BinaryMask,
  { dx, dy }: BackgroundSources,
): void {
  const { width, height, data } = photo;
  const plane = width * height;
  const isGiven = (i: number, of: number): boolean => {
    const x = (i % width) + dx[of];
    const y = Math.floor(i / width) + dy[of];
    return x >= 0 && x < width && y >= 0 && y < height && inside.data[y * width + x] === 0;
  };
  /** Adds the difference between p and q as the source of pixel `of` shows it. Returns 1 if it does, else 0. */
  const add = (of: number, out: Float32Array, at: number, p: number, q: number): number => {
    const shift = dy[of] * width + dx[of];
    if (shift === 0 || !isGiven(p, of) || !isGiven(q, of)) return 0;
    for (let c = 0; c < 3; c++) out[at + c] += data[c * plane + q + shift] - data[c * plane + p + shift];
    return 1;
  };
  const fill = (out: Float32Array, at: number, p: number, q: number): void => {
    if (add(p, out, at, p, q) + add(q, out, at, p, q) < 2) return;
    for (let c = 0; c < 3; c++) out[at + c] /= 2;
  };
  for (let y = 0, at = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++, at += 3) {
      const p = (box.y + y) * width + box.x + x;
      if (x + 1 < box.width) fill(right, at, p, p + 1);
      if (y + 1 < box.height) fill(down, at, p, p + width);
    }
  }
}

/**
 * Solves for the region and sets the result into a copy of the photograph. `guess` starts the solver; where the whole
 * image is the region, its mean is kept.
 */
function integrate(
  photo: Raster,
  mask: Raster,
  inside: BinaryMask,
  { box, right, down }: Steps,
  guess: (p: number, c: number) => number,
): Raster {
  const { width, height, data } = photo;
  const plane = width * height;
  const domain = new PoissonDomain(inside);
  const { count, pixels } = domain;
  const b = new Float64Array(3 * count);
  const f = new Float64Array(3 * count);
  for (let i = 0; i < count; i++) {
    const p = pixels[i];
    const x = p % width;
    const y = (p - x) / width;
    const own = mask.data[p];
    const at = 3 * ((y - box.y) * box.width + x - box.x);
    /** One link, from p to q; `step` holds the wished difference at `from`, in the direction of `sign`. */
    const link = (q: number, step: Float32Array, from: number, sign: number): void => {
      // The stronger mask of the two counts, so that a hard mask means its gradients up to its outline.
      const m = mask.data[q] > own ? mask.data[q] : own;
      const known = inside.data[q] === 0;
      for (let c = 0; c < 3; c++) {
        const here = data[c * plane + p];
        const there = data[c * plane + q];
        b[3 * i + c] += m * sign * step[from + c] + (1 - m) * (here - there) + (known ? there : 0);
      }
    };
    if (x > 0) link(p - 1, right, at - 3, 1);
    if (x < width - 1) link(p + 1, right, at, -1);
    if (y > 0) link(p - width, down, at - 3 * box.width, 1);
    if (y < height - 1) link(p + width, down, at, -1);
    for (let c = 0; c < 3; c++) f[3 * i + c] = own * guess(p, c) + (1 - own) * data[c * plane + p];
  }
  domain.solve(b, f);
  const result = cloneRaster(photo);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) result.data[c * plane + pixels[i]] = Math.min(1, Math.max(0, f[3 * i + c]));
  }
  return result;
}
