import { z } from 'zod';
import { StudioError } from '../core/errors';
import type { DatasetRecord, ImageRecord } from './document';

/** Where the demo set lies, relative to the studio's own address. */
export const DEMO_PATH = 'datasets/demo/';

const fileSchema = z.object({
  path: z.string(),
  bytes: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** `index.json` of the demo set, as foundry/scenes/assemble.py writes it: a browser cannot list folders. */
const indexSchema = z.object({
  version: z.literal(1),
  scenes: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      description: z.string(),
      licence: z.string(),
      width: z.number().int().positive(),
      height: z.number().int().positive(),
      splits: z.record(
        z.string(),
        z.array(fileSchema.extend({ defect: z.string().optional(), masks: z.array(fileSchema).optional() })),
      ),
    }),
  ),
});

export interface DemoScene {
  readonly dataset: DatasetRecord;
  readonly images: readonly ImageRecord[];
}

/**
 * The demo's index → records that refer to the files where they are: nothing is copied.
 * @throws StudioError `bad-layout` if the index is not what it should be.
 */
export function readDemoIndex(index: unknown): DemoScene[] {
  const parsed = indexSchema.safeParse(index);
  if (!parsed.success) {
    throw new StudioError(
      'bad-layout',
      'import',
      'The demo that comes with the studio could not be read. Reload the page; if that does not help, install the studio again.',
      { cause: parsed.error },
    );
  }
  return parsed.data.scenes.map((scene) => {
    const datasetId = `demo/${scene.name}`;
    const source = (file: z.infer<typeof fileSchema>) =>
      ({ kind: 'url', url: `${DEMO_PATH}${scene.name}/${file.path}`, sha256: file.sha256 }) as const;
    const images = Object.entries(scene.splits).flatMap(([folder, files]) => {
      const [split, label] = folder.split('/');
      return files.map((file): ImageRecord => ({
        id: file.sha256,
        datasetId,
        name: file.path.slice(file.path.lastIndexOf('/') + 1),
        path: `${scene.name}/${file.path}`,
        width: scene.width,
        height: scene.height,
        bytes: file.bytes,
        source: source(file),
        thumbnail: null,
        split: split === 'train' || split === 'validation' || split === 'test' ? split : 'unsorted',
        label: file.defect ?? label,
        masks: (file.masks ?? []).map(source),
      }));
    });
    const dataset: DatasetRecord = {
      id: datasetId,
      name: scene.title,
      layout: 'mvtec-loco',
      description: scene.description,
      licence: scene.licence,
      builtIn: true,
      trainedSet: scene.name,
      addedAt: 0,
    };
    return { dataset, images };
  });
}
