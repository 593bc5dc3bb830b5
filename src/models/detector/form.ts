import { z } from 'zod';
import { StudioError } from '../../core/errors';
import { metadata } from '../onnx-file/onnx';
import type { OnnxModel } from '../onnx-file/schema';
import { signatureOf } from '../onnx-file/signature';

/**
 * The form of a detector file. Input `image`: float32 [N, 3, H, W], RGB. Outputs: `anomaly_map` float32 [N, 1, H, W],
 * the probability of an anomaly in [0, 1], and what the picture would be if it were normal, as far as the file tells
 * it ({@link EXPLANATIONS}). The rest is metadata, so that whoever runs the file comes to the same score.
 */

/** The network's input and its main output. */
export const IMAGE = 'image';
export const ANOMALY_MAP = 'anomaly_map';

/** What a detector may show besides its map: RGB, the just noticeable differences, edge strength; all in [0, 1]. */
export const EXPLANATIONS = ['reconstruction', 'jnd', 'edges'] as const;
export type Explanation = (typeof EXPLANATIONS)[number];
export type DetectorOutput = typeof ANOMALY_MAP | Explanation;
const CHANNELS: Readonly<Record<DetectorOutput, number>> = { anomaly_map: 1, reconstruction: 3, jnd: 1, edges: 1 };

const side = z.coerce.number().int().positive();
const three = z.tuple([z.number(), z.number(), z.number()]);
const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'no JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

const scoreSchema = z.object({
  /** Side of the mean filter, px at network size; odd, 1 for none. */
  smooth: z
    .number()
    .int()
    .positive()
    .refine((value) => value % 2 === 1),
  reduce: z.literal('max'),
});
/** How the image's score comes from the anomaly map at network size. */
export type ScoreRule = z.infer<typeof scoreSchema>;

const thresholdSchema = z.object({ image: z.number(), pixel: z.number() });
/** Above which a score or a pixel counts as anomalous. */
export type DetectorThresholds = z.infer<typeof thresholdSchema>;

/** Every entry of the metadata with what it may look like. `detector.config` is for those who train on. */
const ENTRIES = {
  'detector.size': { schema: side, example: '256' },
  'detector.multiple': { schema: side, example: '64' },
  'detector.input': {
    schema: json(z.object({ mean: three, std: three.refine((std) => std.every((value) => value > 0)) })),
    example: '{"mean": [0, 0, 0], "std": [1, 1, 1]}',
  },
  'detector.score': { schema: json(scoreSchema), example: '{"smooth": 21, "reduce": "max"}' },
  'detector.threshold': { schema: json(thresholdSchema), example: '{"image": 0.5, "pixel": 0.5}' },
} as const;
type Entry = keyof typeof ENTRIES;

/** What a detector file says of itself. */
export interface DetectorForm {
  /** Side of the square pictures that the network is given, px; a multiple of `multiple`. */
  readonly size: number;
  readonly multiple: number;
  /** RGB in [0, 1] becomes (RGB − mean) / std before it goes in. */
  readonly input: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly score: ScoreRule;
  readonly threshold: DetectorThresholds;
  /** Which outputs there are besides the map. */
  readonly explanations: readonly Explanation[];
}

/**
 * Reads what a file says of itself.
 * @throws StudioError `bad-weights` naming everything that the file lacks, or what of it is wrong.
 */
export function detectorForm(model: OnnxModel, file: string): DetectorForm {
  const fail = (problem: string): never => {
    const message = `${file} is a network, but no detector: ${problem}. Choose a detector's .onnx file.`;
    throw new StudioError('bad-weights', 'model', message, { file });
  };
  const { inputs, outputs } = signatureOf(model);
  const output = (name: string) => outputs.find((info) => info.name === name);
  const entries = Object.keys(ENTRIES) as Entry[];
  const missing = [
    ...(inputs.some(({ name }) => name === IMAGE) ? [] : [`the input ${IMAGE}`]),
    ...(output(ANOMALY_MAP) ? [] : [`the output ${ANOMALY_MAP}`]),
    ...entries.filter((key) => metadata(model, key) === undefined).map((key) => `the metadata ${key}`),
  ];
  if (missing.length > 0) fail(`it lacks ${listed(missing)}`);

  const [image] = inputs;
  if (inputs.length > 1) fail(`it takes ${inputs.length} inputs and not ${IMAGE} alone`);
  if (!isImage(image, 3)) fail(`its input ${IMAGE} is not float32 [N, 3, H, W]`);
  const explanations = EXPLANATIONS.filter(output);
  for (const name of [ANOMALY_MAP, ...explanations] as const) {
    const channels = CHANNELS[name];
    if (!isImage(output(name)!, channels)) fail(`its output ${name} is not float32 [N, ${channels}, H, W]`);
  }

  const read = <K extends Entry>(key: K): z.infer<(typeof ENTRIES)[K]['schema']> => {
    const text = metadata(model, key)!;
    const { schema, example } = ENTRIES[key];
    const parsed = schema.safeParse(text);
    if (!parsed.success) return fail(`its metadata ${key} says ${text}, and should be like ${example}`);
    return parsed.data as z.infer<(typeof ENTRIES)[K]['schema']>;
  };
  const size = read('detector.size');
  const multiple = read('detector.multiple');
  if (size % multiple !== 0) fail(`its metadata detector.size is ${size}, which is no multiple of ${multiple}`);
  const fixed = [image.shape[2], image.shape[3]].find((length) => typeof length === 'number' && length !== size);
  if (fixed !== undefined) fail(`it takes pictures of ${fixed} px and its metadata detector.size is ${size}`);
  return {
    size,
    multiple,
    input: read('detector.input'),
    score: read('detector.score'),
    threshold: read('detector.threshold'),
    explanations,
  };
}

/** float32 [1 or free, channels or free, H, W]. */
function isImage({ type, shape }: { type: string; shape: readonly (number | string)[] }, channels: number): boolean {
  const fits = (size: number | string, wanted: number) => typeof size === 'string' || size === wanted;
  return type === 'float32' && shape.length === 4 && fits(shape[0], 1) && fits(shape[1], channels);
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}
