// Runs a detector on a photograph, as LogicAL Studio does: node docs/examples/detect.mjs detector.onnx photo.jpg
// Everything that has to be known is in the file's metadata. Needs: npm install onnxruntime-node sharp protobufjs
import { readFileSync } from 'node:fs';
import ort from 'onnxruntime-node';
import protobuf from 'protobufjs/minimal.js';
import sharp from 'sharp';

const [model, photo] = process.argv.slice(2);
const meta = metadata(readFileSync(model));
const size = Number(meta['detector.size']);
const [{ mean, std }, { smooth }, threshold] = ['input', 'score', 'threshold'].map((key) =>
  JSON.parse(meta[`detector.${key}`]),
);

// RGB in [0, 1], transparency over white, normalised; planes of size × size, resized bilinearly with antialiasing.
const picture = sharp(photo, { ignoreIcc: true }).autoOrient().toColourspace('srgb').ensureAlpha();
const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
const rgb = (p, c) => 1 + (data[4 * p + 3] / 255) * (data[4 * p + c] / 255 - 1);
const [across, down] = [taps(info.width, size), taps(info.height, size)];
const image = Float32Array.from({ length: 3 * size * size }, (_, i) => {
  const [c, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
  let value = 0;
  for (const [v, wv] of down[y]) for (const [u, wu] of across[x]) value += wv * wu * rgb(v * info.width + u, c);
  return (value - mean[c]) / std[c];
});

const session = await ort.InferenceSession.create(model);
const { anomaly_map: map } = await session.run({ image: new ort.Tensor('float32', image, [1, 3, size, size]) });

// The score: the maximum of the map after a mean filter with zeros outside. (For a heat map, resize the map bilinearly.)
let score = -Infinity;
for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) score = Math.max(score, meanAt(x, y));
console.log(JSON.stringify({ score, anomalous: score > threshold.image }));

function meanAt(x, y, radius = (smooth - 1) / 2) {
  let sum = 0;
  for (let v = Math.max(0, y - radius); v <= Math.min(size - 1, y + radius); v++)
    for (let u = Math.max(0, x - radius); u <= Math.min(size - 1, x + radius); u++) sum += map.data[v * size + u];
  return sum / smooth ** 2;
}

/** For each of `to` samples, which of `from` it is the mean of, and their weights: a triangle as wide as the reduction. */
function taps(from, to) {
  return Array.from({ length: to }, (_, i) => {
    const [centre, radius] = [((i + 0.5) * from) / to - 0.5, Math.max(1, from / to)];
    const near = Array.from({ length: from }, (_, s) => [s, 1 - Math.abs(s - centre) / radius]).filter(
      ([, w]) => w > 0,
    );
    const sum = near.reduce((total, [, w]) => total + w, 0);
    return near.map(([s, w]) => [s, w / sum]);
  });
}

/** The entries of an ONNX file's metadata: field 14 of its protocol buffer, each with a key (1) and a value (2). */
function metadata(bytes) {
  const [reader, entries] = [protobuf.Reader.create(bytes), {}];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 !== 14) {
      reader.skipType(tag & 7);
      continue;
    }
    const [end, entry] = [reader.uint32() + reader.pos, []];
    while (reader.pos < end) entry[reader.uint32() >>> 3] = reader.string();
    entries[entry[1]] = entry[2];
  }
  return entries;
}
