import { createRaster, luma, resizeRaster, to8, type Raster } from '../core/raster';
import { fitInside } from '../core/size';
import type { Backend, DeviceRaster } from './backend';

/** Share of the largest gradient from which Canny's edges are protected, and how far around them, px. */
const EDGE_THRESHOLD = 0.7;
const EDGE_RADIUS = 2;
/** Around the image windows end in nothing; what they find there says nothing, px. */
const BORDER = 3;
/** Longest side of a {@link quickJndMap} before it is brought back to size, px. */
const QUICK_SIDE = 384;

/** RGB or grey in [0, 1] → whole grey levels 0–255 by Rec. 601 luma (.299, .587, .114), what {@link jndMap} reads. */
export function greyLevels(picture: Raster): Raster {
  const grey = luma(picture);
  const levels = createRaster(grey.width, grey.height);
  grey.data.forEach((value, i) => (levels.data[i] = to8(value)));
  return levels;
}

/**
 * Just noticeable difference of a picture from the free-energy principle (Wu et al. 2013): how much each pixel may
 * change unseen, over the largest value of the picture, [0, 1]; 0 within 3 px of the border. The orderly content I′
 * hides P = LA(I′) ⊕ CM(I′), the disorderly residual D, and both P ⊕ D, where a ⊕ b = a + b − .3·min(a, b).
 *
 * Any size; a picture no larger than the border gives 0 everywhere. The caller releases the result.
 * @param grey one channel of whole grey levels, 0–255: see {@link greyLevels}.
 */
export function jndMap(backend: Backend, grey: DeviceRaster): DeviceRaster {
  const made: DeviceRaster[] = [];
  const keep = (raster: DeviceRaster) => {
    made.push(raster);
    return raster;
  };
  try {
    const prediction = keep(backend.orderlyPrediction(grey, keep(backend.luminanceAdaptation(grey))));
    const orderly = keep(orderlyJnd(backend, prediction));
    const edges = keep(backend.dilate(keep(backend.canny(grey, EDGE_THRESHOLD)), EDGE_RADIUS));
    const disorder = keep(backend.disorderly(grey, prediction, edges));
    return backend.normalize(keep(backend.addMasking(orderly, disorder)), BORDER);
  } finally {
    backend.release(...made);
  }
}

/**
 * The JND map of a picture made no larger than {@link QUICK_SIDE}, brought back to its size: what a foreground is told
 * from. A foreground's threshold means nearly the same: at .12 those of four magnetic tiles of up to 594 px overlapped
 * those of their whole maps by .91 to 1 (IoU). Above, grain that the smaller picture has lost counts: at .15 by .57 to 1.
 * The caller releases.
 * @param picture RGB or grey in [0, 1].
 */
export function quickJndMap(backend: Backend, picture: Raster): DeviceRaster {
  const { width, height } = picture;
  const small = fitInside(width, height, QUICK_SIDE);
  const whole = small.width === width && small.height === height;
  const grey = backend.upload(greyLevels(whole ? picture : resizeRaster(picture, small.width, small.height)));
  let map: DeviceRaster | undefined;
  try {
    map = jndMap(backend, grey);
    if (whole) return map;
    const brought = backend.resize(map, width, height);
    backend.release(map);
    return brought;
  } finally {
    backend.release(grey);
  }
}

/** P = LA(I′) ⊕ CM(I′): what the orderly content hides, grey levels. The caller releases. */
export function orderlyJnd(backend: Backend, prediction: DeviceRaster): DeviceRaster {
  const adaptation = backend.luminanceAdaptation(prediction);
  let masking: DeviceRaster | undefined;
  try {
    masking = backend.contrastMasking(prediction);
    return backend.addMasking(adaptation, masking);
  } finally {
    backend.release(adaptation, masking);
  }
}
