// Compare an exported SAM-nano in ONNX Runtime with what PyTorch computed, and time it.
//
//   node foundry/sam/check.mjs STEM FOLDER TOLERANCE [wasm]
//
// STEM is the path of the pair of files without .encoder.onnx; FOLDER was written by `python3 -m foundry.sam.export
// reference`. Prints, for each case and output, the greatest absolute difference relative to the greatest value, and the
// median times; exits 1 when a difference exceeds TOLERANCE.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const [stem, folder, tolerance, runtime = 'node'] = process.argv.slice(2);
if (!(Number(tolerance) > 0) || !['node', 'wasm'].includes(runtime)) {
  console.error('Usage: node foundry/sam/check.mjs STEM FOLDER TOLERANCE [wasm]');
  process.exit(2);
}
const ort = runtime === 'wasm' ? await import('onnxruntime-web') : await import('onnxruntime-node');
if (runtime === 'wasm') ort.env.wasm.numThreads = 2;
const options = { intraOpNumThreads: 2, executionProviders: [runtime === 'wasm' ? 'wasm' : 'cpu'] };
const [encoder, decoder] = await Promise.all(
  ['encoder', 'decoder'].map(async (part) =>
    ort.InferenceSession.create(await readFile(`${stem}.${part}.onnx`), options),
  ),
);

async function tensor(test, key) {
  const bytes = await readFile(join(folder, `${test.name}.${key}`));
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  return key === 'input_labels'
    ? new ort.Tensor('int64', new BigInt64Array(buffer), test.dims[key])
    : new ort.Tensor('float32', new Float32Array(buffer), test.dims[key]);
}

async function timed(session, feeds) {
  const times = [];
  let outputs = await session.run(feeds); // the first run also plans memory
  for (let run = 0; run < 5; run++) {
    const start = performance.now();
    outputs = await session.run(feeds);
    times.push(performance.now() - start);
  }
  return [outputs, times.sort((a, b) => a - b)[2]];
}

let worst = 0;
for (const test of JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8'))) {
  const [images, encoding] = await timed(encoder, { pixel_values: await tensor(test, 'pixel_values') });
  const prompts = { input_points: await tensor(test, 'input_points'), input_labels: await tensor(test, 'input_labels') };
  const [results, decoding] = await timed(decoder, { ...images, ...prompts });
  const report = [];
  for (const [key, { data, dims }] of Object.entries({ ...images, ...results })) {
    const expected = await tensor(test, key);
    if (dims.join() !== expected.dims.join()) throw new Error(`${key} of ${test.name} is ${dims.join('x')}.`);
    let error = 0;
    let greatest = 0;
    for (let i = 0; i < data.length; i++) {
      greatest = Math.max(greatest, Math.abs(expected.data[i]));
      const difference = Math.abs(data[i] - expected.data[i]);
      // A NaN compares false with everything, so it is counted as the worst error.
      if (!(difference <= error)) error = Number.isNaN(difference) ? Infinity : difference;
    }
    worst = Math.max(worst, error / greatest);
    report.push(`${key} ${(error / greatest).toExponential(1)}`);
  }
  console.log(
    `${runtime} ${test.name}: ${report.join('  ')}, encode ${encoding.toFixed(0)} ms, decode ${decoding.toFixed(0)} ms`,
  );
}
console.log(`greatest relative difference ${worst.toExponential(2)}, allowed ${tolerance}`);
process.exit(worst <= Number(tolerance) ? 0 : 1);
