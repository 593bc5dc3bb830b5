import type { Backend, DeviceRaster } from '../compute/backend';
import { heatColours, type ColourScale } from '../core/colour-scales';
import type { Detector } from '../models/detector/detector';
import { ANOMALY_MAP, type DetectorOutput, type Explanation } from '../models/detector/form';
import type { HeatMap } from './api';
import { toBitmap } from './bitmaps';

/**
 * What a detector makes of a picture, to be shown. On WebGPU the pictures are drawn on the device; the map is read back
 * for the score and the outline, after they have been asked for.
 * @param picture RGB in [0, 1]; only read.
 * @param explain is left out where the detector cannot.
 */
export async function heatMap(
  backend: Backend,
  detector: Detector,
  picture: DeviceRaster,
  { scale, explain }: { readonly scale: ColourScale; readonly explain: Explanation | null },
): Promise<HeatMap> {
  const started = performance.now();
  const { form } = detector;
  const shows = explain !== null && form.explanations.includes(explain) ? explain : null;
  const outputs: DetectorOutput[] = shows === null ? [ANOMALY_MAP] : [ANOMALY_MAP, shows];
  const results = await detector.run(picture, outputs);
  const made = Object.values(results);
  const full = (raster: DeviceRaster) => {
    if (raster.width === picture.width && raster.height === picture.height) return raster;
    const resized = backend.resize(raster, picture.width, picture.height);
    made.push(resized);
    return resized;
  };
  try {
    const small = results[ANOMALY_MAP];
    const large = full(small);
    const heat = await toBitmap(backend, large, { colourMap: heatColours(scale) });
    const explanation = shows === null ? null : await toBitmap(backend, full(results[shows]));
    const [atNetworkSize, map] = await Promise.all([
      backend.download(small),
      large === small ? null : backend.download(large),
    ]);
    return {
      heat,
      explanation,
      map: map ?? atNetworkSize,
      score: detector.score(atNetworkSize),
      thresholds: form.threshold,
      explanations: form.explanations,
      milliseconds: performance.now() - started,
    };
  } finally {
    backend.release(...made);
  }
}
