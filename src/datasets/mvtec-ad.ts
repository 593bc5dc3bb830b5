import type { Recipe } from '../core/recipe';

/** One file of an export. */
export interface ExportEntry {
  /** Forward slashes, relative to the export's root. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A synthetic anomaly with its pixels, produced only when its turn comes. */
export interface ExportPair {
  readonly recipe: Recipe;
  readonly name: string;
  /** PNG, 8-bit RGB. */
  readonly image: Uint8Array<ArrayBuffer>;
  /** PNG, one channel, 0 or 255, same size. */
  readonly mask: Uint8Array<ArrayBuffer>;
}

export interface ExportNormal {
  readonly name: string;
  /** PNG, 8-bit RGB: readers pair by extension, so every picture gets the same. */
  readonly image: Uint8Array<ArrayBuffer>;
}

export interface ModelLicence {
  readonly id: string;
  readonly sha256: string;
  readonly licence: string;
}

export interface ExportManifest {
  readonly format: 'logical-studio/export';
  readonly version: 1;
  readonly category: string;
  /** ISO 8601; null where the same seed must give the same bytes. */
  readonly createdAt: string | null;
  /** Every weight file the pairs were made with. */
  readonly models: readonly ModelLicence[];
  readonly pairs: readonly {
    readonly image: string;
    readonly mask: string;
    readonly recipe: string;
    readonly imageSha256: string;
    readonly maskSha256: string;
    readonly source: { readonly name: string; readonly sha256: string };
    readonly donor: { readonly name: string; readonly sha256: string } | null;
    readonly operation: Recipe['operation'];
    readonly seed: number;
  }[];
  readonly normals: readonly { readonly image: string; readonly sha256: string; readonly name: string }[];
}

/** A category folder's name that every file system and reader takes. */
export function categoryName(text: string): string {
  const name = text
    .normalize('NFKD')
    .replace(/[^\w-]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();
  return name || 'category';
}

/**
 * The files of an export in MVTec AD layout, one after the other, holding one pair at a time:
 * `<category>/train/good`, `<category>/test/<operation>`, `<category>/ground_truth/<operation>`, with recipes and the
 * manifest outside the category folder (readers take any stray PNG inside for a sample). Names are zero-padded, because
 * readers pair images and masks by sort order. The manifest comes last.
 */
export async function* mvtecAdEntries(
  category: string,
  pairs: AsyncIterable<ExportPair> | Iterable<ExportPair>,
  normals: AsyncIterable<ExportNormal> | Iterable<ExportNormal>,
  options: {
    readonly models: readonly ModelLicence[];
    readonly createdAt: Date | null;
    readonly sha256: (bytes: Uint8Array<ArrayBuffer>) => Promise<string>;
  },
): AsyncGenerator<ExportEntry, ExportManifest> {
  const used = new Set<string>();
  const manifestPairs: ExportManifest['pairs'][number][] = [];
  const manifestNormals: ExportManifest['normals'][number][] = [];
  const counters = new Map<string, number>();
  const number = (folder: string) => {
    const next = counters.get(folder) ?? 0;
    counters.set(folder, next + 1);
    return String(next).padStart(4, '0');
  };
  for await (const normal of normals) {
    const path = `${category}/train/good/${number('good')}.png`;
    yield { path, bytes: normal.image };
    manifestNormals.push({ image: path, sha256: await options.sha256(normal.image), name: normal.name });
  }
  for await (const pair of pairs) {
    const { recipe } = pair;
    const folder = recipe.operation;
    const stem = number(folder);
    const image = `${category}/test/${folder}/${stem}.png`;
    const mask = `${category}/ground_truth/${folder}/${stem}_mask.png`;
    const recipePath = `recipes/${category}/${folder}/${stem}.json`;
    yield { path: image, bytes: pair.image };
    yield { path: mask, bytes: pair.mask };
    yield { path: recipePath, bytes: jsonBytes(recipe) };
    used.add(recipe.edges.model.sha256);
    if (recipe.renderer.kind === 'generator') used.add(recipe.renderer.model.sha256);
    manifestPairs.push({
      image,
      mask,
      recipe: recipePath,
      imageSha256: await options.sha256(pair.image),
      maskSha256: await options.sha256(pair.mask),
      source: { name: recipe.source.name, sha256: recipe.source.sha256 },
      donor: recipe.donor ? { name: recipe.donor.image.name, sha256: recipe.donor.image.sha256 } : null,
      operation: recipe.operation,
      seed: recipe.seed,
    });
  }
  const manifest: ExportManifest = {
    format: 'logical-studio/export',
    version: 1,
    category,
    createdAt: options.createdAt?.toISOString() ?? null,
    models: options.models.filter((model) => used.has(model.sha256)),
    pairs: manifestPairs,
    normals: manifestNormals,
  };
  yield { path: `manifest-${category}.json`, bytes: jsonBytes(manifest) };
  return manifest;
}

function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
