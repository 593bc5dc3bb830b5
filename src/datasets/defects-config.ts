import { z } from 'zod';
import { StudioError } from '../core/errors';

/** A kind of defect of an MVTec LOCO object, as its `defects_config.json` has it. */
const defectKindSchema = z.object({
  defect_name: z.string().min(1),
  /** Value of its pixels in ground-truth files. */
  pixel_value: z.int().min(1).max(255),
  /** A share of the defect's area, in (0, 1], or a number of pixels. */
  saturation_threshold: z.number().positive(),
  relative_saturation: z.boolean(),
});

export type DefectKind = Readonly<z.infer<typeof defectKindSchema>>;

export interface DefectsConfig {
  readonly kinds: readonly DefectKind[];
  /** What the official evaluation would refuse although it can be understood; sentences. */
  readonly notes: readonly string[];
}

/** @throws StudioError `bad-config` naming the file and the entry. */
export function parseDefectsConfig(text: string, file: string): DefectsConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fail(file, `is not JSON (${cause instanceof Error ? cause.message : String(cause)})`, cause);
  }
  if (!Array.isArray(value)) throw fail(file, 'is not a list');
  const kinds = value.map((entry: unknown, i): DefectKind => {
    const parsed = defectKindSchema.safeParse(entry);
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0];
      throw fail(file, `has an entry ${i + 1} that is not valid (${[...path, message].join(': ')})`, parsed.error);
    }
    const { saturation_threshold: threshold, relative_saturation: relative } = parsed.data;
    if (relative ? threshold > 1 : !Number.isInteger(threshold)) {
      const wanted = relative
        ? 'a relative saturation_threshold is a share from 0 to 1'
        : 'an absolute saturation_threshold is a whole number of pixels';
      throw fail(file, `has an entry ${i + 1} that is not valid (${wanted}, not ${threshold})`);
    }
    return parsed.data;
  });
  const values = kinds.map((kind) => kind.pixel_value);
  const twice = values.find((each, i) => values.indexOf(each) < i);
  if (twice !== undefined) throw fail(file, `gives the pixel_value ${twice} to two kinds of defects`);
  return { kinds, notes: officialNotes(text, file) };
}

/**
 * Found pixels at which a defect of this kind and area (px) counts as found entirely. A share is cut down to a whole
 * number of pixels, as the official evaluation does, but never to none.
 */
export function saturationOf(kind: DefectKind, area: number): number {
  const { saturation_threshold: threshold, relative_saturation: relative } = kind;
  return relative ? Math.max(1, Math.floor(threshold * area)) : Math.min(threshold, area);
}

/** JSON does not tell 1 from 1.0; Python does, and the official reader wants shares as floats and pixels as integers. */
function officialNotes(text: string, file: string): string[] {
  return [...text.matchAll(/\{[^{}]*\}/g)].flatMap(([entry]) => {
    const number = /"saturation_threshold"\s*:\s*([-+\d.eE]+)/.exec(entry)?.[1] ?? '';
    const relative = /"relative_saturation"\s*:\s*true/.test(entry);
    const isFloat = /[.eE]/.test(number);
    if (relative === isFloat) return [];
    const wanted = relative ? 'write it with a point (1.0)' : 'write it without a point';
    return [`${file}: the official MVTec LOCO evaluation does not take the saturation_threshold ${number}; ${wanted}.`];
  });
}

function fail(file: string, problem: string, cause?: unknown): StudioError {
  const message = `${file} ${problem}. Compare it with the defects_config.json of MVTec LOCO.`;
  return new StudioError('bad-config', 'import', message, { file, cause });
}
