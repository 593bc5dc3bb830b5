/**
 * The disk of `radius` px, dx² + dy² ≤ radius², as half-widths of its rows: row ±dy spans dx = −w[dy] … w[dy].
 * Length ⌊radius⌋ + 1, never growing. In whole numbers, so that CPU and GPU agree on every pixel.
 */
export function diskRows(radius: number): Int32Array {
  const limit = Math.floor(radius * radius);
  const rows = new Int32Array(Math.floor(radius) + 1);
  let w = rows.length - 1;
  for (let dy = 0; dy < rows.length; dy++) {
    while (w * w + dy * dy > limit) w--;
    rows[dy] = w;
  }
  return rows;
}

/** No disk need be larger: from every pixel this one covers the whole image. Keeps the work bounded for any radius. */
export function boundedRadius(radius: number, { width, height }: { width: number; height: number }): number {
  return Math.min(radius, Math.ceil(Math.hypot(width, height)));
}
