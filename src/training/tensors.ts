import * as tf from '@tensorflow/tfjs-core';
import { rasterOf, type Raster } from '../core/raster';

/** Between rasters in memory and tensors: planar, [N, C, H, W], as networks take them, or [N, H, W, C] for losses. */

/** Rasters of one shape as [N, C, H, W]. */
export function planarOf(rasters: readonly Raster[]): tf.Tensor4D {
  const [{ width, height, channels }] = rasters;
  const size = channels * height * width;
  const data = new Float32Array(rasters.length * size);
  rasters.forEach((raster, i) => {
    if (raster.data.length !== size || raster.width !== width) throw new RangeError('A batch has one shape.');
    data.set(raster.data, i * size);
  });
  return tf.tensor4d(data, [rasters.length, channels, height, width]);
}

/** [N, C, H, W] → [N, H, W, C] */
export function channelsLast(x: tf.Tensor): tf.Tensor4D {
  return tf.transpose(x, [0, 2, 3, 1]) as tf.Tensor4D;
}

/** [N, H, W, C] → [N, C, H, W] */
export function channelsFirst(x: tf.Tensor4D): tf.Tensor4D {
  return tf.transpose(x, [0, 3, 1, 2]);
}

/** The first picture of [N, C, H, W]. */
export async function rasterFrom(planar: tf.Tensor): Promise<Raster> {
  const [, channels, height, width] = planar.shape;
  const data = await planar.data<'float32'>();
  return rasterOf(Float32Array.from(data.subarray(0, channels * height * width)), width, height, channels);
}
