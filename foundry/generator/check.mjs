// Compare an exported generator in ONNX Runtime with what PyTorch computed, and time it.
//
//   node foundry/generator/check.mjs MODEL.onnx FOLDER TOLERANCE [wasm]
//
// FOLDER was written by `python3 -m foundry.generator.export reference`. Prints the greatest absolute difference and
// the median time of each size; exits 1 when a difference exceeds TOLERANCE.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

async function floats(path) {
  const bytes = await readFile(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

const [model, folder, tolerance, runtime = 'node'] = process.argv.slice(2);
if (!(Number(tolerance) > 0) || !['node', 'wasm'].includes(runtime)) {
  console.error('Usage: node foundry/generator/check.mjs MODEL.onnx FOLDER TOLERANCE [wasm]');
  process.exit(2);
}
const ort = runtime === 'wasm' ? await import('onnxruntime-web') : await import('onnxruntime-node');
if (runtime === 'wasm') ort.env.wasm.numThreads = 2;
const session = await ort.InferenceSession.create(await readFile(model), {
  intraOpNumThreads: 2,
  executionProviders: [runtime === 'wasm' ? 'wasm' : 'cpu'],
});
let worst = 0;
for (const { name, height, width } of JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8'))) {
  const edges = new ort.Tensor('float32', await floats(join(folder, `${name}.edges.f32`)), [1, 1, height, width]);
  const expected = await floats(join(folder, `${name}.image.f32`));
  const times = [];
  let error = 0;
  for (let run = 0; run < 6; run++) {
    const start = performance.now();
    const { data, dims } = (await session.run({ edges })).image;
    if (run > 0) times.push(performance.now() - start); // the first run also plans memory
    if (dims.join() !== `1,3,${height},${width}`) throw new Error(`The image of ${name} is ${dims.join('x')}.`);
    // A NaN compares false with everything, so it is counted as the worst error.
    for (let i = 0; i < data.length; i++) {
      const difference = Math.abs(data[i] - expected[i]);
      if (!(difference <= error)) error = Number.isNaN(difference) ? Infinity : difference;
    }
  }
  worst = Math.max(worst, error);
  console.log(`${runtime} ${name}: greatest difference ${error.toExponential(1)}, ${times.sort((a, b) => a - b)[2].toFixed(0)} ms`);
}
console.log(`greatest difference ${worst.toExponential(2)}, allowed ${tolerance}`);
process.exit(worst <= Number(tolerance) ? 0 : 1);
