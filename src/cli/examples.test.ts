import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectorFixture } from '../models/detector/testing';
import { openDetector } from './detector';
import { readPhotograph } from './files';
import { MODELS } from './stages';
import { temporaryFolder } from './testing';

/** The examples of docs/examples come to the studio's own score. */

const run = promisify(execFile);
const at = (place: string) => fileURLToPath(new URL(`../../${place}`, import.meta.url));
const DEMO = at('public/datasets/demo/pin_tray/test/logical_anomalies/000.jpg');

const folder = await temporaryFolder();
const temporary = (name: string) => path.join(folder.path, name);
afterAll(() => folder.remove());

const python = process.env.PYTHON ?? 'python3';
const hasPython = await run(python, ['-c', 'import numpy, onnxruntime, PIL']).then(
  () => true,
  () => false,
);
if (!hasPython)
  console.log(`examples: detect.py skipped: ${python} has not onnxruntime, numpy and Pillow (or set PYTHON).`);
const hasNode = (() => {
  try {
    createRequire(import.meta.url).resolve('onnxruntime-node');
    return true;
  } catch {
    return false;
  }
})();
if (!hasNode) console.log('examples: detect.mjs skipped: onnxruntime-node is not installed.');

const EXAMPLES = [
  { name: 'detect.mjs', command: process.execPath, runs: hasNode },
  { name: 'detect.py', command: python, runs: hasPython },
];

/** Detectors by name, the shipped one among them where there is one; and photographs of several sizes. */
const models: Record<string, string> = {
  'of the picture’s size': temporary('same.onnx'),
  'of another size, normalised, smoothed': temporary('other.onnx'),
};
const shipped = path.join(MODELS, 'detector.onnx');
if (existsSync(shipped)) models['shipped'] = shipped;
const photographs: Record<string, string> = {
  'the demo’s': DEMO,
  'an oblong one': temporary('oblong.png'),
  'a transparent one': temporary('transparent.png'),
};

beforeAll(async () => {
  await writeFile(models['of the picture’s size'], detectorFixture({ size: 256, smooth: 21 }));
  const normalised = { mean: [0.4, 0.45, 0.5], std: [0.2, 0.25, 0.3] };
  await writeFile(
    models['of another size, normalised, smoothed'],
    detectorFixture({ size: 192, smooth: 7, ...normalised }),
  );
  await sharp(DEMO).resize(700, 300, { fit: 'fill' }).png().toFile(photographs['an oblong one']);
  const hole = { create: { width: 90, height: 90, channels: 4 as const, background: '#00000080' } };
  await sharp(DEMO)
    .ensureAlpha()
    .composite([{ input: hole, blend: 'dest-out', left: 40, top: 50 }])
    .png()
    .toFile(photographs['a transparent one']);
});

describe.each(EXAMPLES)('$name', ({ name, command, runs }) => {
  describe.each(Object.keys(models))('with a detector %s', (model) => {
    it.runIf(runs).each(Object.keys(photographs))('scores %s photograph as the studio does', async (photograph) => {
      const [file, photo] = [models[model], photographs[photograph]];
      const { detector } = await openDetector(file);
      const { score } = await detector.detect((await readPhotograph(photo, photo)).raster);
      await detector.release();
      const { stdout } = await run(command, [at(`docs/examples/${name}`), file, photo]);
      const found = JSON.parse(stdout);
      expect(Math.abs(found.score - score)).toBeLessThan(1e-3);
      expect(found.anomalous).toBe(score > detector.form.threshold.image);
    });
  });
});
