import { StudioError } from '../core/errors';
import { rerooted, type FileTree } from './file-tree';
import { recogniseLayouts, type LayoutName } from './layouts';

/** An object that `readTestSet` finds in the tree. */
export interface TestSetPlace {
  readonly object: string;
  readonly layout: LayoutName;
  readonly tree: FileTree;
}

/**
 * The objects with test images in a folder, at whatever depth it was taken: a dataset of several objects, one object, or
 * what lies in it.
 * @throws StudioError `bad-layout` if there is none.
 */
export function findTestSets(tree: FileTree): TestSetPlace[] {
  const places = recogniseLayouts(tree.paths)
    .filter(({ layout, entries }) => layout === 'visa' || entries.some(({ split }) => split === 'test'))
    .map(({ layout, name, root }): TestSetPlace => {
      const above = root.slice(0, root.lastIndexOf('/', root.length - 2) + 1);
      return { object: name, layout, tree: root === '' ? rerooted(tree, '', `${name}/`) : rerooted(tree, above) };
    })
    .filter(({ layout }) => layout !== 'images');
  if (places.length > 0) return places;
  const [first = 'This'] = tree.paths.map((path) => path.split('/')[0]);
  const message = `${first} holds no test set that is known. Choose an object's folder in MVTec AD, MVTec LOCO, MVTec AD 2 or VisA layout: with test/good and test/<defect>, and masks in ground_truth.`;
  throw new StudioError('bad-layout', 'import', message, { file: first });
}
