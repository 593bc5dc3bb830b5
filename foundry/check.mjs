// Compare ONNX files in ONNX Runtime with what PyTorch computed, and time them.
//
//   node foundry/check.mjs FOLDER TOLERANCE node|wasm MODEL.onnx …
//
// FOLDER was written by `write_cases` (reference.py). Models run in turn: an input comes from the outputs of those
// before, or else from FOLDER. Prints, for each case, the greatest difference of each output relative to its greatest
// value, and the median times; exits 1 when a difference exceeds TOLERANCE.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const RUNS = 5;
const [folder, tolerance, runtime, ...models] = process.argv.slice(2);
if (!(Number(tolerance) > 0) || !['node', 'wasm'].includes(runtime) || !models.length) {
  console.error('Usage: node foundry/check.mjs FOLDER TOLERANCE node|wasm MODEL.onnx …');
  process.exit(2);
}
const ort = runtime === 'wasm' ? await import('onnxruntime-web') : await import('onnxruntime-node');
if (runtime === 'wasm') ort.env.wasm.numThreads = 2;
const options = { intraOpNumThreads: 2, executionProviders: [runtime === 'wasm' ? 'wasm' : 'cpu'] };
const sessions = await Promise.all(
  models.map(async (model) => ort.InferenceSession.create(await readFile(model), options)),
);

async function stored({ name, tensors }, key) {
  if (!(key in tensors)) throw new Error(`${folder} has no ${key} of ${name}.`);
  const bytes = await readFile(join(folder, `${name}.${key}`));
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { type, dims } = tensors[key];
  return new ort.Tensor(type, type === 'int64' ? new BigInt64Array(buffer) : new Float32Array(buffer), dims);
}

async function timed(session, feeds) {
  const times = [];
  let outputs = await session.run(feeds); // the first run also plans memory
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    outputs = await session.run(feeds);
    times.push(performance.now() - start);
  }
  return [outputs, times.sort((a, b) => a - b)[(RUNS - 1) / 2]];
}

function relativeError(key, { data, dims }, expected) {
  if (dims.join() !== expected.dims.join()) throw new Error(`${key} is ${dims.join('x')}.`);
  let error = 0;
  let greatest = Number.MIN_VALUE;
  for (let i = 0; i < data.length; i++) {
    greatest = Math.max(greatest, Math.abs(expected.data[i]));
    const difference = Math.abs(data[i] - expected.data[i]);
    // A NaN compares false with everything, so it is counted as the worst error.
    if (!(difference <= error)) error = Number.isNaN(difference) ? Infinity : difference;
  }
  return error / greatest;
}

let worst = 0;
for (const test of JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8'))) {
  const known = {};
  const report = [];
  const times = [];
  for (const session of sessions) {
    const feeds = {};
    for (const key of session.inputNames) feeds[key] = known[key] ?? (await stored(test, key));
    const [outputs, time] = await timed(session, feeds);
    Object.assign(known, outputs);
    times.push(`${time.toFixed(0)} ms`);
    for (const key of session.outputNames) {
      const error = relativeError(key, outputs[key], await stored(test, key));
      worst = Math.max(worst, error);
      report.push(`${key} ${error.toExponential(1)}`);
    }
  }
  console.log(`${runtime} ${test.name}: ${report.join('  ')}, ${times.join(' + ')}`);
}
console.log(`greatest relative difference ${worst.toExponential(2)}, allowed ${tolerance}`);
process.exit(worst <= Number(tolerance) ? 0 : 1);
