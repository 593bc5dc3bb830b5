import { z } from 'zod';
import { StudioError } from '../core/errors';
import type { DatasetRecord, ImageRecord, ImageSource } from './document';

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
      config: fileSchema,
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

/** @throws StudioError `bad-layout` if the index is not what it should be. */
function parseIndex(index: unknown): z.infer<typeof indexSchema>['scenes'] {
  const parsed = indexSchema.safeParse(index);
  if (parsed.success) return parsed.data.scenes;
  throw new StudioError(
    'bad-layout',
    'import',
    'The demo that comes with the studio could not be read. Reload the page; if that does not help, install the studio again.',
    { cause: parsed.error },
  );
}

function sourceIn(scene: string, file: z.infer<typeof fileSchema>): ImageSource {
  return { kind: 'url', url: `${DEMO_PATH}${scene}/${file.path}`, sha256: file.sha256 };
}

/** The test images of a scene, with what belongs to them. */
export interface DemoTestSet {
  /** Name of its folder. */
  readonly object: string;
  readonly title: string;
  readonly good: number;
  readonly anomalous: number;
  /** Where the files are, by their paths in the demo set: images, masks, the config. */
  readonly files: ReadonlyMap<string, ImageSource>;
}

/** The scenes that have test images. @throws StudioError `bad-layout` if the index is not what it should be. */
export function demoTestSets(index: unknown): DemoTestSet[] {
  return parseIndex(index).flatMap(({ name, title, config, splits }) => {
    const tested = Object.entries(splits).filter(([folder]) => folder.startsWith('test/'));
    if (tested.length === 0) return [];
    const good = splits['test/good']?.length ?? 0;
    const images = tested.flatMap(([, files]) => files);
    const all = [config, ...images.flatMap((image) => [image, ...(image.masks ?? [])])];
    const files = new Map(all.map((file) => [`${name}/${file.path}`, sourceIn(name, file)]));
    return [{ object: name, title, good, anomalous: images.length - good, files }];
  });
}

/**
 * The demo's index → records that refer to the files where they are: nothing is copied.
 * @throws StudioError `bad-layout` if the index is not what it should be.
 */
export function readDemoIndex(index: unknown): DemoScene[] {
  return parseIndex(index).map((scene) => {
    const datasetId = `demo/${scene.name}`;
    const source = (file: z.infer<typeof fileSchema>) => sourceIn(scene.name, file);
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
