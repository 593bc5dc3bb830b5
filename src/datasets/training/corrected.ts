import { readMarks } from '../../core/edge-marks';
import { StudioError } from '../../core/errors';
import type { EncodedMask } from '../../core/recipe';
import type { PreparedSource } from '../../synthesis/source';
import { correctedLabels, type CorrectedEdges } from '../../training/edges/corrections';

/**
 * A photograph with what its edges should be: as marked, and elsewhere as the network finds them by itself, in e1, which
 * is what a person sees and corrects.
 * @param name for people.
 * @param marks of the source's size; undefined: there are none.
 * @throws StudioError `bad-argument` if nothing is marked, `bad-mask` for damaged marks and those of another size.
 */
export async function correctedEdges(
  source: PreparedSource,
  name: string,
  marks: EncodedMask | undefined,
  signal?: AbortSignal,
): Promise<CorrectedEdges> {
  if (!marks) {
    const message = `In ${name} nothing is corrected. Mark edges there, or where there are none, or leave it out.`;
    throw new StudioError('bad-argument', 'training', message, { file: name });
  }
  const { width, height } = source.raster;
  if (marks.width !== width || marks.height !== height) {
    const message = `The corrections of ${name} are ${marks.width}×${marks.height} pixels, and the picture ${width}×${height}. Clear them, then correct it anew.`;
    throw new StudioError('bad-mask', 'training', message, { file: name });
  }
  const painted = readMarks(marks);
  const edges = await source.stages.backend.download(await source.edges('e1', signal));
  return { name, image: source.raster, labels: correctedLabels(edges, painted) };
}
