import { cp, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../core/hash';
import { recipeSchema, type Recipe } from '../core/recipe';
import type { ExportManifest } from '../datasets/mvtec-ad';
import { badFiles, pattern, type BadFile } from '../datasets/testing';
import { filesBelow, runHere, runProcess, temporaryFolder } from './testing';

const folder = await temporaryFolder();
const at = (...names: string[]) => path.join(folder.path, ...names);
const [WIDTH, HEIGHT] = [56, 40];
const GENERATOR = fileURLToPath(new URL('../../public/models/generator.onnx', import.meta.url));

const synth = (out: string, ...args: string[]) => ['synth', '--out', at(out), ...args];
const direct = (out: string, ...args: string[]) =>
  synth(out, '--images', at('Photos 1'), '--renderer', 'direct', ...args);
const parse = <T>(bytes: Buffer | undefined) => JSON.parse(bytes!.toString()) as T;
/** What a run wrote about itself. */
async function manifestOf(out: string, category = 'photos_1'): Promise<ExportManifest> {
  return parse(await readFile(at(out, `manifest-${category}.json`)));
}

let bad: BadFile[];
beforeAll(async () => {
  bad = await badFiles();
  await mkdir(at('Photos 1', 'inner'), { recursive: true });
  for (const [i, name] of ['a.png', 'b.png', 'inner/c.png', 'd.png'].entries()) {
    await writeFile(at('Photos 1', name), await pattern(10 + i, WIDTH, HEIGHT));
  }
});
afterAll(() => folder.remove());

describe('synth --images', () => {
  it('writes MVTec AD layout with recipes and a manifest, the same bytes for the same seed', async () => {
    const [one, two] = await Promise.all([
      runProcess(...direct('one', '--count', '4', '--seed', '5')),
      runHere(...direct('two', '--count', '4', '--seed', '5')),
    ]);
    expect(one).toEqual({ code: 0, out: '', err: '' });
    expect(two).toEqual(one);
    const files = await filesBelow(at('one'));
    expect(await filesBelow(at('two'))).toEqual(files);

    const manifest = await manifestOf('one');
    expect(manifest).toMatchObject({ category: 'photos_1', createdAt: null, normals: [] });
    expect(manifest.pairs).toHaveLength(4);
    expect(new Set(manifest.pairs.map(({ operation }) => operation))).toEqual(new Set(['remove', 'replace', 'merge']));
    expect(manifest.models).toHaveLength(1);
    expect([...files.keys()]).toEqual(
      ['manifest-photos_1.json', ...manifest.pairs.flatMap(({ image, mask, recipe }) => [image, mask, recipe])].sort(),
    );
    const numbers = new Map<string, number>();
    for (const pair of manifest.pairs) {
      const { operation } = pair;
      const number = String(numbers.get(operation) ?? 0).padStart(4, '0');
      numbers.set(operation, Number(number) + 1);
      expect(pair.image).toBe(`photos_1/test/${operation}/${number}.png`);
      expect(pair.mask).toBe(`photos_1/ground_truth/${operation}/${number}_mask.png`);
      expect(pair.recipe).toBe(`recipes/photos_1/${operation}/${number}.json`);
      const [image, mask] = [files.get(pair.image)!, files.get(pair.mask)!];
      expect(await sha256(Uint8Array.from(image))).toBe(pair.imageSha256);
      expect(await sha256(Uint8Array.from(mask))).toBe(pair.maskSha256);
      const size = { width: WIDTH, height: HEIGHT, depth: 'uchar' };
      expect(await sharp(image).metadata()).toMatchObject({ ...size, channels: 3 });
      expect(await sharp(mask).metadata()).toMatchObject({ ...size, channels: 1 });
      expect(new Set(await sharp(mask).toColourspace('b-w').raw().toBuffer())).toEqual(new Set([0, 255]));
      const recipe = recipeSchema.parse(parse(files.get(pair.recipe)));
      expect(recipe).toMatchObject({ operation, source: pair.source, renderer: { kind: 'direct' } });
      expect(await sha256(new Uint8Array(await readFile(at('Photos 1', recipe.source.name))))).toBe(
        recipe.source.sha256,
      );
      expect(recipe.donor?.image.sha256 ?? null).toBe(pair.donor?.sha256 ?? null);
      expect(recipe.donor?.image.sha256).not.toBe(recipe.source.sha256);
    }
  });

  it('makes other pictures from another seed', async () => {
    expect(await runHere(...direct('other', '--count', '4', '--seed', '6'))).toMatchObject({ code: 0 });
    const hashes = (manifest: ExportManifest) => manifest.pairs.map(({ imageSha256 }) => imageSha256);
    const known = new Set(hashes(await manifestOf('one')));
    const made = hashes(await manifestOf('other'));
    expect(made).toHaveLength(4);
    expect(made.filter((hash) => known.has(hash))).toEqual([]);
  });

  it('continues what a smaller count began', async () => {
    expect(await runHere(...direct('few', '--count', '2', '--seed', '5'))).toMatchObject({ code: 0 });
    expect((await manifestOf('few')).pairs).toEqual((await manifestOf('one')).pairs.slice(0, 2));
  });

  it('draws only the operations asked for', async () => {
    const ran = await runHere(...direct('merged', '--count', '2', '--ops', 'merge'));
    expect(ran).toMatchObject({ code: 0 });
    expect((await manifestOf('merged')).pairs.map(({ operation }) => operation)).toEqual(['merge', 'merge']);
  });
});

describe('synth --recipe', () => {
  const remake = (recipe: string, images: string, out = 'again') =>
    runHere(...synth(out, '--recipe', recipe, '--images', images));

  it('remakes image and mask, byte for byte, also where the files were renamed', async () => {
    const manifest = await manifestOf('one');
    await cp(at('Photos 1'), at('moved'), { recursive: true });
    await rename(at('moved', 'a.png'), at('moved', 'z.png'));
    await rename(at('moved', 'b.png'), at('moved', 'a.png'));
    for (const [i, { operation, image, mask, recipe }] of manifest.pairs.entries()) {
      const out = `again-${i}`;
      const images = at(i % 2 ? 'moved' : 'Photos 1');
      // Once as a person calls it; the rest without the seconds of a start.
      const args = synth(out, '--recipe', at('one', recipe), '--images', images);
      expect(await (i === 0 ? runProcess : runHere)(...args), operation).toEqual({ code: 0, out: '', err: '' });
      const stem = path.basename(recipe, '.json');
      expect(await filesBelow(at(out))).toEqual(
        new Map([
          [`${stem}.png`, await readFile(at('one', image))],
          [`${stem}_mask.png`, await readFile(at('one', mask))],
        ]),
      );
    }
  });

  it.skipIf(!existsSync(GENERATOR))('remakes what the generator made', async () => {
    const args = ['--images', at('Photos 1'), '--renderer', 'generator', '--seed', '3'];
    expect(await runHere(...synth('drawn', ...args))).toEqual({ code: 0, out: '', err: '' });
    const manifest = await manifestOf('drawn');
    expect(manifest.models).toHaveLength(2);
    const [pair] = manifest.pairs;
    const recipe = recipeSchema.parse(parse(await readFile(at('drawn', pair.recipe))));
    expect(recipe.renderer.kind).toBe('generator');
    expect(await remake(at('drawn', pair.recipe), at('Photos 1'), 'redrawn')).toMatchObject({ code: 0 });
    const files = await filesBelow(at('redrawn'));
    expect(files.get('0000.png')).toEqual(await readFile(at('drawn', pair.image)));
    expect(files.get('0000_mask.png')).toEqual(await readFile(at('drawn', pair.mask)));
  });

  const hash = 'f'.repeat(64);
  it.each<[string, (recipe: Recipe) => unknown, RegExp]>([
    ['no recipe', () => ({ hello: 1 }), /is not a recipe this version reads\. Use/],
    ['of a later version', (recipe) => ({ ...recipe, version: 2 }), /is not a recipe this version reads/],
    [
      'made with other weights',
      (recipe) => ({ ...recipe, edges: { ...recipe.edges, model: { id: 'mine', sha256: hash } } }),
      /other weights \(mine, SHA-256 ffffffffffff….*Install/,
    ],
    [
      'with a damaged mask',
      (recipe) => ({ ...recipe, region: { ...recipe.region, mask: { ...recipe.region.mask, data: 'AAAA' } } }),
      /holds a damaged mask\. Use/,
    ],
    [
      'for another size',
      (recipe) => {
        const size = { width: HEIGHT, height: WIDTH };
        return { ...recipe, size, region: { ...recipe.region, mask: { ...recipe.region.mask, ...size } } };
      },
      /works at 40×56, and .* is worked on at 56×40\. Use/,
    ],
  ])('says of a file that it is %s', async (_, change, reason) => {
    const [{ recipe }] = (await manifestOf('one')).pairs;
    await writeFile(at('changed.json'), JSON.stringify(change(parse(await readFile(at('one', recipe))))));
    const { code, err } = await remake(at('changed.json'), at('Photos 1'));
    expect([code, err]).toEqual([1, expect.stringMatching(/^[^\n]+\n$/)]);
    expect(err).toContain(at('changed.json'));
    expect(err).toMatch(reason);
    expect(existsSync(at('again'))).toBe(false);
  });

  it('says what is missing: the recipe, its picture', async () => {
    const [{ recipe, source }] = (await manifestOf('one')).pairs;
    const gone = await remake(at('gone.json'), at('Photos 1'));
    expect([gone.code, gone.err]).toEqual([1, `${at('gone.json')} does not exist. Check the path.\n`]);
    await mkdir(at('foreign'));
    await writeFile(at('foreign', 'a.png'), await pattern(99));
    await symlink(at('nowhere.png'), at('foreign', 'lost.png'));
    const lost = await remake(at('one', recipe), at('foreign'));
    expect(lost.code).toBe(1);
    expect(lost.err.trimEnd().split('\n')).toEqual([
      `${at('foreign', 'lost.png')} does not exist. Check the path.`,
      expect.stringMatching(`^${source.name} .*is not in ${at('foreign')}\\. Name the folder that holds it\\.$`),
    ]);
  });
});

describe('synth of bad input', () => {
  it('reports every bad image once, passes it over and does the rest', async () => {
    await mkdir(at('mixed'));
    for (const { name, bytes } of bad) await writeFile(at('mixed', name), bytes);
    for (const i of [1, 2, 3]) await writeFile(at('mixed', `good ${i}.png`), await pattern(20 + i));
    await cp(at('mixed', 'good 1.png'), at('mixed', 'copy of 1.png'));
    // A file that is listed and gone when its turn comes.
    await symlink(at('removed.png'), at('mixed', 'vanished.png'));
    await writeFile(at('mixed', '.hidden.png'), 'left by the system');
    await writeFile(at('mixed', 'notes.txt'), 'no picture');
    const args = ['--images', at('mixed'), '--count', '8', '--renderer', 'direct', '--seed', '1'];
    const { code, err } = await runProcess(...synth('rest', ...args));
    expect(code).toBe(0);
    const lines = err.trimEnd().split('\n');
    for (const { name } of bad) expect(lines.filter((line) => line.startsWith(`${name} `))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith(`${at('mixed', 'vanished.png')} does not exist`))).toHaveLength(1);
    expect(lines.filter((line) => /is the same picture as (copy of 1|good 1)\.png/.test(line))).toHaveLength(1);
    expect(lines).toHaveLength(bad.length + 2);
    const { pairs } = await manifestOf('rest', 'mixed');
    expect(pairs).toHaveLength(8);
    for (const { source, donor } of pairs) {
      expect(source.name).toMatch(/^good|^copy/);
      expect(donor?.sha256).not.toBe(source.sha256);
    }
  });

  /** One line on stderr that matches; nothing written. */
  async function refused(args: string[], reason: RegExp): Promise<void> {
    const { code, out, err } = await runHere(...synth('never', ...args));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^[^\n]+\n$/);
    expect(err).toMatch(reason);
    expect(existsSync(at('never'))).toBe(false);
  }

  it.each<[string, string[], RegExp]>([
    ['operation', ['--ops', 'remove,paint'], /remove,paint.*remove, replace and merge/],
    ['renderer', ['--renderer', 'magic'], /magic.*auto, generator, direct/],
    ['option', ['--sed', '1'], /--sed.*--seed/],
    ['count', ['--count', '0'], /'0'.*whole number from 1/],
    ['seed', ['--seed', '1.5'], /'1\.5'.*whole number from 0/],
  ])('names an unknown %s and what there is', async (_, args, reason) => {
    await refused(['--images', at('Photos 1'), ...args], reason);
  });

  it('names a folder that is missing, is none, or holds no images', async () => {
    await refused(['--images', at('nowhere')], /nowhere is not a folder that can be read\. Check/);
    await refused(['--images', at('Photos 1', 'a.png')], /a\.png is not a folder that can be read\. Check/);
    await mkdir(at('texts'));
    await writeFile(at('texts', 'notes.txt'), 'no picture');
    await refused(['--images', at('texts')], /texts holds no images\. Choose/);
  });

  it('says that no image could be used, after saying why of each', async () => {
    await mkdir(at('dots'));
    const dot = bad.find(({ name }) => name === 'dot.png')!;
    await writeFile(at('dots', 'dot.png'), dot.bytes);
    const { code, err } = await runHere(...synth('never', '--images', at('dots'), '--renderer', 'direct'));
    expect(code).toBe(1);
    expect(err.trimEnd().split('\n')).toEqual([
      'dot.png is 1×1 pixels; the smallest side that works is 16. Use a larger picture.',
      `${at('dots')} holds no image that can be used; the lines above say why.`,
    ]);
  });

  it('does with one image what can be done, and says what replace and merge need', async () => {
    await mkdir(at('single'));
    for (const name of ['a.png', 'copy.png']) await cp(at('Photos 1', 'a.png'), at('single', name));
    const args = ['--images', at('single'), '--renderer', 'direct'];
    const removed = await runHere(...synth('alone', ...args, '--ops', 'remove', '--count', '2'));
    expect(removed.code).toBe(0);
    expect((await manifestOf('alone', 'single')).pairs).toHaveLength(2);
    const { code, err } = await runHere(...synth('never', ...args, '--ops', 'replace'));
    expect(code).toBe(1);
    expect(err.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/is the same picture as/),
      `${at('single')} holds only one usable image; replace and merge need another as the donor. Add images, or use --ops remove.`,
    ]);
  });

  it('names an output that cannot be written', async () => {
    const out = path.join('Photos 1', 'a.png', 'out');
    const { code, err } = await runHere(...direct(out, '--count', '1'));
    expect(code).toBe(1);
    expect(err).toMatch(/^[^\n]+could not be written[^\n]+--out\.\n$/);
    expect(err).toContain(at(out));
  });
});
