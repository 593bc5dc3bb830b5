/**
 * Exact squared Euclidean distance from every pixel to the nearest pixel that is set (0 where set), by the two-scan
 * method of Meijster, Roerdink and Hesselink (2000): linear in the number of pixels, whole numbers throughout.
 * Where nothing is set, every distance is (width + height)², more than any that can occur.
 */
export function squaredDistance(mask: { width: number; height: number; data: Uint8Array }): Uint32Array {
  const { width, height, data } = mask;
  const far = width + height;
  // Distance within the column, both ways.
  const column = new Int32Array(width * height);
  for (let x = 0; x < width; x++) column[x] = data[x] ? 0 : far;
  for (let i = width; i < column.length; i++) column[i] = data[i] ? 0 : Math.min(far, column[i - width] + 1);
  for (let i = column.length - 1 - width; i >= 0; i--) {
    if (column[i + width] + 1 < column[i]) column[i] = column[i + width] + 1;
  }
  // Lower envelope of the parabolas (x − s)² + column(s)² along each row: `site` their minima, `start` where each
  // becomes the lowest.
  const out = new Uint32Array(width * height);
  const site = new Int32Array(width);
  const start = new Int32Array(width);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let top = 0;
    site[0] = 0;
    start[0] = 0;
    for (let x = 1; x < width; x++) {
      const g = column[row + x] * column[row + x];
      while (top >= 0) {
        const s = site[top];
        const t = start[top];
        const h = column[row + s] * column[row + s];
        if ((t - s) * (t - s) + h > (t - x) * (t - x) + g) top--;
        else break;
      }
      if (top < 0) {
        top = 0;
        site[0] = x;
        start[0] = 0;
        continue;
      }
      const s = site[top];
      const crossing = 1 + Math.floor((x * x - s * s + g - column[row + s] * column[row + s]) / (2 * (x - s)));
      if (crossing < width) {
        top++;
        site[top] = x;
        start[top] = crossing;
      }
    }
    for (let x = width - 1; x >= 0; x--) {
      const s = site[top];
      out[row + x] = (x - s) * (x - s) + column[row + s] * column[row + s];
      if (x === start[top]) top--;
    }
  }
  return out;
}
