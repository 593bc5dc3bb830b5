import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../core/errors';
import { detectorMaps, evaluationSamples, mapFiles, type AnomalyMapSource } from '../datasets/anomaly-maps';
import { nodeCodec } from '../datasets/codec-node';
import type { FileTree } from '../datasets/file-tree';
import { LAYOUT_TITLES } from '../datasets/layouts';
import { readTestSet, type TestSet } from '../datasets/test-set';
import type { LimitedArea } from '../evaluation/curves';
import { evaluate, type Evaluation } from '../evaluation/evaluator';
import { figuresOf, limitName } from '../evaluation/figures';
import { openDetector } from './detector';
import { readBytes } from './files';

export interface EvaluateOptions {
  readonly dataset: string;
  readonly object: string;
  /** Folder of anomaly maps. Either this or `model`. */
  readonly maps?: string;
  /** Detector that makes them; true for the shipped one. */
  readonly model?: string | true;
  readonly json?: boolean;
}

/** `evaluate`: figures of anomaly maps against a dataset's ground truth, as a table or as JSON. */
export async function evaluateCommand(
  { dataset, object, maps, model, json = false }: EvaluateOptions,
  out: (line: string) => void,
  warn: (line: string) => void,
): Promise<void> {
  if ((maps === undefined) === (model === undefined)) {
    const message = 'evaluate takes anomaly maps (--maps), or a detector that makes them (--model): one of the two.';
    throw new StudioError('bad-argument', 'cli', message);
  }
  const tree = await folderTree(dataset, [object, 'split_csv']);
  const set = await readTestSet(tree, object);
  set.config?.notes.forEach(warn);
  const source = maps === undefined ? await detectorSource(tree, model) : await folderSource(maps, set, warn);
  const result = await evaluate(evaluationSamples(tree, set, source, nodeCodec), { spro: set.config !== null });
  result.notes.forEach(warn);
  if (json) out(JSON.stringify(figuresOf(result, set.config !== null), null, 2));
  else table(result, set).forEach(out);
}

async function detectorSource(tree: FileTree, model: EvaluateOptions['model']): Promise<AnomalyMapSource> {
  const { detector } = await openDetector(model === true ? undefined : model);
  return detectorMaps(tree, detector, nodeCodec);
}

async function folderSource(maps: string, set: TestSet, warn: (line: string) => void): Promise<AnomalyMapSource> {
  const source = mapFiles(await folderTree(maps), set);
  // Figures of a part of the test set would pass for those of the whole.
  for (const problem of source.missing.values()) throw problem;
  const [first, ...more] = source.unused;
  if (first !== undefined) {
    const others = more.length > 0 ? `, like ${more.length} more` : '';
    warn(`${path.join(maps, first)} is the map of no test image and is left out${others}.`);
  }
  return source;
}

/** @param only list these folders in it alone; all if none are given. */
async function folderTree(folder: string, only: readonly string[] = ['']): Promise<FileTree> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    const message = `${folder} is not a folder that can be read. Check the path.`;
    throw new StudioError('bad-argument', 'cli', message, { file: folder });
  }
  const paths: string[] = [];
  for (const inner of only) {
    const top = path.join(folder, inner);
    // What is missing is for the layout's reader to say.
    const entries = await readdir(top, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile() && !entry.isSymbolicLink()) continue;
      paths.push(path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
    }
  }
  return {
    paths,
    nameOf: (each) => path.join(folder, each),
    read: (each) => readBytes(path.join(folder, each)),
  };
}

/** The figures for people: lines, with columns that line up. */
function table(result: Evaluation, { object, layout, config }: TestSet): string[] {
  const { images, image, pixel, pro, subsets, meanSpro, meanImageAuroc } = result;
  const lines = [
    `${object} (${LAYOUT_TITLES[layout]}): ${images.good} good, ${images.anomalous} anomalous test images`,
    '',
  ];
  lines.push(
    ...columns([
      ['', 'AUROC', 'AP'],
      ['image', figure(image?.auroc), figure(image?.averagePrecision)],
      ...subsets.map(({ name, imageAuroc }) => [`  ${name}`, figure(imageAuroc), '']),
      ...(subsets.length > 1 ? [['  mean', figure(meanImageAuroc), '']] : []),
      ['pixel', figure(pixel?.auroc), figure(pixel?.averagePrecision)],
    ]),
    '',
  );
  const curves: [string, readonly LimitedArea[] | null | undefined][] = [['AUPRO', pro?.areas]];
  if (config) {
    curves.push(['AU-sPRO, mean', meanSpro]);
    for (const { name, spro, defects } of subsets) {
      curves.push([`  ${name}`, spro?.areas]);
      for (const defect of defects) curves.push([`    ${defect.name} (${defect.count})`, defect.areas]);
    }
  }
  const limits = [...new Set(curves.flatMap(([, areas]) => areas?.map(({ limit }) => limit) ?? []))].sort(
    (a, b) => a - b,
  );
  lines.push(
    ...columns([
      ['to false-positive rate', ...limits.map(limitName)],
      ...curves.map(([name, areas]) => [
        name,
        ...limits.map((limit) => {
          const found = areas?.find((each) => each.limit === limit);
          return areas && !found ? '' : figure(found?.area);
        }),
      ]),
    ]),
  );
  return lines;
}

const figure = (value: number | null | undefined): string => value?.toFixed(4) ?? '–';

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  );
}
