/**
 * Outlines of a soft mask by marching squares: the lines along which the bilinear surface through the pixel centres
 * takes the value `level`. Outside the image the mask counts as empty, so that every line closes.
 *
 * @param levels width · height values, row by row
 * @returns closed outlines as x, y pairs in image pixels (pixel centres at i + ½); inside lies to the right
 */
export function contours(levels: ArrayLike<number>, width: number, height: number, level: number): Float32Array[] {
  // The grid of cells between pixel centres, with a ring of empty pixels about the image: cell (x, y) has the corners
  // (x − 1, y − 1) … (x, y). One segment per crossed pair of a cell's sides, from one side of the grid to the next;
  // sides are numbered so that the end of a segment names the start of the following one: horizontal sides first.
  const columns = width + 2;
  const sideCount = columns * (height + 2);
  const at = (x: number, y: number) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : levels[y * width + x]);
  // Where a segment that starts at a side ends, plus 1; 0 where none starts. Plain arrays: most sides are not crossed,
  // but a busy region has tens of thousands that are.
  const nextOf = zeros(2 * sideCount);
  const starts: number[] = [];
  for (let y = -1; y < height; y++) {
    let a = 0;
    let d = 0;
    for (let x = -1; x < width; x++) {
      const b = x + 1 < width && y >= 0 ? levels[y * width + x + 1] : 0;
      const c = x + 1 < width && y + 1 < height ? levels[(y + 1) * width + x + 1] : 0;
      const kind = (a > level ? 1 : 0) | (b > level ? 2 : 0) | (c > level ? 4 : 0) | (d > level ? 8 : 0);
      if (kind !== 0 && kind !== 15) {
        const top = (y + 1) * columns + (x + 1);
        const sides = [top, sideCount + top + 1, top + columns, sideCount + top];
        // Two opposite corners inside: the mean decides whether they are connected.
        const joined = (a + b + c + d) / 4 > level;
        const segments = SEGMENTS[joined ? kind + 16 : kind];
        for (let k = 0; k < segments.length; k += 2) {
          nextOf[sides[segments[k]]] = sides[segments[k + 1]] + 1;
          starts.push(sides[segments[k]]);
        }
      }
      a = b;
      d = c;
    }
  }

  const outlines: Float32Array[] = [];
  for (const start of starts) {
    const points: number[] = [];
    for (let side = start, next = nextOf[side]; next > 0; next = nextOf[side]) {
      const vertical = side >= sideCount;
      const cell = vertical ? side - sideCount : side;
      const x = (cell % columns) - 1;
      const y = Math.floor(cell / columns) - 1;
      const from = at(x, y);
      if (vertical) points.push(x + 0.5, y + 0.5 + (level - from) / (at(x, y + 1) - from));
      else points.push(x + 0.5 + (level - from) / (at(x + 1, y) - from), y + 0.5);
      nextOf[side] = 0;
      side = next - 1;
    }
    if (points.length >= 6) outlines.push(Float32Array.from(points));
  }
  return outlines;
}

let spare = new Int32Array(0);

/** The same array each time: a new one of this size costs as much as the search. Whoever uses it leaves it all zeros. */
function zeros(length: number): Int32Array {
  if (spare.length !== length) spare = new Int32Array(length);
  return spare;
}

const [TOP, RIGHT, BOTTOM, LEFT] = [0, 1, 2, 3];

/**
 * From which side to which the outline runs, by the corners inside (1 upper left, 2 upper right, 4 lower right, 8 lower
 * left); 16 more where opposite corners are connected across the cell.
 */
const SEGMENTS: readonly (readonly number[])[] = (() => {
  const plain = [
    [],
    [LEFT, TOP],
    [TOP, RIGHT],
    [LEFT, RIGHT],
    [RIGHT, BOTTOM],
    [LEFT, TOP, RIGHT, BOTTOM],
    [TOP, BOTTOM],
    [LEFT, BOTTOM],
    [BOTTOM, LEFT],
    [BOTTOM, TOP],
    [TOP, RIGHT, BOTTOM, LEFT],
    [BOTTOM, RIGHT],
    [RIGHT, LEFT],
    [RIGHT, TOP],
    [TOP, LEFT],
    [],
  ];
  const joined = [...plain];
  joined[5] = [LEFT, BOTTOM, RIGHT, TOP];
  joined[10] = [TOP, LEFT, BOTTOM, RIGHT];
  return [...plain, ...joined];
})();

/**
 * An outline with fewer points, none of it farther than `tolerance` px from where it was: straight runs become one line.
 * Drawing a dashed outline costs by the point.
 */
export function simplified(outline: Float32Array, tolerance: number): Float32Array {
  const count = outline.length / 2;
  const out: number[] = [];
  let anchor = 0;
  out.push(outline[0], outline[1]);
  while (anchor < count - 1) {
    // The longest run whose chord stays near all of its points; short steps, since outlines bend.
    let end = anchor + 1;
    while (end + 1 < count && end - anchor < LONGEST_RUN && staysNear(outline, anchor, end + 1, tolerance)) end++;
    out.push(outline[2 * end], outline[2 * end + 1]);
    anchor = end;
  }
  return Float32Array.from(out);
}

const LONGEST_RUN = 32;

function staysNear(outline: Float32Array, from: number, to: number, tolerance: number): boolean {
  const ax = outline[2 * from];
  const ay = outline[2 * from + 1];
  const dx = outline[2 * to] - ax;
  const dy = outline[2 * to + 1] - ay;
  const squared = dx * dx + dy * dy;
  for (let i = from + 1; i < to; i++) {
    const px = outline[2 * i] - ax;
    const py = outline[2 * i + 1] - ay;
    const t = squared > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / squared)) : 0;
    const ex = px - t * dx;
    const ey = py - t * dy;
    if (ex * ex + ey * ey > tolerance * tolerance) return false;
  }
  return true;
}
