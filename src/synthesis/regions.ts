import { maskArea, type BinaryMask } from '../core/mask';
import type { Random } from '../core/random';
import { rasterizeRegion } from '../core/rasterize';
import type { RegionShape } from '../core/recipe';

export interface ArbitraryRegionSettings {
  /** Wanted share of the image's area, (0, 1]. */
  readonly share: number;
  /**
   * Where the product is: the region is laid about one of these pixels, so that there is something to edit. Of the
   * image's size. Left out, or empty: anywhere but near the border.
   */
  readonly foreground?: BinaryMask;
}

/** Tries at meeting the wanted share. */
const ROUNDS = 8;
/** Side at which the union's area is measured while fitting, px. */
const MEASURE_SIDE = 128;

/**
 * LogicAL's arbitrary (semantic-agnostic) region: the union of three random shapes — rectangles, ellipses, Perlin
 * blobs — of different aspect ratios (section 3.1), scattered around a common place and scaled until their union has the
 * wanted share of the image (within a tenth; large shares may fall short, for a shape is at most as large as the
 * image). Depends on the generator alone.
 * @throws RangeError unless the share lies in (0, 1].
 */
export function randomArbitraryRegion(
  random: Random,
  width: number,
  height: number,
  { share, foreground }: ArbitraryRegionSettings,
): RegionShape[] {
  if (!(share > 0 && share <= 1)) throw new RangeError(`A region takes a share in (0, 1] of the image, not ${share}.`);
  const centre = randomCentre(random, foreground);
  // Aspect ratios in three separate ranges: flat, squarish, upright, in random order.
  const ranges = random.shuffle([
    [0.25, 0.55],
    [0.75, 1.35],
    [1.8, 4],
  ]);
  const plans = ranges.map(([low, high]) => ({
    kind: random.pick(['rectangle', 'ellipse', 'blob'] as const),
    aspect: random.logUniform(low, high),
    weight: random.uniform(0.6, 1.4),
    dx: random.uniform(-0.5, 0.5),
    dy: random.uniform(-0.5, 0.5),
    rotation: random.uniform(-Math.PI / 2, Math.PI / 2),
    seed: random.int(0, 0x7fffffff),
    cells: random.uniform(2, 4),
  }));
  /** The shapes when each has about `area` px² times its weight. */
  const shapesOf = (area: number, w: number, h: number): RegionShape[] =>
    plans.map((plan) => {
      // A blob covers about a third of its box.
      const own = area * plan.weight * (plan.kind === 'blob' ? 3 : 1);
      const sx = Math.min(w, Math.sqrt(own * plan.aspect));
      const sy = Math.min(h, Math.sqrt(own / plan.aspect));
      const spread = Math.sqrt(area);
      // Kept inside, so that the share is of what can be seen.
      const cx = clamp(centre.x * w + plan.dx * spread, sx / 2, w - sx / 2);
      const cy = clamp(centre.y * h + plan.dy * spread, sy / 2, h - sy / 2);
      const { rotation, seed, cells } = plan;
      switch (plan.kind) {
        case 'rectangle':
          return { kind: 'rectangle', combine: 'add', x: cx - sx / 2, y: cy - sy / 2, width: sx, height: sy, rotation };
        case 'ellipse':
          return { kind: 'ellipse', combine: 'add', cx, cy, rx: sx / 2, ry: sy / 2, rotation };
        case 'blob':
          return { kind: 'blob', combine: 'add', x: cx - sx / 2, y: cy - sy / 2, width: sx, height: sy, seed, cells };
      }
    });
  const scale = Math.min(1, MEASURE_SIDE / Math.max(width, height));
  const w = Math.max(1, Math.round(width * scale));
  const h = Math.max(1, Math.round(height * scale));
  // The union is smaller than the sum of its parts; correct by what the last try came to.
  let area = (share * w * h) / 2;
  for (let round = 0; round < ROUNDS; round++) {
    const got = maskArea(rasterizeRegion(shapesOf(area, w, h), w, h, 0)) / (w * h);
    const ratio = share / Math.max(got, 1e-4);
    if (Math.abs(ratio - 1) < 0.03) break;
    area *= clamp(ratio, 0.25, 4);
  }
  return shapesOf((area * width * height) / (w * h), width, height);
}

/** As shares of width and height. */
function randomCentre(random: Random, foreground: BinaryMask | undefined): { x: number; y: number } {
  const count = foreground ? maskArea(foreground) : 0;
  if (!foreground || count === 0) return { x: random.uniform(0.2, 0.8), y: random.uniform(0.2, 0.8) };
  let left = random.int(0, count - 1);
  let at = 0;
  while (foreground.data[at] === 0 || left-- > 0) at++;
  const x = at % foreground.width;
  return { x: (x + 0.5) / foreground.width, y: ((at - x) / foreground.width + 0.5) / foreground.height };
}

function clamp(value: number, low: number, high: number): number {
  // Where the shape is as large as the image, low and high meet in its middle.
  return low > high ? (low + high) / 2 : Math.min(high, Math.max(low, value));
}
