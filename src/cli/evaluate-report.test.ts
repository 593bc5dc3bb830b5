import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../core/random';
import { findMapFiles } from '../datasets/anomaly-maps';
import { encodeGreyPng } from '../datasets/codec';
import type { FileTree } from '../datasets/file-tree';
import { findTestSets } from '../datasets/find-test-sets';
import { tiffOf } from '../datasets/maps-testing';
import { readTestSet } from '../datasets/test-set';
import { pattern } from '../datasets/testing';
import type { Figures } from '../evaluation/figures';
import { MemoryBlobStore } from '../project/blobs';
import { runEvaluation } from '../project/evaluate';
import { decodeDetails, type EvaluationDetails, type EvaluationRecord } from '../project/evaluation';
import { imagesCsv, summaryCsv } from '../project/evaluation-csv';
import { evaluationReport, REPORT_FIGURES } from '../project/evaluation-report';
import { figureText } from '../project/evaluation-text';
import { evaluationTools } from '../project/testing';
import { runHere, temporaryFolder, writeBelow } from './testing';

/** What the page Evaluate reports and exports, against what the command line prints for the same files. */

const folder = await temporaryFolder();
const [WIDTH, HEIGHT] = [32, 24];
const CONFIG = [
  { defect_name: 'missing', pixel_value: 255, saturation_threshold: 12, relative_saturation: false },
  { defect_name: '<stain> & "dirt", old', pixel_value: 3, saturation_threshold: 0.5, relative_saturation: true },
];
const SUBSETS = [
  ...Array.from({ length: 5 }, () => 'good'),
  ...Array.from({ length: 4 }, () => 'logical_anomalies'),
  ...Array.from({ length: 4 }, () => 'structural_anomalies'),
];

afterAll(() => folder.remove());

function block(value: number, left: number): Uint8Array {
  const levels = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 5; y < 12; y++) levels.fill(value, y * WIDTH + left, y * WIDTH + left + 6);
  return encodeGreyPng(levels, WIDTH, HEIGHT);
}

/** A folder of the disk as the browser would give it: its own name comes first. */
async function tree(top: string): Promise<FileTree> {
  const entries = await readdir(path.join(folder.path, top), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return {
    paths: files.map((file) => path.relative(folder.path, file).split(path.sep).join('/')),
    nameOf: (file) => file,
    read: async (file) => new Uint8Array(await readFile(path.join(folder.path, file))),
  };
}

let printed: Figures;
let record: EvaluationRecord;
let details: EvaluationDetails;

beforeAll(async () => {
  const at = (...names: string[]) => path.join(folder.path, ...names);
  await writeBelow(at('data', 'pins', 'defects_config.json'), JSON.stringify(CONFIG));
  await writeBelow(at('data', 'pins', 'train', 'good', '000.png'), await pattern(99, WIDTH, HEIGHT));
  for (const [i, subset] of SUBSETS.entries()) {
    const stem = String(i).padStart(3, '0');
    const random = new Random(i);
    const scores = Float32Array.from({ length: WIDTH * HEIGHT }, () => random.normal());
    await writeBelow(at('data', 'pins', 'test', subset, `${stem}.png`), await pattern(i, WIDTH, HEIGHT));
    if (subset !== 'good') {
      const left = 2 + i;
      const value = subset === 'logical_anomalies' ? 255 : 3;
      await writeBelow(at('data', 'pins', 'ground_truth', subset, stem, '000.png'), block(value, left));
      for (let y = 5; y < 12; y++) for (let x = left; x < left + 6; x++) scores[y * WIDTH + x] += random.uniform(0, 2);
    }
    await writeBelow(at('maps', 'pins', 'test', subset, `${stem}.tiff`), tiffOf(scores, WIDTH, HEIGHT));
  }
  const args = ['evaluate', '--dataset', at('data'), '--object', 'pins', '--maps', at('maps'), '--json'];
  const { code, out } = await runHere(...args);
  expect(code).toBe(0);
  printed = JSON.parse(out) as Figures;

  const [place] = findTestSets(await tree('data'));
  const set = await readTestSet(place.tree, place.object);
  const blobs = new MemoryBlobStore();
  const input = {
    tree: place.tree,
    set,
    maps: findMapFiles(await tree('maps'), set),
    testSet: { title: 'Pins', builtIn: false },
    detector: { kind: 'file', name: 'seen & <judged>.onnx', sha256: 'ab'.repeat(32) } as const,
    thresholds: null,
    photoOf: () => null,
  };
  const tools = evaluationTools(blobs, Date.UTC(2026, 0, 2, 3, 4));
  for await (const step of runEvaluation(input, tools)) if (step.record) record = step.record;
  details = decodeDetails(await blobs.get(record.details));
});

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=';

function report(): string {
  const shown = details.images.slice(0, 3).map((image) => ({ image, picture: PIXEL }));
  return evaluationReport(record, details, { shown, now: new Date(Date.UTC(2026, 0, 3)) });
}

/** Text of the cells of every row, tags left out. */
function rowsOf(document: string): string[][] {
  const plain = (markup: string) =>
    markup
      .replace(/<[^>]*>/g, '')
      .replace(/\s+/g, ' ')
      .trim();
  return [...document.matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)].map(([, row]) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell]) => plain(cell)),
  );
}

describe('a report', () => {
  it('holds the figures that the command line prints for the same maps', () => {
    const [, json] = new RegExp(`id="${REPORT_FIGURES}">(.*?)</script>`, 's').exec(report())!;
    expect(JSON.parse(json)).toEqual(printed);
  });

  it('shows them', () => {
    const document = report();
    const rows = new Map(rowsOf(document).map(([name, ...cells]) => [name, cells]));
    const five = (areas: Readonly<Record<string, number>>) => Object.values(areas).map(figureText);
    expect(rows.get('AU-sPRO, mean')).toEqual([
      ...five(printed.au_spro!.mean!),
      figureText(printed.image_auroc_by_subset.mean),
    ]);
    const kind = printed.au_spro!.structural_anomalies!;
    expect(rows.get('AU-sPRO, Structural')!.slice(0, 5)).toEqual(five(kind));
    const { aupro } = printed;
    expect(rows.get('AUPRO, all')).toEqual(
      ['', aupro!['0.05'], '', aupro!['0.3'], aupro!['1.0'], ''].map((value) =>
        typeof value === 'number' ? figureText(value) : value,
      ),
    );
    expect(rows.get('Missing')!.slice(3, 8)).toEqual(five(printed.au_spro_by_defect!.logical_anomalies.missing));
    for (const value of [printed.image_auroc, printed.image_ap, printed.pixel_auroc, printed.pixel_ap]) {
      expect(document).toContain(`<dd>${figureText(value)}</dd>`);
    }
  });

  it('names detector, hash and dates, and needs no other file', () => {
    const document = report();
    expect(document).toMatch(/^<!doctype html>/);
    expect(document).toContain('seen &amp; &lt;judged&gt;.onnx');
    expect(document).toContain('ab'.repeat(32));
    expect(document).toContain('2026-01-02 03:04 UTC');
    expect(document).toContain('2026-01-03 00:00 UTC');
    expect(document.match(/<img /g)).toHaveLength(3);
    expect(document.match(/<svg /g)).toHaveLength(5);
    expect(document).not.toMatch(/(src|href)="(?!data:)/);
    expect(document).not.toMatch(/url\(|@import|<link/);
  });

  it('takes names as text', () => {
    const document = report();
    expect(document).toContain('&lt;stain&gt; &amp; &quot;dirt&quot;, old');
    expect(document).not.toContain('<stain>');
  });

  it('says what is left out', () => {
    const problems = [{ path: 'pins/x.png', message: 'x.png is <gone>.', leftOut: true }];
    const document = evaluationReport(
      { ...record, leftOut: 1 },
      { ...details, problems, notes: ['A note.'] },
      { shown: [], now: new Date() },
    );
    expect(document).toContain('1 of 14 test images could not be evaluated');
    expect(document).toContain('x.png is &lt;gone&gt;.');
    expect(document).toContain('A note.');
  });

  it('of a set without anomalies has no curves, and dashes for what is not defined', () => {
    const figures: Figures = {
      images: { good: 5, anomalous: 0 },
      image_auroc: null,
      image_ap: null,
      pixel_auroc: null,
      pixel_ap: null,
      aupro: null,
      aupro_by_subset: {},
      au_spro: { mean: null },
      au_spro_by_defect: {},
      image_auroc_by_subset: { mean: null },
    };
    const images = details.images.filter(({ subset }) => subset === 'good');
    const curves = { pixel: null, pro: null, subsets: [] };
    const document = evaluationReport(
      { ...record, figures },
      { ...details, images, curves },
      { shown: [], now: new Date() },
    );
    expect(document).not.toContain('<svg');
    expect(document).toContain('<dd>–</dd>');
  });
});

describe('CSV', () => {
  /** Fields of RFC 4180 lines. */
  const parse = (text: string) =>
    text
      .trimEnd()
      .split('\r\n')
      .map((line) =>
        [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
          quoted === undefined ? plain : quoted.replaceAll('""', '"'),
        ),
      );

  it('of the figures has what the command line prints', () => {
    const [head, ...rows] = parse(summaryCsv(record.figures));
    expect(head).toEqual(['figure', 'subset', 'defect', 'limit', 'value']);
    const value = (...key: string[]) => {
      const row = rows.find((each) => key.every((part, i) => each[i] === part));
      return row?.[4] === '' ? null : Number(row?.[4]);
    };
    expect(value('image_auroc', '')).toBe(printed.image_auroc);
    expect(value('image_auroc', 'mean')).toBe(printed.image_auroc_by_subset.mean);
    expect(value('aupro', '', '', '0.3')).toBe(printed.aupro!['0.3']);
    expect(value('au_spro', 'mean', '', '0.05')).toBe(printed.au_spro!.mean!['0.05']);
    expect(value('au_spro', 'structural_anomalies', '<stain> & "dirt", old', '1.0')).toBe(
      printed.au_spro_by_defect!.structural_anomalies['<stain> & "dirt", old']['1.0'],
    );
    expect(value('images', 'anomalous')).toBe(8);
  });

  it('of the images has a line each', () => {
    const [head, ...rows] = parse(imagesCsv(details.images, record.threshold, record.pixelThreshold));
    expect(rows).toHaveLength(13);
    const column = (name: string) => rows.map((row) => row[head.indexOf(name)]);
    expect(column('image')).toEqual(details.images.map(({ path: image }) => image));
    expect(column('score').map(Number)).toEqual(details.images.map(({ score }) => score));
    expect(column('defects').filter((name) => name === '<stain> & "dirt", old')).toHaveLength(4);
    expect(new Set(column('verdict'))).toEqual(
      new Set(
        details.images.map(({ subset, score }) => {
          const alarm = score >= record.threshold;
          return subset === 'good' ? (alarm ? 'false_alarm' : 'passed') : alarm ? 'hit' : 'miss';
        }),
      ),
    );
    expect(rows.every((row) => row.length === head.length)).toBe(true);
    const none = parse(imagesCsv(details.images, record.threshold, null));
    expect(none[1][head.indexOf('found')]).toBe('');
  });
});
