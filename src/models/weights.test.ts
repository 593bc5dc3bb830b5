import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../core/hash';
import { filesOf, parseCard, SHIPPED } from './cards';
import { image, model, node, tensor } from './onnx-file/build';
import { floatInitializers, parseOnnx, readFloats, serializeOnnx } from './onnx-file/onnx';
import { EDGE_OUTPUTS } from './pidinet/pidinet';
import { folderSource } from './weights-node';
import { loadOwnEdges, loadShippedEdges, loadShippedGenerator, type WeightSource } from './weights';

const MODELS = fileURLToPath(new URL('../../public/models/', import.meta.url));
const OFFICIAL = fileURLToPath(new URL('../../../shared/data/pidinet-official/', import.meta.url));

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Files in memory. */
function sourceOf(files: Record<string, Uint8Array<ArrayBuffer>>): WeightSource {
  return { read: (file) => Promise.resolve(files[file] ?? null) };
}

async function shipped(
  changes: { weights?: Uint8Array<ArrayBuffer>; card?: object; text?: string } = {},
): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const weights = utf8('weights');
  const card = {
    id: 'pidinet-small',
    title: 'PiDiNet small',
    task: 'edges',
    file: 'small.onnx',
    sha256: await sha256(weights),
    bytes: weights.length,
    licence: 'L',
    metrics: { ods: 0.7 },
    ...changes.card,
  };
  return {
    [SHIPPED.edges]: utf8(changes.text ?? JSON.stringify(card)),
    'small.onnx': changes.weights ?? weights,
  };
}

describe('shipped weights', () => {
  it('come with card and hash', async () => {
    const loaded = await loadShippedEdges(sourceOf(await shipped()));
    expect(loaded).toMatchObject({
      ref: { id: 'pidinet-small', sha256: await sha256(utf8('weights')) },
      name: 'small.onnx',
      licence: 'L',
      bytes: utf8('weights'),
      card: { metrics: { ods: 0.7 } },
    });
  });

  it.each([
    ['an altered file', { weights: utf8('weighty') }, 'altered-weights', /small\.onnx.*Install/],
    ['a card that is no JSON', { text: '<html>' }, 'bad-weights', /pidinet-small\.json/],
    ['a card without a hash', { card: { sha256: 'abc' } }, 'bad-weights', /pidinet-small\.json/],
    ['a card of another task', { card: { task: 'segmentation' } }, 'bad-weights', /pidinet-small\.json/],
  ])('%s is refused, naming the file', async (_, changes, code, message) => {
    await expect(loadShippedEdges(sourceOf(await shipped(changes)))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('are missed by name: the card, the weights beside it; a generator is optional', async () => {
    await expect(loadShippedEdges(sourceOf({}))).rejects.toMatchObject({ code: 'missing-weights' });
    const { [SHIPPED.edges]: card } = await shipped();
    await expect(loadShippedEdges(sourceOf({ [SHIPPED.edges]: card }))).rejects.toMatchObject({
      code: 'missing-weights',
      message: expect.stringContaining('small.onnx'),
    });
    expect(await loadShippedGenerator(sourceOf({}))).toBeNull();
  });

  it('can be loaded again after a failure', async () => {
    const files = await shipped();
    let reads = 0;
    const source: WeightSource = {
      read: (file) => (++reads === 1 ? Promise.reject(new Error('offline')) : Promise.resolve(files[file] ?? null)),
    };
    await expect(loadShippedEdges(source)).rejects.toThrow('offline');
    expect((await loadShippedEdges(source)).name).toBe('small.onnx');
  });

  it('in public/models are what their cards say', async () => {
    const cards = (await readdir(MODELS)).filter((name) => name.endsWith('.json'));
    for (const name of cards) {
      const card = parseCard(await readFile(`${MODELS}${name}`, 'utf8'), name);
      for (const { file, ...described } of filesOf(card)) {
        const bytes = new Uint8Array(await readFile(`${MODELS}${file}`));
        expect({ file, bytes: bytes.length, sha256: await sha256(bytes) }).toEqual({
          file,
          bytes: described.bytes,
          sha256: described.sha256,
        });
      }
    }
  });
});

describe('weights that the person brings', () => {
  const size = ['N', 3, 'H', 'W'];
  const pidinet = (values: number[] = [1, 2, 3]) =>
    model(
      [image('image', size)],
      EDGE_OUTPUTS.map((name) => node('Conv', ['image', 'w'], [name])),
      EDGE_OUTPUTS.map((name) => image(name, ['N', 1, 'H', 'W'])),
      [tensor('w', [1, 3, 1, 1], values)],
    );
  const nowhere = sourceOf({});

  it('may be an ONNX file of the right form, whatever its name', async () => {
    const bytes = serializeOnnx(pidinet());
    const loaded = await loadOwnEdges(bytes, 'mine.bin', nowhere);
    expect(loaded).toMatchObject({ ref: { id: 'mine.bin', sha256: await sha256(bytes) }, card: null, bytes });
  });

  const other = model([image('image', size)], [node('Relu', ['image'], ['y'])], [image('y', size)]);
  const hollow = pidinet();
  delete hollow.graph.initializer[0].rawData;
  const renamed = pidinet();
  renamed.graph.input[0].name = 'input';
  it.each<[string, string, Uint8Array<ArrayBuffer>, RegExp]>([
    ['nothing', 'a.onnx', new Uint8Array(), /a\.onnx is not a complete ONNX file/],
    ['a picture', 'a.jpg', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16), /a\.jpg is not a complete ONNX file/],
    ['a web page', 'a.onnx', utf8('\n<!DOCTYPE html><html>'), /a\.onnx is a web page.*raw/],
    ['a file cut off', 'a.onnx', serializeOnnx(pidinet()).slice(0, 100), /not a complete ONNX file/],
    ['another network', 'a.onnx', serializeOnnx(other), /no PiDiNet: it has no output e1/],
    ['another input', 'a.onnx', serializeOnnx(renamed), /input called image/],
    ['a graph without its values', 'a.onnx', serializeOnnx(hollow), /w in a\.onnx should be 3 values and are 0/],
    ['a checkpoint cut off', 'a.pth', utf8('PK\x03\x04'), /a\.pth cannot be read.*not a complete zip/],
  ])('is refused if it is %s', async (_, file, bytes, message) => {
    await expect(loadOwnEdges(bytes, file, nowhere)).rejects.toMatchObject({
      code: 'bad-weights',
      file,
      message: expect.stringMatching(message),
    });
  });

  it('is refused if it has the name of an official file and other content', async () => {
    await expect(loadOwnEdges(utf8('PK'), 'down/table5_pidinet.pth', nowhere)).rejects.toMatchObject({
      code: 'altered-weights',
      file: 'down/table5_pidinet.pth',
    });
  });

  const present = existsSync(`${OFFICIAL}table5_pidinet-tiny.pth`);
  if (!present) console.log('skipped: official PiDiNet weights, for want of ../shared/data/pidinet-official');
  it.skipIf(!present)('is recognised if it is official, whatever its name, and goes into the graph', async () => {
    const bytes = new Uint8Array(readFileSync(`${OFFICIAL}table5_pidinet-tiny.pth`));
    const loaded = await loadOwnEdges(bytes, 'edges.dat', folderSource(MODELS));
    expect(loaded.ref).toEqual({ id: 'pidinet-tiny-official', sha256: await sha256(bytes) });
    expect(loaded.licence).toMatch(/research/i);
    const weights = floatInitializers(parseOnnx(loaded.bytes, 'x'));
    expect(readFloats(weights.get('block1_2.conv1.weight')!, 'x').dims).toEqual([20, 1, 5, 5]);
    await expect(loadOwnEdges(bytes, 'edges.dat', nowhere)).rejects.toMatchObject({
      code: 'missing-weights',
      message: expect.stringContaining('pidinet-tiny.template.onnx'),
    });
  });
});
