import { describe, expect, it } from 'vitest';
import { image, int64s, model, node, tensor } from './build';
import {
  floatInitializers,
  metadata,
  parseOnnx,
  readFloats,
  serializeOnnx,
  setMetadata,
  toNumber,
  writeFloats,
} from './onnx';
import type { OnnxModel, OnnxTensor } from './schema';

const weights = [1, -2, 0.5, 65504, 1e-7, 3.25];

function sample(half = false): OnnxModel {
  return model(
    [image('x', ['N', 3, 'H', 'W'])],
    [node('Conv', ['x', 'w'], ['y'], { pads: [0, 0, 0, 0], group: 1, auto_pad: 'NOTSET' })],
    [image('y', ['N', 2, 'H', 'W'])],
    [tensor('w', [2, 3, 1, 1], weights, half), int64s('shape', [0, -1, 2 ** 40])],
  );
}

/** The tag and bytes of a length-delimited field. */
function field(id: number, content: Uint8Array): number[] {
  return [(id << 3) | 2, content.length, ...content];
}

describe('ONNX files', () => {
  it('writes what it reads, byte for byte', () => {
    const bytes = serializeOnnx(sample());
    const again = serializeOnnx(parseOnnx(bytes, 'sample.onnx'));
    expect(again).toEqual(bytes);
  });

  it('keeps attributes that are zero and whole numbers beyond 2⁵³', () => {
    const source = sample();
    source.graph.node[0].attribute.push({ name: 'axis', type: 2, i: 0 });
    const parsed = parseOnnx(serializeOnnx(source), 'sample.onnx');
    const axis = parsed.graph.node[0].attribute.find(({ name }) => name === 'axis')!;
    expect(Object.hasOwn(axis, 'i')).toBe(true);
    expect(toNumber(axis.i!)).toBe(0);
    expect(parsed.graph.initializer[1].int64Data!.map(toNumber)).toEqual([0, -1, 2 ** 40]);
  });

  it('carries over fields it does not know', () => {
    // Field 25 of a model (functions) and field 16 of a graph lie outside the descriptor.
    const unknown = new Uint8Array([10, 3, 97, 98, 99]);
    const bytes = serializeOnnx(sample());
    const extended = new Uint8Array([...bytes, 0xca, 0x01, unknown.length, ...unknown]);
    const parsed = parseOnnx(extended, 'sample.onnx');
    writeFloats(parsed.graph.initializer[0], Float32Array.from(weights), 'stored');
    expect(serializeOnnx(parsed)).toEqual(extended);
  });

  it.each([
    ['float32 raw', sample()],
    ['float16 raw', sample(true)],
  ])('reads %s values', (_, source) => {
    const parsed = parseOnnx(serializeOnnx(source), 'sample.onnx');
    const w = floatInitializers(parsed).get('w')!;
    const { dims, data } = readFloats(w, 'sample.onnx');
    expect(dims).toEqual([2, 3, 1, 1]);
    weights.forEach((value, i) =>
      expect(Math.abs(data[i] - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11 + 2 ** -25),
    );
    expect([...floatInitializers(parsed).keys()]).toEqual(['w']);
  });

  it('reads values that lie in lists instead of raw bytes', () => {
    const float: OnnxTensor = { name: 'a', dims: [2], dataType: 1, floatData: [1.5, -3] };
    expect([...readFloats(float, 'f').data]).toEqual([1.5, -3]);
    const half: OnnxTensor = { name: 'b', dims: [2], dataType: 10, int32Data: [0x3c00, 0xc000] };
    expect([...readFloats(half, 'f').data]).toEqual([1, -2]);
  });

  it('reads raw values at odd offsets of the file', () => {
    const bytes = serializeOnnx(sample());
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    const parsed = parseOnnx(shifted.subarray(1), 'sample.onnx');
    expect([...readFloats(parsed.graph.initializer[0], 'f').data]).toEqual(weights.map(Math.fround));
  });

  it('replaces values and keeps or widens their precision', () => {
    const parsed = parseOnnx(serializeOnnx(sample(true)), 'sample.onnx');
    const w = parsed.graph.initializer[0];
    const third = new Float32Array(6).fill(1 / 3);
    writeFloats(w, third, 'stored');
    expect(w.dataType).toBe(10);
    expect(w.rawData).toHaveLength(12);
    expect(readFloats(w, 'f').data[0]).toBe(0.333251953125);
    writeFloats(w, third, 'float32');
    expect(w.dataType).toBe(1);
    const again = parseOnnx(serializeOnnx(parsed), 'sample.onnx');
    expect(readFloats(again.graph.initializer[0], 'f').data).toEqual(third);
  });

  it('refuses values that float16 cannot hold, and NaN in any precision', () => {
    const half = tensor('h', [1], [0], true);
    expect(() => writeFloats(half, Float32Array.of(65520), 'stored')).toThrow(/h .*65520.*float16/);
    writeFloats(half, Float32Array.of(65519), 'stored');
    expect(readFloats(half, 'f').data[0]).toBe(65504);
    expect(() => writeFloats(half, Float32Array.of(NaN), 'float32')).toThrow(RangeError);
    expect(() => writeFloats(half, Float32Array.of(1, 2), 'float32')).toThrow(/1 values, not 2/);
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['text', new TextEncoder().encode('<!doctype html><html></html>')],
    ['zeros', new Uint8Array(64)],
    ['a protobuf message of something else', new Uint8Array(field(1, new Uint8Array([1, 2, 3])))],
    ['the first half of a model', serializeOnnx(sample()).subarray(0, 80)],
  ])('refuses %s with a sentence that names the file', (_, bytes) => {
    expect(() => parseOnnx(bytes, 'wrong.onnx')).toThrow(
      expect.objectContaining({
        code: 'bad-weights',
        file: 'wrong.onnx',
        message: expect.stringContaining('wrong.onnx'),
      }),
    );
  });

  it('refuses values that are missing, external or of another type', () => {
    const empty: OnnxTensor = { name: 'w', dims: [3], dataType: 1 };
    expect(() => readFloats(empty, 'a.onnx')).toThrow(/w in a\.onnx should be 3 values and are 0/);
    const outside: OnnxTensor = { ...empty, externalData: [{ key: 'location', value: 'weights.bin' }] };
    expect(() => readFloats(outside, 'a.onnx')).toThrow(/another file/);
    expect(() => readFloats({ ...empty, dataType: 7 }, 'a.onnx')).toThrow(/data type 7/);
  });

  it('finds metadata', () => {
    const source = sample();
    source.metadataProps.push({ key: 'pidinet.variant', value: 'tiny' });
    const parsed = parseOnnx(serializeOnnx(source), 'a');
    expect(metadata(parsed, 'pidinet.variant')).toBe('tiny');
    expect(metadata(parsed, 'other')).toBeUndefined();
    setMetadata(parsed, 'pidinet.variant', 'small');
    setMetadata(parsed, 'other', 'new');
    const again = parseOnnx(serializeOnnx(parsed), 'a');
    expect(again.metadataProps.map(({ key, value }) => [key, value])).toEqual([
      ['pidinet.variant', 'small'],
      ['other', 'new'],
    ]);
  });
});
