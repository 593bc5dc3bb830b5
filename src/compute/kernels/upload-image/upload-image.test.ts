import { afterAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../backend';
import type { Image8 } from '../../../core/raster';
import { largestDifference, noiseImage, ODD_SIZES, openTestBackends } from '../../testing';

const backends = await openTestBackends();
afterAll(() => backends.dispose());

async function planes(backend: Backend, image: Image8) {
  const raster = backend.uploadImage(image);
  const values = await backend.download(raster);
  backend.release(raster);
  return values;
}

describe.each(backends.all)('image upload on $name', (backend) => {
  it('separates channels and lays alpha over white', async () => {
    const image = { width: 3, height: 1, data: new Uint8ClampedArray([255, 0, 51, 255, 10, 20, 30, 0, 0, 255, 0, 51]) };
    const { data, channels } = await planes(backend, image);
    expect(channels).toBe(3);
    const expected = [1, 1, 0.8, 0, 1, 1, 0.2, 1, 0.8];
    expected.forEach((value, i) => expect(data[i]).toBeCloseTo(value, 6));
  });

  it('reads the part of a larger buffer that is the image', async () => {
    const all = new Uint8ClampedArray([9, 9, 9, 9, 255, 255, 255, 255]);
    const { data } = await planes(backend, { width: 1, height: 1, data: all.subarray(4) });
    expect(Array.from(data)).toEqual([1, 1, 1]);
  });
});

describe.skipIf(!backends.webgpu)('image upload, GPU against CPU', () => {
  it.each(ODD_SIZES)('%i×%i within 1e-4', async (width, height) => {
    const image = noiseImage(1, width, height);
    const [cpu, gpu] = await Promise.all(backends.all.map((backend) => planes(backend, image)));
    expect(largestDifference(cpu, gpu)).toBeLessThanOrEqual(1e-4);
  });
});
