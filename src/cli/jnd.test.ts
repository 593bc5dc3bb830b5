import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { createCpuBackend } from '../compute/cpu';
import { greyLevels, jndMap } from '../compute/jnd';
import { rgbFromImage8 } from '../core/raster';
import { nodeCodec } from '../datasets/codec-node';
import { pattern } from '../datasets/testing';
import { filesBelow, runHere, temporaryFolder } from './testing';

const folder = await temporaryFolder();
const at = (name: string) => path.join(folder.path, name);
afterAll(() => folder.remove());

describe('jnd', () => {
  it('writes a map for each image that can be read, and names the others', async () => {
    await mkdir(at('photos/deep'), { recursive: true });
    await writeFile(at('photos/a.png'), await pattern(1, 33, 29));
    await writeFile(at('photos/deep/b.png'), await pattern(2, 40, 31));
    await writeFile(at('photos/broken.png'), 'no picture');
    const ran = await runHere('jnd', '--images', at('photos'), '--out', at('maps'));
    expect(ran).toMatchObject({ code: 0, out: '' });
    expect(ran.err).toMatch(/^broken\.png .*\n$/);
    expect([...(await filesBelow(at('maps'))).keys()]).toEqual(['a.png', 'deep/b.png']);

    const written = await sharp(await readFile(at('maps/a.png')))
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    const backend = createCpuBackend();
    const picture = rgbFromImage8(await nodeCodec.decode(new Uint8Array(await readFile(at('photos/a.png'))), 'a.png'));
    const map = await backend.download(jndMap(backend, backend.upload(greyLevels(picture))));
    expect([...written]).toEqual([...map.data].map((value) => Math.round(255 * value)));
    expect(Math.max(...written)).toBe(255);
  });

  it('fails where no image can be read', async () => {
    await mkdir(at('bad'), { recursive: true });
    await writeFile(at('bad/x.png'), 'no picture');
    const ran = await runHere('jnd', '--images', at('bad'), '--out', at('none'));
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('No image of');
  });
});
