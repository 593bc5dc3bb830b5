import type { Backend, DeviceRaster } from '../../compute/backend';
import type { OnnxSession } from '../../compute/onnx/session';
import { StudioError } from '../../core/errors';
import type { Raster } from '../../core/raster';
import { runOn } from '../run';
import { ANOMALY_MAP, type DetectorForm, type DetectorOutput, type DetectorThresholds, type Explanation } from './form';
import { imageScore } from './score';

/** What a detector makes of an image. */
export interface Detection {
  /** By the file's own rule, comparable with `thresholds.image`. */
  readonly score: number;
  /** Probability of an anomaly, [0, 1]; one channel of the image's size. */
  readonly map: Raster;
  readonly thresholds: DetectorThresholds;
  /** Those asked for, of the image's size. */
  readonly explanations: Partial<Readonly<Record<Explanation, Raster>>>;
}

export interface Detector {
  readonly form: DetectorForm;
  /**
   * Runs the network; everything stays on the device.
   * @param image RGB in [0, 1], any size; it is resized to the network's. Only read.
   * @param outputs the anomaly map alone if left out.
   * @returns rasters at network size, in [0, 1]; the caller releases them. `backend.resize` brings them to the image's.
   * @throws StudioError `bad-argument` for other than three channels or for an output the file has not, or what the
   * session throws.
   */
  run<T extends DetectorOutput = typeof ANOMALY_MAP>(
    image: DeviceRaster,
    outputs?: readonly T[],
    signal?: AbortSignal,
  ): Promise<Record<T, DeviceRaster>>;
  /** The score of an anomaly map at network size. @throws StudioError `model-failed` if it holds NaN or infinity. */
  score(map: Raster): number;
  /**
   * Everything about an image, in memory.
   * @param image RGB in [0, 1], any size.
   * @throws StudioError as {@link run}, `cancelled`.
   */
  detect(
    image: Raster,
    options?: { readonly explain?: readonly Explanation[]; readonly signal?: AbortSignal },
  ): Promise<Detection>;
  release(): Promise<void>;
}

/**
 * Wraps a detector's session: RGB float32 [1, 3, S, S] in [0, 1] → `anomaly_map` float32 [1, 1, S, S] and explanations.
 * @param form of the same file; `loadOwnDetector` and `loadShippedDetector` read both.
 */
export function createDetector(session: OnnxSession, backend: Backend, form: DetectorForm): Detector {
  const { size } = form;
  const [input] = session.inputs;

  async function run<T extends DetectorOutput>(
    image: DeviceRaster,
    outputs: readonly T[] = [ANOMALY_MAP] as readonly DetectorOutput[] as readonly T[],
    signal?: AbortSignal,
  ): Promise<Record<T, DeviceRaster>> {
    if (image.channels !== 3) {
      const message = `Anomalies are looked for in RGB images, not in ${image.channels} channels.`;
      throw new StudioError('bad-argument', 'model', message);
    }
    const fits = image.width === size && image.height === size;
    const resized = fits ? image : backend.resize(image, size, size);
    try {
      return (await runOn(backend, session, { [input.name]: resized }, outputs, signal)) as Record<T, DeviceRaster>;
    } finally {
      if (!fits) backend.release(resized);
    }
  }

  function score(map: Raster): number {
    if (!map.data.every(Number.isFinite)) {
      const message = `${session.name} gives an anomaly map with values that are no numbers. Choose another detector.`;
      throw new StudioError('model-failed', 'model', message, { file: session.name });
    }
    return imageScore(map, form.score);
  }

  return {
    form,
    run,
    score,
    async detect(image, { explain = [], signal } = {}) {
      const source = backend.upload(image);
      const made: DeviceRaster[] = [source];
      const keep = (raster: DeviceRaster) => {
        made.push(raster);
        return raster;
      };
      try {
        const results = await run(source, [ANOMALY_MAP, ...explain], signal);
        Object.values(results).forEach(keep);
        const full = async (output: DetectorOutput) =>
          backend.download(keep(backend.resize(results[output], image.width, image.height)));
        const explanations: Partial<Record<Explanation, Raster>> = {};
        for (const output of explain) explanations[output] = await full(output);
        return {
          score: score(await backend.download(results[ANOMALY_MAP])),
          map: await full(ANOMALY_MAP),
          thresholds: form.threshold,
          explanations,
        };
      } finally {
        backend.release(...made);
      }
    },
    release: () => session.release(),
  };
}
