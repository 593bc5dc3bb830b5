import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readPth } from './pth';
import { floats, Pickle, pth } from './pth-testing';

/** { name: tensor } */
function one(name: string, add: (pickle: Pickle) => Pickle): Uint8Array {
  return add(new Pickle().orderedDict().text(name)).op(0x73).stop();
}

const simple = pth(
  one('w', (p) => p.tensor('0', 2, 0, [2], [1])),
  { 0: floats(1.5, -2) },
);

describe('readPth', () => {
  it('reads a bare state_dict', () => {
    expect(readPth(simple, 'a.pth')).toEqual(new Map([['w', { dims: [2], data: Float32Array.of(1.5, -2) }]]));
  });

  it('finds state_dict beside other values, takes module. off its keys, and skips its metadata', () => {
    const pickle = new Pickle()
      .op(0x7d, 0x28)
      .text('epoch')
      .int(19)
      .text('best')
      .op(0x47, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0) // 0.5
      .text('args')
      .op(0x5d, 0x28, 0x4e, 0x88, 0x8a, 2, 0xff, 0xff, 0x65) // [None, True, -1]
      .text('state_dict')
      .orderedDict()
      .op(0x28)
      .text('module.a')
      .tensor('0', 1, 0, [1], [1])
      .text('module.b')
      .tensor('1', 1, 0, [], [])
      .op(0x75)
      .op(0x7d)
      .text('_metadata')
      .orderedDict()
      .op(0x73, 0x62) // BUILD with { _metadata: … }
      .op(0x75)
      .stop();
    const tensors = readPth(pth(pickle, { 0: floats(7), 1: floats(8) }), 'a.pth');
    expect([...tensors.keys()]).toEqual(['a', 'b']);
    expect(tensors.get('b')).toEqual({ dims: [], data: Float32Array.of(8) });
  });

  it('follows offset and strides: a transposed view, a repeated value, two views of one storage', () => {
    const pickle = new Pickle()
      .orderedDict()
      .op(0x28)
      .text('transposed')
      .tensor('0', 7, 1, [3, 2], [1, 3])
      .text('repeated')
      .tensor('0', 7, 6, [2, 2], [0, 0])
      .op(0x75)
      .stop();
    const tensors = readPth(pth(pickle, { 0: floats(0, 1, 2, 3, 4, 5, 6) }), 'a.pth');
    expect([...tensors.get('transposed')!.data]).toEqual([1, 4, 2, 5, 3, 6]);
    expect([...tensors.get('repeated')!.data]).toEqual([6, 6, 6, 6]);
  });

  it('reads half and double precision', () => {
    const half = one('w', (p) => p.tensor('0', 2, 0, [2], [1], 'HalfStorage'));
    expect([...readPth(pth(half, { 0: Uint8Array.of(0, 0x3c, 0, 0xc0) }), 'a').get('w')!.data]).toEqual([1, -2]);
    const double = one('w', (p) => p.tensor('0', 1, 0, [1], [1], 'DoubleStorage'));
    const bytes = new Uint8Array(Float64Array.of(0.1).buffer);
    expect(readPth(pth(double, { 0: bytes }), 'a').get('w')!.data[0]).toBe(Math.fround(0.1));
  });

  it('does not mistake keys for properties of objects', () => {
    const pickle = one('__proto__', (p) => p.tensor('0', 1, 0, [1], [1]));
    expect([...readPth(pth(pickle, { 0: floats(1) }), 'a').keys()]).toEqual(['__proto__']);
  });

  it('never calls what a pickle names', () => {
    const pickle = new Pickle().orderedDict().text('w').global('os', 'system').text('true').op(0x85, 0x52, 0x73).stop();
    expect(() => readPth(pth(pickle), 'evil.pth')).toThrow(
      expect.objectContaining({ code: 'bad-weights', file: 'evil.pth', message: expect.stringMatching(/os\.system/) }),
    );
  });

  const tensorOf = (...args: [string, number, number, number[], number[], string?]) =>
    one('w', (p) => p.tensor(...args));
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(), /not a complete zip/],
    ['text', new TextEncoder().encode('weights'), /not a complete zip/],
    ['the old format', Uint8Array.of(0x80, 2, 0x8a, 10), /before PyTorch 1\.6/],
    ['a file cut off', simple.subarray(0, simple.length - 40), /not a complete zip/],
    ['another zip', zipSync({ 'a.txt': floats(1) }), /no data\.pkl/],
    ['TorchScript', pth(new Pickle().op(0x7d).stop(), {}, { 'archive/constants.pkl': floats(1) }), /TorchScript/],
    [
      'big-endian numbers',
      pth(new Pickle().op(0x7d).stop(), {}, { 'archive/byteorder': new TextEncoder().encode('big') }),
      /big-endian/,
    ],
    ['whole numbers', pth(tensorOf('0', 1, 0, [1], [1], 'LongStorage'), { 0: floats(1, 2) }), /torch\.LongStorage/],
    ['missing values', pth(tensorOf('0', 2, 0, [2], [1]), { 0: floats(1) }), /storage 0 are missing/],
    ['a missing storage', pth(tensorOf('5', 1, 0, [1], [1]), { 0: floats(1) }), /storage 5 are missing/],
    ['a view past its storage', pth(tensorOf('0', 2, 1, [2], [1]), { 0: floats(1, 2) }), /past its storage/],
    ['a view before its storage', pth(tensorOf('0', 2, -1, [2], [1]), { 0: floats(1, 2) }), /damaged/],
    ['more than fits', pth(tensorOf('0', 1, 0, [1 << 20, 1 << 10], [0, 0]), { 0: floats(1) }), /512 MB/],
    ['a list', pth(new Pickle().op(0x5d).stop()), /no dictionary/],
    ['no tensors', pth(new Pickle().op(0x7d).stop()), /no tensors/],
    ['an entry that is a number', pth(one('epoch', (p) => p.int(3))), /entry epoch is not a tensor/],
    ['an unknown opcode', pth(Uint8Array.of(0x80, 2, 0x69)), /opcode 0x69/],
    ['an index that ends early', pth(new Pickle().op(0x58, 200, 0, 0, 0).stop()), /ends too early/],
    ['an index without values', pth(new Pickle().stop()), /damaged/],
  ])('refuses %s with a sentence', (_, bytes, reason) => {
    expect(() => readPth(bytes, 'w.pth')).toThrow(
      expect.objectContaining({ code: 'bad-weights', file: 'w.pth', message: expect.stringMatching(reason) }),
    );
  });

  it('notices a changed value by the checksum in the zip', () => {
    const altered = simple.slice();
    // The stored floats lie in the file as they are.
    const at = altered.findIndex((_, i) => floats(1.5, -2).every((byte, k) => altered[i + k] === byte));
    altered[at + 2] ^= 1;
    expect(() => readPth(altered, 'w.pth')).toThrow(
      expect.objectContaining({ code: 'altered-weights', message: expect.stringMatching(/w\.pth.*data\/0/) }),
    );
  });
});
