import type { Random } from './random';
import type { Warp } from './recipe';

/**
 * Thin-plate splines (Bookstein 1989) as DeepSIM uses them (methods.md section 3): control points on a 3×3 grid over
 * the whole image, and fixed anchors in its corners. The spline gives, for an output position, where to read the source.
 *
 * Lengths inside are shares of the width and height: a spline then bends a picture alike whatever size or aspect it was
 * resized to, and the system is equally well conditioned for all. On a square that is DeepSIM's spline.
 */
export interface ThinPlateSpline {
  readonly width: number;
  readonly height: number;
  /** Kernel weights of the control points, first for dx then for dy: 2 × 9. The kernel is r²·ln r, 0 at 0. */
  readonly weights: Float32Array;
  /** Affine part of the displacement, dx = a0 + a1·x + a2·y, then dy: 2 × 3. */
  readonly affine: Float32Array;
}

/** The control points, x, y pairs, row by row, in shares of the size. */
export const CONTROL_POINTS: readonly (readonly [x: number, y: number])[] = [0, 0.5, 1].flatMap((y) =>
  [0, 0.5, 1].map((x) => [x, y] as const),
);

/** Random offsets U(±jitter) for the nine control points, shares of the size (DeepSIM: jitter 0.1). */
export function randomWarp(random: Random, jitter = 0.1): Warp {
  return { offsets: Array.from({ length: 18 }, () => random.uniform(-jitter, jitter)) };
}

/**
 * Solves the spline that moves the nine grid points by `warp.offsets`.
 *
 * DeepSIM appends a fixed anchor to each corner and solves the 13-point system by the pseudo-inverse. The grid's own
 * corners lie on those anchors, so each corner is asked both to move by its offset and to stay. Least squares settles
 * on the mean of the two, and minimum norm halves the weight between the twins; the other points are met exactly.
 * That is the ordinary spline over nine points whose corners move half their offset, and it is solved as such.
 */
export function solveTps(warp: Warp, width: number, height: number): ThinPlateSpline {
  const n = CONTROL_POINTS.length;
  const size = n + 3;
  // [[K, P], [Pᵀ, 0]] with the right-hand sides for dx and dy beside it.
  const system = Array.from({ length: size }, () => new Float64Array(size + 2));
  CONTROL_POINTS.forEach(([x, y], i) => {
    CONTROL_POINTS.forEach(([u, v], j) => (system[i][j] = kernel((x - u) ** 2 + (y - v) ** 2)));
    system[i].set([1, x, y], n);
    system[n][i] = 1;
    system[n + 1][i] = x;
    system[n + 2][i] = y;
    const isCorner = x !== 0.5 && y !== 0.5;
    const share = isCorner ? 0.5 : 1;
    system[i].set([share * warp.offsets[2 * i], share * warp.offsets[2 * i + 1]], size);
  });
  const [dx, dy] = eliminate(system);
  return {
    width,
    height,
    weights: Float32Array.from([...dx.slice(0, n), ...dy.slice(0, n)]),
    affine: Float32Array.from([...dx.slice(n), ...dy.slice(n)]),
  };
}

/** Where the source is read for the output position (x, y); pixels, centres at i + ½. Writes into `position`. */
export function applyTps(
  { width, height, weights, affine }: ThinPlateSpline,
  x: number,
  y: number,
  position: [x: number, y: number] = [0, 0],
): [x: number, y: number] {
  const u = x / width;
  const v = y / height;
  let dx = affine[0] + affine[1] * u + affine[2] * v;
  let dy = affine[3] + affine[4] * u + affine[5] * v;
  for (let i = 0; i < 9; i++) {
    const du = u - CONTROL_POINTS[i][0];
    const dv = v - CONTROL_POINTS[i][1];
    const k = kernel(du * du + dv * dv);
    dx += weights[i] * k;
    dy += weights[9 + i] * k;
  }
  position[0] = x + dx * width;
  position[1] = y + dy * height;
  return position;
}

/** r²·ln r of a squared distance; 0 at 0. */
function kernel(squared: number): number {
  return squared === 0 ? 0 : 0.5 * squared * Math.log(squared);
}

/**
 * Gauss and Jordan with row pivoting on a regular system with several right-hand sides behind the square part; the
 * solution of each. Works in place. The zero diagonal of the spline system makes pivoting necessary.
 */
function eliminate(system: Float64Array[]): Float64Array[] {
  const n = system.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(system[row][column]) > Math.abs(system[pivot][column])) pivot = row;
    }
    [system[column], system[pivot]] = [system[pivot], system[column]];
    for (let row = 0; row < n; row++) {
      if (row === column) continue;
      const factor = system[row][column] / system[column][column];
      for (let k = column; k < system[row].length; k++) system[row][k] -= factor * system[column][k];
    }
  }
  const sides = system[0].length - n;
  return Array.from({ length: sides }, (_, side) => Float64Array.from(system, (row, i) => row[n + side] / row[i]));
}
