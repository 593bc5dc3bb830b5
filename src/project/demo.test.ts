import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeCodec } from '../datasets/codec-node';
import { parseDefectsConfig } from '../datasets/defects-config';

const DEMO = new URL('../../public/datasets/demo/', import.meta.url);
const card = readFileSync(new URL('README.md', DEMO), 'utf8');
const index = JSON.parse(readFileSync(new URL('index.json', DEMO), 'utf8')) as {
  scenes: {
    name: string;
    title: string;
    constraints: { name: string; rule: string }[];
    defects: { name: string; kind: string; breaks: string | null }[];
  }[];
};
const list = (path: string) => readdirSync(new URL(path, DEMO)).sort();

describe('the demo set’s card', () => {
  it('has a chapter for every folder of a scene, and no other', () => {
    const folders = readdirSync(DEMO, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? each.name : []));
    expect([...card.matchAll(/^## .*\(`(.*)`\)$/gm)].map((match) => match[1])).toEqual(folders.sort());
    expect(index.scenes.map(({ name }) => name)).toEqual(folders);
    const pictures = folders.flatMap((name) => splitsOf(name).map(([, count]) => count));
    const sum = pictures.reduce((total, count) => total + count, 0).toLocaleString('en');
    expect(card).toContain(` ${folders.length} scenes, ${sum} pictures.`);
  });

  it.each(index.scenes)('agrees with the files of $name', async ({ name, title, constraints, defects }) => {
    const chapter = card.split(/^## /m).find((part) => part.startsWith(`${title} (\`${name}\`)\n`))!;
    const rules = [...chapter.matchAll(/^- `(.*?)`: (.*)$/gm)].map(([, rule, words]) => ({ name: rule, rule: words }));
    expect(rules).toEqual(constraints);

    const counts = splitsOf(name).map(([split, count]) => `${split} ${count}`);
    expect(
      chapter
        .match(/^Pictures: (.*?)\. /m)![1]
        .split(', ')
        .sort(),
    ).toEqual(counts.sort());

    const file = `${name}/defects_config.json`;
    const { kinds } = parseDefectsConfig(readFileSync(new URL(file, DEMO), 'utf8'), file);
    const nameOf = new Map(kinds.map((kind) => [kind.pixel_value, kind.defect_name]));
    const shown: [string, string][] = [];
    for (const kind of ['logical', 'structural']) {
      for (const picture of list(`${name}/ground_truth/${kind}_anomalies/`)) {
        const folder = `${name}/ground_truth/${kind}_anomalies/${picture}/`;
        const mask = await nodeCodec.decode(readFileSync(new URL(`${folder}${list(folder)[0]}`, DEMO)), folder);
        shown.push([nameOf.get(mask.data.find((value, i) => i % 4 === 0 && value > 0)!)!, kind]);
      }
    }
    const rows = [...chapter.matchAll(/^\| `.*$/gm)].map(([row]) => row.slice(2, -2).split(' | '));
    expect(rows.map((row) => row.slice(0, 4).concat(row[5]))).toEqual(
      kinds.map(({ defect_name, saturation_threshold, relative_saturation }) => {
        const own = shown.filter(([defect]) => defect === defect_name);
        const breaks = defects.find((defect) => defect.name === defect_name)!.breaks;
        return [
          `\`${defect_name}\``,
          ...new Set(own.map(([, kind]) => kind)),
          `${own.length}`,
          breaks ? `\`${breaks}\`` : 'nothing',
          relative_saturation
            ? `${Math.round(100 * saturation_threshold)} %`
            : `${saturation_threshold.toLocaleString('en')} px`,
        ];
      }),
    );
    for (const row of rows) expect(row[6], `why ${row[0]} has its threshold`).toMatch(/\w/);
  });
});

/** A scene's folders of pictures, and how many lie in each. */
function splitsOf(scene: string): [string, number][] {
  return ['train', 'validation', 'test'].flatMap((split) =>
    list(`${scene}/${split}`).map((kind): [string, number] => [
      `${split}/${kind}`,
      list(`${scene}/${split}/${kind}`).length,
    ]),
  );
}
