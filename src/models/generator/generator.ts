import type { Backend, DeviceRaster } from '../../compute/backend';
import type { OnnxSession } from '../../compute/onnx/session';
import { StudioError } from '../../core/errors';
import { runOn } from '../run';

export interface EdgeToImage {
  /**
   * Paints the picture that belongs to an edge map.
   * @param edges PiDiNet's first scale e1, one channel in [0, 1], of the size the network takes. Only read.
   * @returns RGB in [0, 1], same size; the caller releases it.
   * @throws StudioError `bad-argument` for another shape, or what the session throws.
   */
  run(edges: DeviceRaster, signal?: AbortSignal): Promise<DeviceRaster>;
  release(): Promise<void>;
}

/**
 * Wraps an edge-to-image session (pix2pixHD's global generator at browser size): `edges` float32 [1, 1, H, W] in
 * [0, 1] → `image` float32 [1, 3, H, W] in [0, 1].
 * @throws StudioError `bad-weights` if the network has another input or output.
 */
export function createGenerator(session: OnnxSession, backend: Backend): EdgeToImage {
  const [input] = session.inputs;
  if (session.inputs.length !== 1 || input.name !== 'edges' || session.outputs[0]?.name !== 'image') {
    const message = `${session.name} is a network, but no edge-to-image generator: it does not turn “edges” into “image”. Choose another file.`;
    throw new StudioError('bad-weights', 'model', message, { file: session.name });
  }
  return {
    async run(edges, signal) {
      if (edges.channels !== 1) {
        throw new StudioError(
          'bad-argument',
          'model',
          `The generator takes one edge map, not ${edges.channels} channels.`,
        );
      }
      return (await runOn(backend, session, { edges }, ['image'], signal)).image;
    },
    release: () => session.release(),
  };
}
