/**
 * Outlines of a soft mask by marching squares: the lines along which the bilinear surface through the pixel centres
 * takes the value `level`. Outside the image the mask counts as empty, so that every line closes.
 *
 * @param levels width · height values, row by row
 * @returns closed outlines as x, y pairs in image pixels (pixel centres at i + ½); inside lies to the right
 */
export function contours(levels: ArrayLike<number>, width: number, height: number, level: number): Float32Array[] {
  const at = (x: number, y: number) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : levels[y * width + x]);
  const across = (a: number, b: number) => (level - a) / (b - a);

  // One segment per crossed cell side pair, from one side of the grid to the next; sides are numbered so that the end of
  // a segment names the start of the following one: horizontal sides first, then vertical ones.
  const columns = width + 2;
  const sideCount = columns * (height + 2);
  const nextOf = new Map<number, { to: number; x: number; y: number }>();
  for (let y = -1; y < height; y++) {
    for (let x = -1; x < width; x++) {
      const a = at(x, y);
      const b = at(x + 1, y);
      const c = at(x + 1, y + 1);
      const d = at(x, y + 1);
      const kind = (a > level ? 1 : 0) | (b > level ? 2 : 0) | (c > level ? 4 : 0) | (d > level ? 8 : 0);
      if (kind === 0 || kind === 15) continue;
      const cell = (y + 1) * columns + (x + 1);
      const sides = {
        top: { id: cell, x: x + 0.5 + across(a, b), y: y + 0.5 },
        bottom: { id: cell + columns, x: x + 0.5 + across(d, c), y: y + 1.5 },
        left: { id: sideCount + cell, x: x + 0.5, y: y + 0.5 + across(a, d) },
        right: { id: sideCount + cell + 1, x: x + 1.5, y: y + 0.5 + across(b, c) },
      };
      const join = (from: keyof typeof sides, to: keyof typeof sides) =>
        nextOf.set(sides[from].id, { to: sides[to].id, x: sides[from].x, y: sides[from].y });
      // Two opposite corners inside: the mean decides whether they are connected.
      const joined = (a + b + c + d) / 4 > level;
      switch (kind) {
        case 1:
          join('left', 'top');
          break;
        case 2:
          join('top', 'right');
          break;
        case 3:
          join('left', 'right');
          break;
        case 4:
          join('right', 'bottom');
          break;
        case 5:
          if (joined) {
            join('left', 'bottom');
            join('right', 'top');
          } else {
            join('left', 'top');
            join('right', 'bottom');
          }
          break;
        case 6:
          join('top', 'bottom');
          break;
        case 7:
          join('left', 'bottom');
          break;
        case 8:
          join('bottom', 'left');
          break;
        case 9:
          join('bottom', 'top');
          break;
        case 10:
          if (joined) {
            join('top', 'left');
            join('bottom', 'right');
          } else {
            join('top', 'right');
            join('bottom', 'left');
          }
          break;
        case 11:
          join('bottom', 'right');
          break;
        case 12:
          join('right', 'left');
          break;
        case 13:
          join('right', 'top');
          break;
        case 14:
          join('top', 'left');
          break;
      }
    }
  }

  const outlines: Float32Array[] = [];
  for (const start of nextOf.keys()) {
    const points: number[] = [];
    for (let side = start, next = nextOf.get(side); next; next = nextOf.get(side)) {
      points.push(next.x, next.y);
      nextOf.delete(side);
      side = next.to;
    }
    if (points.length >= 6) outlines.push(Float32Array.from(points));
  }
  return outlines;
}
