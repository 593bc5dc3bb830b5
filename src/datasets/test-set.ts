import { StudioError } from '../core/errors';
import { createMask, maskArea, type BinaryMask } from '../core/mask';
import { GOOD, type Defect } from '../evaluation/evaluator';
import type { ImageCodec } from './codec';
import { parseDefectsConfig, saturationOf, type DefectsConfig } from './defects-config';
import type { FileTree } from './file-tree';
import { comparePaths, recogniseLayouts, type LayoutName } from './layouts';
import { sniffImage } from './sniff';

export interface TestImage {
  readonly path: string;
  /** `good`, or the kind of anomaly. */
  readonly subset: string;
  /** Of its ground truth; empty for good images. */
  readonly masks: readonly string[];
}

/** The test images of one object of a dataset. */
export interface TestSet {
  readonly object: string;
  readonly layout: LayoutName;
  /** In natural order. */
  readonly images: readonly TestImage[];
  /** MVTec LOCO's kinds of defects; null for other layouts, and where the file is missing. */
  readonly config: DefectsConfig | null;
}

const VISA_SPLIT = 'split_csv/1cls.csv';

/**
 * Finds an object's test images and their ground truth in a dataset of MVTec AD, LOCO, AD 2 or VisA layout.
 * @param tree of the dataset: the files below `<object>/`, and VisA's split.
 * @throws StudioError `bad-layout` or `bad-config` naming what is wrong.
 */
export async function readTestSet(tree: FileTree, object: string): Promise<TestSet> {
  const below = tree.paths.filter((path) => path.startsWith(`${object}/`));
  const plan = recogniseLayouts(below).find(({ layout, name }) => layout !== 'images' && name === object);
  if (!plan) {
    const message = `${tree.nameOf(object)} holds no dataset that is known. Give the folder above an object in MVTec AD, MVTec LOCO, MVTec AD 2 or VisA layout, and the object's name.`;
    throw new StudioError('bad-layout', 'import', message, { file: tree.nameOf(object) });
  }
  const images =
    plan.layout === 'visa'
      ? await readVisaSplit(tree, object)
      : plan.entries
          .filter(({ split }) => split === 'test')
          .map(({ path, label, masks }) => ({ path, subset: label, masks: label === GOOD ? [] : masks }));
  if (images.length === 0) {
    const message = `${tree.nameOf(object)} holds no test images. Put them in ${object}/test/good and ${object}/test/<defect>.`;
    throw new StudioError('bad-layout', 'import', message, { file: tree.nameOf(object) });
  }
  const without = images.find(({ subset, masks }) => subset !== GOOD && masks.length === 0);
  if (without) {
    const message = `${tree.nameOf(without.path)} has no ground truth. Add its mask under ${object}/ground_truth/${without.subset}.`;
    throw new StudioError('bad-layout', 'import', message, { file: tree.nameOf(without.path) });
  }
  const config = `${object}/defects_config.json`;
  return {
    object,
    layout: plan.layout,
    images: images.sort((a, b) => comparePaths(a.path, b.path)),
    config: below.includes(config)
      ? parseDefectsConfig(new TextDecoder().decode(await tree.read(config)), tree.nameOf(config))
      : null,
  };
}

async function readVisaSplit(tree: FileTree, object: string): Promise<TestImage[]> {
  const file = tree.nameOf(VISA_SPLIT);
  if (!tree.paths.includes(VISA_SPLIT)) {
    const message = `${file} is missing, which says what VisA's test images are. Copy it there from the dataset.`;
    throw new StudioError('bad-layout', 'import', message, { file });
  }
  const [head, ...rows] = new TextDecoder()
    .decode(await tree.read(VISA_SPLIT))
    .split(/\r?\n/)
    .map((line) => line.split(',').map((cell) => cell.trim()));
  const column = (name: string): number => {
    const at = head.indexOf(name);
    if (at >= 0) return at;
    const message = `${file} has no column ${name}. Copy it again from the dataset.`;
    throw new StudioError('bad-layout', 'import', message, { file });
  };
  const [objectAt, splitAt, labelAt, imageAt, maskAt] = ['object', 'split', 'label', 'image', 'mask'].map(column);
  return rows
    .filter((row) => row[objectAt] === object && row[splitAt] === 'test')
    .map((row) => ({
      path: row[imageAt],
      subset: row[labelAt] === 'normal' ? GOOD : row[labelAt],
      masks: row[labelAt] === 'normal' || !row[maskAt] ? [] : [row[maskAt]],
    }));
}

export interface GroundTruth {
  /** Sizes the map may have: one, unless a JPEG's orientation leaves two. */
  readonly sizes: readonly { readonly width: number; readonly height: number }[];
  readonly defects: readonly Defect[];
}

/**
 * Reads what is wrong with a test image. In MVTec LOCO every file is one defect, whose kind its pixels' value tells; in
 * other layouts everything above 0 is a defect, of the subset's name.
 * @throws StudioError `bad-mask` naming the file, or what `sniffImage` and the codec throw.
 */
export async function readGroundTruth(
  tree: FileTree,
  { config }: TestSet,
  { path, subset, masks }: TestImage,
  codec: ImageCodec,
): Promise<GroundTruth> {
  if (masks.length === 0) {
    const { width, height, format } = sniffImage(await tree.read(path), tree.nameOf(path));
    const turned = format === 'jpeg' && width !== height ? [{ width: height, height: width }] : [];
    return { sizes: [{ width, height }, ...turned], defects: [] };
  }
  const defects: Defect[] = [];
  let size: { width: number; height: number } | undefined;
  for (const mask of masks) {
    const file = tree.nameOf(mask);
    const { mask: inside, values } = await readMask(tree, mask, codec);
    if (size && (size.width !== inside.width || size.height !== inside.height)) {
      const message = `${file} is ${inside.width}×${inside.height}, and ${tree.nameOf(masks[0])} ${size.width}×${size.height}. Masks have the size of their image.`;
      throw new StudioError('bad-mask', 'import', message, { file });
    }
    size = { width: inside.width, height: inside.height };
    const area = maskArea(inside);
    if (config) {
      const kind = kindOf(values, config, file);
      defects.push({ name: kind.defect_name, mask: inside, saturation: saturationOf(kind, area) });
    } else if (area > 0) {
      defects.push({ name: subset, mask: inside, saturation: null });
    }
  }
  return { sizes: [size!], defects };
}

function kindOf(values: readonly number[], { kinds }: DefectsConfig, file: string) {
  const bad = (problem: string): StudioError => new StudioError('bad-mask', 'import', `${file} ${problem}`, { file });
  if (values.length === 0) throw bad('marks no pixel. Every file is one defect; remove it.');
  if (values.length > 1) throw bad(`holds the values ${values.join(', ')}. Every file is one defect with one value.`);
  const kind = kinds.find(({ pixel_value: value }) => value === values[0]);
  if (kind) return kind;
  const known = kinds.map(({ pixel_value: value }) => value).join(', ');
  throw bad(`holds the value ${values[0]}, and defects_config.json has only ${known || 'none'}. Correct one of them.`);
}

/** Everything above 0, and which values that are, ascending. */
async function readMask(
  tree: FileTree,
  path: string,
  codec: ImageCodec,
): Promise<{ mask: BinaryMask; values: number[] }> {
  const file = tree.nameOf(path);
  const bytes = await tree.read(path);
  sniffImage(bytes, file);
  const { width, height, data } = await codec.decode(bytes, file);
  const mask = createMask(width, height);
  const seen = new Uint8Array(256);
  for (let i = 0, p = 0; i < mask.data.length; i++, p += 4) {
    const value = data[p];
    if (data[p + 1] !== value || data[p + 2] !== value) {
      throw new StudioError('bad-mask', 'import', `${file} is in colour. Save the mask with one channel.`, { file });
    }
    if (value === 0) continue;
    seen[value] = 1;
    mask.data[i] = 1;
  }
  return { mask, values: [...seen.keys()].filter((value) => seen[value] === 1) };
}
