import path from 'node:path';
import { createCpuBackend } from '../compute/cpu';
import { createNodeRuntime } from '../compute/onnx/runtime-node';
import { StudioError } from '../core/errors';
import { createDetector, type Detector } from '../models/detector/detector';
import { loadOwnDetector, loadShippedDetector, type DetectorModel } from '../models/detector/load';
import { folderSource } from '../models/weights-node';
import { readBytes } from './files';
import { MODELS } from './stages';

export interface NodeDetector {
  readonly detector: Detector;
  readonly model: DetectorModel;
}

/**
 * @param file of a detector; the shipped one if left out.
 * @throws StudioError `missing-weights` where none is shipped, `bad-weights`, `file-vanished`.
 */
export async function openDetector(file?: string): Promise<NodeDetector> {
  const model =
    file === undefined
      ? await loadShippedDetector(folderSource(MODELS))
      : await loadOwnDetector(await readBytes(file), path.basename(file));
  if (!model) {
    const message = 'No anomaly detector is installed. Give the .onnx file of one with --model.';
    throw new StudioError('missing-weights', 'cli', message);
  }
  const runtime = await createNodeRuntime();
  return {
    detector: createDetector(await runtime.open(model.bytes, model.name), createCpuBackend(), model.form),
    model,
  };
}
