import { StudioError } from '../../core/errors';
import { dimsOf, floatInitializers, parseOnnx, serializeOnnx, writeFloats } from '../onnx-file/onnx';
import { plainWeights, variantOf, type PidinetVariant } from './convert';
import { readPth } from './pth';

/** File of the graph whose initializers have names and dims but no values, among the shipped models. */
export function templateFile(variant: PidinetVariant): string {
  return `pidinet-${variant}.template.onnx`;
}

/**
 * An official PiDiNet checkpoint as an ONNX network: its values, difference kernels made plain, in the graph of the
 * same variant.
 * @param template gives the bytes of a template file.
 * @throws StudioError `bad-weights` naming the file if it is no such checkpoint or its weights do not fit the graph.
 */
export async function onnxFromPth(
  bytes: Uint8Array,
  file: string,
  template: (file: string) => Promise<Uint8Array>,
): Promise<{ readonly variant: PidinetVariant; readonly model: Uint8Array<ArrayBuffer> }> {
  const checkpoint = readPth(bytes, file);
  const variant = variantOf(checkpoint, file);
  const fail = (problem: string, cause?: unknown) =>
    new StudioError(
      'bad-weights',
      'model',
      `${file} does not fit PiDiNet ${variant}: ${problem}. Choose another file.`,
      {
        cause,
        file,
      },
    );

  const model = parseOnnx(await template(templateFile(variant)), templateFile(variant));
  const places = floatInitializers(model);
  const extra = [...checkpoint.keys()].find((name) => !places.has(name));
  if (extra) throw fail(`it has the weights ${extra}, which the network has not`);
  const missing = [...places.keys()].find((name) => !checkpoint.has(name));
  if (missing) throw fail(`the weights ${missing} are missing`);
  try {
    for (const [name, { dims, data }] of plainWeights(checkpoint)) {
      const place = places.get(name)!;
      if (dims.join() !== dimsOf(place).join()) {
        throw new RangeError(`${name} is [${dims.join(', ')}] and should be [${dimsOf(place).join(', ')}]`);
      }
      writeFloats(place, data, 'float32');
    }
  } catch (error) {
    throw fail(error instanceof Error ? error.message.replace(/\.$/, '') : String(error), error);
  }
  return { variant, model: serializeOnnx(model) };
}
