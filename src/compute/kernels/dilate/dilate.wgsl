// Grey dilation by a disk. The disk is a stack of rows; the maximum over a row of 2w + 1 samples is the maximum of two
// overlapping runs of 2^k ≤ 2w + 1, and run maxima double from one level k to the next. So a pixel costs two reads a
// disk row instead of 2w + 1. `runs` lines are padded on the left, for runs that begin before the image.
struct Params {
  width: u32,
  height: u32,
  padding: u32,
  run: u32, // 2^k
  nearest: u32, // rows |dy| = nearest … farthest have this level
  farthest: u32,
  limit: u32, // ⌊radius²⌋
  fresh: u32, // 1 in the first gathering pass: the output holds nothing yet
}

const LOWEST = -3.40282346e38;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

// Level 0: runs of one sample.
@compute @workgroup_size(16, 16)
fn begin(@builtin(global_invocation_id) id: vec3u) {
  let stride = params.width + params.padding;
  if (id.x >= stride || id.y >= params.height) {
    return;
  }
  var value = LOWEST;
  if (id.x >= params.padding) {
    value = source[id.y * params.width + id.x - params.padding];
  }
  result[id.y * stride + id.x] = value;
}

// Runs of 2^k → runs of 2^(k+1).
@compute @workgroup_size(16, 16)
fn lengthen(@builtin(global_invocation_id) id: vec3u) {
  let stride = params.width + params.padding;
  if (id.x >= stride || id.y >= params.height) {
    return;
  }
  let i = id.y * stride + id.x;
  var value = source[i];
  if (id.x + params.run < stride) {
    value = max(value, source[i + params.run]);
  }
  result[i] = value;
}

// Largest w with w² + dy² ≤ limit; whole numbers decide, the root is only a guess.
fn halfWidth(dy: u32) -> u32 {
  let rest = params.limit - dy * dy;
  var w = u32(sqrt(f32(rest)));
  while (w * w > rest) {
    w--;
  }
  while ((w + 1u) * (w + 1u) <= rest) {
    w++;
  }
  return w;
}

fn rowMaximum(x: u32, y: u32, w: u32) -> f32 {
  let line = y * (params.width + params.padding) + params.padding;
  return max(source[line + x - w], source[line + x + w + 1u - params.run]);
}

@compute @workgroup_size(16, 16)
fn gather(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  var value = LOWEST;
  if (params.fresh == 0u) {
    value = result[i];
  }
  for (var dy = params.nearest; dy <= params.farthest; dy++) {
    let w = halfWidth(dy);
    if (id.y + dy < params.height) {
      value = max(value, rowMaximum(id.x, id.y + dy, w));
    }
    if (dy <= id.y) {
      value = max(value, rowMaximum(id.x, id.y - dy, w));
    }
  }
  result[i] = value;
}
