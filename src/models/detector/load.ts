import { sha256 } from '../../core/hash';
import { SHIPPED, type DetectorCard } from '../cards';
import { node, tensor } from '../onnx-file/build';
import { parseOnnx, serializeOnnx } from '../onnx-file/onnx';
import type { OnnxModel } from '../onnx-file/schema';
import { loadShipped, parseOwnOnnx, refuseExternalWeights, type LoadedModel, type WeightSource } from '../weights';
import { ANOMALY_MAP, detectorForm, IMAGE, type DetectorForm } from './form';

/** A detector's file, checked. Its bytes take RGB in [0, 1]: where the file wants it normalised, the graph does it. */
export interface DetectorModel extends LoadedModel<DetectorCard> {
  readonly form: DetectorForm;
}

/** The shipped detector, or null where none is shipped. @throws StudioError `altered-weights`, `bad-weights`. */
export async function loadShippedDetector(source: WeightSource): Promise<DetectorModel | null> {
  const model = await loadShipped(source, SHIPPED.detector);
  if (model?.card?.task !== 'anomaly-localization') return null;
  return { ...(model as LoadedModel<DetectorCard>), ...prepared(parseOnnx(model.bytes, model.name), model) };
}

/**
 * A detector that the person brings.
 * @throws StudioError `bad-weights` naming the file and what it lacks.
 */
export async function loadOwnDetector(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<DetectorModel> {
  const model = parseOwnOnnx(bytes, file);
  refuseExternalWeights(model, file);
  return {
    ref: { id: file, sha256: await sha256(bytes) },
    name: file,
    title: file,
    licence: 'as its owner states',
    card: null,
    ...prepared(model, { bytes, name: file }),
  };
}

/** Whether a file means to be a detector, however badly: then what it lacks is to be said, and not what it is else. */
export function looksLikeDetector(bytes: Uint8Array): boolean {
  try {
    const { graph, metadataProps } = parseOnnx(bytes, '');
    return (
      graph.output.some(({ name }) => name === ANOMALY_MAP) ||
      metadataProps.some(({ key }) => key?.startsWith('detector.'))
    );
  } catch {
    return false;
  }
}

function prepared(
  model: OnnxModel,
  { bytes, name }: Pick<LoadedModel, 'bytes' | 'name'>,
): Pick<DetectorModel, 'bytes' | 'form'> {
  const form = detectorForm(model, name);
  return { form, bytes: isIdentity(form) ? bytes : serializeOnnx(normalising(model, form)) };
}

function isIdentity({ input: { mean, std } }: DetectorForm): boolean {
  return mean.every((value) => value === 0) && std.every((value) => value === 1);
}

/** The network with (image − mean) / std before it; nothing else of it changes. */
function normalising(model: OnnxModel, { input: { mean, std } }: DetectorForm): OnnxModel {
  const raw = `${IMAGE}/unnormalised`;
  const { graph } = model;
  return {
    ...model,
    graph: {
      ...graph,
      input: graph.input.map((value) => (value.name === IMAGE ? { ...value, name: raw } : value)),
      node: [
        node('Sub', [raw, `${IMAGE}/mean`], [`${IMAGE}/centred`]),
        node('Div', [`${IMAGE}/centred`, `${IMAGE}/std`], [IMAGE]),
        ...graph.node,
      ],
      initializer: [
        ...graph.initializer,
        tensor(`${IMAGE}/mean`, [1, 3, 1, 1], mean),
        tensor(`${IMAGE}/std`, [1, 3, 1, 1], std),
      ],
    },
  };
}
