/**
 * Recognises dataset layouts from paths alone (formats: MVTec AD, MVTec LOCO, MVTec AD 2, VisA, or a plain folder of
 * images). Stray hidden files must not break an import; a file that fits no layout is still a picture.
 */

export type LayoutName = 'mvtec-loco' | 'mvtec-ad' | 'mvtec-ad-2' | 'visa' | 'images';
export const LAYOUT_TITLES: Readonly<Record<LayoutName, string>> = {
  'mvtec-ad': 'MVTec AD',
  'mvtec-ad-2': 'MVTec AD 2',
  'mvtec-loco': 'MVTec LOCO',
  visa: 'VisA',
  images: 'images',
};

export type Split = 'train' | 'validation' | 'test' | 'unsorted';

export interface LayoutEntry {
  /** As given. */
  readonly path: string;
  readonly split: Split;
  /** `good`, a defect class, or `unsorted`. */
  readonly label: string;
  /** Paths of its ground-truth masks, in order. */
  readonly masks: readonly string[];
}

export interface LayoutPlan {
  readonly layout: LayoutName;
  /** Name of the category or folder. */
  readonly name: string;
  /** The folder all of it lies in, with a slash at its end; '' for the top. */
  readonly root: string;
  readonly entries: readonly LayoutEntry[];
}

const IMAGE = /\.(png|jpe?g|jfif|webp|bmp|gif|avif|tiff?)$/i;

/** Files that operating systems and tools leave about. */
function isStray(path: string): boolean {
  return path
    .split('/')
    .some((part) => part.startsWith('.') || part === '__MACOSX' || /^(thumbs\.db|desktop\.ini)$/i.test(part));
}

/** Everything that looks like a picture by its name, stray files left out. */
export function imagePaths(paths: readonly string[]): string[] {
  return paths.filter((path) => IMAGE.test(path) && !isStray(path)).sort(comparePaths);
}

/** Natural order: `2.png` before `10.png`; the same on every machine. */
export function comparePaths(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * One plan per category found. Several categories below one folder give several plans; what belongs to none of them
 * becomes one plan of layout `images` (empty plans are left out).
 * @param paths forward slashes, relative to what was dropped.
 */
export function recogniseLayouts(paths: readonly string[]): LayoutPlan[] {
  const images = imagePaths(paths);
  const all = new Set(paths);
  const plans: LayoutPlan[] = [];
  const taken = new Set<string>();
  for (const root of categoryRoots(images)) {
    const inside = images.filter((path) => path.startsWith(root));
    const plan = readMvtec(root, inside, all) ?? readVisa(root, inside);
    if (!plan) continue;
    plans.push(plan);
    inside.forEach((path) => taken.add(path));
  }
  const rest = images.filter((path) => !taken.has(path));
  if (rest.length > 0) plans.push(readPlain(rest));
  return plans;
}

/** Folders that hold `train/`, `test…/` or VisA's `Data/`, with a trailing slash (or '' for the top). */
function categoryRoots(images: readonly string[]): string[] {
  const roots = new Set<string>();
  for (const path of images) {
    const match = /^(.*?\/)?(train|test|test_public|Data)\//.exec(path);
    if (match) roots.add(match[1] ?? '');
  }
  return [...roots].sort(comparePaths);
}

function readMvtec(root: string, images: readonly string[], all: ReadonlySet<string>): LayoutPlan | undefined {
  const entries: LayoutEntry[] = [];
  const masksByKey = new Map<string, string[]>();
  const isLoco =
    all.has(`${root}defects_config.json`) || images.some((p) => /^validation\//.test(p.slice(root.length)));
  const isAd2 = images.some((path) => path.startsWith(`${root}test_public/`));
  for (const path of images) {
    const parts = path.slice(root.length).split('/');
    const at = parts.indexOf('ground_truth');
    if (at < 0) continue;
    // LOCO: ground_truth/<label>/<stem>/NNN.png; AD: ground_truth/<label>/<stem>_mask.png.
    const [label, next, leaf] = parts.slice(at + 1);
    if (!next) continue;
    const stem = leaf ? next : stemOf(next).replace(/_mask$/, '');
    const key = `${label}/${stem}`;
    masksByKey.set(key, [...(masksByKey.get(key) ?? []), path]);
  }
  for (const path of images) {
    const parts = path.slice(root.length).split('/');
    const split = { train: 'train', validation: 'validation', test: 'test', test_public: 'test' }[parts[0]] as
      Split | undefined;
    if (!split || parts.length < 3 || parts[1] === 'ground_truth') continue;
    const label = parts[1];
    entries.push({ path, split, label, masks: masksByKey.get(`${label}/${stemOf(parts[parts.length - 1])}`) ?? [] });
  }
  if (entries.length === 0) return undefined;
  return { layout: isAd2 ? 'mvtec-ad-2' : isLoco ? 'mvtec-loco' : 'mvtec-ad', name: nameOf(root), root, entries };
}

function readVisa(root: string, images: readonly string[]): LayoutPlan | undefined {
  const masks = new Map(
    images.filter((p) => p.startsWith(`${root}Data/Masks/Anomaly/`)).map((p) => [stemOf(p), p] as const),
  );
  const entries: LayoutEntry[] = [];
  for (const path of images) {
    const inside = path.slice(root.length);
    if (inside.startsWith('Data/Images/Normal/')) entries.push({ path, split: 'unsorted', label: 'good', masks: [] });
    if (inside.startsWith('Data/Images/Anomaly/')) {
      const mask = masks.get(stemOf(path));
      entries.push({ path, split: 'test', label: 'anomaly', masks: mask ? [mask] : [] });
    }
  }
  return entries.length > 0 ? { layout: 'visa', name: nameOf(root), root, entries } : undefined;
}

function readPlain(images: readonly string[]): LayoutPlan {
  const top = new Set(images.map((path) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')));
  const name = top.size === 1 && !top.has('') ? [...top][0] : 'Images';
  return {
    layout: 'images',
    name,
    root: '',
    entries: images.map((path) => ({ path, split: 'unsorted', label: 'unsorted', masks: [] })),
  };
}

function stemOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.[^.]+$/, '');
}

function nameOf(root: string): string {
  return root.replace(/\/$/, '').split('/').pop() || 'Images';
}
