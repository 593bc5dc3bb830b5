import type { DatasetRecord, ImageRecord, ImageSource, ProjectDocument } from './document';

/** What is to be known of a dataset that was imported, to hold maps against its test images. */
export interface ImportedTestSet {
  readonly dataset: DatasetRecord;
  /** Its test images. */
  readonly images: readonly ImageRecord[];
}

/** The imported datasets in whose records every test image has its ground truth; the demo is read from its index. */
export function importedTestSets({
  datasets,
  images,
}: Pick<ProjectDocument, 'datasets' | 'images'>): ImportedTestSet[] {
  const all = Object.values(images);
  return Object.values(datasets)
    .filter(({ builtIn, layout }) => !builtIn && layout.startsWith('mvtec'))
    .map((dataset) => ({
      dataset,
      images: all.filter(({ datasetId, split }) => datasetId === dataset.id && split === 'test'),
    }))
    .filter(
      ({ images: own }) => own.length > 0 && own.every(({ label, masks }) => label === 'good' || masks.length > 0),
    );
}

/** Its files by the paths they had below the object's folder; masks, whose names are not kept, are numbered. */
export function filesOfImported({ dataset, images }: ImportedTestSet): {
  readonly object: string;
  readonly files: ReadonlyMap<string, ImageSource>;
} {
  const root = /^(.*?\/)?(?:test|test_public)\//.exec(images[0].path)?.[1] ?? '';
  const object = root.split('/').at(-2) ?? dataset.name;
  const files = new Map<string, ImageSource>();
  for (const { path, label, masks, source } of images) {
    const inside = path.slice(root.length);
    files.set(`${object}/${inside}`, source);
    const stem = inside.slice(inside.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');
    masks.forEach((mask, k) => {
      files.set(`${object}/ground_truth/${label}/${stem}/${String(k).padStart(3, '0')}.png`, mask);
    });
  }
  if (dataset.config) files.set(`${object}/defects_config.json`, dataset.config);
  return { object, files };
}
