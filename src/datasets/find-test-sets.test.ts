import { describe, expect, it } from 'vitest';
import { findMapFiles } from './anomaly-maps';
import { commonFolders, rerooted, type FileTree } from './file-tree';
import { findTestSets } from './find-test-sets';
import { npyMap } from './maps-testing';
import { readTestSet } from './test-set';

function treeOf(files: Record<string, string | Uint8Array<ArrayBuffer>>): FileTree {
  return {
    paths: Object.keys(files),
    nameOf: (path) => `<${path}>`,
    read: async (path) => {
      const content = files[path];
      return typeof content === 'string' ? new TextEncoder().encode(content) : content;
    },
  };
}

const AD = ['train/good/0.png', 'test/good/0.png', 'test/dent/0.png', 'ground_truth/dent/0_mask.png'];
const below = (folder: string, paths = AD) => Object.fromEntries(paths.map((path) => [folder + path, '']));

describe('a tree with another root', () => {
  it('reads and names what it was before', async () => {
    const tree = treeOf({ 'a/b/x.txt': 'x', 'a/c.txt': 'c' });
    const inner = rerooted(tree, 'a/b/');
    expect(inner.paths).toEqual(['x.txt']);
    expect(inner.nameOf('x.txt')).toBe('<a/b/x.txt>');
    expect(new TextDecoder().decode(await inner.read('x.txt'))).toBe('x');
    const outer = rerooted(tree, '', 'top/');
    expect(outer.paths).toEqual(['top/a/b/x.txt', 'top/a/c.txt']);
    expect(new TextDecoder().decode(await outer.read('top/a/c.txt'))).toBe('c');
  });

  it('common folders go down as far as all paths do', () => {
    expect(commonFolders(['a/b/c/1', 'a/b/d/2'])).toEqual(['', 'a/', 'a/b/']);
    expect(commonFolders(['a/1', 'ab/2'])).toEqual(['']);
    expect(commonFolders([])).toEqual(['']);
  });
});

describe('test sets of a folder', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['of one object', below('pins/'), ['pins']],
    ['of several', { ...below('set/pins/'), ...below('set/caps/'), 'set/licence.txt': '' }, ['caps', 'pins']],
    ['from far above', below('home/data/set/pins/'), ['pins']],
    ['from inside', below(''), ['Images']],
  ])('%s', async (_, files, objects) => {
    const places = findTestSets(treeOf(files));
    expect(places.map(({ object }) => object)).toEqual(objects);
    for (const { object, tree, layout } of places) {
      const set = await readTestSet(tree, object);
      expect([set.layout, layout]).toEqual(['mvtec-ad', 'mvtec-ad']);
      expect(set.images.map(({ path, masks }) => [path, masks])).toEqual([
        [`${object}/test/dent/0.png`, [`${object}/ground_truth/dent/0_mask.png`]],
        [`${object}/test/good/0.png`, []],
      ]);
    }
  });

  it('VisA finds its split above the object', async () => {
    const files = {
      'VisA/pcb/Data/Images/Normal/1.JPG': '',
      'VisA/pcb/Data/Images/Anomaly/1.JPG': '',
      'VisA/pcb/Data/Masks/Anomaly/1.png': '',
      'VisA/split_csv/1cls.csv': 'object,split,label,image,mask\npcb,test,normal,pcb/Data/Images/Normal/1.JPG,\n',
    };
    const [{ object, tree }] = findTestSets(treeOf(files));
    expect((await readTestSet(tree, object)).images).toHaveLength(1);
  });

  it.each([
    ['pictures alone', { 'photos/1.png': '' }],
    ['no test images', { 'pins/train/good/0.png': '' }],
    ['nothing', {}],
  ])('%s get a sentence', (_, files) => {
    expect(() => findTestSets(treeOf(files))).toThrow(
      expect.objectContaining({ code: 'bad-layout', message: expect.stringMatching(/no test set.*Choose/) }),
    );
  });
});

describe('maps of a folder', () => {
  const set = async () => readTestSet(findTestSets(treeOf(below('pins/')))[0].tree, 'pins');
  const map = npyMap(Float32Array.of(1, 2), 2, 1);

  it.each(['', 'maps/', 'maps/pins/', 'results/run 3/pins/', 'pins/'])('are found below “%s”', async (root) => {
    const files = { [`${root}test/good/0.npy`]: map, [`${root}test/dent/0.npy`]: map, [`${root}log.txt`]: 'x' };
    const wanted = await set();
    const found = findMapFiles(treeOf(files), wanted);
    expect([...found.missing]).toEqual([]);
    expect(found.example).toBe(`<${root}test/dent/0.npy>`);
    const { name, map: read } = await found.mapOf(wanted.images[0]);
    expect(name).toBe(`<${root}test/dent/0.npy>`);
    expect([...read.data]).toEqual([1, 2]);
  });

  it('say which are missing and which are too many, and give the others', async () => {
    const wanted = await set();
    const found = findMapFiles(treeOf({ 'maps/test/good/0.npy': map, 'maps/test/good/7.npy': map }), wanted);
    expect(found.unused).toEqual(['test/good/7.npy']);
    const [dent, good] = wanted.images;
    expect([...found.missing.keys()]).toEqual([dent]);
    await expect(found.mapOf(dent)).rejects.toMatchObject({
      code: 'bad-map',
      message: expect.stringMatching(
        /no map of pins\/test\/dent\/0\.png\. Write it to <maps\/pins\/test\/dent\/0\.tiff>/,
      ),
    });
    expect((await found.mapOf(good)).map.width).toBe(2);
    const twice = findMapFiles(
      treeOf({ 'test/good/0.npy': map, 'test/good/0.tiff': map, 'test/dent/0.npy': map }),
      wanted,
    );
    await expect(twice.mapOf(good)).rejects.toMatchObject({ message: expect.stringMatching(/are both maps of/) });
    expect(twice.unused).toEqual([]);
  });

  it('of another dataset get a sentence', async () => {
    const wanted = await set();
    expect(() => findMapFiles(treeOf({ 'maps/caps/test/good/9.npy': map, 'a.txt': 'x' }), wanted)).toThrow(
      /no map of any test image of pins among these 2 files.*pins\/test\/dent\/0\.tiff/,
    );
  });
});
