import { createRaster, type Raster } from './raster';

/**
 * Grey opening by a square of side 2·radius + 1 (the largest of the smallest values, Serra 1982): what stands out above
 * its surroundings and is narrower than the square is brought down to them. Windows end at the border. Costs a few
 * operations a pixel whatever the radius.
 * @param raster one channel, any values
 * @param radius whole px, ≥ 0
 */
export function openGrey(raster: Raster, radius: number): Raster {
  return negated(smallest(negated(smallest(raster, radius)), radius));
}

function negated(raster: Raster): Raster {
  return { ...raster, data: raster.data.map((value) => -value) };
}

/** The smallest value of the square about each pixel: rows first, then columns. */
function smallest({ width, height, data }: Raster, radius: number): Raster {
  const out = createRaster(width, height);
  const longest = Math.max(width, height);
  const line = new Float32Array(longest);
  const found = new Float32Array(longest);
  const queue = new Int32Array(longest);
  for (let y = 0; y < height; y++) {
    slidingMinimum(data.subarray(y * width, (y + 1) * width), width, radius, queue, found);
    out.data.set(found.subarray(0, width), y * width);
  }
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) line[y] = out.data[y * width + x];
    slidingMinimum(line, height, radius, queue, found);
    for (let y = 0; y < height; y++) out.data[y * width + x] = found[y];
  }
  return out;
}

/**
 * The smallest of the values `radius` to either side of each. The queue holds the places that may still become it, in
 * ascending order of both place and value (Lemire 2006).
 */
function slidingMinimum(
  line: Float32Array,
  length: number,
  radius: number,
  queue: Int32Array,
  out: Float32Array,
): void {
  let first = 0;
  let end = 0;
  for (let i = 0; i < length + radius; i++) {
    if (i < length) {
      while (end > first && line[queue[end - 1]] >= line[i]) end--;
      queue[end++] = i;
    }
    const at = i - radius;
    if (at < 0) continue;
    while (queue[first] < at - radius) first++;
    out[at] = line[queue[first]];
  }
}
