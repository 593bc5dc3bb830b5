import { reportOf, StudioError } from '../core/errors';
import { browserCodec } from '../datasets/codec-browser';
import { findMapFiles, type AnomalyMapSource } from '../datasets/anomaly-maps';
import type { FileTree } from '../datasets/file-tree';
import { findTestSets } from '../datasets/find-test-sets';
import { readTestSet, type TestSet } from '../datasets/test-set';
import { GOOD } from '../evaluation/evaluator';
import type { BlobStore } from '../project/blobs';
import { demoTestSets } from '../project/demo';
import { runEvaluation, type EvaluationInput } from '../project/evaluate';
import type { EvaluationRecord } from '../project/evaluation';
import { sweepEvaluations } from '../project/evaluation-store';
import { filesOfImported } from '../project/imported-test-sets';
import type { ImageSource } from '../project/source';
import type { EvaluateRequest, ImportFile, MapsChoice, MapsFound, Progress, TestSetChoice, TestSetInfo } from './api';
import { filesTree } from './files';
import { encodeThumbnail, type Pixels } from './pixels';

/** Shared by every open page of the studio; whoever has it alone may clean up. */
const LOCK = 'logical-studio/evaluations';

/** Maps that a network makes, with what is known of it. */
export interface DetectorMaps {
  readonly maps: AnomalyMapSource;
  readonly detector: EvaluationRecord['detector'];
  readonly thresholds: EvaluationInput['thresholds'];
}

interface OpenTestSet {
  readonly tree: FileTree;
  readonly set: TestSet;
  readonly testSet: EvaluationInput['testSet'];
  readonly photoOf: EvaluationInput['photoOf'];
}

/** Test sets and evaluations of the compute worker. */
export class Evaluations {
  /** Set once cleaning up is over: what an evaluation writes must not be taken for a leftover. */
  #swept: Promise<void> = Promise.resolve();

  /** @param demoIndex reads the demo's index. */
  constructor(
    private readonly pixels: Pixels,
    private readonly blobs: BlobStore,
    private readonly demoIndex: () => Promise<unknown>,
  ) {}

  /** The test sets of the files, or of the demo. One that cannot be used says why. */
  async testSets(files: readonly ImportFile[] | null): Promise<readonly TestSetInfo[]> {
    if (!files) {
      const scenes = demoTestSets(await this.demoIndex());
      return scenes.map(({ object, title, good, anomalous }) => ({
        object,
        title,
        layout: 'mvtec-loco',
        good,
        anomalous,
        problem: null,
      }));
    }
    return Promise.all(
      findTestSets(filesTree(files)).map(async ({ object, layout, tree }): Promise<TestSetInfo> => {
        try {
          const { images } = await readTestSet(tree, object);
          const good = images.filter(({ subset }) => subset === GOOD).length;
          return { object, title: object, layout, good, anomalous: images.length - good, problem: null };
        } catch (error) {
          const problem = reportOf(error, 'import');
          return { object, title: object, layout, good: 0, anomalous: 0, problem };
        }
      }),
    );
  }

  /** Which test images have maps among the files. @throws StudioError `bad-map` if none has. */
  async findMaps(choice: TestSetChoice, files: readonly ImportFile[]): Promise<MapsFound> {
    const { set } = await this.#open(choice);
    const { missing, unused, example } = findMapFiles(filesTree(files), set);
    return {
      total: set.images.length,
      found: set.images.length - missing.size,
      unused: unused.length,
      missing: [...missing.values()].map((error) => reportOf(error, 'import')),
      example,
    };
  }

  /** @param byDetector makes maps by the detector in use. */
  async evaluate(
    { testSet: choice, maps }: EvaluateRequest,
    byDetector: (tree: FileTree) => Promise<DetectorMaps>,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<EvaluationRecord> {
    await this.#swept;
    const opened = await this.#open(choice);
    const source = maps.kind === 'detector' ? await byDetector(opened.tree) : mapsOf(maps, opened.set);
    const tools = {
      codec: browserCodec,
      blobs: this.blobs,
      encodePhoto: encodeThumbnail,
      newId: () => crypto.randomUUID(),
      now: () => Date.now(),
    };
    for await (const { record, ...progress } of runEvaluation({ ...opened, ...source }, tools, signal)) {
      if (record) return record;
      onProgress(progress);
    }
    throw new Error('An evaluation ends with its record.');
  }

  /** The bytes of an evaluated photograph. @throws StudioError `file-vanished`. */
  photo(source: ImageSource): Promise<Uint8Array<ArrayBuffer>> {
    return source.kind === 'blob' ? this.blobs.get(source.sha256) : this.pixels.bytes(source, 'The photograph');
  }

  /**
   * Removes what evaluations that are gone have left, unless another page of the studio is open, where it may come back.
   * @param details of every evaluation there is.
   */
  async sweep(details: readonly string[]): Promise<void> {
    const clean = async () => void (await sweepEvaluations(this.blobs, details));
    const { locks } = navigator as Partial<Navigator>;
    const sweeping = locks
      ? locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? clean() : undefined))
      : clean();
    // What is left behind is a matter of space only.
    this.#swept = Promise.resolve(sweeping).catch(() => undefined);
    await this.#swept;
    void locks?.request(LOCK, { mode: 'shared' }, () => new Promise<never>(() => undefined));
  }

  async #open(choice: TestSetChoice): Promise<OpenTestSet> {
    if (choice.kind === 'demo') return this.#openDemo(choice.object);
    if (choice.kind === 'imported') {
      const { object, files } = filesOfImported(choice);
      const own = this.#treeOf(files);
      const testSet = { title: choice.dataset.name, builtIn: false };
      return { tree: own, set: await readTestSet(own, object), testSet, photoOf: () => null };
    }
    const place = findTestSets(filesTree(choice.files)).find(({ object }) => object === choice.object);
    if (!place) {
      const message = `${choice.object} is not among the files. Choose the folder again.`;
      throw new StudioError('file-vanished', 'import', message, { file: choice.object });
    }
    const set = await readTestSet(place.tree, place.object);
    return { tree: place.tree, set, testSet: { title: set.object, builtIn: false }, photoOf: () => null };
  }

  async #openDemo(object: string): Promise<OpenTestSet> {
    const scene = demoTestSets(await this.demoIndex()).find((each) => each.object === object);
    if (!scene) {
      const message = `The demo that comes with the studio has no scene ${object}. Reload the page.`;
      throw new StudioError('file-vanished', 'import', message, { file: object });
    }
    const tree = this.#treeOf(scene.files);
    return {
      tree,
      set: await readTestSet(tree, object),
      testSet: { title: scene.title, builtIn: true },
      photoOf: ({ path }) => scene.files.get(path) ?? null,
    };
  }

  #treeOf(files: ReadonlyMap<string, ImageSource>): FileTree {
    return {
      paths: [...files.keys()],
      nameOf: (path) => path,
      // Only paths of the tree are asked for.
      read: (path) => this.pixels.bytes(files.get(path) as ImageSource, path),
    };
  }
}

function mapsOf({ name, files }: MapsChoice & { kind: 'maps' }, set: TestSet): DetectorMaps {
  return {
    maps: findMapFiles(filesTree(files), set),
    detector: { kind: 'maps', name, sha256: null },
    thresholds: null,
  };
}
