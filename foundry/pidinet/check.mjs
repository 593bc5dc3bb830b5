// Compare an exported PiDiNet in ONNX Runtime with what PyTorch computed.
//
//   node foundry/pidinet/check.mjs MODEL.onnx FOLDER TOLERANCE
//
// FOLDER was written by `python3 -m foundry.pidinet.export reference`. Prints the greatest absolute
// difference of each map and size; exits 1 when one exceeds TOLERANCE.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const OUTPUTS = ['e1', 'e2', 'e3', 'e4', 'fused'];

async function floats(path) {
  const bytes = await readFile(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

const [model, folder, tolerance] = process.argv.slice(2);
if (!(Number(tolerance) > 0)) {
  console.error('Usage: node foundry/pidinet/check.mjs MODEL.onnx FOLDER TOLERANCE');
  process.exit(2);
}
const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
let worst = 0;
for (const { name, height, width } of JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8'))) {
  const image = new Tensor('float32', await floats(join(folder, `${name}.image.f32`)), [1, 3, height, width]);
  const expected = await floats(join(folder, `${name}.maps.f32`));
  const maps = await session.run({ image });
  const errors = OUTPUTS.map((output, k) => {
    const { data, dims } = maps[output];
    if (dims.join() !== `1,1,${height},${width}`) throw new Error(`${output} of ${name} has shape ${dims.join('x')}.`);
    // A NaN compares false with everything, so it is counted as the worst error.
    return data.reduce((max, value, i) => {
      const error = Math.abs(value - expected[k * height * width + i]);
      return error <= max ? max : Number.isNaN(error) ? Infinity : error;
    }, 0);
  });
  worst = Math.max(worst, ...errors);
  console.log(name, errors.map((error, k) => `${OUTPUTS[k]} ${error.toExponential(1)}`).join('  '));
}
console.log(`greatest difference ${worst.toExponential(2)}, allowed ${tolerance}`);
process.exit(worst <= Number(tolerance) ? 0 : 1);
