import type { Backend, DeviceRaster } from '../../compute/backend';
import type { OnnxSession } from '../../compute/onnx/session';
import { StudioError } from '../../core/errors';
import type { EdgeOutput } from '../../core/recipe';
import { runOn } from '../run';

/** PiDiNet's five maps: four scales from fine to coarse, and their fusion. LogicAL's "first scale" is e1. */
export const EDGE_OUTPUTS = ['e1', 'e2', 'e3', 'e4', 'fused'] as const satisfies readonly EdgeOutput[];

/** Below this the last scale, an eighth of the size, has nothing left to look at. */
export const LEAST_SIDE = 16;

export interface EdgeDetector {
  /**
   * Edge strength of an image, in [0, 1], bright = edge.
   * @param image RGB in [0, 1], any size from 16 × 16. Only read.
   * @param outputs the maps wanted, all if left out.
   * @returns one channel each, of the image's size; the caller releases them.
   * @throws StudioError `image-too-small`, `bad-argument` for other than three channels, or what the session throws.
   */
  run<T extends EdgeOutput = EdgeOutput>(
    image: DeviceRaster,
    outputs?: readonly T[],
    signal?: AbortSignal,
  ): Promise<Record<T, DeviceRaster>>;
  release(): Promise<void>;
}

/**
 * Wraps a PiDiNet session: `image` float32 [1, 3, H, W] RGB in [0, 1] (normalised inside the graph) → `e1`…`e4`,
 * `fused` float32 [1, 1, H, W] after the sigmoid.
 * @throws StudioError `bad-weights` if the network has other inputs or outputs.
 */
export function createEdgeDetector(session: OnnxSession, backend: Backend): EdgeDetector {
  const missing = EDGE_OUTPUTS.find((name) => !session.outputs.some((output) => output.name === name));
  const [input] = session.inputs;
  if (session.inputs.length !== 1 || input.name !== 'image' || input.shape[1] !== 3 || missing) {
    const problem = missing ? `has no output ${missing}` : 'does not take one RGB input called image';
    const message = `${session.name} is a network, but no PiDiNet: it ${problem}. Choose a PiDiNet file (.onnx or .pth).`;
    throw new StudioError('bad-weights', 'model', message, { file: session.name });
  }
  return {
    async run<T extends EdgeOutput = EdgeOutput>(
      image: DeviceRaster,
      outputs: readonly T[] = EDGE_OUTPUTS as readonly EdgeOutput[] as readonly T[],
      signal?: AbortSignal,
    ) {
      if (image.channels !== 3) {
        throw new StudioError(
          'bad-argument',
          'model',
          `Edges are found in RGB images, not in ${image.channels} channels.`,
        );
      }
      if (image.width < LEAST_SIDE || image.height < LEAST_SIDE) {
        const size = `${image.width}×${image.height}`;
        const message = `An image of ${size} pixels is too small to find edges in. Use one of at least 16×16.`;
        throw new StudioError('image-too-small', 'model', message);
      }
      return (await runOn(backend, session, { image }, outputs, signal)) as Record<T, DeviceRaster>;
    },
    release: () => session.release(),
  };
}
