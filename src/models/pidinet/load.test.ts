import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { dimsOf, floatInitializers, metadata, parseOnnx, readFloats } from '../onnx-file/onnx';
import { differenceLayers, VARIANTS, type PidinetVariant } from './convert';
import { onnxFromPth, templateFile } from './load';
import { checkpointDims, checkpointOf } from './pth-testing';

const MODELS = new URL('../../../public/models/', import.meta.url);

describe.each(Object.keys(VARIANTS) as PidinetVariant[])('the template of %s', (variant) => {
  it('has the width of its variant, 83 weights, and room for converted kernels', async () => {
    const file = templateFile(variant);
    const model = parseOnnx(await readFile(new URL(file, MODELS)), file);
    expect(metadata(model, 'pidinet.variant')).toBe(variant);
    const places = floatInitializers(model);
    expect(places.size).toBe(83);
    expect(dimsOf(places.get('init_block.weight')!)).toEqual([VARIANTS[variant], 3, 3, 3]);
    for (const [name, kind] of differenceLayers()) {
      const side = kind === 'rd' ? 5 : 3;
      expect(dimsOf(places.get(name)!).slice(2), name).toEqual([side, side]);
    }
  });
});

// The official checkpoints themselves are loaded in pidinet.test.ts; these are made up, and so may be broken.
describe('onnxFromPth', () => {
  const template = (file: string) => readFile(new URL(file, MODELS));
  let dims: Map<string, number[]>;

  beforeAll(async () => {
    dims = checkpointDims(parseOnnx(await template(templateFile('tiny')), 'tiny'));
  });

  /** A checkpoint of the given dims; weight k of the n-th tensor is n + k/8. */
  function checkpoint(sizes: ReadonlyMap<string, number[]>, poison?: { name: string; value: number }) {
    return checkpointOf(sizes, (name, count, n) => {
      const values = Float32Array.from({ length: count }, (_, k) => n + k / 8);
      if (poison?.name === name) values[0] = poison.value;
      return values;
    });
  }

  it('puts every value in its place', async () => {
    const { variant, model } = await onnxFromPth(checkpoint(dims), 'a.pth', template);
    expect(variant).toBe('tiny');
    const filled = floatInitializers(parseOnnx(model, 'a'));
    const names = [...dims.keys()];
    const bias = names.indexOf('classifier.bias');
    expect([...readFloats(filled.get('classifier.bias')!, 'a').data]).toEqual([bias]);
    const reduce = names.indexOf('conv_reduces.1.conv.weight');
    expect([...readFloats(filled.get('conv_reduces.1.conv.weight')!, 'a').data]).toEqual(
      Array.from({ length: 8 }, (_, k) => reduce + k / 8),
    );
    // cd: the centre loses the sum of the nine, 9n + (0 + … + 8)/8.
    const first = readFloats(filled.get('init_block.weight')!, 'a').data;
    const n = names.indexOf('init_block.weight');
    expect(first[4]).toBeCloseTo(n + 4 / 8 - (9 * n + 36 / 8), 4);
  });

  it.each<[string, () => Uint8Array, RegExp]>([
    [
      'a weight too few',
      () => checkpoint(without('attentions.2.conv1.bias')),
      /attentions\.2\.conv1\.bias are missing/,
    ],
    ['a weight too many', () => checkpoint(new Map([...dims, ['head.weight', [1]]])), /head\.weight, which/],
    [
      'a weight of another shape',
      () => checkpoint(new Map([...dims, ['block2_1.shortcut.bias', [41]]])),
      /block2_1\.shortcut\.bias is \[41\] and should be \[40\]/,
    ],
    [
      'a difference kernel of another size',
      () => checkpoint(new Map([...dims, ['block3_3.conv1.weight', [80, 1, 5, 5]]])),
      /\[O, I, 3, 3\], not \[80, 1, 5, 5\]/,
    ],
    [
      'a value that is no number',
      () => checkpoint(dims, { name: 'classifier.bias', value: NaN }),
      /classifier\.bias.*NaN/,
    ],
    ['an infinite value', () => checkpoint(dims, { name: 'init_block.weight', value: Infinity }), /init_block/],
  ])('refuses %s, naming file and weight', async (_, bytes, message) => {
    await expect(onnxFromPth(bytes(), 'a.pth', template)).rejects.toMatchObject({
      code: 'bad-weights',
      file: 'a.pth',
      message: expect.stringMatching(message),
    });
  });

  function without(name: string): Map<string, number[]> {
    const rest = new Map(dims);
    rest.delete(name);
    return rest;
  }
});
